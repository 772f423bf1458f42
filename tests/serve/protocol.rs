//! What holds for every answer: tags, problems, methods, the token.

use crate::client::Client;
use crate::world::{World, until};
use chat_goals::serve::service::Service;
use chat_goals::simulate::workload::{HOUR, workload};

/// Something at every path that is answered.
const PATHS: [&str; 7] = [
    "/api/v1/chats?limit=3",
    "/api/v1/chats/chat-1",
    "/api/v1/managers?from=2026-01-01&to=2026-01-31",
    "/api/v1/goals",
    "/api/v1/dead-letters",
    "/api/v1/dead-letters/chat.events/1/7",
    "/api/v1/openapi.json",
];

#[test]
fn answers_have_tags_and_what_is_wrong_is_a_problem_that_names_it() {
    let world = World::new();
    let running = world.run();
    let entries = workload(3, 400, HOUR);
    world.append(&entries);
    world.until_folded(&entries, entries.last().unwrap().logged, &running);
    world.dead_letter(7, "chatId: the id is missing", b"{\xff");
    running.stop().unwrap();
    let served = world.serve("model");
    served.until_level(&world);
    let client = &served.client;

    for path in PATHS {
        // A look at the processor may still move the clock of the chat: then it is asked once more.
        until(|| {
            let first = client.get(path);
            assert_eq!(first.status, 200, "{path}: {first:?}");
            assert_eq!(first.header("content-type"), Some("application/json"), "{path}");
            assert_eq!(first.header("cache-control"), Some("no-cache"), "{path}");
            let tag = first.header("etag").unwrap().to_owned();
            assert!(tag.starts_with('"') && tag.ends_with('"'), "{path}: {tag} is strong");
            let head = client.ask("HEAD", path, &[]);
            assert_eq!((head.status, head.body.as_str()), (200, ""), "{path}");
            let again = client.ask("GET", path, &[("if-none-match", &format!("\"other\", {tag}"))]);
            let same = (again.status, again.body.as_str(), again.header("etag")) == (304, "", Some(&*tag));
            let same = same && head.header("etag") == Some(&*tag);
            (!same).then(|| format!("{path}: {tag}, then {head:?} and {again:?}"))
        });
        let post = client.ask("POST", path, &[]);
        assert_eq!(post.header("allow"), Some("GET,HEAD"), "{path}");
        post.problem(405);
        let separator = if path.contains('?') { '&' } else { '?' };
        let unknown = client.get(&format!("{path}{separator}nonsense=1")).problem(400);
        assert!(unknown.contains("\"nonsense\""), "{path}: {unknown}");
    }
    assert_eq!(client.get("/api/v2").problem(404), "there is nothing at /api/v2");
    for (path, detail) in [
        ("/api/v1/chats?limit=201", "limit must be a whole number from 1 to 200, not \"201\""),
        ("/api/v1/chats?limit=1&limit=2", "limit is given twice"),
        (
            "/api/v1/chats?status=DONE",
            "status must be one of NONE, IN_PROCESS, MISSED, ACHIEVED, not \"DONE\"",
        ),
        ("/api/v1/chats?from=soon", "from must be a time in RFC 3339 or epoch milliseconds, not \"soon\""),
        ("/api/v1/chats?from=2&to=1", "from must not be after to"),
        ("/api/v1/chats?cursor=7", "cursor must be the `next` of a page, not \"7\""),
        ("/api/v1/chats?channel=", "channel must be a text of 1 to 256 characters, not \"\""),
        ("/api/v1/managers?from=2026-13-01", "from must be a date as in 2026-03-29, not \"2026-13-01\""),
        ("/api/v1/managers?tz=Mars", "tz must be the name of a time zone, as in Europe/Paris, not \"Mars\""),
        (
            "/api/v1/chats/x?as_of=never",
            "as_of must be a time in RFC 3339 or epoch milliseconds, not \"never\"",
        ),
        ("/api/v1/dead-letters/t/-1/2", "partition must be a whole number that is not negative, not \"-1\""),
        ("/events?chat=", "chat must be a text of 1 to 256 characters, not \"\""),
    ] {
        assert_eq!(client.get(path).problem(400), detail, "{path}");
    }
    assert_eq!(
        client.get("/api/v1/dead-letters/chat.events/1/8").problem(404),
        "there is no dead letter of chat.events[1]:8"
    );
    let letter = client.json("/api/v1/dead-letters/chat.events/1/7");
    assert_eq!((&letter["valueHex"], &letter["key"]), (&"7bff".into(), &"key-7".into()));
    served.stop();
}

#[test]
fn with_a_token_nothing_is_told_without_it() {
    let world = World::new();
    let file = world.dir("token");
    std::fs::write(&file, "secret\n").unwrap();
    let served = world.serve_with("model", |config| config.serve.token_file = Some(file));
    for path in ["/api/v1/chats", "/api/v1/openapi.json", "/events", "/nothing"] {
        let refused = served.client.get(path);
        assert_eq!(refused.header("www-authenticate"), Some("Bearer"), "{path}");
        refused.problem(401);
        let wrong = Client::new(served.client.address()).with_token("guess");
        wrong.get(path).problem(401);
    }
    let known = Client::new(served.client.address()).with_token("secret");
    assert_eq!(known.get("/api/v1/chats").status, 200);
    assert_eq!(known.json("/api/v1/openapi.json")["security"][0]["bearer"].as_array().map(Vec::len), Some(0));
    served.stop();
}

#[test]
fn a_stranger_is_not_listened_to_by_accident() {
    let world = World::new();
    let mut config = world.serving("model");
    config.serve.listen = "0.0.0.0:0".to_owned();
    let refused = Service::start(world.log.clone(), &config, world.wall(), |_, router| router);
    let why = refused.err().map(|error| format!("{error:#}")).unwrap_or_default();
    assert!(why.contains("serve.token_file") && why.contains("serve.allow_anonymous"), "{why:?}");
}

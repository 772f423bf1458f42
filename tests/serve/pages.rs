//! The pages of the dashboard: they are there, they say what the API says, and they let in whom they should. How they look
//! and behave in a browser is in `tests/dashboard`.

use crate::client::Answer;
use crate::world::World;
use chat_goals::simulate::workload::{Entry, HOUR, workload};
use serde_json::{Value, json};

const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; \
                      form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

const PAGES: [&str; 9] = [
    "/",
    "/chats",
    "/managers",
    "/managers/x%2Fy",
    "/managers/dots/2",
    "/nobody",
    "/goals",
    "/dead-letters",
    "/managers.csv",
];

fn is_page(answer: &Answer, path: &str) {
    assert_eq!(answer.status, 200, "{path}: {answer:?}");
    assert_eq!(answer.header("content-security-policy"), Some(POLICY), "{path}");
    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{path}");
    assert_eq!(answer.header("cache-control"), Some("no-store"), "{path}");
}

/// The word that stands for a status on a page.
fn word(of: &Value) -> &'static str {
    match (of["status"].as_str().unwrap(), of["phase"].as_str()) {
        ("NONE", _) => "None",
        ("IN_PROCESS", Some("AWAITING_REPLY")) => "Awaiting reply",
        ("IN_PROCESS", _) => "Measuring",
        ("MISSED", _) => "Missed",
        _ => "Achieved",
    }
}

#[test]
fn every_chat_has_a_page_that_shows_its_status_and_why() {
    let world = World::new();
    let running = world.run();
    let entries = workload(11, 300, HOUR);
    world.append(&entries);
    world.until_folded(&entries, entries.last().unwrap().logged, &running);
    running.stop().unwrap();
    let served = world.serve("model");
    served.until_level(&world);
    let client = &served.client;

    for path in PAGES {
        is_page(&client.get(path), path);
    }
    let chats = client.pages("/api/v1/chats?limit=200", "chats");
    assert!(!chats.is_empty());
    for chat in &chats {
        let path = format!("/chats/{}", chat["chatId"].as_str().unwrap());
        let page = client.get(&path);
        is_page(&page, &path);
        let document = client.json(&format!("/api/v1{path}"));
        let shown = page.body.split("id=\"status\"><span class=\"status ").nth(1).unwrap();
        let shown = shown.split(['>', '<']).nth(1).unwrap();
        assert_eq!(shown, word(&document["status"]), "{path}");
        let holds = document["why"].as_array().unwrap().iter().find(|step| step["holds"] == true).unwrap();
        assert!(
            page.body.contains(&format!("<span class=\"rule\">{}</span>", holds["rule"].as_str().unwrap()))
        );
        for round in document["rounds"].as_array().unwrap() {
            assert!(page.body.contains(&format!("Round {} · ", round["number"])), "{path}");
        }
    }
    served.stop();
}

#[test]
fn channels_that_the_overview_has_no_place_for_are_told_of() {
    let world = World::new();
    let goal = |number: usize| {
        let goal = json!({"goalSet": {"eventName": "Purchase", "days": 1}});
        Entry::setting(&format!("shop-{number:02}"), HOUR, HOUR, goal)
    };
    world.append(&(0..50).map(goal).collect::<Vec<_>>());
    let served = world.serve("model");
    served.until_level(&world);
    let page = || served.client.get("/").body;
    let shown = |page: &str| page.matches("data-key=\"channel-").count();
    let all = page();
    assert_eq!((shown(&all), all.contains(" channels</a>")), (50, false));
    world.append(&[goal(50)]);
    served.until_level(&world);
    let first = page();
    assert_eq!(shown(&first), 50);
    assert!(first.contains("how its chats stand: the first 50 by id</caption>"), "{first}");
    assert!(first.contains("<a href=\"/goals\">All 51 channels</a>"), "{first}");
    assert!(served.client.get("/goals").body.contains("shop-50"));
    served.stop();
}

#[test]
fn what_comes_from_outside_is_never_markup() {
    let world = World::new();
    world.dead_letter(7, "<script>reason</script>", b"<script>value</script>");
    world.dead_letter(8, "binary", b"\xff<script>");
    let served = world.serve("model");
    served.until_level(&world);
    let client = &served.client;
    let list = client.get("/dead-letters");
    assert!(list.body.contains("reason") && !list.body.contains("<script>reason"), "{}", list.body);
    let places: Vec<&str> = list
        .body
        .split("href=\"/dead-letters/")
        .skip(1)
        .map(|part| part.split('"').next().unwrap())
        .collect();
    assert_eq!(places.len(), 2);
    let letters: String =
        places.iter().map(|place| client.get(&format!("/dead-letters/{place}")).body).collect();
    assert!(letters.contains("&#60;script&#62;value") && !letters.contains("<script>value"));
    assert!(letters.contains("00000000  ff 3c 73 63"), "bytes that are no text are shown in hex");
    for path in [
        "/chats?text=%3Cscript%3Ex",
        "/chats/%3Cscript%3Ex",
        "/managers/%22%3E%3Cscript%3Ex",
        "/chats?status=%3Cscript%3Ex",
    ] {
        assert!(!client.get(path).body.contains("<script>x"), "{path}");
    }
    served.stop();
}

#[test]
fn who_asks_for_nonsense_is_told_so_on_a_page() {
    let world = World::new();
    let served = world.serve("model");
    let client = &served.client;
    for (path, status) in [
        ("/chats?from=soon", 400),
        ("/chats?cursor=zz", 400),
        ("/managers?from=2026-02-30", 400),
        ("/chats/none", 404),
        ("/chats/dots/1", 404),
        ("/managers/dots/3", 404),
        ("/goals?channel=none", 404),
        ("/dead-letters/0:99", 404),
        ("/dead-letters/nowhere", 404),
    ] {
        let answer = client.get(path);
        assert_eq!(answer.status, status, "{path}");
        assert!(answer.header("content-type").unwrap().starts_with("text/html"), "{path}");
        assert_eq!(answer.header("content-security-policy"), Some(POLICY), "{path}");
    }
    let nowhere = client.ask("GET", "/nowhere", &[("accept", "text/html,*/*")]);
    assert_eq!((nowhere.status, nowhere.body.contains("<h1>Not found</h1>")), (404, true));
    client.get("/nowhere").problem(404);
    served.stop();
}

#[test]
fn with_a_token_pages_lead_to_the_way_in_and_a_session_opens_pages_and_api() {
    let world = World::new();
    let file = world.dir("token");
    std::fs::write(&file, "secret\n").unwrap();
    let served = world.serve_with("model", |config| config.serve.token_file = Some(file));
    let client = &served.client;
    for path in PAGES {
        let answer = client.get(path);
        assert!(answer.body.contains("<h1>Sign in</h1>"), "{path}: {answer:?}");
    }
    let config = ureq::Agent::config_builder().max_redirects(0).max_redirects_will_error(false);
    let agent: ureq::Agent = config.http_status_as_error(false).build().into();
    let sign_in = |token: &str| {
        let form = [("token", token), ("next", "/goals")];
        agent.post(format!("http://{}/login", client.address())).send_form(form).unwrap()
    };
    let wrong = sign_in("guess");
    assert_eq!((wrong.status().as_u16(), wrong.headers().get("set-cookie")), (403, None));
    let right = sign_in("secret");
    assert_eq!((right.status().as_u16(), &right.headers()["location"]), (303, &"/goals".parse().unwrap()));
    let cookie = right.headers()["set-cookie"].to_str().unwrap().to_owned();
    assert!(cookie.contains("HttpOnly; SameSite=Strict") && !cookie.contains("secret"), "{cookie}");
    let pair = cookie.split(';').next().unwrap();
    for path in PAGES.into_iter().chain(["/api/v1/status"]) {
        assert_eq!(client.ask("GET", path, &[("cookie", pair)]).status, 200, "{path}");
    }
    assert!(client.ask("GET", "/", &[("cookie", pair)]).body.contains("Sign out"));
    client.ask("GET", "/api/v1/status", &[("cookie", "chat-goals-session=guess")]).problem(401);
    client.ask("POST", "/logout", &[("cookie", pair)]);
    client.ask("GET", "/api/v1/status", &[("cookie", pair)]).problem(401);
    served.stop();
}

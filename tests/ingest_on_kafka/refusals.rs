//! What is refused: requests without the token, of the wrong kind or size, and a start that would let everybody send.

use crate::broker::log;
use crate::platform::{Bridge, EVENTS, WEBHOOKS, webhook};
use crate::process::Deployment;
use crate::stored::stored;
use chat_goals::config::WireForm;
use std::io::Write as _;

const JSON: (&str, &str) = ("content-type", "application/json");

#[test]
fn without_the_token_nothing_is_taken_and_it_is_never_logged() {
    const TOKEN: &str = "t0ken&of the-test";
    let mut file = tempfile::NamedTempFile::new().unwrap();
    writeln!(file, "{TOKEN}").unwrap();
    let mut deployment = Deployment::created("token", WireForm::Json);
    deployment.set("ingest.token_file", file.path().to_str().unwrap());
    deployment.set("log.level", "trace");
    let bridge = Bridge::start(&mut deployment);
    let body = webhook("customer-message", "chat", 1).to_string();
    let status = |path: &str, headers: &[(&str, &str)]| {
        bridge.send(path, &[&[JSON], headers].concat(), body.as_bytes()).status
    };
    let escaped = "t0ken%26of%20the-test";
    for (path, header) in [
        (WEBHOOKS.to_owned(), None),
        (WEBHOOKS.to_owned(), Some("Bearer wrong")),
        (format!("{WEBHOOKS}?token="), None),
        (format!("{WEBHOOKS}?token={escaped}x"), None),
        (format!("{EVENTS}?token=wrong"), Some("Basic dDp0")),
        ("/nothing".to_owned(), None),
    ] {
        let headers: Vec<(&str, &str)> = header.map(|value| ("authorization", value)).into_iter().collect();
        assert_eq!(status(&path, &headers), 401, "{path}");
    }
    assert_eq!(status(WEBHOOKS, &[("authorization", &format!("Bearer {TOKEN}"))]), 200);
    assert_eq!(status(&format!("{WEBHOOKS}?token={escaped}"), &[]), 200);
    assert_eq!(status(&format!("/nothing?token={escaped}"), &[]), 404);
    let said = bridge.process.stderr();
    assert!(!said.contains(TOKEN) && !said.contains(escaped), "{said}");
    bridge.process.stop();
    assert_eq!(stored(log(), &deployment.topic("chat.events")).len(), 2);
}

#[test]
fn bodies_of_another_kind_or_size_are_refused_with_a_problem() {
    let mut deployment = Deployment::created("kinds", WireForm::Json);
    deployment.set("ingest.body_bytes_max", "2048");
    let bridge = Bridge::start(&mut deployment);
    let large = format!("{{\"name\":\"{}\"}}", "x".repeat(2048));
    for (path, headers, body, wanted) in [
        (WEBHOOKS, &[][..], "{}", 415),
        (WEBHOOKS, &[("content-type", "text/plain")], "{}", 415),
        (WEBHOOKS, &[("content-type", "application/x-ndjson")], "{}", 415),
        (EVENTS, &[("content-type", "application/jsonl")], "{}", 415),
        (EVENTS, &[JSON], &large, 413),
        (WEBHOOKS, &[JSON], &large, 413),
        (EVENTS, &[JSON, ("idempotency-key", "")], "{}", 400),
        ("/v1/webhooks/another", &[JSON], "{}", 404),
    ] {
        let answer = bridge.send(path, headers, body.as_bytes());
        assert_eq!(answer.status, wanted, "{answer:?}");
        assert_eq!(answer.content_type, "application/problem+json", "{answer:?}");
        assert_eq!(answer.body["status"], wanted);
    }
    bridge.process.stop();
    for topic in ["chat.events", "customer.events", "dead-letters"] {
        assert!(stored(log(), &deployment.topic(topic)).is_empty(), "{topic}");
    }
}

#[test]
fn too_many_events_are_refused_before_anything_is_written() {
    let mut deployment = Deployment::created("many", WireForm::Json);
    let bridge = Bridge::start(&mut deployment);
    let lines = |count: usize| {
        bridge.send(EVENTS, &[("content-type", "application/x-ndjson")], "0\n".repeat(count).as_bytes())
    };
    let answer = lines(10_001);
    assert_eq!(
        (answer.status, answer.content_type.as_str()),
        (413, "application/problem+json"),
        "{answer:?}"
    );
    assert!(stored(log(), &deployment.topic("dead-letters")).is_empty());
    let answer = lines(10_000);
    assert_eq!((answer.status, &answer.body["deadLettered"]), (200, &10_000.into()), "{}", answer.status);
    let said = bridge.process.stderr();
    let warnings: Vec<&str> = said.lines().filter(|line| line.contains("not understood")).collect();
    assert!(warnings.len() == 1 && warnings[0].contains("10000"), "{warnings:?}");
    bridge.process.stop();
    assert_eq!(stored(log(), &deployment.topic("dead-letters")).len(), 10_000);
}

#[test]
fn it_does_not_start_where_everybody_could_send() {
    let mut deployment = Deployment::created("open", WireForm::Json);
    deployment.set("ingest.listen", "0.0.0.0:0");
    let output = deployment.say(&["ingest"]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("no token is asked for; hint: ingest.token_file"), "{said}");
}

#[test]
fn it_does_not_start_without_its_topics() {
    let mut deployment = Deployment::new("topicless", WireForm::Json);
    deployment.set("ingest.listen", "127.0.0.1:0");
    let output = deployment.say(&["ingest"]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("does not exist; hint: chat-goals topics create"), "{said}");
}

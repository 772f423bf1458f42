//! What is answered, and what is in the topics when it is.

use crate::broker::log;
use crate::platform::{Bridge, EVENTS, WEBHOOKS, customer, purchase, webhook};
use crate::process::Deployment;
use crate::stored::stored;
use chat_goals::config::WireForm;
use serde_json::{Value, json};

const JSON: (&str, &str) = ("content-type", "application/json");

#[test]
fn an_answer_means_that_kafka_has_the_record() {
    let mut deployment = Deployment::created("answers", WireForm::Json);
    let bridge = Bridge::start(&mut deployment);
    for number in 0..20 {
        let chat = format!("chat-{number}");
        assert_eq!(bridge.takes(&webhook("customer-message", &chat, 0)), 1);
        let all = stored(log(), &deployment.topic("chat.events"));
        assert_eq!(all.len(), number + 1);
        assert!(all.iter().any(|record| record.key.as_deref() == Some(&chat)));
    }
    bridge.process.stop();
}

#[test]
fn tracked_events_come_one_by_one_in_lists_and_as_lines() {
    let mut deployment = Deployment::created("tracked", WireForm::Json);
    let bridge = Bridge::start(&mut deployment);
    let bare = json!({"channelId": "6263", "customerId": customer("a"), "name": "Visit"});
    assert_eq!(
        bridge.post(EVENTS, &purchase("a")).body,
        json!({"written": 1, "ignored": 0, "deadLettered": 0})
    );
    let lines = format!("{}\n\n{}\n", purchase("b"), purchase("c"));
    let answer =
        bridge.send(EVENTS, &[("content-type", "application/x-ndjson; charset=utf-8")], lines.as_bytes());
    assert_eq!((answer.status, &answer.body["written"]), (200, &2.into()));
    let keyed = [JSON, ("idempotency-key", "k1")];
    assert_eq!(bridge.send(EVENTS, &keyed, bare.to_string().as_bytes()).status, 200);
    assert_eq!(bridge.post(EVENTS, &bare).status, 200);
    assert_eq!(bridge.post(EVENTS, &bare).status, 200);
    let mixed = bridge.post(EVENTS, &json!([purchase("d"), {"channelId": "6263"}, 7]));
    assert_eq!((&mixed.body["written"], &mixed.body["deadLettered"]), (&1.into(), &2.into()));
    assert_eq!(mixed.body["reasons"][0]["index"], 1);
    bridge.process.stop();

    let all: Vec<Value> =
        stored(log(), &deployment.topic("customer.events")).iter().map(|of| of.json()).collect();
    let with_id = |id: &str| all.iter().filter(|record| record["id"] == id).count();
    for chat in ["a", "b", "c", "d"] {
        assert_eq!(with_id(&format!("order-of-{chat}")), 1, "{all:?}");
    }
    assert_eq!(with_id("k1"), 1);
    let digests: Vec<&Value> =
        all.iter().map(|of| &of["id"]).filter(|id| id.as_str().unwrap().starts_with("digest:")).collect();
    assert!(digests.len() == 2 && digests[0] == digests[1], "{digests:?}");
    assert_eq!(stored(log(), &deployment.topic("dead-letters")).len(), 2);
}

#[test]
fn what_is_unknown_is_in_the_dead_letters_without_a_word_that_a_person_wrote() {
    let mut deployment = Deployment::created("unknown", WireForm::Json);
    let bridge = Bridge::start(&mut deployment);
    let mut unheard = webhook("customer-message", "chat", 1);
    unheard["entity"]["personType"] = "alien".into();
    let answer = bridge.post(WEBHOOKS, &unheard);
    let reason = "entity.personType: \"alien\" is not known";
    assert_eq!(answer.status, 200);
    assert_eq!(
        answer.body,
        json!({"written": 0, "ignored": 0, "deadLettered": 1, "reasons": [{"index": 0, "reason": reason}]})
    );
    let broken = bridge.send(WEBHOOKS, &[JSON], b"{\"entity\":{\"plainText\":\"SECRET words");
    assert_eq!((broken.status, &broken.body["deadLettered"]), (200, &1.into()));
    let empty = bridge.send(WEBHOOKS, &[JSON], b"");
    assert_eq!((empty.status, &empty.body["deadLettered"]), (200, &1.into()));
    bridge.takes(&webhook("bot", "chat", 2));
    let (status, metrics) = bridge.get("/metrics");
    assert_eq!(status, 200);
    for (outcome, count) in [("written", 0), ("ignored", 1), ("dead_lettered", 3)] {
        let line = format!("chat_goals_ingested_total{{outcome=\"{outcome}\"}} {count}\n");
        assert!(metrics.contains(&line), "{line} is not in {metrics}");
    }
    bridge.process.stop();

    let letters = stored(log(), &deployment.topic("dead-letters"));
    assert_eq!(letters.len(), 3);
    let letter = &letters[0];
    assert_eq!(letter.header("dead-letter.reason").as_deref(), Some(reason));
    assert_eq!(letter.header("dead-letter.topic").as_deref(), Some(WEBHOOKS));
    let at = letter.header("dead-letter.at").unwrap();
    assert!(chrono::DateTime::parse_from_rfc3339(&at).is_ok(), "{at}");
    assert_eq!(letter.json()["entity"]["chatId"], "chat");
    for letter in &letters {
        assert!(!String::from_utf8_lossy(&letter.value).contains("SECRET"));
    }
    assert!(stored(log(), &deployment.topic("chat.events")).is_empty());

    let listed = deployment.say(&["dead-letters", "list", "-o", "json"]);
    let listed = String::from_utf8(listed.stdout).unwrap();
    assert!(listed.contains(WEBHOOKS), "{listed}");
}

//! The AsyncAPI document: that it hangs together, and says of the topics what they are. That it is one is checked by
//! AsyncAPI's own parser in `dev/contract-check`.

use crate::said;
use serde_json::{Value, json};
use std::collections::BTreeMap;

fn document(args: &[&str]) -> Value {
    serde_json::from_str(&said(&[&["contract", "asyncapi"], args].concat())).unwrap()
}

/// Everything that is referred to.
fn references<'a>(within: &'a Value, found: &mut Vec<&'a str>) {
    match within {
        Value::Object(parts) => {
            found.extend(parts.get("$ref").and_then(Value::as_str));
            parts.values().for_each(|part| references(part, found));
        }
        Value::Array(parts) => parts.iter().for_each(|part| references(part, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[test]
fn everything_that_is_referred_to_is_there() {
    let document = document(&[]);
    let mut found = Vec::new();
    references(&document, &mut found);
    assert!(found.len() > 20, "{found:?}");
    for reference in found {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(document.pointer(pointer).is_some(), "{reference}");
    }
}

#[test]
fn topics_have_their_keys_and_headers_and_what_is_kept() {
    let document = document(&[]);
    let topics: BTreeMap<&str, &Value> = document["channels"]
        .as_object()
        .unwrap()
        .values()
        .map(|of| (of["address"].as_str().unwrap(), &of["bindings"]["kafka"]["topicConfiguration"]))
        .collect();
    let for_ever = json!({"cleanup.policy": ["delete"], "retention.ms": -1, "retention.bytes": -1});
    let table = json!({"cleanup.policy": ["compact"]});
    let mut letters = for_ever.clone();
    letters["max.message.bytes"] = 8_388_608.into();
    let wanted = [
        ("chat.events", &for_ever),
        ("customer.events", &for_ever),
        ("dead-letters", &letters),
        ("goal.changes", &for_ever),
        ("goal.status-changed", &table),
        ("manager.goal-counters", &table),
    ];
    assert_eq!(topics, BTreeMap::from(wanted));
    let messages = &document["channels"]["goalStatusChanged"]["messages"];
    assert_eq!(messages["GoalStatusChanged"]["bindings"]["kafka"]["key"]["description"], "chatId");
    assert_eq!(messages["ChatDeleted"]["headers"]["required"], json!(["revision"]));
    let letters = &document["channels"]["deadLetters"]["messages"]["DeadLetter"]["headers"];
    for name in ["reason", "topic", "partition", "offset", "at"] {
        assert!(letters["properties"][format!("dead-letter.{name}")].is_object(), "{name}");
    }
}

#[test]
fn it_is_of_the_deployment_that_is_asked_about() {
    let document = document(&[
        "--bootstrap",
        "a:1,b:2",
        "--set",
        "topics.chat_events=eu.chat.events",
        "--set",
        "wire.chat_events=protobuf",
    ]);
    assert_eq!(document["servers"]["kafka"]["host"], "a:1");
    assert_eq!(document["servers"]["kafka-2"]["host"], "b:2");
    let channel = &document["channels"]["chatEvents"];
    assert_eq!(channel["address"], "eu.chat.events");
    assert_eq!(channel["messages"]["ChatEvent"]["contentType"], "application/x-protobuf");
}

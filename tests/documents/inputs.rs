//! Input records: what the schemas take is what the program takes, as far as a schema can say it.

use crate::{examples, schema, validator};
use chat_goals::contract::json::input::{ChatEventJson, CustomerEventJson, GoalChangeJson, parse};
use jsonschema::Validator;
use serde_json::{Value, json};

/// The schemas of the inputs, by what the offline form calls their records.
struct Inputs([(&'static str, Validator); 3]);

impl Inputs {
    fn printed() -> Self {
        let of = |record| validator(&schema(record));
        Self([
            ("chatEvent", of("ChatEvent")),
            ("customerEvent", of("CustomerEvent")),
            ("goalChange", of("GoalChange")),
        ])
    }

    /// Whether the schema takes a record.
    fn take(&self, name: &str, record: &Value) -> bool {
        let (_, validator) = self.0.iter().find(|(known, _)| *known == name).unwrap();
        validator.is_valid(record)
    }
}

/// Why the program does not take a record, if it does not.
fn bad(name: &str, record: &Value) -> Option<String> {
    let bytes = record.to_string().into_bytes();
    match name {
        "chatEvent" => parse::<ChatEventJson<'_>>(&bytes).and_then(|read| read.event().map(|_| ())).err(),
        "customerEvent" => {
            parse::<CustomerEventJson<'_>>(&bytes).and_then(|read| read.event().map(|_| ())).err()
        }
        "goalChange" => parse::<GoalChangeJson<'_>>(&bytes).and_then(|read| read.change().map(|_| ())).err(),
        name => panic!("there is no {name}"),
    }
}

/// What a schema cannot say.
const BEYOND_A_SCHEMA: [&str; 4] = [
    "is not the name of a time zone",
    "input is out of range",
    "is not in the years 1 to 9998",
    "more than 256",
];

#[test]
fn every_record_of_the_examples_is_taken_by_both_or_by_neither() {
    let inputs = Inputs::printed();
    let (mut taken, mut refused) = (0, 0);
    for case in examples() {
        for line in std::fs::read_to_string(case.join("input.jsonl")).unwrap().lines() {
            let Ok(Value::Object(line)) = serde_json::from_str::<Value>(line) else { continue };
            for (name, record) in &line {
                if !["chatEvent", "customerEvent", "goalChange"].contains(&name.as_str()) {
                    continue;
                }
                match bad(name, record) {
                    None => {
                        assert!(inputs.take(name, record), "{}: {record}", case.display());
                        taken += 1;
                    }
                    Some(reason) if BEYOND_A_SCHEMA.iter().any(|beyond| reason.contains(beyond)) => {}
                    Some(reason) => {
                        assert!(!inputs.take(name, record), "{}: {record}: {reason}", case.display());
                        refused += 1;
                    }
                }
            }
        }
    }
    assert!(taken > 500 && refused > 10, "{taken} taken, {refused} refused");
}

/// A chat's record with these fields over those that every one has.
fn chat(more: Value) -> Value {
    with(json!({"channelId": "shop", "chatId": "c1", "at": "2026-03-01T00:00:00Z"}), more)
}

fn goal(more: Value) -> Value {
    let goal = with(json!({"eventName": "Purchase", "days": 7}), more);
    json!({"channelId": "shop", "at": 1_772_323_200_000_u64, "goalSet": goal})
}

fn with(mut record: Value, more: Value) -> Value {
    let Value::Object(more) = more else { panic!("{more} is no object") };
    record.as_object_mut().unwrap().extend(more);
    record
}

fn condition(more: Value) -> Value {
    goal(
        json!({"filter": {"allOf": [{"anyOf": [with(json!({"property": "p", "operator": "EQUALS"}), more)]}]}}),
    )
}

#[test]
fn what_is_accepted_validates() {
    let inputs = Inputs::printed();
    let reopened = json!({"chatReopened": {}});
    let at = |at: Value| chat(json!({"chatReopened": {}, "at": at}));
    for (name, record) in [
        ("chatEvent", chat(reopened.clone())),
        ("chatEvent", chat(json!({"chatReopened": {"more": 1}, "more": [], "id": null}))),
        ("chatEvent", chat(json!({"chatReopened": {}, "chatClosed": null}))),
        ("chatEvent", chat(json!({"chatOpened": {"openedBy": "NOBODY_KNOWS", "customerId": null}}))),
        ("chatEvent", chat(json!({"chatAssigned": {"managerId": ""}, "id": "i".repeat(256)}))),
        ("chatEvent", chat(json!({"goalEvent": {"name": "n", "properties": "none"}}))),
        ("chatEvent", at(0.into())),
        ("chatEvent", at(253_370_764_799_999_u64.into())),
        ("chatEvent", at("0002-01-01T00:00:00.123456789+14:00".into())),
        ("chatEvent", at("2026-03-01t00:00:00z".into())),
        (
            "customerEvent",
            json!({"channelId": "s", "customerId": "u", "at": 1, "merged": {"intoCustomerId": "v"}}),
        ),
        (
            "customerEvent",
            json!({"channelId": "s", "customerId": "u", "at": 1, "tracked": {"name": "n", "properties": {"a": [1]}}}),
        ),
        ("goalChange", goal(json!({}))),
        ("goalChange", goal(json!({"days": "30", "filter": null}))),
        ("goalChange", goal(json!({"days": 1.0, "filter": {"allOf": []}}))),
        ("goalChange", condition(json!({"values": ["a", 1.5, true]}))),
        ("goalChange", condition(json!({"operator": 9, "values": null}))),
        ("goalChange", json!({"channelId": "s", "at": 1, "subscriptionSet": {}})),
        ("goalChange", json!({"channelId": "s", "at": 1, "subscriptionSet": {"active": null}})),
        ("goalChange", json!({"channelId": "s", "at": 1, "timeZoneSet": {"timeZone": "Europe/Berlin"}})),
    ] {
        assert_eq!(bad(name, &record), None, "{record}");
        assert!(inputs.take(name, &record), "{record}");
    }
}

/// The program takes the names of the protobuf schemas, too; a JSON Schema does not.
#[test]
fn a_schema_takes_lower_camel_case_names_only() {
    let inputs = Inputs::printed();
    for (name, record) in [
        ("chatEvent", chat(json!({"chat_reopened": {}}))),
        ("chatEvent", json!({"channel_id": "shop", "chat_id": "c1", "at": 1, "chatReopened": {}})),
        ("goalChange", goal(json!({"filter": {"all_of": []}}))),
    ] {
        assert_eq!(bad(name, &record), None, "{record}");
        assert!(!inputs.take(name, &record), "{record}");
    }
}

#[test]
fn what_is_bad_does_not_validate() {
    let inputs = Inputs::printed();
    let at = |at: Value| chat(json!({"chatReopened": {}, "at": at}));
    for (name, record) in [
        ("chatEvent", json!([])),
        ("chatEvent", chat(json!({}))),
        ("chatEvent", chat(json!({"chatReopened": null}))),
        ("chatEvent", chat(json!({"chatReopened": []}))),
        ("chatEvent", chat(json!({"chatReopened": {}, "chatClosed": {}}))),
        ("chatEvent", chat(json!({"chatReopened": {}, "chat_closed": {}}))),
        ("chatEvent", chat(json!({"chatReopened": {}, "chatId": ""}))),
        ("chatEvent", chat(json!({"chatReopened": {}, "chatId": 7}))),
        ("chatEvent", chat(json!({"chatReopened": {}, "channelId": null}))),
        ("chatEvent", chat(json!({"chatReopened": {}, "id": "i".repeat(257)}))),
        ("chatEvent", chat(json!({"customerMessage": {}}))),
        ("chatEvent", chat(json!({"managerReply": {"managerId": ""}}))),
        ("chatEvent", chat(json!({"goalEvent": {"name": ""}}))),
        ("chatEvent", at(Value::Null)),
        ("chatEvent", at((-1).into())),
        ("chatEvent", at(1.5.into())),
        ("chatEvent", at(253_370_764_800_000_u64.into())),
        ("chatEvent", at("2026-03-01T00:00:60Z".into())),
        ("chatEvent", at("2026-03-01T00:00:00".into())),
        ("chatEvent", at("2026-03-01 00:00:00Z".into())),
        ("chatEvent", at("2026-03-01T24:00:00Z".into())),
        ("customerEvent", json!({"channelId": "s", "customerId": "u", "at": 1, "tracked": {}})),
        (
            "customerEvent",
            json!({"channelId": "s", "customerId": "u", "at": 1, "merged": {"intoCustomerId": ""}}),
        ),
        ("goalChange", goal(json!({"days": 2}))),
        ("goalChange", goal(json!({"days": null}))),
        ("goalChange", goal(json!({"eventName": ""}))),
        ("goalChange", goal(json!({"filter": {"allOf": [{"anyOf": []}]}}))),
        ("goalChange", goal(json!({"filter": {"allOf": [{}]}}))),
        ("goalChange", goal(json!({"filter": {"all_of": [{"any_of": []}]}}))),
        ("goalChange", condition(json!({"operator": "LIKE"}))),
        ("goalChange", condition(json!({"operator": null}))),
        ("goalChange", condition(json!({"operator": 0}))),
        ("goalChange", condition(json!({"operator": 10}))),
        ("goalChange", condition(json!({"property": ""}))),
        ("goalChange", condition(json!({"values": [{}]}))),
        ("goalChange", condition(json!({"values": [null]}))),
        ("goalChange", json!({"channelId": "s", "at": 1, "subscriptionSet": {"active": "yes"}})),
        ("goalChange", json!({"channelId": "s", "at": 1, "timeZoneSet": {}})),
    ] {
        assert!(bad(name, &record).is_some(), "{record}");
        assert!(!inputs.take(name, &record), "{record}");
    }
}

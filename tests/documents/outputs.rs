//! Output records: what the program prints is what the schemas say, field by field.

use crate::{examples, schema, validator};
use serde_json::{Map, Value, json};
use std::process::Command;

/// A schema that takes no field beyond those that it names.
fn strict(mut schema: Value) -> Value {
    match &mut schema {
        Value::Object(parts) => {
            for part in parts.values_mut() {
                *part = strict(part.take());
            }
            if parts.get("type") == Some(&"object".into()) && parts.contains_key("properties") {
                parts.insert("additionalProperties".into(), false.into());
            }
        }
        Value::Array(parts) => parts.iter_mut().for_each(|part| *part = strict(part.take())),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
    schema
}

/// What `fold` prints for an example, line by line.
fn folded(case: &std::path::Path) -> Vec<Map<String, Value>> {
    let output = Command::new(env!("CARGO_BIN_EXE_chat-goals"))
        .arg("fold")
        .arg(case.join("input.jsonl"))
        .args(["--emit", "changes,counters"])
        .output()
        .unwrap();
    let lines = output.stdout.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    lines.map(|line| serde_json::from_slice(line).unwrap()).collect()
}

#[test]
fn everything_that_the_examples_print_validates() {
    let statuses = validator(&strict(schema("GoalStatusChanged")));
    let counters = validator(&strict(schema("ManagerGoalCounters")));
    let (mut changes, mut buckets) = (0, 0);
    for case in examples() {
        for mut line in folded(&case) {
            if let Some(change) = line.get("goalStatusChanged") {
                // In its topic it is a tombstone.
                if change.get("deleted").is_some() {
                    continue;
                }
                let result = statuses.validate(change);
                assert!(result.is_ok(), "{}: {change}: {}", case.display(), result.unwrap_err());
                changes += 1;
            } else {
                let counter = line.get_mut("managerGoalCounters").unwrap();
                // The offline form has neither of these two.
                counter["revision"] = 1.into();
                counter["updatedAt"] = "2026-03-29T03:24:30.500Z".into();
                let result = counters.validate(counter);
                assert!(result.is_ok(), "{}: {counter}: {}", case.display(), result.unwrap_err());
                buckets += 1;
            }
        }
    }
    assert!(changes > 300 && buckets > 200, "{changes} changes, {buckets} counters");
}

#[test]
fn what_is_never_printed_does_not_validate() {
    let statuses = validator(&schema("GoalStatusChanged"));
    let good = json!({"channelId": "6263", "chatId": "6606", "revision": 1, "status": "IN_PROCESS", "phase": "MEASURING",
        "at": "2026-03-29T03:24:30Z", "cause": "MANAGER_REPLY"});
    assert!(statuses.is_valid(&good));
    for (field, value) in [
        ("status", "OPEN".into()),
        ("status", "STATUS_UNSPECIFIED".into()),
        ("status", "MISSED".into()),
        ("phase", Value::Null),
        ("revision", 0.into()),
        ("revision", "1".into()),
        ("at", "2026-03-29T03:24:30.5Z".into()),
        ("at", 1_774_754_670_000_u64.into()),
        ("chatId", "".into()),
        ("cause", Value::Null),
        ("correction", "true".into()),
        ("goal", json!({"eventName": "Purchase", "days": 2})),
    ] {
        let mut bad = good.clone();
        bad[field] = value;
        assert!(!statuses.is_valid(&bad), "{bad}");
    }
}

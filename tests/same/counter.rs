//! The same of counters: under which key they are published, and whether one is zero. `fold` prints neither.

use chat_goals::contract::keys::counter_key;
use chat_goals::domain::credit::Bucket;
use chat_goals::domain::ids::ManagerId;
use serde_json::Value;

/// The key of a counter in its topic.
pub fn key_of(counter: &Value) -> String {
    let text = |name: &str| counter.get(name).and_then(Value::as_str);
    let manager =
        (text("scope") == Some("MANAGER")).then(|| ManagerId::new(text("managerId").unwrap_or_default()));
    let date = text("date").map(|date| date.parse().expect("a date"));
    counter_key(text("channelId").expect("a channel"), &Bucket { manager, date })
}

/// Of a counter in its plain form.
pub fn is_zero(counter: &Value) -> bool {
    ["measured", "achieved", "missed", "ended", "closes", "achievedOfEnded"]
        .iter()
        .all(|name| counter.get(name).is_none())
}

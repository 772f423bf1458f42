//! When two records of outputs mean the same: for tests and benchmarks that compare with what `fold` prints.

use serde_json::{Number, Value};

/// Absent, null and default mean the same but for the two rates, and how a number is written does not matter.
pub fn plain(value: Value) -> Value {
    match value {
        Value::Object(fields) => fields
            .into_iter()
            .map(|(name, field)| (name, plain(field)))
            .filter(|(name, field)| is_rate(name) || !is_default(field))
            .collect(),
        Value::Array(items) => items.into_iter().map(plain).collect(),
        Value::Number(number) => {
            // The last bit of a fraction depends on who read the JSON.
            let rounded = (number.as_f64().expect("a number that fits") * 1e12).round() / 1e12;
            Value::Number(Number::from_f64(rounded).expect("a finite number"))
        }
        Value::Null | Value::Bool(_) | Value::String(_) => value,
    }
}

fn is_rate(name: &str) -> bool {
    matches!(name, "achievementRate" | "endedAchievementRate")
}

fn is_default(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(bool) => !bool,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
    }
}

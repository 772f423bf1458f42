//! What makes an input record bad, in whichever form it came: the checks that JSON and protobuf share.
//!
//! Each takes a value as its form gave it and returns it as the domain has it, or the reason for the dead letter: a
//! sentence that begins with the JSON path of the field. Nothing here knows a wire form.

use crate::domain::goal::{Clause, Condition, Days, Filter, Goal, Operator, Scalar};
use crate::domain::time::Timestamp;
use chrono_tz::Tz;

/// The longest legal id, in bytes.
pub const ID_BYTES_MAX: usize = 256;

/// An id that the record needs.
pub fn needed_id<'a>(path: &str, id: &'a str) -> Result<&'a str, String> {
    optional_id(path, id)?.ok_or_else(|| format!("{path}: the id is missing"))
}

/// An id that may be absent, which is the same as empty.
pub fn optional_id<'a>(path: &str, id: &'a str) -> Result<Option<&'a str>, String> {
    if id.len() > ID_BYTES_MAX {
        return Err(format!("{path}: the id has {} bytes, more than {ID_BYTES_MAX}", id.len()));
    }
    Ok(Some(id).filter(|id| !id.is_empty()))
}

/// The name of an event, in an event or in a goal.
pub fn event_name<'a>(path: &str, name: &'a str) -> Result<&'a str, String> {
    if name.is_empty() { Err(format!("{path}: the name of the event is missing")) } else { Ok(name) }
}

/// A time of whole seconds since the epoch and nanoseconds after them, cut to milliseconds. Years 1 to 9998: every
/// deadline and local date that follows from it is still one that RFC 3339 can write.
pub fn time(path: &str, seconds: i64, nanos: i32) -> Result<Timestamp, String> {
    if !(0..1_000_000_000).contains(&nanos) {
        return Err(format!("{path}: {nanos} nanoseconds are not within a second"));
    }
    if !(YEAR_1..YEAR_9999).contains(&seconds) {
        return Err(format!("{path}: the time is not in the years 1 to 9998"));
    }
    Ok(Timestamp(seconds * 1_000 + i64::from(nanos / 1_000_000)))
}

/// The first second of the year 1, and of the year 9999.
const YEAR_1: i64 = -62_135_596_800;
const YEAR_9999: i64 = 253_370_764_800;

/// A time zone by its IANA name.
pub fn time_zone(path: &str, name: &str) -> Result<Tz, String> {
    name.parse().map_err(|_| format!("{path}: {} is not the name of a time zone", quoted(name)))
}

/// Text of a record within a reason, cut: a reason becomes a header of the dead letter, and must fit beside the record
/// whatever the record holds.
pub fn quoted(text: &str) -> String {
    const CHARS_MAX: usize = 64;
    match text.char_indices().nth(CHARS_MAX) {
        None => format!("{text:?}"),
        Some((end, _)) => format!("{:?}…", &text[..end]),
    }
}

/// A part of a reason that others wrote and that may repeat the record, cut for the same reason, on one line.
pub fn cut(part: String) -> String {
    const CHARS_MAX: usize = 200;
    if part.chars().nth(CHARS_MAX).is_none() && !part.contains(char::is_control) {
        return part;
    }
    let printable = |char: char| if char.is_control() { char::REPLACEMENT_CHARACTER } else { char };
    let more = part.chars().nth(CHARS_MAX).map(|_| '…');
    part.chars().take(CHARS_MAX).map(printable).chain(more).collect()
}

/// A record must have one of these variants. For the reason only: the caller has found `found` of them.
pub fn not_one_variant(found: usize, variants: &[&str]) -> String {
    let variants = variants.join(", ");
    match found {
        0 => format!("the record has none of {variants}"),
        _ => format!("the record has {found} of {variants}, not one"),
    }
}

pub const CHAT_EVENT_VARIANTS: [&str; 8] = [
    "chatOpened",
    "customerMessage",
    "managerReply",
    "chatClosed",
    "chatReopened",
    "chatAssigned",
    "chatDeleted",
    "goalEvent",
];
pub const CUSTOMER_EVENT_VARIANTS: [&str; 2] = ["tracked", "merged"];
pub const GOAL_CHANGE_VARIANTS: [&str; 4] = ["goalSet", "goalRemoved", "subscriptionSet", "timeZoneSet"];

/// The body of `goalSet` (A3).
pub fn goal(event_name: String, filter: Filter, days: u32) -> Result<Goal, String> {
    self::event_name("goalSet.eventName", &event_name)?;
    let days =
        Days::new(days).ok_or_else(|| format!("goalSet.days: {days} is not one of 1, 3, 7, 15, 30"))?;
    Ok(Goal { event_name, filter, days })
}

/// The clause `goalSet.filter.allOf[clause]`.
pub fn clause(clause: usize, any_of: Vec<Condition>) -> Result<Clause, String> {
    if any_of.is_empty() {
        return Err(format!("goalSet.filter.allOf[{clause}].anyOf: it needs at least one condition"));
    }
    Ok(Clause { any_of })
}

/// Where a condition stands in a goal: `goalSet.filter.allOf[clause].anyOf[condition]`.
#[derive(Clone, Copy, Debug)]
pub struct ConditionPath {
    pub clause: usize,
    pub condition: usize,
}

impl std::fmt::Display for ConditionPath {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "goalSet.filter.allOf[{}].anyOf[{}]", self.clause, self.condition)
    }
}

/// A condition. `operator` is `None` if it is missing or not known, a value if it is no string, number or boolean.
pub fn condition(
    path: ConditionPath,
    property: String,
    operator: Option<Operator>,
    values: impl IntoIterator<Item = Option<Scalar>>,
) -> Result<Condition, String> {
    if property.is_empty() {
        return Err(format!("{path}.property: the name of the property is missing"));
    }
    let operator = operator.ok_or_else(|| format!("{path}.operator: it is missing or not known"))?;
    let value = |(index, value): (usize, Option<Scalar>)| match value {
        // A number that is none would make a goal that is not equal to itself.
        Some(Scalar::Number(number)) if !number.is_finite() => {
            Err(format!("{path}.values[{index}]: {number} is not a finite number"))
        }
        Some(value) => Ok(value),
        None => Err(format!("{path}.values[{index}]: it is not a string, a number or a boolean")),
    };
    let values = values.into_iter().enumerate().map(value).collect::<Result<_, _>>()?;
    Ok(Condition { property, operator, values })
}

/// The operators by their names in the contract, in the order of their numbers in the schema, which are from 1 on.
pub const OPERATORS: [(&str, Operator); 9] = [
    ("EQUALS", Operator::Equals),
    ("NOT_EQUALS", Operator::NotEquals),
    ("CONTAINS", Operator::Contains),
    ("GREATER_THAN", Operator::GreaterThan),
    ("GREATER_OR_EQUAL", Operator::GreaterOrEqual),
    ("LESS_THAN", Operator::LessThan),
    ("LESS_OR_EQUAL", Operator::LessOrEqual),
    ("EXISTS", Operator::Exists),
    ("NOT_EXISTS", Operator::NotExists),
];

/// The operator of a name, if it is known.
pub fn operator(name: &str) -> Option<Operator> {
    OPERATORS.iter().find(|(known, _)| *known == name).map(|(_, operator)| *operator)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a3_a_goal_compares_with_finite_numbers_only() {
        let compared_with = |number| {
            let path = ConditionPath { clause: 0, condition: 2 };
            condition(path, "p".into(), Some(Operator::Equals), [Some(Scalar::Number(number))]).map(|_| ())
        };
        assert_eq!(compared_with(f64::MAX), Ok(()));
        let reason = "goalSet.filter.allOf[0].anyOf[2].values[0]: NaN is not a finite number";
        assert_eq!(compared_with(f64::NAN), Err(reason.into()));
        assert!(compared_with(f64::INFINITY).is_err());
    }

    #[test]
    fn a_record_with_several_variants_says_how_many() {
        let reason = "the record has 2 of tracked, merged, not one";
        assert_eq!(not_one_variant(2, &CUSTOMER_EVENT_VARIANTS), reason);
    }
}

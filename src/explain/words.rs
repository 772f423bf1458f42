//! Times, spans and goals in words.

use crate::domain::goal::{Condition, Goal, Operator, Scalar};
use crate::domain::time::{DAY, Millis, SECOND, Timestamp};
use chrono::{DateTime, SecondsFormat};

/// A moment in RFC 3339, as the records have it.
pub fn moment(at: Timestamp) -> String {
    match DateTime::from_timestamp_millis(at.0) {
        Some(time) => time.to_rfc3339_opts(SecondsFormat::AutoSi, true),
        None => "beyond the calendar".to_owned(),
    }
}

/// A span in its two largest units: `14 minutes`, `2 days 3 hours`.
pub fn span(span: Millis) -> String {
    const MINUTE: Millis = 60 * SECOND;
    const UNITS: [(Millis, &str); 5] =
        [(DAY, "day"), (60 * MINUTE, "hour"), (MINUTE, "minute"), (SECOND, "second"), (1, "millisecond")];
    let mut left = span.saturating_abs();
    let Some(largest) = UNITS.iter().position(|(unit, _)| left >= *unit) else {
        return "no time".to_owned();
    };
    let mut words = Vec::new();
    for (unit, name) in UNITS.iter().skip(largest).take(2) {
        let count = left / unit;
        left %= unit;
        if count > 0 {
            words.push(format!("{count} {name}{}", if count == 1 { "" } else { "s" }));
        }
    }
    words.join(" ")
}

/// A goal in one line: `Purchase within 7 days, where order.total >= 50`.
pub fn goal(goal: &Goal) -> String {
    let days = goal.days.get();
    let mut words = format!("{} within {days} day{}", goal.event_name, if days == 1 { "" } else { "s" });
    for (index, clause) in goal.filter.all_of.iter().enumerate() {
        let conditions: Vec<String> = clause.any_of.iter().map(condition).collect();
        words.push_str(if index == 0 { ", where " } else { " and " });
        match conditions.as_slice() {
            [one] => words.push_str(one),
            several => words.push_str(&format!("({})", several.join(" or "))),
        }
    }
    words
}

fn condition(condition: &Condition) -> String {
    let values: Vec<String> = condition.values.iter().map(scalar).collect();
    let values = match values.as_slice() {
        [one] => one.clone(),
        several => format!("[{}]", several.join(", ")),
    };
    let property = &condition.property;
    let operator = match condition.operator {
        Operator::Exists => return format!("{property} exists"),
        Operator::NotExists => return format!("{property} does not exist"),
        Operator::Equals => "=",
        Operator::NotEquals => "!=",
        Operator::Contains => "contains",
        Operator::GreaterThan => ">",
        Operator::GreaterOrEqual => ">=",
        Operator::LessThan => "<",
        Operator::LessOrEqual => "<=",
    };
    format!("{property} {operator} {values}")
}

fn scalar(value: &Scalar) -> String {
    match value {
        Scalar::Text(text) => format!("{text:?}"),
        Scalar::Number(number) => number.to_string(),
        Scalar::Bool(yes) => yes.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::goal::{Clause, Days, Filter};

    #[test]
    fn a_span_is_told_in_its_two_largest_units() {
        for (millis, words) in [
            (0, "no time"),
            (1, "1 millisecond"),
            (14 * 60_000, "14 minutes"),
            (61_000, "1 minute 1 second"),
            (3_600_000 + 5, "1 hour"),
            (2 * DAY + 3 * 3_600_000 + 59_000, "2 days 3 hours"),
            (-1_500, "1 second 500 milliseconds"),
        ] {
            assert_eq!(span(millis), words);
        }
    }

    #[test]
    fn a_goal_is_told_with_its_filter() {
        let condition =
            |property: &str, operator, values| Condition { property: property.into(), operator, values };
        let filter = Filter {
            all_of: vec![
                Clause {
                    any_of: vec![
                        condition("total", Operator::GreaterOrEqual, vec![Scalar::Number(50.0)]),
                        condition("vip", Operator::Exists, vec![]),
                    ],
                },
                Clause { any_of: vec![condition("tag", Operator::Equals, vec![Scalar::Text("new".into())])] },
            ],
        };
        let days = |days| Days::new(days).unwrap();
        let with = Goal { event_name: "Purchase".into(), filter, days: days(7) };
        assert_eq!(
            goal(&with),
            "Purchase within 7 days, where (total >= 50 or vip exists) and tag = \"new\""
        );
        let without = Goal { event_name: "Visit".into(), filter: Filter::default(), days: days(1) };
        assert_eq!(goal(&without), "Visit within 1 day");
    }
}

//! The latest changes as sentences. Nothing here decides which of them are shown.

use super::catalog::channel_name;
use crate::domain::goal::{Clause, Condition, Goal, Operator, Scalar};
use crate::domain::status::Status;
use crate::domain::time::Timestamp;
use chrono::DateTime;
use std::fmt;

#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    pub at: Timestamp,
    pub news: News,
}

#[derive(Clone, Debug, PartialEq)]
pub enum News {
    Status {
        chat: String,
        /// Absent for a new chat.
        from: Option<Status>,
        to: Status,
        /// The goal that the status is about.
        goal: Option<String>,
        manager: String,
        correction: bool,
    },
    Deleted {
        chat: String,
        from: Status,
    },
    Goal {
        channel: String,
        goal: String,
    },
}

/// As people call it.
pub fn status_text(status: Status) -> &'static str {
    match status {
        Status::None => "None",
        Status::AwaitingReply => "Waiting",
        Status::Measuring => "Measuring",
        Status::Missed => "Missed",
        Status::Achieved => "Achieved",
    }
}

/// The day of the week and the time, in UTC.
pub fn time_text(at: Timestamp) -> String {
    match DateTime::from_timestamp_millis(at.0) {
        Some(time) => time.format("%a %H:%M").to_string(),
        None => "never".to_owned(),
    }
}

/// A goal with its period and filter: `Purchase (1 d), amount ≥ 50`.
pub fn goal_text(goal: &Goal) -> String {
    let mut text = format!("{} ({} d)", goal.event_name, goal.days.get());
    for Clause { any_of } in &goal.filter.all_of {
        let conditions: Vec<String> = any_of.iter().map(condition_text).collect();
        text += &format!(", {}", conditions.join(" or "));
    }
    text
}

fn condition_text(condition: &Condition) -> String {
    let operator = match condition.operator {
        Operator::Equals => "=",
        Operator::NotEquals => "≠",
        Operator::Contains => "contains",
        Operator::GreaterThan => ">",
        Operator::GreaterOrEqual => "≥",
        Operator::LessThan => "<",
        Operator::LessOrEqual => "≤",
        Operator::Exists => "exists",
        Operator::NotExists => "is missing",
    };
    let value = |value: &Scalar| match value {
        Scalar::Text(text) => text.clone(),
        Scalar::Number(number) => number.to_string(),
        Scalar::Bool(yes) => yes.to_string(),
    };
    let values: Vec<String> = condition.values.iter().map(value).collect();
    format!("{} {operator} {}", condition.property, values.join("|")).trim_end().to_owned()
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", time_text(self.at), self.news)
    }
}

impl fmt::Display for News {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            News::Status { chat, from, to, goal, manager, correction } => {
                write!(f, "chat {chat} · ")?;
                if let Some(from) = from {
                    write!(f, "{} → ", status_text(*from))?;
                }
                f.write_str(status_text(*to))?;
                if let Some(goal) = goal {
                    write!(f, " · {goal} · {manager}")?;
                }
                if *correction {
                    f.write_str(" · correction")?;
                }
                Ok(())
            }
            News::Deleted { chat, .. } => write!(f, "chat {chat} · deleted"),
            News::Goal { channel, goal } => write!(f, "{}: the goal is now {goal}", channel_name(channel)),
        }
    }
}

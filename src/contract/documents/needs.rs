//! What the schemas cannot say of a field, and the contract does: whether it must be there, and what values it may have.
//! What is bad is decided in [`crate::contract::check`]; a test holds both against each other.

/// Which way a record goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// What is accepted.
    In,
    /// What is printed.
    Out,
}

/// What an input record must have. Everything else may be absent or null.
const NEEDED_IN: [&str; 17] = [
    "ChatEvent.channel_id",
    "ChatEvent.chat_id",
    "ChatEvent.at",
    "ChatEvent.CustomerMessage.customer_id",
    "ChatEvent.ManagerReply.manager_id",
    "ChatEvent.GoalEvent.name",
    "CustomerEvent.channel_id",
    "CustomerEvent.customer_id",
    "CustomerEvent.at",
    "CustomerEvent.Tracked.name",
    "CustomerEvent.Merged.into_customer_id",
    "GoalChange.channel_id",
    "GoalChange.at",
    "GoalChange.TimeZoneSet.time_zone",
    "Clause.any_of",
    "Condition.property",
    "Condition.operator",
];

/// What an output record always has. A count is not among them: it may be left out where it is 0.
const NEEDED_OUT: [&str; 18] = [
    "GoalStatusChanged.channel_id",
    "GoalStatusChanged.chat_id",
    "GoalStatusChanged.revision",
    "GoalStatusChanged.status",
    "GoalStatusChanged.at",
    "GoalStatusChanged.cause",
    "GoalStatusChanged.Round.number",
    "GoalStatusChanged.Round.outcome",
    "GoalStatusChanged.Round.goal",
    "GoalStatusChanged.Round.started_at",
    "GoalStatusChanged.Round.deadline",
    "ManagerGoalCounters.channel_id",
    "ManagerGoalCounters.scope",
    "ManagerGoalCounters.revision",
    "ManagerGoalCounters.updated_at",
    "Clause.any_of",
    "Condition.property",
    "Condition.operator",
];

/// Of a goal, either way.
const NEEDED_BOTH: [&str; 2] = ["Goal.event_name", "Goal.days"];

pub fn is_needed(message: &str, field: &str, direction: Direction) -> bool {
    let path = format!("{message}.{field}");
    let needed: &[&str] = match direction {
        Direction::In => &NEEDED_IN,
        Direction::Out => &NEEDED_OUT,
    };
    needed.contains(&path.as_str()) || NEEDED_BOTH.contains(&path.as_str())
}

/// Ids have at most [`crate::contract::check::ID_BYTES_MAX`] bytes. `achieved_by` is the id of an event.
pub fn is_id(field: &str) -> bool {
    field == "id" || field.ends_with("_id") || field == "achieved_by"
}

/// Counted from 1.
pub fn is_counted_from_one(field: &str) -> bool {
    ["revision", "number"].contains(&field)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::documents::descriptors::Published;

    #[test]
    fn every_field_that_is_named_here_is_in_a_schema() {
        let published = Published::read();
        for path in NEEDED_IN.iter().chain(&NEEDED_OUT).chain(&NEEDED_BOTH) {
            let (message, field) = path.rsplit_once('.').unwrap();
            let fields = &published.messages[message].fields;
            assert!(fields.iter().any(|known| known.name == field), "{path}");
        }
    }
}

//! The enumerations of the contract, as they are written in JSON. They decide nothing.

use crate::contract::records::StatusName;
use crate::domain::status::{OutcomeKind, Status};
use crate::stages::messages::CauseKind;
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{RefOr, Schema};

macro_rules! words {
    ($($(#[$doc:meta])* $name:ident { $($variant:ident = $word:literal,)* })*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
        pub enum $name { $(#[serde(rename = $word)] $variant,)* }

        impl $name {
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }

            /// The one that is written so.
            pub fn of_word(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|known| known.as_str() == word)
            }
        }

        impl utoipa::PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                let words = Self::ALL.iter().map(|word| word.as_str());
                ObjectBuilder::new().schema_type(Type::String).enum_values(Some(words)).build().into()
            }
        }

        impl utoipa::ToSchema for $name {}

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    )*};
}

words! {
    /// The status of a chat (D).
    StatusWord { None = "NONE", InProcess = "IN_PROCESS", Missed = "MISSED", Achieved = "ACHIEVED", }

    /// What a chat in process waits for: a manager's reply (D3), or the goal (D2).
    PhaseWord { AwaitingReply = "AWAITING_REPLY", Measuring = "MEASURING", }

    /// How a round went (C4 to C6).
    OutcomeWord { Open = "OPEN", Superseded = "SUPERSEDED", Missed = "MISSED", Achieved = "ACHIEVED", }

    /// What made a change.
    CauseWord {
        ChatOpened = "CHAT_OPENED",
        CustomerMessage = "CUSTOMER_MESSAGE",
        ManagerReply = "MANAGER_REPLY",
        ChatClosed = "CHAT_CLOSED",
        ChatReopened = "CHAT_REOPENED",
        ChatAssigned = "CHAT_ASSIGNED",
        GoalEvent = "GOAL_EVENT",
        CustomerMerged = "CUSTOMER_MERGED",
        GoalChanged = "GOAL_CHANGED",
        Deadline = "DEADLINE",
        Rebuild = "REBUILD",
    }

    /// In which order chats come: what changed last first, what has not changed for the longest time first, or (only
    /// chats whose last round is open) what runs out first.
    SortWord { Newest = "newest", Oldest = "oldest", Deadline = "deadline", }

    /// Whether a setting has been replaced, holds, or is yet to take effect.
    WhenWord { Past = "PAST", Present = "PRESENT", Future = "FUTURE", }
}

impl From<StatusName> for StatusWord {
    fn from(name: StatusName) -> Self {
        match name {
            StatusName::None => Self::None,
            StatusName::InProcess => Self::InProcess,
            StatusName::Missed => Self::Missed,
            StatusName::Achieved => Self::Achieved,
        }
    }
}

impl From<Status> for StatusWord {
    fn from(status: Status) -> Self {
        StatusName::from(status).into()
    }
}

impl PhaseWord {
    /// Of a chat in process.
    pub fn of(status: Status) -> Option<Self> {
        match status {
            Status::AwaitingReply => Some(Self::AwaitingReply),
            Status::Measuring => Some(Self::Measuring),
            Status::None | Status::Missed | Status::Achieved => None,
        }
    }
}

impl From<OutcomeKind> for OutcomeWord {
    fn from(outcome: OutcomeKind) -> Self {
        match outcome {
            OutcomeKind::Open => Self::Open,
            OutcomeKind::Superseded => Self::Superseded,
            OutcomeKind::Missed => Self::Missed,
            OutcomeKind::Achieved => Self::Achieved,
        }
    }
}

impl From<CauseKind> for CauseWord {
    fn from(cause: CauseKind) -> Self {
        match cause {
            CauseKind::ChatOpened => Self::ChatOpened,
            CauseKind::CustomerMessage => Self::CustomerMessage,
            CauseKind::ManagerReply => Self::ManagerReply,
            CauseKind::ChatClosed => Self::ChatClosed,
            CauseKind::ChatReopened => Self::ChatReopened,
            CauseKind::ChatAssigned => Self::ChatAssigned,
            CauseKind::GoalEvent => Self::GoalEvent,
            CauseKind::CustomerMerged => Self::CustomerMerged,
            CauseKind::GoalChanged => Self::GoalChanged,
            CauseKind::Deadline => Self::Deadline,
            CauseKind::Rebuild => Self::Rebuild,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::json::output;

    #[test]
    fn the_words_are_those_of_the_contract() {
        for kind in
            [CauseKind::ChatOpened, CauseKind::GoalEvent, CauseKind::CustomerMerged, CauseKind::Rebuild]
        {
            assert_eq!(CauseWord::from(kind).as_str(), output::cause_name(kind));
        }
        for status in
            [Status::None, Status::AwaitingReply, Status::Measuring, Status::Missed, Status::Achieved]
        {
            assert_eq!(StatusWord::from(status).as_str(), output::status_name(status));
            assert_eq!(PhaseWord::of(status).map(PhaseWord::as_str), output::phase_name(status));
        }
        for outcome in
            [OutcomeKind::Open, OutcomeKind::Superseded, OutcomeKind::Missed, OutcomeKind::Achieved]
        {
            assert_eq!(OutcomeWord::from(outcome).as_str(), output::outcome_name(outcome));
        }
    }

    #[test]
    fn a_word_is_read_as_it_is_written() {
        for word in CauseWord::ALL {
            assert_eq!(CauseWord::of_word(word.as_str()), Some(*word));
            assert_eq!(serde_json::to_string(word).unwrap(), format!("{:?}", word.as_str()));
        }
        assert_eq!(StatusWord::of_word("achieved"), None);
    }
}

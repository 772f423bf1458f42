//! What goes into the stages, and what they say to each other through the inboxes.

use crate::domain::conversation::{JudgedEvent, Said};
use crate::domain::credit::{Bucket, Counts};
use crate::domain::goal::Properties;
use crate::domain::ids::{ChannelId, ChatId, CustomerId, EventId, ManagerId};
use crate::domain::time::{DAY, Millis, Timestamp};

/// What an input record says.
pub enum Event<'a> {
    Chat(ChatEvent<'a>),
    Customer(CustomerEvent<'a>),
}

/// A `chat.events` record.
#[derive(Clone, Copy)]
pub struct ChatEvent<'a> {
    pub id: Option<&'a str>,
    pub channel: &'a str,
    pub chat: &'a str,
    pub at: Timestamp,
    pub body: ChatBody<'a>,
}

#[derive(Clone, Copy)]
pub enum ChatBody<'a> {
    Said(Said<'a>),
    Deleted,
    GoalEvent { name: &'a str, properties: &'a dyn Properties },
}

/// A `customer.events` record.
#[derive(Clone, Copy)]
pub struct CustomerEvent<'a> {
    pub id: Option<&'a str>,
    pub channel: &'a str,
    pub customer: &'a str,
    pub at: Timestamp,
    pub body: CustomerBody<'a>,
}

#[derive(Clone, Copy)]
pub enum CustomerBody<'a> {
    Tracked { name: &'a str, properties: &'a dyn Properties },
    Merged { into: &'a str },
}

/// What made a change (its `cause` and `at` in the contract).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cause {
    pub kind: CauseKind,
    pub at: Timestamp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CauseKind {
    ChatOpened,
    CustomerMessage,
    ManagerReply,
    ChatClosed,
    ChatReopened,
    ChatAssigned,
    GoalEvent,
    CustomerMerged,
    GoalChanged,
    Deadline,
    Rebuild,
}

impl CauseKind {
    pub const ALL: [CauseKind; 11] = [
        CauseKind::ChatOpened,
        CauseKind::CustomerMessage,
        CauseKind::ManagerReply,
        CauseKind::ChatClosed,
        CauseKind::ChatReopened,
        CauseKind::ChatAssigned,
        CauseKind::GoalEvent,
        CauseKind::CustomerMerged,
        CauseKind::GoalChanged,
        CauseKind::Deadline,
        CauseKind::Rebuild,
    ];
}

impl ChatBody<'_> {
    /// The cause of a change that this record makes.
    pub fn cause(&self) -> CauseKind {
        match self {
            ChatBody::Said(Said::Opened { .. }) => CauseKind::ChatOpened,
            ChatBody::Said(Said::CustomerMessage { .. }) => CauseKind::CustomerMessage,
            ChatBody::Said(Said::ManagerReply { .. }) => CauseKind::ManagerReply,
            ChatBody::Said(Said::Closed { .. }) => CauseKind::ChatClosed,
            ChatBody::Said(Said::Reopened) => CauseKind::ChatReopened,
            ChatBody::Said(Said::Assigned { .. }) => CauseKind::ChatAssigned,
            ChatBody::GoalEvent { .. } => CauseKind::GoalEvent,
            // A delete publishes a tombstone, which names no cause.
            ChatBody::Deleted => CauseKind::ChatClosed,
        }
    }
}

/// To a chat: events of a customer that it named.
#[derive(Clone, Debug, PartialEq)]
pub struct ToChat {
    pub channel: ChannelId,
    pub chat: ChatId,
    /// Where the chat lives: the partition that its link to the customer came from.
    pub partition: i32,
    /// The customer that the chat named itself (H2).
    pub customer: CustomerId,
    pub events: Vec<JudgedEvent>,
    pub cause: Cause,
}

/// To a customer.
#[derive(Clone, Debug, PartialEq)]
pub struct ToCustomer {
    pub channel: ChannelId,
    pub customer: CustomerId,
    pub news: CustomerNews,
    pub cause: Cause,
}

#[derive(Clone, Debug, PartialEq)]
pub enum CustomerNews {
    /// A chat of this partition wants every event of the customer. Only older versions said so.
    NamedBy { chat: ChatId, partition: i32 },
    /// A chat of this partition, which named the customer, wants the first events that follow each of these
    /// moments, goal by goal.
    AskedBy { chat: ChatId, partition: i32, moments: Vec<Timestamp> },
    /// Another customer is the same person since a record at `merged_at`.
    SameAs { customer: CustomerId, merged_at: Timestamp },
    /// Events that a merged customer knows. `depth` counts the messages between customers that led here, this one
    /// included.
    Events { events: Vec<JudgedEvent>, depth: u32 },
}

/// To the counters: a difference.
#[derive(Clone, Debug, PartialEq)]
pub struct ToManager {
    pub channel: ChannelId,
    pub bucket: Bucket,
    pub difference: Counts,
}

impl ToManager {
    /// Nobody's bucket has an empty manager; the whole channel's has none.
    pub fn manager(&self) -> Option<&ManagerId> {
        self.bucket.manager.as_ref()
    }
}

/// Why a record is bad. `Display` is the reason in `dead-letters` and on standard error.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Bad {
    #[error("chat {chat} belongs to channel {belongs_to}, not to {named} (B1)")]
    OtherChannel { chat: ChatId, belongs_to: ChannelId, named: ChannelId },
    #[error("TOO_LATE: it is dated {days} days before its log timestamp, more than 31 (H1)")]
    TooLate { days: i64 },
    #[error("TOO_EARLY: it is dated {hours} hours after its log timestamp, more than 24 (H1)")]
    TooEarly { hours: i64 },
}

/// H1: whether a chat or customer record is dated too far from its log timestamp (absent offline).
pub fn check_age(at: Timestamp, logged: Option<Timestamp>) -> Result<(), Bad> {
    const HOUR: Millis = DAY / 24;
    let Some(logged) = logged else { return Ok(()) };
    if logged > at.plus(31 * DAY) {
        return Err(Bad::TooLate { days: logged.0.saturating_sub(at.0) / DAY });
    }
    if at > logged.plus(DAY) {
        return Err(Bad::TooEarly { hours: at.0.saturating_sub(logged.0) / HOUR });
    }
    Ok(())
}

/// The id of an event, owned.
pub fn event_id(id: Option<&str>) -> Option<EventId> {
    id.map(EventId::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn h1_a_log_timestamp_at_either_end_of_time_is_far_away_and_no_overflow() {
        let year_1 = Timestamp(-62_135_596_800_000);
        assert_eq!(check_age(year_1, Some(Timestamp::MAX)), Err(Bad::TooLate { days: i64::MAX / DAY }));
        let year_9998 = Timestamp(253_370_764_799_999);
        assert_eq!(
            check_age(year_9998, Some(Timestamp::MIN)),
            Err(Bad::TooEarly { hours: i64::MAX / (DAY / 24) })
        );
    }
}

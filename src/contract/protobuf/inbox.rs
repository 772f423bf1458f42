//! The messages of the inboxes: what the stages say to each other, and input records on their way home.
//!
//! Only this program writes them, so a message that cannot be read is a fault here, not a bad record. Nothing here
//! decides who is told what.

use super::convert::{date_from, date_to, decoded};
use super::generated as pb;
use super::generated::cause::Kind;
use super::generated::{chats_inbox, customers_inbox, forwarded};
use crate::domain::conversation::JudgedEvent;
use crate::domain::credit::{Bucket, Counts};
use crate::domain::ids::{ChannelId, ChatId, CustomerId, EventId, ManagerId};
use crate::domain::settings::GoalId;
use crate::domain::time::Timestamp;
use crate::stages::messages::{Cause, CauseKind, CustomerNews, ToChat, ToCustomer, ToManager};
use prost::Message;

/// An input record that arrived on a partition that is not its key's home, as it came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Forwarded {
    pub topic: String,
    pub partition: i32,
    pub offset: i64,
    /// The log timestamp, if the log has one.
    pub timestamp: Option<Timestamp>,
    pub key: Option<Vec<u8>>,
    /// `None` is a tombstone.
    pub value: Option<Vec<u8>>,
    /// Names and values, in their order.
    pub headers: Vec<(String, Option<Vec<u8>>)>,
}

/// A message in the chats' inbox.
#[derive(Clone, Debug, PartialEq)]
pub enum ChatsInbox {
    ToChat(ToChat),
    Forwarded(Forwarded),
}

/// A message in the customers' inbox.
#[derive(Clone, Debug, PartialEq)]
pub enum CustomersInbox {
    ToCustomer(ToCustomer),
    Forwarded(Forwarded),
}

pub fn encode_to_chat(message: &ToChat) -> Vec<u8> {
    let to_chat = chats_inbox::ToChat {
        channel_id: message.channel.as_str().into(),
        chat_id: message.chat.as_str().into(),
        partition: message.partition,
        customer_id: message.customer.as_str().into(),
        events: message.events.iter().map(event_to).collect(),
        cause: Some(cause_to(message.cause)),
    };
    pb::ChatsInbox { message: Some(chats_inbox::Message::ToChat(to_chat)) }.encode_to_vec()
}

pub fn encode_to_customer(message: &ToCustomer) -> Vec<u8> {
    let news = match &message.news {
        CustomerNews::NamedBy { chat, partition } => {
            let chat_id = chat.as_str().into();
            customers_inbox::to_customer::News::NamedBy(customers_inbox::NamedBy {
                chat_id,
                partition: *partition,
            })
        }
        CustomerNews::AskedBy { chat, partition, moments } => {
            customers_inbox::to_customer::News::AskedBy(customers_inbox::AskedBy {
                chat_id: chat.as_str().into(),
                partition: *partition,
                moments_ms: moments.iter().map(|moment| moment.0).collect(),
            })
        }
        CustomerNews::SameAs { customer, merged_at } => {
            customers_inbox::to_customer::News::SameAs(customers_inbox::SameAs {
                customer_id: customer.as_str().into(),
                merged_at_ms: merged_at.0,
            })
        }
        CustomerNews::Events { events, depth } => {
            let events = events.iter().map(event_to).collect();
            customers_inbox::to_customer::News::Events(customers_inbox::Events { events, depth: *depth })
        }
    };
    let to_customer = customers_inbox::ToCustomer {
        channel_id: message.channel.as_str().into(),
        customer_id: message.customer.as_str().into(),
        cause: Some(cause_to(message.cause)),
        news: Some(news),
    };
    pb::CustomersInbox { message: Some(customers_inbox::Message::ToCustomer(to_customer)) }.encode_to_vec()
}

pub fn encode_to_manager(message: &ToManager) -> Vec<u8> {
    let message = pb::ManagersInbox {
        channel_id: message.channel.as_str().into(),
        manager_id: message.bucket.manager.as_deref().map(str::to_owned),
        date: message.bucket.date.map(date_to),
        measured: message.difference.measured,
        achieved: message.difference.achieved,
        missed: message.difference.missed,
        ended: message.difference.ended,
        closes: message.difference.closes,
        achieved_of_ended: message.difference.achieved_of_ended,
    };
    message.encode_to_vec()
}

/// A message to the chats' inbox.
pub fn encode_forwarded_chat(record: &Forwarded) -> Vec<u8> {
    pb::ChatsInbox { message: Some(chats_inbox::Message::Forwarded(forwarded_to(record))) }.encode_to_vec()
}

/// A message to the customers' inbox.
pub fn encode_forwarded_customer(record: &Forwarded) -> Vec<u8> {
    pb::CustomersInbox { message: Some(customers_inbox::Message::Forwarded(forwarded_to(record))) }
        .encode_to_vec()
}

pub fn decode_chats_inbox(message: &[u8]) -> Result<ChatsInbox, String> {
    Ok(match decoded::<pb::ChatsInbox>(message)?.message.ok_or(NO_VARIANT)? {
        chats_inbox::Message::ToChat(to_chat) => ChatsInbox::ToChat(ToChat {
            channel: ChannelId::new(&to_chat.channel_id),
            chat: ChatId::new(&to_chat.chat_id),
            partition: to_chat.partition,
            customer: CustomerId::new(&to_chat.customer_id),
            events: to_chat.events.into_iter().map(event_from).collect(),
            cause: cause_from(to_chat.cause)?,
        }),
        chats_inbox::Message::Forwarded(record) => ChatsInbox::Forwarded(forwarded_from(record)),
    })
}

pub fn decode_customers_inbox(message: &[u8]) -> Result<CustomersInbox, String> {
    let to_customer = match decoded::<pb::CustomersInbox>(message)?.message.ok_or(NO_VARIANT)? {
        customers_inbox::Message::ToCustomer(to_customer) => to_customer,
        customers_inbox::Message::Forwarded(record) => {
            return Ok(CustomersInbox::Forwarded(forwarded_from(record)));
        }
    };
    let news = match to_customer.news.ok_or(NO_VARIANT)? {
        customers_inbox::to_customer::News::NamedBy(news) => {
            CustomerNews::NamedBy { chat: ChatId::new(&news.chat_id), partition: news.partition }
        }
        customers_inbox::to_customer::News::AskedBy(news) => CustomerNews::AskedBy {
            chat: ChatId::new(&news.chat_id),
            partition: news.partition,
            moments: news.moments_ms.into_iter().map(Timestamp).collect(),
        },
        customers_inbox::to_customer::News::SameAs(news) => CustomerNews::SameAs {
            customer: CustomerId::new(&news.customer_id),
            merged_at: Timestamp(news.merged_at_ms),
        },
        customers_inbox::to_customer::News::Events(news) => CustomerNews::Events {
            events: news.events.into_iter().map(event_from).collect(),
            depth: news.depth,
        },
    };
    Ok(CustomersInbox::ToCustomer(ToCustomer {
        channel: ChannelId::new(&to_customer.channel_id),
        customer: CustomerId::new(&to_customer.customer_id),
        news,
        cause: cause_from(to_customer.cause)?,
    }))
}

pub fn decode_managers_inbox(message: &[u8]) -> Result<ToManager, String> {
    let message = decoded::<pb::ManagersInbox>(message)?;
    Ok(ToManager {
        channel: ChannelId::new(&message.channel_id),
        bucket: Bucket {
            manager: message.manager_id.as_deref().map(ManagerId::new),
            date: message.date.map(date_from).transpose()?,
        },
        difference: Counts {
            measured: message.measured,
            achieved: message.achieved,
            missed: message.missed,
            ended: message.ended,
            closes: message.closes,
            achieved_of_ended: message.achieved_of_ended,
        },
    })
}

const NO_VARIANT: &str = "the message is of a kind that this program does not know";

fn forwarded_to(record: &Forwarded) -> pb::Forwarded {
    let header = |(name, value): &(String, Option<Vec<u8>>)| forwarded::Header {
        name: name.clone(),
        value: value.clone(),
    };
    pb::Forwarded {
        topic: record.topic.clone(),
        partition: record.partition,
        offset: record.offset,
        timestamp_ms: record.timestamp.map(|timestamp| timestamp.0),
        key: record.key.clone(),
        value: record.value.clone(),
        headers: record.headers.iter().map(header).collect(),
    }
}

fn forwarded_from(record: pb::Forwarded) -> Forwarded {
    Forwarded {
        topic: record.topic,
        partition: record.partition,
        offset: record.offset,
        timestamp: record.timestamp_ms.map(Timestamp),
        key: record.key,
        value: record.value,
        headers: record.headers.into_iter().map(|header| (header.name, header.value)).collect(),
    }
}

fn event_to(event: &JudgedEvent) -> pb::JudgedEvent {
    pb::JudgedEvent {
        at_ms: event.at.0,
        id: event.id.as_deref().map(str::to_owned),
        goals: event.goals.iter().map(|goal| goal.0).collect(),
    }
}

fn event_from(event: pb::JudgedEvent) -> JudgedEvent {
    JudgedEvent {
        at: Timestamp(event.at_ms),
        id: event.id.as_deref().map(EventId::new),
        goals: event.goals.into_iter().map(GoalId).collect(),
    }
}

fn cause_to(cause: Cause) -> pb::Cause {
    let kind = match cause.kind {
        CauseKind::ChatOpened => Kind::ChatOpened,
        CauseKind::CustomerMessage => Kind::CustomerMessage,
        CauseKind::ManagerReply => Kind::ManagerReply,
        CauseKind::ChatClosed => Kind::ChatClosed,
        CauseKind::ChatReopened => Kind::ChatReopened,
        CauseKind::ChatAssigned => Kind::ChatAssigned,
        CauseKind::GoalEvent => Kind::GoalEvent,
        CauseKind::CustomerMerged => Kind::CustomerMerged,
        CauseKind::GoalChanged => Kind::GoalChanged,
        CauseKind::Deadline => Kind::Deadline,
        CauseKind::Rebuild => Kind::Rebuild,
    };
    pb::Cause { kind: kind.into(), at_ms: cause.at.0 }
}

fn cause_from(cause: Option<pb::Cause>) -> Result<Cause, String> {
    let cause = cause.ok_or("the message names no cause")?;
    let kind = match cause.kind() {
        Kind::Unspecified => return Err("the message names no cause that this program knows".into()),
        Kind::ChatOpened => CauseKind::ChatOpened,
        Kind::CustomerMessage => CauseKind::CustomerMessage,
        Kind::ManagerReply => CauseKind::ManagerReply,
        Kind::ChatClosed => CauseKind::ChatClosed,
        Kind::ChatReopened => CauseKind::ChatReopened,
        Kind::ChatAssigned => CauseKind::ChatAssigned,
        Kind::GoalEvent => CauseKind::GoalEvent,
        Kind::CustomerMerged => CauseKind::CustomerMerged,
        Kind::GoalChanged => CauseKind::GoalChanged,
        Kind::Deadline => CauseKind::Deadline,
        Kind::Rebuild => CauseKind::Rebuild,
    };
    Ok(Cause { kind, at: Timestamp(cause.at_ms) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::arbitrary::{any_bucket, any_cause, any_counts, any_events, any_time, id};
    use proptest::collection::vec;
    use proptest::option;
    use proptest::prelude::*;

    fn any_news() -> impl Strategy<Value = CustomerNews> {
        prop_oneof![
            (id(), any::<i32>()).prop_map(|(chat, partition)| CustomerNews::NamedBy { chat, partition }),
            (id(), any::<i32>(), vec(any_time(), 0..3))
                .prop_map(|(chat, partition, moments)| CustomerNews::AskedBy { chat, partition, moments }),
            (id(), any_time()).prop_map(|(customer, merged_at)| CustomerNews::SameAs { customer, merged_at }),
            (any_events(), any::<u32>()).prop_map(|(events, depth)| CustomerNews::Events { events, depth }),
        ]
    }

    fn any_forwarded() -> impl Strategy<Value = Forwarded> {
        let bytes = || option::of(vec(any::<u8>(), 0..8));
        let place = ("[a-z.]{0,8}", any::<i32>(), any::<i64>(), option::of(any_time()));
        (place, bytes(), bytes(), vec(("[a-z.]{0,8}", bytes()), 0..3)).prop_map(
            |((topic, partition, offset, timestamp), key, value, headers)| Forwarded {
                topic,
                partition,
                offset,
                timestamp,
                key,
                value,
                headers,
            },
        )
    }

    proptest! {
        #[test]
        fn a_message_to_a_chat_comes_back(
            channel in id(), chat in id(), partition: i32, customer in id(), events in any_events(),
            cause in any_cause(),
        ) {
            let message = ToChat { channel, chat, partition, customer, events, cause };
            prop_assert_eq!(decode_chats_inbox(&encode_to_chat(&message)), Ok(ChatsInbox::ToChat(message)));
        }

        #[test]
        fn a_message_to_a_customer_comes_back(
            channel in id(), customer in id(), news in any_news(), cause in any_cause(),
        ) {
            let message = ToCustomer { channel, customer, news, cause };
            let encoded = encode_to_customer(&message);
            prop_assert_eq!(decode_customers_inbox(&encoded), Ok(CustomersInbox::ToCustomer(message)));
        }

        #[test]
        fn a_message_to_a_manager_comes_back(
            channel in id(), bucket in any_bucket(), difference in any_counts(),
        ) {
            let message = ToManager { channel, bucket, difference };
            prop_assert_eq!(decode_managers_inbox(&encode_to_manager(&message)), Ok(message));
        }

        #[test]
        fn a_forwarded_record_comes_back(record in any_forwarded()) {
            let chat = decode_chats_inbox(&encode_forwarded_chat(&record));
            prop_assert_eq!(chat, Ok(ChatsInbox::Forwarded(record.clone())));
            let customer = decode_customers_inbox(&encode_forwarded_customer(&record));
            prop_assert_eq!(customer, Ok(CustomersInbox::Forwarded(record)));
        }
    }

    #[test]
    fn a_message_of_no_known_kind_is_refused() {
        assert_eq!(decode_chats_inbox(&[]), Err(NO_VARIANT.into()));
        assert_eq!(decode_customers_inbox(&[]), Err(NO_VARIANT.into()));
        assert!(decode_managers_inbox(&[0xff]).is_err());
    }
}

//! Customers: what a person did, told to every chat that may count it (B9, H2), by gossip between merged customers.
//!
//! A row knows its neighbours, the chats that named it, and its events that matched a goal. Whoever already knows
//! an event does not pass it on, so gossip ends, in whatever order things arrive. It publishes nothing.

use super::messages::{Cause, CauseKind, CustomerNews, ToChat, ToCustomer};
use crate::domain::conversation::{JudgedEvent, REACH_BACK, add_events};
use crate::domain::ids::{ChannelId, ChatId, CustomerId};
use crate::domain::seal::REACH;
use crate::domain::time::Timestamp;

/// What is known of one customer of one channel.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CustomerRow {
    pub channel: ChannelId,
    pub customer: CustomerId,
    pub neighbours: Vec<Neighbour>,
    pub chats: Vec<Link>,
    /// In the order of C5.
    pub events: Vec<JudgedEvent>,
}

/// A customer that is the same person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Neighbour {
    pub customer: CustomerId,
    /// The earliest `at` of the records that merged the two (H2).
    pub merged_at: Timestamp,
}

/// A chat that named this customer, and the partition in which it lives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    pub chat: ChatId,
    pub partition: i32,
}

/// What a customer says to others.
#[derive(Debug, Default)]
pub struct Told {
    pub chats: Vec<ToChat>,
    pub customers: Vec<ToCustomer>,
    /// The row is not what it was.
    pub changed: bool,
}

impl CustomerRow {
    pub fn new(channel: ChannelId, customer: CustomerId) -> Self {
        Self { channel, customer, ..Self::default() }
    }

    /// An event of this customer that matched a goal.
    pub fn tracked(&mut self, event: JudgedEvent, told: &mut Told) {
        let cause = Cause { kind: CauseKind::GoalEvent, at: event.at };
        self.learn(vec![event], 0, cause, told);
    }

    /// A `merged` record of this customer at `at` (the other one is told by a message).
    pub fn merged(&mut self, into: &CustomerId, at: Timestamp, told: &mut Told) {
        if *into == self.customer {
            return;
        }
        let cause = Cause { kind: CauseKind::CustomerMerged, at };
        if self.join(into, at, 1, cause, told) {
            told.customers.push(ToCustomer {
                channel: self.channel.clone(),
                customer: into.clone(),
                news: CustomerNews::SameAs { customer: self.customer.clone(), merged_at: at },
                cause,
            });
        }
    }

    /// What another stage or customer says.
    pub fn news(&mut self, news: CustomerNews, cause: Cause, told: &mut Told) {
        match news {
            CustomerNews::NamedBy { chat, partition } => self.named_by(chat, partition, cause, told),
            CustomerNews::SameAs { customer, merged_at } => {
                self.join(&customer, merged_at, 2, cause, told);
            }
            CustomerNews::Events { events, depth } => self.learn(events, depth, cause, told),
        }
    }

    /// H3: forgets the events that nothing can ask for any more at `clock`. True: there were some.
    pub fn forget(&mut self, clock: Timestamp) -> bool {
        let old = self.events.partition_point(|event| event.at < clock.minus(REACH));
        self.events.drain(..old);
        old > 0
    }

    fn named_by(&mut self, chat: ChatId, partition: i32, cause: Cause, told: &mut Told) {
        match self.chats.iter_mut().find(|link| link.chat == chat) {
            Some(link) if link.partition == partition => {}
            Some(link) => {
                link.partition = partition;
                told.changed = true;
            }
            None => {
                self.chats.push(Link { chat: chat.clone(), partition });
                told.changed = true;
            }
        }
        // A chat that was deleted and begins anew asks again, and is told again.
        if !self.events.is_empty() {
            self.tell_chat(&Link { chat, partition }, self.events.clone(), cause, told);
        }
    }

    /// Makes the other a neighbour, or lets more pass if this merge is earlier. True: either.
    fn join(&mut self, other: &CustomerId, at: Timestamp, depth: u32, cause: Cause, told: &mut Told) -> bool {
        let known = self.neighbours.iter().position(|neighbour| neighbour.customer == *other);
        let neighbour = match known {
            Some(index) if self.neighbours[index].merged_at <= at => return false,
            Some(index) => {
                self.neighbours[index].merged_at = at;
                self.neighbours[index].clone()
            }
            None => {
                self.neighbours.push(Neighbour { customer: other.clone(), merged_at: at });
                self.neighbours[self.neighbours.len() - 1].clone()
            }
        };
        told.changed = true;
        self.tell_neighbour(&neighbour, &self.events, depth, cause, told);
        true
    }

    fn learn(&mut self, events: Vec<JudgedEvent>, depth: u32, cause: Cause, told: &mut Told) {
        let new = add_events(&mut self.events, events);
        if new.is_empty() {
            return;
        }
        told.changed = true;
        for link in &self.chats {
            self.tell_chat(link, new.clone(), cause, told);
        }
        for neighbour in &self.neighbours {
            self.tell_neighbour(neighbour, &new, depth.saturating_add(1), cause, told);
        }
    }

    fn tell_chat(&self, link: &Link, events: Vec<JudgedEvent>, cause: Cause, told: &mut Told) {
        told.chats.push(ToChat {
            channel: self.channel.clone(),
            chat: link.chat.clone(),
            partition: link.partition,
            customer: self.customer.clone(),
            events,
            cause,
        });
    }

    /// H2: only what the merge lets pass.
    fn tell_neighbour(
        &self,
        to: &Neighbour,
        events: &[JudgedEvent],
        depth: u32,
        cause: Cause,
        told: &mut Told,
    ) {
        let reach = to.merged_at.minus(REACH_BACK);
        let events: Vec<JudgedEvent> = events.iter().filter(|event| event.at >= reach).cloned().collect();
        if !events.is_empty() {
            told.customers.push(ToCustomer {
                channel: self.channel.clone(),
                customer: to.customer.clone(),
                news: CustomerNews::Events { events, depth },
                cause,
            });
        }
    }
}

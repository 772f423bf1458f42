//! Customers: what a person did, told to every chat that may count it (B9, H2), by gossip between merged customers.
//!
//! A row knows its neighbours, its events that matched a goal, and what chats asked it for: the first event after
//! some moment, goal by goal. A chat is told that event, and again if an earlier one turns up, but nothing else: what
//! is told does not grow with chats times events. Whoever already knows an event does not pass it on, so gossip ends,
//! in whatever order things arrive. It publishes nothing.

use super::messages::{Cause, CauseKind, CustomerNews, ToChat, ToCustomer};
use crate::domain::conversation::{JudgedEvent, REACH_BACK, ROUND_MAX};
use crate::domain::events::Events;
use crate::domain::ids::{ChannelId, ChatId, CustomerId};
use crate::domain::paged::{Entry, Paged};
use crate::domain::seal::REACH;
use crate::domain::time::Timestamp;
use std::cmp::Ordering;
use std::collections::BTreeMap;

/// What is known of one customer of one channel.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CustomerRow {
    pub channel: ChannelId,
    pub customer: CustomerId,
    pub neighbours: Vec<Neighbour>,
    pub asks: Paged<Ask>,
    pub events: Events,
    /// Chats that want every event, as older versions had it.
    pub chats: Vec<Link>,
    /// Until when they want it: what they may still count by that time, they have asked for themselves since.
    pub chats_until: Option<Timestamp>,
}

/// A customer that is the same person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Neighbour {
    pub customer: CustomerId,
    /// The earliest `at` of the records that merged the two (H2).
    pub merged_at: Timestamp,
}

/// A chat that wants the first event of each goal at `from` or later.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ask {
    pub from: Timestamp,
    pub link: Link,
}

/// A chat, and the partition in which it lives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    pub chat: ChatId,
    pub partition: i32,
}

impl Entry for Ask {
    type Summary = ();
    fn at(&self) -> Timestamp {
        self.from
    }
    fn order(&self, other: &Self) -> Ordering {
        self.from.cmp(&other.from).then_with(|| self.link.chat.cmp(&other.link.chat))
    }
    fn sum_up(&self, _: &mut ()) {}
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
            CustomerNews::NamedBy { chat, partition } => self.named_by(Link { chat, partition }, cause, told),
            CustomerNews::AskedBy { chat, partition, moments } => {
                self.asked_by(Link { chat, partition }, &moments, cause, told);
            }
            CustomerNews::SameAs { customer, merged_at } => {
                self.join(&customer, merged_at, 2, cause, told);
            }
            CustomerNews::Events { events, depth } => self.learn(events, depth, cause, told),
        }
    }

    /// H3: forgets what nothing can ask for, and nothing can answer, any more at `clock`. True: there was something.
    pub fn forget(&mut self, clock: Timestamp) -> bool {
        let horizon = clock.minus(REACH);
        let mut forgot = self.events.forget_before(horizon) > 0;
        forgot |= self.asks.forget_before(horizon.minus(ROUND_MAX), |_| {}) > 0;
        if !self.chats.is_empty() && clock > Timestamp::MIN {
            match self.chats_until {
                Some(until) if until < clock => (self.chats, self.chats_until) = (Vec::new(), None),
                Some(_) => return forgot,
                None => self.chats_until = Some(clock.plus(REACH + ROUND_MAX + REACH_BACK)),
            }
            forgot = true;
        }
        forgot
    }

    fn asked_by(&mut self, link: Link, moments: &[Timestamp], cause: Cause, told: &mut Told) {
        for from in moments {
            let ask = Ask { from: *from, link: link.clone() };
            let known =
                self.asks.from(*from).take_while(|known| known.order(&ask).is_le()).any(|a| *a == ask);
            if !known {
                self.asks.insert(ask);
                told.changed = true;
            }
        }
        // A chat that was deleted and begins anew asks again, and is told again.
        let firsts = moments.iter().flat_map(|from| self.events.firsts(*from, from.plus(ROUND_MAX)));
        let mut firsts: Vec<&JudgedEvent> = firsts.collect();
        firsts.sort_by(|a, b| a.order(b));
        firsts.dedup();
        if !firsts.is_empty() {
            let events = firsts.into_iter().cloned().collect();
            self.tell_chat(&link, events, cause, told);
        }
    }

    fn named_by(&mut self, link: Link, cause: Cause, told: &mut Told) {
        match self.chats.iter_mut().find(|known| known.chat == link.chat) {
            Some(known) if known.partition == link.partition => {}
            Some(known) => {
                known.partition = link.partition;
                told.changed = true;
            }
            None => {
                self.chats.push(link.clone());
                told.changed = true;
            }
        }
        if !self.events.is_empty() {
            let events = self.events.iter().cloned().collect();
            self.tell_chat(&link, events, cause, told);
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
        let events = self.events.from(neighbour.merged_at.minus(REACH_BACK));
        self.tell_neighbour(&neighbour, events, depth, cause, told);
        true
    }

    fn learn(&mut self, events: Vec<JudgedEvent>, depth: u32, cause: Cause, told: &mut Told) {
        let mut new = Vec::with_capacity(events.len());
        for event in events {
            if self.events.insert(event.clone()) {
                new.push(event);
            }
        }
        if new.is_empty() {
            return;
        }
        told.changed = true;
        // In the order of their ids, each chat once.
        let mut wanted: BTreeMap<&ChatId, (&Link, Vec<JudgedEvent>)> = BTreeMap::new();
        for event in &new {
            for ask in self.asks.from(self.first_since(event)).take_while(|ask| ask.from <= event.at) {
                let (_, events) = wanted.entry(&ask.link.chat).or_insert((&ask.link, Vec::new()));
                if events.last() != Some(event) {
                    events.push(event.clone());
                }
            }
        }
        for (link, events) in wanted.into_values() {
            self.tell_chat(link, events, cause, told);
        }
        for link in &self.chats {
            self.tell_chat(link, new.clone(), cause, told);
        }
        for neighbour in &self.neighbours {
            self.tell_neighbour(neighbour, &new, depth.saturating_add(1), cause, told);
        }
    }

    /// The earliest moment after which this event is the first of one of its goals: whoever asked for a later one,
    /// up to the event itself, wants it.
    fn first_since(&self, event: &JudgedEvent) -> Timestamp {
        let reach = event.at.minus(ROUND_MAX);
        let after = |previous: Option<&JudgedEvent>| previous.map_or(reach, |previous| previous.at.plus(1));
        let goals = event.goals.iter();
        goals.map(|goal| after(self.events.previous(event, *goal, reach))).min().unwrap_or(reach)
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
    fn tell_neighbour<'a>(
        &self,
        to: &Neighbour,
        events: impl IntoIterator<Item = &'a JudgedEvent>,
        depth: u32,
        cause: Cause,
        told: &mut Told,
    ) {
        let reach = to.merged_at.minus(REACH_BACK);
        let events: Vec<JudgedEvent> =
            events.into_iter().filter(|event| event.at >= reach).cloned().collect();
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

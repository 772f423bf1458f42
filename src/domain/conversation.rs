//! A chat as a state machine over its records (B). It keeps facts; what they amount to is derived elsewhere.
//!
//! The caller has decided already that the record is of this chat and this channel, and newer than any delete.

use super::events::Events;
use super::ids::{CustomerId, EventId, ManagerId};
use super::settings::{Channel, GoalId};
use super::time::{DAY, Timestamp};
use crate::planted::{Bug, planted};

/// How far an event may lie before the record that makes it the chat's (H2).
pub const REACH_BACK: super::time::Millis = 31 * DAY;

/// The longest round that a goal can ask for (A3).
pub const ROUND_MAX: super::time::Millis = 30 * DAY;

/// What one record says of the conversation (the delete and the goal event are handled around it).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Said<'a> {
    Opened { customer: Option<&'a str> },
    CustomerMessage { customer: &'a str },
    ManagerReply { manager: &'a str },
    Closed { by: Option<&'a str> },
    Reopened,
    Assigned { manager: Option<&'a str> },
}

/// A manager's reply that counted (B5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    pub at: Timestamp,
    pub manager: ManagerId,
}

/// A close that counted (B6).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Close {
    pub at: Timestamp,
    pub by: Option<ManagerId>,
}

/// Who was assigned from when on; `None` is nobody (B7).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assignment {
    pub at: Timestamp,
    pub manager: Option<ManagerId>,
}

/// A customer that a record of the chat named, and when the first such record in the log was (H2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    pub customer: CustomerId,
    pub at: Timestamp,
}

/// An event that matched at least one goal, judged when it was read (A6).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JudgedEvent {
    pub at: Timestamp,
    pub id: Option<EventId>,
    /// Never empty; ascending. All these goals want the event's name, so the name need not be kept.
    pub goals: Vec<GoalId>,
}

impl JudgedEvent {
    /// B10: the same `id`, or without ids the same time and matched goals.
    pub fn is_same(&self, other: &JudgedEvent) -> bool {
        self.identity() == other.identity()
    }

    fn identity(&self) -> Identity<'_> {
        match &self.id {
            Some(id) => Identity::Id(id),
            None => Identity::Content(self.at, &self.goals),
        }
    }
}

/// What B10 compares.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Identity<'a> {
    Id(&'a EventId),
    Content(Timestamp, &'a [GoalId]),
}

/// Most chats have one reply, one close, one customer: the first of each takes no more room than it needs.
fn room_for_one<T>(list: &mut Vec<T>) {
    if list.is_empty() {
        list.reserve_exact(1);
    }
}

/// The current cycle of a chat (B1).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cycle {
    /// The first cycle has no bound.
    pub opened: Option<Timestamp>,
    pub asked: Option<Timestamp>,
    /// A reply that came before any question (B5).
    pub early: Option<Reply>,
    pub replied: bool,
    pub closed: Option<Timestamp>,
    /// The greatest `at` of its records.
    pub last: Option<Timestamp>,
}

/// The facts of one chat.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Conversation {
    pub cycle: Cycle,
    /// In the order of time, which is the order of the log.
    pub replies: Vec<Reply>,
    pub closes: Vec<Close>,
    /// By time; of equal times in the order of the log.
    pub assignments: Vec<Assignment>,
    pub customers: Vec<Named>,
    /// The customer named by the record with the greatest `at`, and that time.
    pub latest_customer: Option<Named>,
    /// Those that named the chat, and of its customers' those that a round could be achieved by: for each of the
    /// [`Conversation::moments`], the first one that follows it, goal by goal.
    pub events: Events,
    /// Whether replies were sealed away (H3): some cycle was replied to.
    pub replied_before: bool,
}

/// What a record changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Changed {
    /// Something that a view or a counter could show.
    pub facts: bool,
    /// A customer was named for the first time.
    pub customers: bool,
    /// Anything at all.
    pub anything: bool,
}

impl Conversation {
    /// Folds one record at `at`.
    pub fn fold(&mut self, at: Timestamp, said: Said<'_>) -> Changed {
        let mut changed = Changed::default();
        if let Said::Opened { customer: Some(customer) } | Said::CustomerMessage { customer } = said {
            self.name(customer, at, &mut changed);
        }
        if let Said::Assigned { manager } = said {
            if self.assign(at, manager) {
                changed.facts = true;
            }
        } else if self.cycle.opened.is_none_or(|opened| at >= opened) {
            // B2: what is older than its cycle changes nothing else.
            let last_before = self.cycle.last;
            changed.facts |= match said {
                Said::Opened { .. } | Said::Assigned { .. } => false,
                Said::CustomerMessage { .. } => self.customer_message(at),
                Said::ManagerReply { manager } => self.manager_reply(at, manager),
                Said::Closed { by } => self.close(at, by),
                Said::Reopened => self.reopen(at),
            };
            self.cycle.last = self.cycle.last.max(Some(at));
            changed.anything |= self.cycle.last != last_before;
        }
        changed.anything |= changed.facts | changed.customers;
        changed
    }

    /// B9, and the customer that is shown.
    fn name(&mut self, customer: &str, at: Timestamp, changed: &mut Changed) {
        if !self.customers.iter().any(|named| &*named.customer == customer) {
            room_for_one(&mut self.customers);
            self.customers.push(Named { customer: customer.into(), at });
            changed.customers = true;
        }
        match &mut self.latest_customer {
            Some(latest) if latest.at >= at => {}
            Some(latest) => {
                if &*latest.customer != customer {
                    latest.customer = customer.into();
                    changed.facts = true;
                }
                latest.at = at;
                changed.anything = true;
            }
            none => {
                *none = Some(Named { customer: customer.into(), at });
                changed.facts = true;
            }
        }
    }

    /// B3, B5.
    fn customer_message(&mut self, at: Timestamp) -> bool {
        let reopened = self.reopen(at);
        if self.cycle.asked.is_some() {
            return reopened;
        }
        self.cycle.asked = Some(at);
        if let Some(early) = self.cycle.early.take()
            && (at <= early.at || planted(Bug::EarlyReplyCounts))
        {
            self.cycle.replied = true;
            room_for_one(&mut self.replies);
            self.replies.push(early);
        }
        true
    }

    /// B5.
    fn manager_reply(&mut self, at: Timestamp, manager: &str) -> bool {
        match self.cycle.asked {
            Some(asked) if asked <= at && !self.cycle.replied => {
                self.cycle.replied = true;
                room_for_one(&mut self.replies);
                self.replies.push(Reply { at, manager: manager.into() });
                true
            }
            Some(_) => false,
            None => {
                if self.cycle.early.as_ref().is_none_or(|early| early.at < at) {
                    self.cycle.early = Some(Reply { at, manager: manager.into() });
                    return true;
                }
                false
            }
        }
    }

    /// B6.
    fn close(&mut self, at: Timestamp, by: Option<&str>) -> bool {
        if self.cycle.closed.is_some() {
            return false;
        }
        let closed = self.cycle.last.map_or(at, |last| at.max(last));
        self.cycle.closed = Some(closed);
        room_for_one(&mut self.closes);
        self.closes.push(Close { at: closed, by: by.map(ManagerId::from) });
        true
    }

    /// B3, B4, B6: a closed cycle gives way to a new one if `at` is later than all of its records.
    fn reopen(&mut self, at: Timestamp) -> bool {
        if self.cycle.closed.is_none() || self.cycle.last.is_some_and(|last| at <= last) {
            return false;
        }
        let asked = if self.cycle.replied { None } else { self.cycle.asked };
        self.cycle = Cycle { opened: Some(at), asked, last: Some(at), ..Cycle::default() };
        true
    }

    /// B7.
    fn assign(&mut self, at: Timestamp, manager: Option<&str>) -> bool {
        let end = self.assignments.partition_point(|known| known.at <= at);
        let same_time = self.assignments[..end].iter().rev().take_while(|known| known.at == at);
        if same_time.into_iter().any(|known| known.manager.as_deref() == manager) {
            return false;
        }
        room_for_one(&mut self.assignments);
        self.assignments.insert(end, Assignment { at, manager: manager.map(ManagerId::from) });
        true
    }

    /// Adds an event that names this chat itself. True: it was new.
    pub fn event(&mut self, event: JudgedEvent) -> bool {
        self.events.insert(event)
    }

    /// Adds events of a customer that this chat named, as far as H2 lets them. True: some were new.
    pub fn customer_events(&mut self, customer: &str, events: impl Iterator<Item = JudgedEvent>) -> bool {
        let Some(named) = self.customers.iter().find(|named| &*named.customer == customer) else {
            return false;
        };
        let reach = named.at.minus(REACH_BACK);
        let mut new = false;
        for event in events.filter(|event| event.at >= reach) {
            new |= self.events.insert(event);
        }
        new
    }

    /// From which moments on the chat wants the first event of each goal, because of these replies: a round starts
    /// at a reply, whichever goal it turns out to have, and is achieved by the first event after that; or, if the
    /// channel was not subscribed then, by the first one after a subscription within the round (C5).
    pub fn moments(replies: &[Reply], channel: &Channel) -> Vec<Timestamp> {
        let mut moments = Vec::with_capacity(replies.len());
        for reply in replies {
            moments.push(reply.at);
            moments.extend(channel.subscriptions_in(reply.at, reply.at.plus(ROUND_MAX)));
        }
        moments.sort_unstable();
        moments.dedup();
        moments
    }

    /// Whether any cycle was ever replied to (D3).
    pub fn ever_replied(&self) -> bool {
        self.replied_before || !self.replies.is_empty()
    }

    /// D3 without its goal: the chat waits for a manager.
    pub fn awaits_reply(&self) -> bool {
        !self.cycle.replied && (self.cycle.asked.is_some() || !self.ever_replied())
    }

    /// The latest moment that a fact of this chat bears, if there is any: a setting that takes effect later
    /// cannot change what follows from them.
    pub fn latest_fact(&self) -> Option<Timestamp> {
        let last = |time: Option<Timestamp>, other: Option<Timestamp>| time.max(other);
        let times = [
            self.replies.last().map(|reply| reply.at),
            self.closes.last().map(|close| close.at),
            self.events.last().map(|event| event.at),
            self.assignments.last().map(|assignment| assignment.at),
            self.cycle.last,
        ];
        times.into_iter().fold(None, last)
    }
}

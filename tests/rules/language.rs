//! The language of the rule tests: records in words, `given(..).when(..).then(..)`, and claims about what came of them.
//!
//! Times are "09:00" on Monday 2026-03-02, "+1d 10:00:00.001" a day later, "-31d 09:00" before. Whatever a test does not
//! say is the shop's one chat with BEN, answered by ANNA; the shop subscribes, unless it is `given_unsubscribed`.
//!
//! Here are the records and `given`; [`values`] has what filters say of properties, [`claims`] what a test claims.

mod claims;
mod values;

pub use claims::*;
pub use values::*;

use super::world::{ChatSays, Did, Object, Published, Record, Says, World};
use chat_goals::domain::credit::{Bucket, Counts};
use chat_goals::domain::goal::{Clause, Days, Filter, Goal};
use chat_goals::domain::rounds::Round;
use chat_goals::domain::settings::{Change, Channel};
use chat_goals::domain::status::OutcomeKind;
use chat_goals::domain::time::{DAY, SECOND, Timestamp};
use chat_goals::pipeline::Partitions;

pub use chat_goals::domain::goal::Operator::{self, *};
pub use chat_goals::domain::status::Status::{self, Achieved, AwaitingReply, Measuring, Missed};
pub use chat_goals::stages::messages::CauseKind::{self, *};

pub const SHOP: &str = "shop";
pub const CHAT: &str = "chat";
pub const BEN: &str = "ben";
pub const ANNA: &str = "anna";
pub const BERT: &str = "bert";
pub const NOBODY: &str = "";

/// 2026-03-02 at midnight, UTC.
const MONDAY: Timestamp = Timestamp(1_772_409_600_000);

/// A moment in words.
pub fn time(words: &str) -> Timestamp {
    let (days, clock) = words.split_once("d ").unwrap_or(("0", words));
    let days: i64 = days.trim_start_matches('+').parse().expect("a number of days");
    let parts: Vec<&str> = clock.split([':', '.']).collect();
    let part = |index: usize| parts.get(index).map_or(0, |part| part.parse::<i64>().expect("a number"));
    let seconds = (part(0) * 60 + part(1)) * 60 + part(2);
    MONDAY.plus(days * DAY + seconds * SECOND + part(3))
}

// Records.

fn record(at: &str, says: Says) -> Record {
    Record { id: None, channel: SHOP.into(), at: time(at), logged: None, says }
}

fn of_chat(at: &str, said: ChatSays) -> Record {
    record(at, Says::Chat { chat: CHAT.into(), said })
}

/// Time passes.
pub fn clock(at: &str) -> Record {
    record(at, Says::TimePasses)
}

/// A goal of 7 days, set on Sunday.
pub fn goal(event: &str) -> Record {
    let goal =
        Goal { event_name: event.into(), filter: Filter::default(), days: Days::new(7).expect("7 is legal") };
    record("-1d 00:00", Says::Setting(Change::GoalSet(goal)))
}

pub fn goal_removed(at: &str) -> Record {
    record(at, Says::Setting(Change::GoalRemoved))
}

pub fn subscribed(at: &str) -> Record {
    record(at, Says::Setting(Change::SubscriptionSet(true)))
}

pub fn unsubscribed(at: &str) -> Record {
    record(at, Says::Setting(Change::SubscriptionSet(false)))
}

pub fn time_zone(name: &str) -> Record {
    record("-1d 00:00", Says::Setting(Change::TimeZoneSet(name.parse().expect("a time zone"))))
}

pub fn opened(at: &str) -> Record {
    of_chat(at, ChatSays::Opened { customer: None })
}

pub fn asked(at: &str) -> Record {
    of_chat(at, ChatSays::CustomerMessage { customer: BEN.into() })
}

pub fn replied(at: &str) -> Record {
    of_chat(at, ChatSays::ManagerReply { manager: ANNA.into() })
}

pub fn closed(at: &str) -> Record {
    of_chat(at, ChatSays::Closed { by: None })
}

pub fn reopened(at: &str) -> Record {
    of_chat(at, ChatSays::Reopened)
}

pub fn assigned(at: &str, manager: &str) -> Record {
    let manager = Some(manager).filter(|manager| *manager != NOBODY).map(Into::into);
    of_chat(at, ChatSays::Assigned { manager })
}

pub fn deleted(at: &str) -> Record {
    of_chat(at, ChatSays::Deleted)
}

/// An event that names the chat, on Monday at noon.
pub fn chat_event(name: &str) -> Record {
    of_chat("12:00", ChatSays::GoalEvent { name: name.into(), properties: Object::default() })
}

/// An event of BEN, on Monday at noon.
pub fn event(name: &str) -> Record {
    let did = Did::Tracked { name: name.into(), properties: Object::default() };
    record("12:00", Says::Customer { customer: BEN.into(), did })
}

/// One customer is the same person as another since `at`.
pub fn merged(customer: &str, into: &str, at: &str) -> Record {
    record(at, Says::Customer { customer: customer.into(), did: Did::Merged { into: into.into() } })
}

impl Record {
    pub fn at(mut self, at: &str) -> Self {
        self.at = time(at);
        self
    }

    pub fn id(mut self, id: &str) -> Self {
        self.id = Some(id.into());
        self
    }

    pub fn logged(mut self, at: &str) -> Self {
        self.logged = Some(time(at));
        self
    }

    pub fn channel(mut self, channel: &str) -> Self {
        self.channel = channel.into();
        self
    }

    pub fn chat(mut self, name: &str) -> Self {
        match &mut self.says {
            Says::Chat { chat, .. } => *chat = name.into(),
            other => panic!("{other:?} is of no chat"),
        }
        self
    }

    /// Who wrote, opened the chat, or did it.
    pub fn customer(mut self, name: &str) -> Self {
        match &mut self.says {
            Says::Chat { said: ChatSays::Opened { customer }, .. } => *customer = Some(name.into()),
            Says::Chat { said: ChatSays::CustomerMessage { customer }, .. } => *customer = name.into(),
            Says::Customer { customer, .. } => *customer = name.into(),
            other => panic!("{other:?} is of no customer"),
        }
        self
    }

    /// Which manager replied or closed.
    pub fn by(mut self, name: &str) -> Self {
        match &mut self.says {
            Says::Chat { said: ChatSays::ManagerReply { manager }, .. } => *manager = name.into(),
            Says::Chat { said: ChatSays::Closed { by }, .. } => *by = Some(name.into()),
            other => panic!("{other:?} is of no manager"),
        }
        self
    }

    pub fn days(mut self, days: u32) -> Self {
        self.goal_mut().days = Days::new(days).expect("a legal number of days");
        self
    }

    /// One more clause of the goal's filter, of one condition.
    pub fn only(mut self, property: &str, operator: Operator, values: impl Into<Values>) -> Self {
        let condition = condition(property, operator, values);
        self.goal_mut().filter.all_of.push(Clause { any_of: vec![condition] });
        self
    }

    /// One more condition of the filter's last clause.
    pub fn or(mut self, property: &str, operator: Operator, values: impl Into<Values>) -> Self {
        let condition = condition(property, operator, values);
        let clause = self.goal_mut().filter.all_of.last_mut().expect("a clause to add to");
        clause.any_of.push(condition);
        self
    }

    /// A property of the event.
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        let (Says::Customer { did: Did::Tracked { properties, .. }, .. }
        | Says::Chat { said: ChatSays::GoalEvent { properties, .. }, .. }) = &mut self.says
        else {
            panic!("{:?} is no event", self.says)
        };
        properties.0.push((name.into(), value.into().0));
        self
    }

    /// The goal that it sets.
    pub fn wanted(mut self) -> Goal {
        self.goal_mut().clone()
    }

    fn goal_mut(&mut self) -> &mut Goal {
        match &mut self.says {
            Says::Setting(Change::GoalSet(goal)) => goal,
            other => panic!("{other:?} is no goal"),
        }
    }
}

// Given, when, then.

/// One record, or several in the order of the log.
pub trait Records {
    fn each(self) -> Vec<Record>;
}
impl Records for Record {
    fn each(self) -> Vec<Record> {
        vec![self]
    }
}
impl<const N: usize> Records for [Record; N] {
    fn each(self) -> Vec<Record> {
        self.into()
    }
}
impl Records for Vec<Record> {
    fn each(self) -> Vec<Record> {
        self
    }
}

pub fn given(records: impl Records) -> Scenario {
    given_unsubscribed(subscribed("-1000d 00:00")).when(records)
}

pub fn given_unsubscribed(records: impl Records) -> Scenario {
    Scenario { world: World::offline(true), before: 0 }.when(records)
}

/// On a platform that has no such add-on (A2).
pub fn given_no_subscriptions(records: impl Records) -> Scenario {
    Scenario { world: World::offline(false), before: 0 }.when(records)
}

/// Where records can be too late, so that old facts are sealed (H3).
pub fn given_sealing(records: impl Records) -> Scenario {
    let one = Partitions { chats: 1, customers: 1, managers: 1 };
    Scenario { world: World::new(one, 1, true, false), before: 0 }.when(records)
}

pub struct Scenario {
    pub world: World,
    /// How many changes were published before the last `when`.
    before: usize,
}

impl Scenario {
    pub fn when(mut self, records: impl Records) -> Self {
        self.before = self.world.heard.published.len();
        records.each().iter().for_each(|record| self.world.fold(record));
        self
    }

    pub fn then(mut self, claim: impl Claim) -> Self {
        if let Err(wrong) = claim.holds(&mut self) {
            panic!("{wrong}\npublished since: {:#?}", &self.world.heard.published[self.before..]);
        }
        self
    }

    pub fn and(self, claim: impl Claim) -> Self {
        self.then(claim)
    }

    fn channel_of(&self, chat: &str) -> &Channel {
        let channel = self.world.chat(chat).map_or(SHOP, |row| &*row.channel);
        self.world.settings.channel(channel)
    }
}

/// What a test says of a world.
pub trait Claim {
    fn holds(self, scenario: &mut Scenario) -> Result<(), String>;
}

//! One partition of everything with a store behind, as a worker has it, but with no log: what it says and what it
//! would write is counted. And the rows that could slow it down: a chat that is reopened over and over, a customer
//! with thousands of chats and events, beside plain chats. The same arguments give the same records.

use chat_goals::domain::conversation::Said;
use chat_goals::domain::goal::{Days, Filter, Goal, Properties, Property};
use chat_goals::domain::ids::{ChannelId, ChatId};
use chat_goals::domain::settings::{Change, Channel, GoalChange, Settings};
use chat_goals::domain::time::{DAY, Millis, Timestamp};
use chat_goals::pipeline::outlet::Outlet;
use chat_goals::pipeline::{Partitions, Pipeline};
use chat_goals::stages::chats::StatusChange;
use chat_goals::stages::managers::Counter;
use chat_goals::stages::messages::{
    ChatBody, ChatEvent, CustomerBody, CustomerEvent, ToChat, ToCustomer, ToManager,
};
use chat_goals::state::store::{Family, Store};
use std::collections::VecDeque;
use std::sync::Arc;

pub const START: Timestamp = Timestamp(1_772_323_200_000); // 2026-03-01T00:00:00Z

/// A record of one of the two inputs; its log timestamp is its own time.
#[derive(Clone, Debug)]
pub struct Record {
    pub at: Timestamp,
    pub key: String,
    pub says: Says,
}

#[derive(Clone, Debug)]
pub enum Says {
    Asked { customer: String },
    Replied { manager: String },
    Closed,
    Did { event: &'static str },
}

struct Nothing;

impl Properties for Nothing {
    fn read(&self) -> Property {
        Property::Object(Vec::new())
    }
}

/// What was said and what would be written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counted {
    pub to_chats: u64,
    pub events_to_chats: u64,
    pub to_customers: u64,
    pub statuses: u64,
    pub rows: u64,
    pub bytes: u64,
}

pub struct World {
    chats: Pipeline,
    customers: Pipeline,
    settings: Settings,
    store: Arc<Store>,
    heard: Heard,
    latest: Timestamp,
    _dir: tempfile::TempDir,
}

#[derive(Default)]
struct Heard {
    counted: Counted,
    letters: VecDeque<Letter>,
}

enum Letter {
    Chat(ToChat),
    Customer(ToCustomer),
}

impl World {
    /// A channel with one goal of seven days, long subscribed. The chats and the customers are apart, as if they
    /// lived in two processes, so that what they say to each other is seen.
    pub fn new() -> Self {
        Self::with_cache(20_000)
    }

    /// Keeps so many rows of each stage from one commit to the next.
    pub fn with_cache(rows_max: usize) -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let store = Arc::new(Store::open(dir.path(), 64 << 20).expect("a store"));
        let one = Partitions { chats: 1, customers: 1, managers: 1 };
        let (mut chats, mut customers) = (Pipeline::new(one, true), Pipeline::new(one, true));
        chats.assign_chats(0, Some(store.clone()), rows_max);
        chats.assign_managers(0, Some(store.clone()), rows_max);
        customers.assign_customers(0, Some(store.clone()), rows_max);
        let mut settings = Settings::new(true);
        let days = Days::new(7).expect("legal");
        let goal = Goal { event_name: "Purchase".into(), filter: Filter::default(), days };
        for change in [Change::SubscriptionSet(true), Change::GoalSet(goal)] {
            let at = START.minus(DAY);
            settings.add(GoalChange { id: None, channel: "ch".into(), at, change }, Some(at));
        }
        let heard = Heard::default();
        Self { chats, customers, settings, store, heard, latest: START, _dir: dir }
    }

    pub fn fold(&mut self, record: &Record) {
        let (at, logged) = (record.at, Some(record.at));
        self.latest = self.latest.max(at);
        let said = match &record.says {
            Says::Asked { customer } => Said::CustomerMessage { customer },
            Says::Replied { manager } => Said::ManagerReply { manager },
            Says::Closed => Said::Closed { by: None },
            Says::Did { event } => {
                let body = CustomerBody::Tracked { name: event, properties: &Nothing };
                let event = CustomerEvent { id: None, channel: "ch", customer: &record.key, at, body };
                let folded =
                    self.customers.customer_event(0, &event, logged, &self.settings, &mut self.heard);
                folded.expect("the store works").expect("a good record");
                return self.deliver();
            }
        };
        let event = ChatEvent { id: None, channel: "ch", chat: &record.key, at, body: ChatBody::Said(said) };
        let folded = self.chats.chat_event(0, &event, logged, &self.settings, &mut self.heard);
        folded.expect("the store works").expect("a good record");
        self.deliver();
    }

    fn deliver(&mut self) {
        while let Some(letter) = self.heard.letters.pop_front() {
            match letter {
                Letter::Chat(message) => self.chats.message_to_chat(message, &self.settings, &mut self.heard),
                Letter::Customer(message) => {
                    self.customers.message_to_customer(message, &self.settings, &mut self.heard)
                }
            }
            .expect("the store works");
        }
    }

    /// Lets the clock come to the latest record.
    pub fn tick(&mut self) {
        self.chats.time_is(self.latest);
        self.customers.time_is(self.latest);
        let mut budget = usize::MAX;
        self.chats
            .tick(0, self.latest, &mut budget, &self.settings, &mut self.heard)
            .expect("the store works");
    }

    /// What a worker does at a commit, without the log.
    pub fn commit(&mut self) {
        self.chats.flush(self.latest, &mut self.heard).expect("the store works");
        let mut changes = self.store.changes();
        let counted = &mut self.heard.counted;
        let mut put = |family: Family, key: &[u8], value: &[u8]| {
            counted.rows += 1;
            counted.bytes += (key.len() + value.len()) as u64;
            changes.put_row(family, 0, key, value);
            Ok(())
        };
        for task in self.chats.chats.values_mut() {
            task.table.changed(|key, row| put(Family::Chats, key, row)).expect("it can be read");
        }
        for task in self.customers.customers.values_mut() {
            task.table.changed(|key, row| put(Family::Customers, key, row)).expect("it can be read");
        }
        for task in self.chats.managers.values_mut() {
            task.table.changed(|key, row| put(Family::Managers, key, row)).expect("it can be read");
        }
        for task in self.chats.chats.values_mut() {
            task.commit_lookups(&mut changes);
            task.table.committed();
        }
        self.customers.customers.values_mut().for_each(|task| task.table.committed());
        self.chats.managers.values_mut().for_each(|task| task.table.committed());
        changes.write().expect("the store works");
    }

    pub fn counted(&self) -> Counted {
        self.heard.counted
    }
}

impl Outlet for Heard {
    fn status_changed(&mut self, change: StatusChange, _: &Channel) -> anyhow::Result<()> {
        std::hint::black_box(change);
        self.counted.statuses += 1;
        Ok(())
    }
    fn chat_deleted(&mut self, _: &ChannelId, _: &ChatId, _: u32) -> anyhow::Result<()> {
        Ok(())
    }
    fn counter(&mut self, _: &str, counter: Counter) -> anyhow::Result<()> {
        std::hint::black_box(counter);
        Ok(())
    }
    fn to_chat(&mut self, message: ToChat) -> anyhow::Result<()> {
        self.counted.to_chats += 1;
        self.counted.events_to_chats += message.events.len() as u64;
        self.letters.push_back(Letter::Chat(message));
        Ok(())
    }
    fn to_customer(&mut self, _: i32, message: ToCustomer) -> anyhow::Result<()> {
        self.counted.to_customers += 1;
        self.letters.push_back(Letter::Customer(message));
        Ok(())
    }
    fn to_manager(&mut self, _: i32, _: ToManager) -> anyhow::Result<()> {
        unreachable!("the managers are here")
    }
}

/// A chat that is asked, answered and closed, beginning at `at`.
fn chat(chat: &str, customer: &str, manager: u64, at: Timestamp, to: &mut Vec<Record>) {
    let mut push = |minutes: Millis, says: Says| {
        to.push(Record { at: at.plus(minutes * 60_000), key: chat.into(), says });
    };
    push(0, Says::Asked { customer: customer.into() });
    push(2, Says::Replied { manager: format!("m{manager}") });
    push(9, Says::Closed);
}

fn did(event: &'static str, customer: &str, at: Timestamp) -> Record {
    Record { at, key: customer.into(), says: Says::Did { event } }
}

/// Plain chats, evenly over `days`: four records each, one of them a purchase.
pub fn plain(chats: u64, days: Millis) -> Vec<Record> {
    let mut records = Vec::new();
    for number in 0..chats {
        let at = START.plus(number as i64 * days * DAY / chats as i64);
        let customer = format!("u{}", number / 2);
        chat(&format!("c{number}"), &customer, number % 20, at, &mut records);
        records.push(did("Purchase", &customer, at.plus((number as i64 % 9) * DAY + 3_600_000)));
    }
    records.sort_by_key(|record| record.at);
    records
}

/// One chat reopened `cycles` times, evenly over `days`; every tenth time its customer buys.
pub fn reopened(cycles: u64, days: Millis) -> Vec<Record> {
    let mut records = Vec::new();
    for cycle in 0..cycles {
        let at = START.plus(cycle as i64 * days * DAY / cycles as i64);
        chat("hot", "hot-customer", cycle % 3, at, &mut records);
        if cycle % 10 == 0 {
            records.push(did("Purchase", "hot-customer", at.plus(5 * 60_000)));
        }
    }
    records
}

/// One customer with so many chats, evenly over `days`: the records of the chats, and those of the customer.
pub fn crowd(chats: u64, events: u64, event: &'static str, days: Millis) -> (Vec<Record>, Vec<Record>) {
    let (mut of_chats, mut of_customer) = (Vec::new(), Vec::new());
    for number in 0..chats {
        let at = START.plus(number as i64 * days * DAY / chats as i64);
        chat(&format!("hot{number}"), "hot-customer", number % 3, at, &mut of_chats);
    }
    for number in 0..events {
        let at = START.plus(number as i64 * days * DAY / events as i64 + 1);
        of_customer.push(did(event, "hot-customer", at));
    }
    of_chats.sort_by_key(|record| record.at);
    (of_chats, of_customer)
}

//! All partitions of all stages in one place with a store behind, as a single worker has them with the settings that hold
//! by default, and what happens there.

use chat_goals::config::Config;
use chat_goals::domain::conversation::Said;
use chat_goals::domain::goal::{Days, Filter, Goal, Properties, Property};
use chat_goals::domain::ids::{ChannelId, ChatId};
use chat_goals::domain::settings::{Change, Channel, GoalChange, Settings};
use chat_goals::domain::time::{DAY, Timestamp};
use chat_goals::log::partitioner::partition_of;
use chat_goals::pipeline::outlet::Outlet;
use chat_goals::pipeline::{Partitions, Pipeline};
use chat_goals::runtime::process::rows_max;
use chat_goals::stages::chats::StatusChange;
use chat_goals::stages::managers::Counter;
use chat_goals::stages::messages::{ChatBody, ChatEvent, CustomerBody, CustomerEvent, Event};
use chat_goals::stages::messages::{ToChat, ToCustomer, ToManager};
use chat_goals::state::store::{Family, Store};
use chat_goals::state::table::{Table, TableRow};
use std::sync::Arc;
use std::time::Duration;

/// That come together, as from a fetch.
pub const RECORDS_A_BATCH: usize = 1_000;
const START: Timestamp = Timestamp(1_772_323_200_000); // 2026-03-01T00:00:00Z
const SPAN: i64 = 30 * DAY;

/// How much there is of everything.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    pub chats: u64,
    /// Of each customer; one of three matches the goal. A customer has two chats.
    pub events: u64,
    pub partitions: i32,
    pub channels: u64,
}

pub struct Record {
    at: Timestamp,
    channel: String,
    key: String,
    says: Says,
}

enum Says {
    Asked(String),
    Replied(String),
    Closed,
    Did(&'static str),
}

impl Record {
    fn event(&self) -> Event<'_> {
        let Record { at, channel, key, says } = self;
        let said = match says {
            Says::Asked(customer) => Said::CustomerMessage { customer },
            Says::Replied(manager) => Said::ManagerReply { manager },
            Says::Closed => Said::Closed { by: None },
            Says::Did(name) => {
                let body = CustomerBody::Tracked { name, properties: &Nothing };
                return Event::Customer(CustomerEvent { id: None, channel, customer: key, at: *at, body });
            }
        };
        Event::Chat(ChatEvent { id: None, channel, chat: key, at: *at, body: ChatBody::Said(said) })
    }
}

impl Shape {
    /// In the order of time. A chat is asked, answered, asked again and closed within an hour.
    pub fn records(&self) -> Vec<Record> {
        let mut records = Vec::new();
        for chat in 0..self.chats {
            let customer = chat / 2;
            let channel = format!("ch{}", customer % self.channels);
            let begin = START.plus((chat as i64).wrapping_mul(7_919_000_003).rem_euclid(SPAN));
            let asked = || Says::Asked(format!("u{customer}"));
            let said = [asked(), Says::Replied(format!("m{}", customer % 200)), asked(), Says::Closed];
            for (minutes, says) in [0, 3, 20, 55].into_iter().zip(said) {
                let at = begin.plus(minutes * 60_000);
                records.push(Record { at, channel: channel.clone(), key: format!("c{chat}"), says });
            }
            if chat % 2 == 0 {
                for event in 0..self.events {
                    let later = (event as i64 + 1).wrapping_mul(104_729_003).rem_euclid(10 * DAY);
                    let says = Says::Did(if event % 3 == 0 { "Purchase" } else { "PageView" });
                    let (at, key) = (begin.plus(later), format!("u{customer}"));
                    records.push(Record { at, channel: channel.clone(), key, says });
                }
            }
        }
        records.sort_by_key(|record| record.at);
        records
    }
}

pub struct Place {
    pipeline: Pipeline,
    settings: Settings,
    store: Arc<Store>,
    count: i32,
    now: Timestamp,
    /// In one commit of a worker that is behind.
    pub records_a_commit: usize,
    /// How many rows were stored so far, those of counters by themselves.
    pub rows: [u64; 2],
    _dir: tempfile::TempDir,
}

impl Place {
    pub fn new(shape: Shape) -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let config = Config::default();
        let store = Arc::new(Store::open(dir.path(), config.state.memory_bytes_max).expect("a store"));
        let count = shape.partitions;
        let partitions = Partitions { chats: count, customers: count, managers: count };
        let mut pipeline = Pipeline::new(partitions, true);
        let [chats, customers, managers] = rows_max(config.state.rows_cache_bytes_max, partitions);
        for partition in 0..count {
            pipeline.assign_chats(partition, Some(store.clone()), chats);
            pipeline.assign_customers(partition, Some(store.clone()), customers);
            pipeline.assign_managers(partition, Some(store.clone()), managers);
        }
        let mut settings = Settings::new(true);
        let at = START.minus(DAY);
        for channel in 0..shape.channels {
            let days = Days::new(7).expect("legal");
            let goal = Goal { event_name: "Purchase".into(), filter: Filter::default(), days };
            for change in [Change::SubscriptionSet(true), Change::GoalSet(goal)] {
                let channel = format!("ch{channel}").as_str().into();
                settings.add(GoalChange { id: None, channel, at, change }, Some(at));
            }
        }
        let records_a_commit = config.commit.records_max;
        Self { pipeline, settings, store, count, now: START, records_a_commit, rows: [0; 2], _dir: dir }
    }

    /// Reads the rows that records which come together need, and folds them, as a worker does.
    pub fn fold(&mut self, records: &[Record]) {
        let home = |record: &Record| partition_of(record.key.as_bytes(), self.count);
        let events: Vec<_> = records.iter().map(|record| (home(record), record.event())).collect();
        let coming = events.iter().map(|(partition, event)| (*partition, event));
        self.pipeline.read_ahead(coming, &self.settings).expect("the store works");
        for (record, (partition, event)) in records.iter().zip(&events) {
            self.now = self.now.max(record.at);
            let (at, settings) = (Some(record.at), &self.settings);
            let folded = match event {
                Event::Chat(event) => self.pipeline.chat_event(*partition, event, at, settings, &mut Out),
                Event::Customer(event) => {
                    self.pipeline.customer_event(*partition, event, at, settings, &mut Out)
                }
            };
            folded.expect("the store works").expect("a good record");
        }
    }

    /// The clock comes to the latest record, and everything that changed is stored.
    pub fn commit(&mut self) {
        self.pipeline.time_is(self.now);
        for partition in 0..self.count {
            let (now, settings) = (self.now, &self.settings);
            let done = self.pipeline.tick(partition, now, &mut usize::MAX.clone(), settings, &mut Out);
            assert!(done.expect("the store works"), "there is no end of the budget");
        }
        self.pipeline.flush(self.now, &mut Out).expect("the store works");
        let mut changes = self.store.changes();
        let rows = &mut self.rows;
        let mut put = |family: Family, partition: i32, key: &[u8], row: &[u8]| {
            rows[usize::from(family == Family::Managers)] += 1;
            changes.put_row(family, partition, key, row);
        };
        for task in self.pipeline.chats.values_mut() {
            changed(task.partition, &mut task.table, &mut put);
        }
        for task in self.pipeline.customers.values_mut() {
            changed(task.partition, &mut task.table, &mut put);
        }
        for task in self.pipeline.managers.values_mut() {
            changed(task.partition, &mut task.table, &mut put);
        }
        for task in self.pipeline.chats.values_mut() {
            task.commit_lookups(&mut changes);
            task.table.committed();
        }
        self.pipeline.customers.values_mut().for_each(|task| task.table.committed());
        self.pipeline.managers.values_mut().for_each(|task| task.table.committed());
        changes.write().expect("the store works");
    }
}

fn changed<R: TableRow>(
    partition: i32,
    table: &mut Table<R>,
    put: &mut impl FnMut(Family, i32, &[u8], &[u8]),
) {
    let told = table.changed(|key, row| {
        put(R::FAMILY, partition, key, row);
        Ok(())
    });
    told.expect("it can be read");
}

struct Nothing;

impl Properties for Nothing {
    fn read(&self) -> Property {
        Property::Object(Vec::new())
    }
}

/// Where records would be written. Everybody is here, so messages do not come.
struct Out;

impl Outlet for Out {
    fn status_changed(&mut self, change: StatusChange, _: &Channel) -> anyhow::Result<()> {
        std::hint::black_box(change);
        Ok(())
    }
    fn chat_deleted(&mut self, _: &ChannelId, _: &ChatId, _: u32) -> anyhow::Result<()> {
        Ok(())
    }
    fn counter(&mut self, key: &str, counter: Counter) -> anyhow::Result<()> {
        std::hint::black_box((key, counter));
        Ok(())
    }
    fn to_chat(&mut self, _: ToChat) -> anyhow::Result<()> {
        unreachable!("all chats are here")
    }
    fn to_customer(&mut self, _: i32, _: ToCustomer) -> anyhow::Result<()> {
        unreachable!("all customers are here")
    }
    fn to_manager(&mut self, _: i32, _: ToManager) -> anyhow::Result<()> {
        unreachable!("all managers are here")
    }
}

/// The CPU time of this thread.
pub fn cpu() -> Duration {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: it is given a place for its answer.
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &mut time) };
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

//! The three stages put together, for the partitions that are here.
//!
//! A record goes in; whatever follows from it in partitions that are here is folded at once, and the rest goes out
//! through the [`Outlet`]. `fold` owns one partition of everything and keeps it in memory; a worker owns what the
//! group gave it, with a store behind. Reads no topic, waits for nothing, knows no offset.

pub mod chats;
mod counters;
pub mod offline;
pub mod outlet;
mod read_ahead;
pub mod rows;

use crate::domain::ids::ChatId;
use crate::domain::settings::{Effect, Settings};
use crate::domain::time::Timestamp;
use crate::log::partitioner::partition_of;
use crate::stages::chats::judged;
use crate::stages::customers::{CustomerRow, Told};
use crate::stages::managers::CounterRow;
use crate::stages::messages::{
    Bad, Cause, ChatEvent, CustomerBody, CustomerEvent, CustomerNews, ToChat, ToCustomer, ToManager,
    check_age,
};
use crate::state::store::Store;
use crate::state::table::Table;
use chats::{ChatsTask, Differences, Sums};
use outlet::Outlet;
use rows::customer_key;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

/// How many partitions each stage has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Partitions {
    pub chats: i32,
    pub customers: i32,
    pub managers: i32,
}

/// One partition of a stage whose rows need no clock.
pub struct RowsTask<R: crate::state::table::TableRow> {
    pub partition: i32,
    pub table: Table<R>,
}

pub struct Pipeline {
    partitions: Partitions,
    /// Whether records can be too late, so that old facts can be sealed (H1, H3).
    seals: bool,
    pub chats: BTreeMap<i32, ChatsTask>,
    pub customers: BTreeMap<i32, RowsTask<CustomerRow>>,
    pub managers: BTreeMap<i32, RowsTask<CounterRow>>,
    /// Messages to partitions that are here, still to be folded.
    queue: VecDeque<Message>,
    differences: Differences,
    /// Differences of counters since the last flush.
    sums: Sums,
    /// How many customers an event passed through at most, since that was last asked (the clock wants to know).
    depth: u32,
    /// The group's clock, for what customers may forget (H3).
    now: Timestamp,
}

enum Message {
    ToChat(ToChat),
    ToCustomer(ToCustomer),
}

/// A chat that has to be settled.
type Touched = (i32, ChatId, Cause);

impl Pipeline {
    pub fn new(partitions: Partitions, seals: bool) -> Self {
        Self {
            partitions,
            seals,
            chats: BTreeMap::new(),
            customers: BTreeMap::new(),
            managers: BTreeMap::new(),
            queue: VecDeque::new(),
            differences: Vec::new(),
            sums: Sums::new(),
            depth: 0,
            now: Timestamp::MIN,
        }
    }

    /// Everything in one partition, in memory: the offline form.
    pub fn offline() -> Self {
        let mut pipeline = Self::new(Partitions { chats: 1, customers: 1, managers: 1 }, false);
        pipeline.assign_chats(0, None, usize::MAX);
        pipeline.assign_customers(0, None, usize::MAX);
        pipeline.assign_managers(0, None, usize::MAX);
        pipeline
    }

    pub fn partitions(&self) -> Partitions {
        self.partitions
    }

    pub fn assign_chats(&mut self, partition: i32, store: Option<Arc<Store>>, rows_max: usize) {
        self.chats.insert(partition, ChatsTask::new(partition, store, rows_max, self.seals));
    }

    pub fn assign_customers(&mut self, partition: i32, store: Option<Arc<Store>>, rows_max: usize) {
        let table = Table::new(partition, store, rows_max);
        self.customers.insert(partition, RowsTask { partition, table });
    }

    pub fn assign_managers(&mut self, partition: i32, store: Option<Arc<Store>>, rows_max: usize) {
        let table = Table::new(partition, store, rows_max);
        self.managers.insert(partition, RowsTask { partition, table });
    }

    /// Folds a `chat.events` record into a partition that is here. `logged` is its log timestamp, absent offline.
    pub fn chat_event(
        &mut self,
        partition: i32,
        event: &ChatEvent<'_>,
        logged: Option<Timestamp>,
        settings: &Settings,
        out: &mut dyn Outlet,
    ) -> anyhow::Result<Result<(), Bad>> {
        if let Err(bad) = check_age(event.at, logged) {
            return Ok(Err(bad));
        }
        let task = self.chats.get_mut(&partition).expect("the record's partition is here");
        let followed = match task.fold(event, logged, settings, &mut self.differences, out)? {
            Ok(followed) => followed,
            Err(bad) => return Ok(Err(bad)),
        };
        let cause = Cause { kind: event.body.cause(), at: event.at };
        if followed.asks.is_empty() {
            // The plain case: nothing but the chat itself.
            if followed.settle {
                task.settle(event.chat, cause, settings, &mut self.differences, out)?;
            }
        } else {
            let mut touched = Vec::new();
            if followed.settle {
                touched.push((partition, ChatId::from(event.chat), cause));
            }
            for ask in followed.asks {
                self.send_to_customer(ask, out)?;
            }
            self.finish(touched, settings, out)?;
        }
        self.add_up();
        Ok(Ok(()))
    }

    /// Folds a `customer.events` record into a partition that is here.
    pub fn customer_event(
        &mut self,
        partition: i32,
        event: &CustomerEvent<'_>,
        logged: Option<Timestamp>,
        settings: &Settings,
        out: &mut dyn Outlet,
    ) -> anyhow::Result<Result<(), Bad>> {
        if let Err(bad) = check_age(event.at, logged) {
            return Ok(Err(bad));
        }
        let mut told = Told::default();
        match event.body {
            CustomerBody::Tracked { name, properties } => {
                let channel = settings.channel(event.channel);
                // Most events concern no goal: they are forgotten before anything is looked up (A6).
                let Some(judged) = judged(event.id, name, properties, event.at, channel, logged) else {
                    return Ok(Ok(()));
                };
                self.with_customer(partition, event.channel, event.customer, &mut told, |row, told| {
                    row.tracked(judged, told);
                })?;
            }
            CustomerBody::Merged { into } => {
                self.with_customer(partition, event.channel, event.customer, &mut told, |row, told| {
                    row.merged(&into.into(), event.at, told);
                })?;
            }
        }
        self.tell(told, out)?;
        self.finish(Vec::new(), settings, out)?;
        self.add_up();
        Ok(Ok(()))
    }

    /// Folds a message from another partition to a chat that is here.
    pub fn message_to_chat(
        &mut self,
        message: ToChat,
        settings: &Settings,
        out: &mut dyn Outlet,
    ) -> anyhow::Result<()> {
        self.queue.push_back(Message::ToChat(message));
        self.finish(Vec::new(), settings, out)?;
        self.add_up();
        Ok(())
    }

    /// Folds a message from another partition to a customer that is here.
    pub fn message_to_customer(
        &mut self,
        message: ToCustomer,
        settings: &Settings,
        out: &mut dyn Outlet,
    ) -> anyhow::Result<()> {
        self.queue.push_back(Message::ToCustomer(message));
        self.finish(Vec::new(), settings, out)?;
        self.add_up();
        Ok(())
    }

    /// Adds a difference from another partition to a counter that is here.
    pub fn message_to_manager(&mut self, message: ToManager) {
        self.sums.entry((message.channel, message.bucket)).or_default().add(&message.difference, 1);
    }

    /// Lets the clock of a partition pass everything up to `until`, within `budget` chats. True: it is there.
    pub fn tick(
        &mut self,
        partition: i32,
        until: Timestamp,
        budget: &mut usize,
        settings: &Settings,
        out: &mut dyn Outlet,
    ) -> anyhow::Result<bool> {
        let Some(task) = self.chats.get_mut(&partition) else { return Ok(true) };
        let done = task.tick(until, budget, settings, &mut self.differences, out)?;
        self.add_up();
        Ok(done)
    }

    /// From now on nobody is told of changes on the way: chats are settled by [`Self::settle_all`] only.
    pub fn put_off(&mut self) {
        self.chats.values_mut().for_each(ChatsTask::put_off);
    }

    /// Settles every chat that is here at its clock, once nothing more is to be folded.
    pub fn settle_all(&mut self, settings: &Settings) -> anyhow::Result<()> {
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        for task in self.chats.values_mut() {
            for (bucket, counts) in task.settle_all(settings, threads)?.into_iter().flatten() {
                self.sums.entry(bucket).or_default().add(&counts, 1);
            }
        }
        Ok(())
    }

    /// Tells every chats partition of a setting that was read; [`Self::sweep`] shows it to the chats.
    pub fn setting_read(&mut self, effect: &Effect) {
        for task in self.chats.values_mut() {
            task.setting_read(effect);
        }
    }

    /// Shows settings that were read to the chats of a partition, within `budget` chats. True: all have seen them.
    pub fn sweep(
        &mut self,
        partition: i32,
        budget: &mut usize,
        settings: &Settings,
        out: &mut dyn Outlet,
    ) -> anyhow::Result<bool> {
        let Some(task) = self.chats.get_mut(&partition) else { return Ok(true) };
        let done = task.sweep(budget, settings, &mut self.differences, out)?;
        let asks = task.take_asks();
        if !asks.is_empty() {
            for ask in asks {
                self.send_to_customer(ask, out)?;
            }
            self.finish(Vec::new(), settings, out)?;
        }
        self.add_up();
        Ok(done)
    }

    /// Everything up to `clock` has been folded, through every stage: what customers kept for records before that
    /// may be forgotten as rows are touched (H3).
    pub fn time_is(&mut self, clock: Timestamp) {
        self.now = self.now.max(clock);
    }

    /// The greatest number of customers that an event passed through since this was last asked.
    pub fn take_depth(&mut self) -> u32 {
        std::mem::take(&mut self.depth)
    }

    /// Folds what is queued, and then settles every chat that was touched, in the order of their ids.
    fn finish(
        &mut self,
        mut touched: Vec<Touched>,
        settings: &Settings,
        out: &mut dyn Outlet,
    ) -> anyhow::Result<()> {
        let own = touched.len();
        while let Some(message) = self.queue.pop_front() {
            match message {
                Message::ToCustomer(ToCustomer { channel, customer, news, cause }) => {
                    let partition = partition_of(customer.as_bytes(), self.partitions.customers);
                    let mut told = Told::default();
                    self.with_customer(partition, &channel, &customer, &mut told, |row, told| {
                        row.news(news, cause, told);
                    })?;
                    self.tell(told, out)?;
                }
                Message::ToChat(message) => {
                    let task = self.chats.get_mut(&message.partition).expect("only messages to chats here");
                    if task.customer_events(&message, settings, &mut self.differences, out)? {
                        touched.push((message.partition, message.chat, message.cause));
                    }
                }
            }
        }
        // The record's own chat keeps its place at the head; of several causes the first counts.
        touched[own..].sort_by(|a, b| a.1.cmp(&b.1));
        for index in 0..touched.len() {
            let (partition, chat, cause) = &touched[index];
            let (first, sorted) = touched[..index].split_at(own.min(index));
            if first.iter().chain(sorted.last()).any(|(_, done, _)| done == chat) {
                continue;
            }
            let task = self.chats.get_mut(partition).expect("only chats that are here");
            task.settle(chat, *cause, settings, &mut self.differences, out)?;
        }
        Ok(())
    }

    fn with_customer(
        &mut self,
        partition: i32,
        channel: &str,
        customer: &str,
        told: &mut Told,
        act: impl FnOnce(&mut CustomerRow, &mut Told),
    ) -> anyhow::Result<()> {
        let task = self.customers.get_mut(&partition).expect("the customer's partition is here");
        let key = customer_key(channel, customer);
        let mut slot = task.table.slot(&key)?;
        let row = slot.row.get_or_insert_with(|| CustomerRow::new(channel.into(), customer.into()));
        act(row, told);
        let forgot = self.seals && row.forget(self.now);
        if told.changed || forgot {
            slot.mark();
        }
        Ok(())
    }

    fn tell(&mut self, told: Told, out: &mut dyn Outlet) -> anyhow::Result<()> {
        for message in told.chats {
            if self.chats.contains_key(&message.partition) {
                self.queue.push_back(Message::ToChat(message));
            } else {
                out.to_chat(message)?;
            }
        }
        for message in told.customers {
            self.send_to_customer(message, out)?;
        }
        Ok(())
    }

    fn send_to_customer(&mut self, message: ToCustomer, out: &mut dyn Outlet) -> anyhow::Result<()> {
        let depth = match &message.news {
            CustomerNews::Events { depth, .. } => *depth,
            CustomerNews::SameAs { .. } => 1,
            CustomerNews::NamedBy { .. } | CustomerNews::AskedBy { .. } => 0,
        };
        self.depth = self.depth.max(depth);
        let partition = partition_of(message.customer.as_bytes(), self.partitions.customers);
        if self.customers.contains_key(&partition) {
            self.queue.push_back(Message::ToCustomer(message));
            Ok(())
        } else {
            out.to_customer(partition, message)
        }
    }

    fn add_up(&mut self) {
        for (channel, bucket, counts) in self.differences.drain(..) {
            self.sums.entry((channel, bucket)).or_default().add(&counts, 1);
        }
    }
}

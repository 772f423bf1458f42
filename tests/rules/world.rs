//! Records as values, and a world that folds them: pipelines, settings, and whatever was published.
//!
//! It drives the pipelines as `fold` does (the clock first, then the record). It knows no rule.

use chat_goals::domain::conversation::Said;
use chat_goals::domain::credit::{Bucket, Counts};
use chat_goals::domain::goal::{Properties, Property};
use chat_goals::domain::ids::{ChannelId, ChatId};
use chat_goals::domain::rounds::Round;
use chat_goals::domain::settings::{Change, Channel, GoalChange, Settings};
use chat_goals::domain::status::View;
use chat_goals::domain::time::Timestamp;
use chat_goals::log::partitioner::partition_of;
use chat_goals::pipeline::chats::lookups::reindex;
use chat_goals::pipeline::outlet::Outlet;
use chat_goals::pipeline::{Partitions, Pipeline};
use chat_goals::stages::chats::{ChatRow, Index, StatusChange};
use chat_goals::stages::managers::Counter;
use chat_goals::stages::messages::{
    Bad, ChatBody, ChatEvent, CustomerBody, CustomerEvent, ToChat, ToCustomer, ToManager,
};
use chat_goals::state::table::TableRow;
use std::collections::{BTreeMap, VecDeque};

/// A record of one of the input topics, or a moment that the clock reaches without one.
#[derive(Clone, Debug)]
pub struct Record {
    pub id: Option<String>,
    pub channel: String,
    pub at: Timestamp,
    /// Its log timestamp; offline there is none.
    pub logged: Option<Timestamp>,
    pub says: Says,
}

#[derive(Clone, Debug)]
pub enum Says {
    Chat { chat: String, said: ChatSays },
    Customer { customer: String, did: Did },
    Setting(Change),
    TimePasses,
}

#[derive(Clone, Debug)]
pub enum ChatSays {
    Opened { customer: Option<String> },
    CustomerMessage { customer: String },
    ManagerReply { manager: String },
    Closed { by: Option<String> },
    Reopened,
    Assigned { manager: Option<String> },
    Deleted,
    GoalEvent { name: String, properties: Object },
}

#[derive(Clone, Debug)]
pub enum Did {
    Tracked { name: String, properties: Object },
    Merged { into: String },
}

/// The properties of an event.
#[derive(Clone, Debug, Default)]
pub struct Object(pub Vec<(String, Property)>);

impl Properties for Object {
    fn read(&self) -> Property {
        Property::Object(self.0.clone())
    }
}

/// A record of `goal.status-changed`.
#[derive(Clone, Debug, PartialEq)]
pub enum Published {
    Changed(StatusChange),
    Deleted { channel: ChannelId, chat: ChatId, revision: u32 },
}

/// What a chat shows in the end.
#[derive(Clone, Debug, PartialEq)]
pub struct Shown {
    pub view: View,
    pub rounds: Vec<Round>,
}

pub type Statuses = BTreeMap<(ChannelId, ChatId), Shown>;
pub type Counters = BTreeMap<(ChannelId, Bucket), Counts>;

pub struct World {
    pub pipelines: Vec<Pipeline>,
    pub settings: Settings,
    pub heard: Heard,
    pub bad: Vec<Bad>,
    /// How many chats a tick or a sweep looks at before it is called again.
    pub budget: usize,
    partitions: Partitions,
    seals: bool,
    requires_subscription: bool,
    settings_read: Vec<Record>,
    clock: Timestamp,
}

impl World {
    /// One partition of everything, as `fold` has it.
    pub fn offline(requires_subscription: bool) -> Self {
        Self::new(Partitions { chats: 1, customers: 1, managers: 1 }, 1, false, requires_subscription)
    }

    /// One partition of everything, as `fold` has it if nobody asks for changes: chats are settled by [`Self::settle_all`].
    pub fn without_changes() -> Self {
        let mut world = Self::offline(true);
        world.pipelines.iter_mut().for_each(Pipeline::put_off);
        world
    }

    pub fn settle_all(&mut self) {
        for pipeline in &mut self.pipelines {
            pipeline.settle_all(&self.settings).expect("there are threads");
        }
    }

    /// Partitions dealt out to several pipelines, which send each other messages.
    pub fn new(partitions: Partitions, pipelines: i32, seals: bool, requires_subscription: bool) -> Self {
        let pipelines = (0..pipelines)
            .map(|index| {
                let mut pipeline = Pipeline::new(partitions, seals);
                let here = |partition: &i32| partition % pipelines == index;
                (0..partitions.chats).filter(here).for_each(|p| pipeline.assign_chats(p, None, usize::MAX));
                (0..partitions.customers)
                    .filter(here)
                    .for_each(|p| pipeline.assign_customers(p, None, usize::MAX));
                (0..partitions.managers)
                    .filter(here)
                    .for_each(|p| pipeline.assign_managers(p, None, usize::MAX));
                pipeline
            })
            .collect();
        Self {
            pipelines,
            settings: Settings::new(requires_subscription),
            heard: Heard::default(),
            bad: Vec::new(),
            budget: usize::MAX,
            partitions,
            seals,
            requires_subscription,
            settings_read: Vec::new(),
            clock: Timestamp::MIN,
        }
    }

    /// Lets the clock come to the record, and folds it.
    pub fn fold(&mut self, record: &Record) {
        // A bad record does not move the clock.
        if !self.names_another_channel(record) {
            self.tick(record.logged.unwrap_or(record.at));
        }
        self.read(record);
        self.deliver();
    }

    /// Folds a record and leaves the clock and the letters between pipelines alone.
    pub fn read(&mut self, record: &Record) {
        match &record.says {
            Says::Chat { chat, said } => {
                let body = said.body();
                let id = record.id.as_deref();
                let event = ChatEvent { id, channel: &record.channel, chat, at: record.at, body };
                let partition = partition_of(chat.as_bytes(), self.partitions.chats);
                let pipeline = self.pipeline_of(partition);
                let folded = self.pipelines[pipeline]
                    .chat_event(partition, &event, record.logged, &self.settings, &mut self.heard)
                    .expect("memory does not fail");
                self.bad.extend(folded.err());
            }
            Says::Customer { customer, did } => {
                let body = match did {
                    Did::Tracked { name, properties } => CustomerBody::Tracked { name, properties },
                    Did::Merged { into } => CustomerBody::Merged { into },
                };
                let id = record.id.as_deref();
                let event = CustomerEvent { id, channel: &record.channel, customer, at: record.at, body };
                let partition = partition_of(customer.as_bytes(), self.partitions.customers);
                let pipeline = self.pipeline_of(partition);
                let folded = self.pipelines[pipeline]
                    .customer_event(partition, &event, record.logged, &self.settings, &mut self.heard)
                    .expect("memory does not fail");
                self.bad.extend(folded.err());
            }
            Says::Setting(change) => {
                self.add_setting(record, change);
                self.sweep();
            }
            Says::TimePasses => {}
        }
    }

    /// Reads settings, and only then shows them to the chats.
    pub fn read_together(&mut self, settings: &[Record]) {
        for record in settings {
            if let Says::Setting(change) = &record.says {
                self.add_setting(record, change);
            }
        }
        self.sweep();
        self.deliver();
    }

    fn add_setting(&mut self, record: &Record, change: &Change) {
        self.settings_read.push(record.clone());
        if let Some(effect) = self.settings.add(goal_change(record, change), record.logged) {
            self.pipelines.iter_mut().for_each(|pipeline| pipeline.setting_read(&effect));
        }
    }

    /// Lets the clock pass everything up to `until`.
    pub fn tick(&mut self, until: Timestamp) {
        self.clock = self.clock.max(until);
        for pipeline in &mut self.pipelines {
            for partition in 0..self.partitions.chats {
                while !pipeline
                    .tick(partition, until, &mut self.budget.clone(), &self.settings, &mut self.heard)
                    .expect("memory does not fail")
                {}
            }
        }
    }

    fn sweep(&mut self) {
        for pipeline in &mut self.pipelines {
            for partition in 0..self.partitions.chats {
                while !pipeline
                    .sweep(partition, &mut self.budget.clone(), &self.settings, &mut self.heard)
                    .expect("memory does not fail")
                {}
            }
        }
    }

    /// Hands over what the pipelines have sent each other, and what follows from it.
    pub fn deliver(&mut self) {
        while let Some(letter) = self.heard.letters.pop_front() {
            self.hand_over(letter);
        }
    }

    /// Hands over one letter, if there is any.
    pub fn deliver_one(&mut self) {
        if let Some(letter) = self.heard.letters.pop_front() {
            self.hand_over(letter);
        }
    }

    fn hand_over(&mut self, letter: Letter) {
        match letter {
            Letter::Chat(message) => {
                let pipeline = self.pipeline_of(message.partition);
                self.pipelines[pipeline]
                    .message_to_chat(message, &self.settings, &mut self.heard)
                    .expect("memory does not fail");
            }
            Letter::Customer(partition, message) => {
                let pipeline = self.pipeline_of(partition);
                self.pipelines[pipeline]
                    .message_to_customer(message, &self.settings, &mut self.heard)
                    .expect("memory does not fail");
            }
            Letter::Manager(partition, message) => {
                let pipeline = self.pipeline_of(partition);
                self.pipelines[pipeline].message_to_manager(message);
            }
        }
    }

    /// Publishes the counters, wherever they live.
    pub fn flush(&mut self) {
        // Once for the differences that go elsewhere, and once more where they arrive.
        for _ in 0..2 {
            for pipeline in &mut self.pipelines {
                pipeline.flush(self.clock, &mut self.heard).expect("memory does not fail");
            }
            self.deliver();
        }
    }

    /// A world that took its rows, its times and its settings from what this one wrote down.
    pub fn restored(mut self) -> Self {
        self.deliver();
        self.flush();
        let mut new =
            Self::new(self.partitions, self.pipelines.len() as i32, self.seals, self.requires_subscription);
        for record in &self.settings_read {
            if let Says::Setting(change) = &record.says {
                new.settings.add(goal_change(record, change), record.logged);
            }
        }
        for (old, pipeline) in self.pipelines.iter().zip(&mut new.pipelines) {
            for (partition, old) in &old.chats {
                let task = pipeline.chats.get_mut(partition).expect("the same partitions");
                for (key, row) in old.table.rows() {
                    let row = stored_and_read(row);
                    let (channel, chat, index) = (row.channel.clone(), row.chat.clone(), row.index());
                    let mut slot = task.table.slot(key).expect("memory does not fail");
                    (slot.row, slot.index) = (Some(row), index);
                    reindex(&channel, &chat, Index::default(), index, |add, entry| {
                        assert!(add, "a new row takes no entry away");
                        task.index.insert(entry);
                    });
                }
                let (clock, swept) = old.times();
                task.resume(clock, swept, &new.settings);
            }
            for (partition, old) in &old.customers {
                let table = &mut pipeline.customers.get_mut(partition).expect("the same partitions").table;
                for (key, row) in old.table.rows() {
                    table.slot(key).expect("memory does not fail").row = Some(stored_and_read(row));
                }
            }
            for (partition, old) in &old.managers {
                let table = &mut pipeline.managers.get_mut(partition).expect("the same partitions").table;
                for (key, row) in old.table.rows() {
                    table.slot(key).expect("memory does not fail").row = Some(stored_and_read(row));
                }
            }
        }
        Self {
            settings_read: self.settings_read,
            heard: self.heard,
            bad: self.bad,
            budget: self.budget,
            clock: self.clock,
            ..new
        }
    }

    pub fn chats(&self) -> impl Iterator<Item = &ChatRow> {
        let tasks = self.pipelines.iter().flat_map(|pipeline| pipeline.chats.values());
        tasks.flat_map(|task| task.table.rows().map(|(_, row)| row))
    }

    pub fn chat(&self, chat: &str) -> Option<&ChatRow> {
        self.chats().find(|row| &*row.chat == chat)
    }

    pub fn clock(&self) -> Timestamp {
        self.clock
    }

    /// What every chat shows that is there.
    pub fn statuses(&self) -> Statuses {
        self.chats()
            .filter_map(|row| {
                let view = row.live.as_ref()?.published.as_ref()?.view.clone();
                let rounds = row.rounds(self.settings.channel(&row.channel), self.clock);
                Some(((row.channel.clone(), row.chat.clone()), Shown { view, rounds }))
            })
            .collect()
    }

    /// Every bucket that is not zero.
    pub fn counters(&mut self) -> Counters {
        self.flush();
        let tasks = self.pipelines.iter().flat_map(|pipeline| pipeline.managers.values());
        tasks
            .flat_map(|task| task.table.rows().map(|(_, row)| row))
            .filter(|row| !row.counts.is_zero())
            .map(|row| ((row.channel.clone(), row.bucket.clone()), row.counts))
            .collect()
    }

    fn pipeline_of(&self, partition: i32) -> usize {
        partition as usize % self.pipelines.len()
    }

    fn names_another_channel(&self, record: &Record) -> bool {
        match &record.says {
            Says::Chat { chat, .. } => self.chat(chat).is_some_and(|row| *row.channel != *record.channel),
            _ => false,
        }
    }
}

impl ChatSays {
    fn body(&self) -> ChatBody<'_> {
        ChatBody::Said(match self {
            ChatSays::Opened { customer } => Said::Opened { customer: customer.as_deref() },
            ChatSays::CustomerMessage { customer } => Said::CustomerMessage { customer },
            ChatSays::ManagerReply { manager } => Said::ManagerReply { manager },
            ChatSays::Closed { by } => Said::Closed { by: by.as_deref() },
            ChatSays::Reopened => Said::Reopened,
            ChatSays::Assigned { manager } => Said::Assigned { manager: manager.as_deref() },
            ChatSays::Deleted => return ChatBody::Deleted,
            ChatSays::GoalEvent { name, properties } => return ChatBody::GoalEvent { name, properties },
        })
    }
}

/// A row that was written to a store, with its pages, and read from there.
fn stored_and_read<R: TableRow>(row: &R) -> R {
    let (bytes, stored) = (row.encode(), row.changed_pages());
    let mut read = R::decode(&bytes).expect("what was encoded");
    for name in R::pages(&bytes).expect("what was encoded") {
        let (_, page) = stored.iter().find(|(stored, _)| *stored == name).expect("nothing was stored before");
        read.take_up(name, page).expect("what was encoded");
    }
    read
}

fn goal_change(record: &Record, change: &Change) -> GoalChange {
    GoalChange {
        id: record.id.as_deref().map(Into::into),
        channel: record.channel.as_str().into(),
        at: record.at,
        change: change.clone(),
    }
}

/// Everything that the pipelines say.
#[derive(Default)]
pub struct Heard {
    pub published: Vec<Published>,
    pub counters: Vec<Counter>,
    letters: VecDeque<Letter>,
}

enum Letter {
    Chat(ToChat),
    Customer(i32, ToCustomer),
    Manager(i32, ToManager),
}

impl Outlet for Heard {
    fn status_changed(&mut self, change: StatusChange, _: &Channel) -> anyhow::Result<()> {
        self.published.push(Published::Changed(change));
        Ok(())
    }
    fn chat_deleted(&mut self, channel: &ChannelId, chat: &ChatId, revision: u32) -> anyhow::Result<()> {
        self.published.push(Published::Deleted { channel: channel.clone(), chat: chat.clone(), revision });
        Ok(())
    }
    fn counter(&mut self, _: &str, counter: Counter) -> anyhow::Result<()> {
        self.counters.push(counter);
        Ok(())
    }
    fn to_chat(&mut self, message: ToChat) -> anyhow::Result<()> {
        self.letters.push_back(Letter::Chat(message));
        Ok(())
    }
    fn to_customer(&mut self, partition: i32, message: ToCustomer) -> anyhow::Result<()> {
        self.letters.push_back(Letter::Customer(partition, message));
        Ok(())
    }
    fn to_manager(&mut self, partition: i32, message: ToManager) -> anyhow::Result<()> {
        self.letters.push_back(Letter::Manager(partition, message));
        Ok(())
    }
}

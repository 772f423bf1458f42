//! A worker: one thread with one member of the group, and the tasks of the partitions that it owns.
//!
//! It folds in memory, writes what follows into an open transaction, and commits both with the positions; only then
//! are the rows written to disk. On any failure it goes back to the last commit. It knows stages and partitions, but
//! no goal.

use super::claims::{Claimant, Claims};
use super::clock::{GroupClock, WallClock};
use super::goals::{Goals, Known, What};
use super::note::Note;
use super::outbox::{Outbox, log_error};
use super::restore::{Restorer, note_reached};
use super::tasks::{Task, TaskId, Tasks};
use super::topology::{Source, Stage, Topology};
use super::wire::{self, RawRecord};
use crate::contract::protobuf::inbox::{self, ChatsInbox, CustomersInbox};
use crate::domain::settings::Settings;
use crate::domain::time::Timestamp;
use crate::log::partitioner::partition_of;
use crate::log::{Batch as _, Log, LogError, Member, Offset, Polled, Position, Record, TopicPartition};
use crate::pipeline::Pipeline;
use crate::state::store::Store;
use crate::state::table::{Row as _, row_key};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// When a worker commits.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// When everything that came is folded.
    pub interval: Duration,
    /// When there is more to fold.
    pub interval_behind: Duration,
    pub records_max: usize,
}

/// What all workers of a process share.
pub struct Shared<L: Log> {
    pub log: Arc<L>,
    pub topology: Arc<Topology>,
    pub store: Arc<Store>,
    pub claims: Arc<Claims>,
    pub goals: Arc<Goals>,
    pub clock: Arc<GroupClock>,
    pub wall: WallClock,
    pub pace: Pace,
    pub rows_max: usize,
    pub stop: Arc<AtomicBool>,
    pub counts: Arc<Counts>,
}

/// What the workers of a process have done so far.
#[derive(Default)]
pub struct Counts {
    pub folded: std::sync::atomic::AtomicU64,
    pub written: std::sync::atomic::AtomicU64,
    pub commits: std::sync::atomic::AtomicU64,
    /// The clock of the slowest chats task of the last worker that looked, in epoch milliseconds.
    pub clock: std::sync::atomic::AtomicI64,
}

pub struct Worker<L: Log> {
    shared: Arc<Shared<L>>,
    member: L::Member,
    pipeline: Pipeline,
    tasks: Tasks,
    restorer: Restorer<L>,
    claimant: Claimant,
    /// Folded since the last commit.
    uncommitted: usize,
    written: u64,
    last_commit: Instant,
    last_reached: Instant,
}

/// How many batches are folded after one look at the goal changes.
const BATCHES_TOGETHER: usize = 24;
/// How many chats a sweep or the clock may settle before records have their turn again.
const SLICE: usize = 2_000;
/// How often it is noted which changelog offset the rows on disk have surely reached.
const REACHED_EVERY: Duration = Duration::from_secs(5);

/// Why a pass through the loop failed, by what has to happen next.
enum Failure {
    /// Go back to the last commit.
    Back(LogError),
    /// Join anew.
    Rejoin(LogError),
    /// Nothing helps.
    Fatal(anyhow::Error),
}

impl From<LogError> for Failure {
    fn from(error: LogError) -> Self {
        match error {
            LogError::Refused(_) | LogError::Unclear(_) => Failure::Back(error),
            LogError::Broken(_) => Failure::Rejoin(error),
            LogError::Setup(_) => Failure::Fatal(error.into()),
        }
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        match log_error(error) {
            Ok(error) => error.into(),
            Err(other) => Failure::Fatal(other),
        }
    }
}

/// Runs a worker until it is told to stop. It leaves the group with everything committed.
pub fn run<L: Log>(shared: &Arc<Shared<L>>, number: usize, slot: &str) -> anyhow::Result<()> {
    const PAUSE: Duration = Duration::from_millis(500);
    while !shared.stop.load(Ordering::Relaxed) {
        let topics = shared.topology.subscribed();
        let member = match shared.log.join(&shared.topology.group, slot, &topics) {
            Ok(member) => member,
            Err(error @ LogError::Setup(_)) => return Err(error.into()),
            Err(error) => {
                tracing::warn!(slot, %error, "the group cannot be joined now; trying again");
                std::thread::sleep(PAUSE);
                continue;
            }
        };
        let mut worker = Worker::new(shared.clone(), number, member);
        match worker.work() {
            Ok(()) => {
                let Worker { member, .. } = worker;
                if let Err(error) = member.leave() {
                    tracing::warn!(slot, %error, "the group was not told goodbye");
                }
                return Ok(());
            }
            Err(Failure::Fatal(error)) => return Err(error),
            Err(Failure::Back(error) | Failure::Rejoin(error)) => {
                tracing::warn!(slot, %error, "joining the group anew");
                std::thread::sleep(PAUSE);
            }
        }
    }
    Ok(())
}

impl<L: Log> Worker<L> {
    pub fn new(shared: Arc<Shared<L>>, number: usize, member: L::Member) -> Self {
        let pipeline = Pipeline::new(shared.topology.partitions, true);
        let claimant = Claimant { claims: shared.claims.clone(), worker: number };
        let (log, store, topology) = (shared.log.clone(), shared.store.clone(), shared.topology.clone());
        let restorer = Restorer::new(log, store, claimant.clone(), topology);
        Self {
            shared,
            member,
            pipeline,
            tasks: Tasks::default(),
            restorer,
            claimant,
            uncommitted: 0,
            written: 0,
            last_commit: Instant::now(),
            last_reached: Instant::now(),
        }
    }

    fn work(&mut self) -> Result<(), Failure> {
        while !self.shared.stop.load(Ordering::Relaxed) {
            match self.step() {
                Ok(()) => {}
                Err(Failure::Back(error)) => self.go_back(error)?,
                Err(other) => return Err(other),
            }
        }
        match self.commit(true) {
            Err(Failure::Back(error)) => {
                // Whatever it was, the next owner folds it.
                tracing::warn!(%error, "the last commit was refused");
                Ok(())
            }
            other => other,
        }
    }

    /// One pass: records or a change of the assignment, then what time brings, then a commit if it is due.
    fn step(&mut self) -> Result<(), Failure> {
        let mut batches = Vec::new();
        let mut change = None;
        let mut timeout = self.idle_timeout();
        while batches.len() < BATCHES_TOGETHER {
            match self.member.poll(timeout)? {
                Polled::Nothing => break,
                Polled::Records(batch) => batches.push(batch),
                other => {
                    change = Some(other);
                    break;
                }
            }
            timeout = Duration::ZERO;
        }
        // More is waiting than was taken: fewer and larger transactions get it done sooner.
        let behind = batches.len() == BATCHES_TOGETHER;
        if !batches.is_empty() {
            // A6: everything that came before these records came is known.
            if !self.shared.goals.catch_up(&self.shared.stop)? {
                // What was fetched is not folded, and must not count as read.
                return Err(Failure::Back(LogError::Refused(
                    "stopping while goal changes cannot be read".to_owned(),
                )));
            }
        }
        let shared = self.shared.clone();
        {
            let known = shared.goals.known.read().expect("no reader panics");
            self.take_goals(&known);
            for batch in batches {
                for index in 0..batch.len() {
                    self.fold(&batch.get(index), &known.settings)?;
                }
            }
            self.pass_time(&known)?;
        }
        match change {
            Some(Polled::Assigned(partitions)) => self.assigned(partitions)?,
            Some(Polled::Revoked(partitions)) => self.revoked(&partitions)?,
            Some(Polled::Lost(partitions)) => self.lost(&partitions)?,
            Some(Polled::Stopped(partition, reason)) => self.stopped(&partition, reason)?,
            Some(Polled::Nothing | Polled::Records(_)) | None => {}
        }
        self.restore()?;
        let pace = shared.pace;
        let interval = if behind { pace.interval_behind } else { pace.interval };
        if self.uncommitted >= pace.records_max || self.last_commit.elapsed() >= interval {
            self.commit(false)?;
        }
        Ok(())
    }

    fn idle_timeout(&self) -> Duration {
        let sweeping = self.pipeline.chats.values().any(|task| task.is_sweeping());
        if sweeping || !self.restorer.is_idle() { Duration::ZERO } else { self.shared.pace.interval / 2 }
    }

    /// Folds one record. A bad one goes to the dead letters, and the partition goes on.
    fn fold(&mut self, record: &Record<'_>, settings: &Settings) -> Result<(), Failure> {
        let topology = self.shared.topology.clone();
        let Some(source) = topology.source(record.topic) else { return Ok(()) };
        if !self.tasks.running.contains_key(&(source.stage(), record.partition)) {
            return Ok(());
        }
        self.uncommitted += 1;
        match source {
            Source::ChatEvents | Source::CustomerEvents => {
                let logged = record.timestamp.map(Timestamp);
                let raw = || RawRecord::of(record);
                self.input(source, record.partition, record.key, record.value, logged, settings, raw, true)
            }
            Source::ChatsInbox => match inbox_message(record, inbox::decode_chats_inbox)? {
                ChatsInbox::ToChat(message) => {
                    let (pipeline, mut out) = self.outbox();
                    Ok(pipeline.message_to_chat(message, settings, &mut out)?)
                }
                ChatsInbox::Forwarded(forwarded) => {
                    self.forwarded(Source::ChatEvents, record.partition, forwarded.into(), settings)
                }
            },
            Source::CustomersInbox => match inbox_message(record, inbox::decode_customers_inbox)? {
                CustomersInbox::ToCustomer(message) => {
                    let (pipeline, mut out) = self.outbox();
                    Ok(pipeline.message_to_customer(message, settings, &mut out)?)
                }
                CustomersInbox::Forwarded(forwarded) => {
                    self.forwarded(Source::CustomerEvents, record.partition, forwarded.into(), settings)
                }
            },
            Source::ManagersInbox => {
                let message = inbox_message(record, inbox::decode_managers_inbox)?;
                self.pipeline.message_to_manager(message);
                Ok(())
            }
        }
    }

    fn forwarded(
        &mut self,
        source: Source,
        partition: i32,
        record: RawRecord,
        settings: &Settings,
    ) -> Result<(), Failure> {
        let logged = record.timestamp.map(Timestamp);
        let (key, value) = (record.key.as_deref(), record.value.as_deref());
        self.input(source, partition, key, value, logged, settings, || record.clone(), false)
    }

    /// Folds an input record into its key's home, or sends it there if it came to another partition.
    #[expect(clippy::too_many_arguments, reason = "a record in its parts, since it comes in two forms")]
    fn input(
        &mut self,
        source: Source,
        partition: i32,
        key: Option<&[u8]>,
        value: Option<&[u8]>,
        logged: Option<Timestamp>,
        settings: &Settings,
        raw: impl Fn() -> RawRecord,
        may_forward: bool,
    ) -> Result<(), Failure> {
        let topology = self.shared.topology.clone();
        let (pipeline, mut out) = self.outbox();
        let partitions = pipeline.partitions();
        let count = if source == Source::ChatEvents { partitions.chats } else { partitions.customers };
        let home = key.map_or(partition, |key| partition_of(key, count));
        let goes_on = may_forward && home != partition;
        let folded = match source {
            Source::ChatEvents => wire::with_chat_event(&topology, key, value, |event| match goes_on {
                true => Ok(Ok(out.forward_chat_event(raw(), home)?)),
                false => pipeline.chat_event(partition, event, logged, settings, &mut out),
            }),
            _ => wire::with_customer_event(&topology, key, value, |event| match goes_on {
                true => Ok(Ok(out.forward_customer_event(raw(), home)?)),
                false => pipeline.customer_event(partition, event, logged, settings, &mut out),
            }),
        };
        match folded {
            Ok(Ok(Ok(()))) => {}
            Ok(Ok(Err(bad))) => out.dead_letter(&raw(), &bad.to_string())?,
            Ok(Err(error)) => return Err(error.into()),
            Err(reason) => out.dead_letter(&raw(), &reason)?,
        }
        Ok(())
    }

    /// Tells the chats tasks of settings that were read since.
    fn take_goals(&mut self, known: &Known) {
        for (&(stage, partition), task) in &mut self.tasks.running {
            if stage != Stage::Chats || task.goals_told == known.entries.len() {
                continue;
            }
            for entry in known.entries[task.goals_told..].iter().filter(|entry| !task.note.has_shown(entry)) {
                if let (What::Added(effect), Some(chats)) =
                    (&entry.what, self.pipeline.chats.get_mut(&partition))
                {
                    chats.setting_read(effect);
                }
            }
            task.goals_told = known.entries.len();
        }
    }

    /// Shows settings to chats and moves clocks, a slice at a time.
    fn pass_time(&mut self, known: &Known) -> Result<(), Failure> {
        let granted = self.shared.clock.granted();
        if let Some(grant) = &granted {
            self.pipeline.time_is(grant.until);
        }
        let shared = self.shared.clone();
        let mut slowest = Timestamp::MAX;
        for (&(stage, partition), task) in &mut self.tasks.running {
            if stage != Stage::Chats {
                continue;
            }
            let mut budget = SLICE;
            let (member, now) = (&mut self.member, (shared.wall)());
            let (topology, written) = (&*shared.topology, &mut self.written);
            let mut out = Outbox { member, topology, now, written };
            let swept = self.pipeline.sweep(partition, &mut budget, &known.settings, &mut out)?;
            if swept && task.goals_shown < task.goals_told {
                // Bad ones go to the dead letters by one task, in the transaction that notes that they did.
                for entry in
                    known.entries[task.goals_shown..task.goals_told].iter().filter(|_| partition == 0)
                {
                    if let (What::Bad(record, reason), false) = (&entry.what, task.note.has_shown(entry)) {
                        out.dead_letter(record, reason)?;
                    }
                }
                task.goals_shown = task.goals_told;
            }
            if swept {
                task.note.goals.clone_from(&known.next);
            }
            if let Some(grant) = &granted {
                let inbox = TopicPartition::new(topology.chats_inbox.clone(), partition);
                let read = out.member.position(&inbox);
                if read.is_some_and(|read| read >= grant.inbox_ends[partition as usize]) {
                    self.pipeline.tick(partition, grant.until, &mut budget, &known.settings, &mut out)?;
                }
            }
            if let Some(chats) = self.pipeline.chats.get(&partition) {
                (task.note.clock, task.note.swept) = chats.times();
                slowest = slowest.min(chats.clock());
            }
        }
        if slowest != Timestamp::MAX {
            shared.counts.clock.store(slowest.0, Ordering::Relaxed);
        }
        Ok(())
    }

    fn assigned(&mut self, partitions: Vec<TopicPartition>) -> Result<(), Failure> {
        tracing::info!(partitions = %listed(&partitions), "assigned");
        let tasks = self.tasks.assign(partitions, &self.shared.topology);
        self.begin(&tasks)
    }

    /// Begins to restore tasks whose inputs are all here.
    fn begin(&mut self, tasks: &[TaskId]) -> Result<(), Failure> {
        // First the positions: they wait for what an earlier owner still has open, and the changelog is read after.
        let inputs: Vec<TopicPartition> =
            tasks.iter().flat_map(|(stage, p)| self.shared.topology.inputs(*stage, *p)).collect();
        self.member.committed(&inputs)?;
        self.restorer.begin(tasks)?;
        Ok(())
    }

    /// Restores for a moment, and lets those tasks run that are done.
    fn restore(&mut self) -> Result<(), Failure> {
        if self.restorer.is_idle() {
            return Ok(());
        }
        // With nothing else to do there is time to wait for the changelog.
        let timeout = Duration::from_millis(if self.tasks.running.is_empty() { 20 } else { 2 });
        for task in self.restorer.step(timeout)? {
            self.start(task)?;
        }
        Ok(())
    }

    /// Lets a restored task run from the group's committed positions.
    fn start(&mut self, (stage, partition): TaskId) -> Result<(), Failure> {
        let shared = self.shared.clone();
        let inputs = shared.topology.inputs(stage, partition);
        let positions = self.member.committed(&inputs)?;
        let noted = positions.last().map(|position| position.note.clone()).unwrap_or_default();
        let note = Note::decode(&noted);
        let (store, rows_max) = (Some(shared.store.clone()), shared.rows_max);
        match stage {
            Stage::Chats => {
                self.pipeline.assign_chats(partition, store, rows_max);
                let known = shared.goals.known.read().expect("no reader panics");
                let chats = self.pipeline.chats.get_mut(&partition).expect("it was just assigned");
                chats.resume(note.clock, note.swept, &known.settings);
            }
            Stage::Customers => self.pipeline.assign_customers(partition, store, rows_max),
            Stage::Managers => self.pipeline.assign_managers(partition, store, rows_max),
        }
        for position in &positions {
            self.member.start(&position.of, position.next)?;
        }
        let committed = positions.iter().map(|position| position.next).collect();
        let task = Task { committed, committed_note: noted, note, goals_told: 0, goals_shown: 0 };
        self.tasks.running.insert((stage, partition), task);
        Ok(())
    }

    /// Commits before the partitions go, so that none is left in an open transaction.
    fn revoked(&mut self, partitions: &[TopicPartition]) -> Result<(), Failure> {
        tracing::info!(partitions = %listed(partitions), "revoked");
        match self.commit(true) {
            Err(Failure::Back(error)) => self.go_back(error)?,
            other => other?,
        }
        self.let_go(partitions)
    }

    fn lost(&mut self, partitions: &[TopicPartition]) -> Result<(), Failure> {
        tracing::warn!(partitions = %listed(partitions), "lost");
        self.let_go(partitions)?;
        // What was folded for them is in the open transaction, together with everything else.
        self.go_back(LogError::Refused("partitions were lost".to_owned()))
    }

    fn let_go(&mut self, partitions: &[TopicPartition]) -> Result<(), Failure> {
        let tasks = self.tasks.revoke(partitions, &self.shared.topology);
        for (stage, partition) in &tasks {
            match stage {
                Stage::Chats => drop(self.pipeline.chats.remove(partition)),
                Stage::Customers => drop(self.pipeline.customers.remove(partition)),
                Stage::Managers => drop(self.pipeline.managers.remove(partition)),
            }
        }
        Ok(self.restorer.forget(tasks)?)
    }

    /// One partition cannot go on; the others can.
    fn stopped(&mut self, partition: &TopicPartition, reason: String) -> Result<(), Failure> {
        tracing::error!(
            %partition,
            reason,
            "the partition is stopped; deadlines stop with it. Hint: rebuild into a new generation"
        );
        let Some(source) = self.shared.topology.source(&partition.topic) else { return Ok(()) };
        // What was folded before is good; what its task has not committed goes with the others.
        self.commit(true)?;
        let task = (source.stage(), partition.partition);
        for input in self.shared.topology.inputs(task.0, task.1) {
            if input != *partition && self.tasks.running.contains_key(&task) {
                self.member.pause(&input)?;
            }
        }
        self.tasks.running.remove(&task);
        match task.0 {
            Stage::Chats => drop(self.pipeline.chats.remove(&task.1)),
            Stage::Customers => drop(self.pipeline.customers.remove(&task.1)),
            Stage::Managers => drop(self.pipeline.managers.remove(&task.1)),
        }
        self.tasks.stopped.insert(task, reason);
        Ok(())
    }

    /// Back to the last commit: everything in memory goes, and what the disk may lack is read from the changelog.
    fn go_back(&mut self, error: LogError) -> Result<(), Failure> {
        tracing::warn!(%error, "going back to the last commit");
        (self.uncommitted, self.written) = (0, 0);
        let running: Vec<TaskId> = self.tasks.running.keys().copied().collect();
        for (stage, partition) in running {
            for input in self.shared.topology.inputs(stage, partition) {
                self.member.pause(&input)?;
            }
        }
        match error {
            LogError::Unclear(_) => self.member.recover()?,
            _ => self.member.abort().or_else(|_| self.member.recover())?,
        }
        self.tasks.running.clear();
        self.pipeline = Pipeline::new(self.shared.topology.partitions, true);
        let tasks = self.tasks.complete(&self.shared.topology);
        self.restorer.forget(tasks.iter().copied())?;
        self.begin(&tasks)
    }

    /// One transaction: rows to the changelogs, counters, positions with their notes. Then the disk.
    fn commit(&mut self, all: bool) -> Result<(), Failure> {
        self.last_commit = Instant::now();
        let shared = self.shared.clone();
        let now = Timestamp((shared.wall)());
        {
            let (pipeline, mut out) = self.outbox();
            pipeline.flush(now, &mut out)?;
        }
        // What was written needs a commit, even if no position moved: a bad goal change comes from none of them.
        let wrote = self.written > 0;
        let rows = self.changed_rows();
        for (task, key, value) in &rows {
            let to = shared.topology.changelog(task.0, task.1);
            self.written += 1;
            self.member.send(crate::log::Outgoing {
                topic: &to.topic,
                partition: to.partition,
                key: Some(key),
                value: Some(value),
                headers: &[],
                timestamp: None,
            })?;
        }
        // A task whose rows changed commits its positions with them, moved or not: they are what fences it.
        let changed: BTreeSet<TaskId> = rows.iter().map(|(task, _, _)| *task).collect();
        let moved = self.moved(&changed, all || wrote);
        if rows.is_empty() && moved.is_empty() && !wrote {
            return Ok(());
        }
        let reached =
            if all || self.last_reached.elapsed() >= REACHED_EVERY { self.surely_reached()? } else { None };
        let positions: Vec<Position> = moved.into_iter().flat_map(|(_, positions)| positions).collect();
        // What was folded rests on rows that nobody else has touched.
        let running: Vec<TaskId> = self.tasks.running.keys().copied().collect();
        self.claimant.check(running.iter().copied())?;
        self.member.commit(&positions)?;

        let mut changes = shared.store.changes();
        for (task, key, value) in &rows {
            changes.put(task.0.family(), &row_key(task.1, key), value);
        }
        for chats in self.pipeline.chats.values_mut() {
            chats.index.commit(&mut changes);
            chats.table.committed();
        }
        self.pipeline.customers.values_mut().for_each(|task| task.table.committed());
        self.pipeline.managers.values_mut().for_each(|task| task.table.committed());
        for (task, offset) in reached.into_iter().flatten() {
            note_reached(&mut changes, task, offset);
        }
        self.claimant.write(running, || changes.write())?;
        for position in positions {
            self.remember(position);
        }
        let folded = std::mem::take(&mut self.uncommitted) as u64;
        shared.counts.folded.fetch_add(folded, Ordering::Relaxed);
        shared.counts.written.fetch_add(std::mem::take(&mut self.written), Ordering::Relaxed);
        shared.counts.commits.fetch_add(1, Ordering::Relaxed);
        tracing::debug!(folded, rows = rows.len(), "committed");
        Ok(())
    }

    fn changed_rows(&self) -> Vec<(TaskId, Box<[u8]>, Vec<u8>)> {
        let mut rows = Vec::new();
        for (partition, task) in &self.pipeline.chats {
            let id = (Stage::Chats, *partition);
            rows.extend(task.table.dirty().map(|(key, row)| (id, key.clone(), row.encode())));
        }
        for (partition, task) in &self.pipeline.customers {
            let id = (Stage::Customers, *partition);
            rows.extend(task.table.dirty().map(|(key, row)| (id, key.clone(), row.encode())));
        }
        for (partition, task) in &self.pipeline.managers {
            let id = (Stage::Managers, *partition);
            rows.extend(task.table.dirty().map(|(key, row)| (id, key.clone(), row.encode())));
        }
        rows
    }

    /// The tasks whose rows changed or whose positions moved since they were committed. A note alone (the clock
    /// moved, nothing else) is worth a commit only with other rows or `all`: it is found again by itself.
    fn moved(&mut self, changed: &BTreeSet<TaskId>, all: bool) -> Vec<(TaskId, Vec<Position>)> {
        let with_notes = all || !changed.is_empty();
        let depth = self.pipeline.take_depth();
        let mut moved = Vec::new();
        for (&(stage, partition), task) in &mut self.tasks.running {
            task.note.depth = task.note.depth.max(depth);
            let inputs = self.shared.topology.inputs(stage, partition);
            let next: Vec<Option<Offset>> = inputs.iter().map(|input| self.member.position(input)).collect();
            let note = task.note.encode();
            let note_moved = with_notes && note != task.committed_note;
            if next == task.committed && !note_moved && !changed.contains(&(stage, partition)) {
                continue;
            }
            let last = inputs.len() - 1;
            let positions = inputs.into_iter().zip(next).enumerate().map(|(index, (of, next))| {
                let note = if index == last { note.clone() } else { String::new() };
                Position { of, next, note }
            });
            moved.push(((stage, partition), positions.filter(|position| position.next.is_some()).collect()));
        }
        moved
    }

    fn remember(&mut self, position: Position) {
        let topology = &self.shared.topology;
        let Some(source) = topology.source(&position.of.topic) else { return };
        let id = (source.stage(), position.of.partition);
        let Some(task) = self.tasks.running.get_mut(&id) else { return };
        let inputs = topology.inputs(id.0, id.1);
        let Some(index) = inputs.iter().position(|input| *input == position.of) else { return };
        task.committed[index] = position.next;
        if index == inputs.len() - 1 {
            task.committed_note = position.note;
        }
    }

    /// Where the changelogs end before this commit: once it succeeds, this worker owned them, and everything up to
    /// there is on disk.
    fn surely_reached(&mut self) -> Result<Option<Vec<(TaskId, Offset)>>, Failure> {
        self.last_reached = Instant::now();
        let tasks: Vec<TaskId> = self.tasks.running.keys().copied().collect();
        let changelogs: Vec<TopicPartition> = tasks
            .iter()
            .map(|(stage, partition)| self.shared.topology.changelog(*stage, *partition))
            .collect();
        let ends = self.shared.log.ends(&changelogs)?;
        Ok(Some(tasks.into_iter().zip(ends).collect()))
    }

    fn outbox(&mut self) -> (&mut Pipeline, Outbox<'_, L::Member>) {
        let now = (self.shared.wall)();
        let (member, topology, written) = (&mut self.member, &*self.shared.topology, &mut self.written);
        (&mut self.pipeline, Outbox { member, topology, now, written })
    }
}

/// Only this program writes inboxes: what cannot be read there is a fault, not a bad record.
fn inbox_message<T>(record: &Record<'_>, decode: impl Fn(&[u8]) -> Result<T, String>) -> anyhow::Result<T> {
    let value = record.value.ok_or_else(|| "it is a tombstone".to_owned());
    value.and_then(decode).map_err(|reason| {
        let (topic, partition, offset) = (record.topic, record.partition, record.offset);
        anyhow::anyhow!("the message {topic}[{partition}]@{offset} cannot be read: {reason}")
    })
}

fn listed(partitions: &[TopicPartition]) -> String {
    let sorted: BTreeSet<String> = partitions.iter().map(TopicPartition::to_string).collect();
    sorted.into_iter().collect::<Vec<_>>().join(" ")
}

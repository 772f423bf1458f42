//! Brings the rows of a partition up to its changelog, in bulk, while other partitions go on.
//!
//! A disk may be empty, or any older consistent state: what it lacks is read from the changelog, from a position
//! that it is known to have reached. Nothing is folded here.

use super::claims::Claimant;
use super::tasks::TaskId;
use super::topology::{Stage, Topology};
use super::versions::{self, Span};
use crate::contract::protobuf::rows::versions::{OURS, Program, Versions};
use crate::log::{Batch as _, Log, LogResult, Offset, Reader, Record, TopicPartition};
use crate::pipeline::chats::lookups::reindex;
use crate::planted::{Bug, planted};
use crate::stages::chats::{ChatRow, Index};
use crate::state::digest::{Digest, Part};
use crate::state::store::{Changes, Family, Store};
use crate::state::table::{Row, row_key};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

pub struct Restorer<L: Log> {
    log: Arc<L>,
    store: Arc<Store>,
    claimant: Claimant,
    topology: Arc<Topology>,
    reader: Option<L::Reader>,
    restoring: BTreeMap<TaskId, Restoring>,
    /// Whose rows are restored: this program's, but for tests of other days.
    program: Program,
}

struct Restoring {
    changelog: TopicPartition,
    from: Offset,
    end: Offset,
    /// Nothing of it was on disk: lookups are made at the end, in one go.
    from_nothing: bool,
    /// Of the rows on disk.
    span: Span,
    rows: u64,
    began: Instant,
}

impl<L: Log> Restorer<L> {
    pub fn new(log: Arc<L>, store: Arc<Store>, claimant: Claimant, topology: Arc<Topology>) -> Self {
        Self { log, store, claimant, topology, reader: None, restoring: BTreeMap::new(), program: OURS }
    }

    /// As a program of other versions would do.
    pub fn as_program(mut self, program: Program) -> Self {
        self.program = program;
        self
    }

    pub fn is_idle(&self) -> bool {
        self.restoring.is_empty()
    }

    /// How many offsets of its changelog a task has yet to read; `None`: it is not being restored.
    pub fn left(&self, task: TaskId) -> Option<u64> {
        let restoring = self.restoring.get(&task)?;
        Some(u64::try_from(restoring.end - restoring.from).unwrap_or(0))
    }

    /// Begins with these tasks. The group's positions must have been read before, so that no commit of an earlier
    /// owner can still add to the changelog.
    pub fn begin(&mut self, tasks: &[TaskId]) -> anyhow::Result<()> {
        self.claimant.take(tasks);
        let changelogs: Vec<TopicPartition> =
            tasks.iter().map(|(stage, partition)| self.topology.changelog(*stage, *partition)).collect();
        let begins = self.log.begins(&changelogs)?;
        let ends = match planted(Bug::RestoredToEnd) {
            true => self.log.ends(&changelogs)?,
            false => self.log.tails(&changelogs)?,
        };
        for (((task, changelog), begin), end) in tasks.iter().zip(changelogs).zip(begins).zip(ends) {
            let reached = reached(&self.store, *task)?.filter(|reached| *reached <= end);
            if reached.is_none() && !planted(Bug::RestoredOverOldRows) {
                // Nothing usable: what an earlier life or an interrupted restore left behind goes first.
                let mut changes = self.store.changes();
                changes.delete_prefix(task.0.family(), &task.1.to_be_bytes());
                changes.delete_prefix(Family::Indexes, &index_prefix(*task));
                changes.delete(Family::Meta, &meta_key(*task));
                versions::forget_span(&mut changes, *task);
                changes.delete(Family::Meta, &under_way_key(*task));
                self.claimant.write([*task], || changes.write())?;
            }
            let from = reached.unwrap_or(begin).max(begin);
            let from_nothing = reached.is_none();
            let mut span = Span::of(self.program.versions);
            if !from_nothing {
                span = versions::span_on_disk(&self.store, *task)?;
                span.check(&self.program, *task)?;
                // What it commits from now on is on the disk, too.
                span.widen(self.program.versions);
            }
            let (rows, began) = (0, Instant::now());
            let restoring = Restoring { changelog, from, end, from_nothing, span, rows, began };
            self.restoring.insert(*task, restoring);
        }
        self.reassign()
    }

    /// Gives up on these tasks; what was restored of them stays and is begun again later.
    pub fn forget(&mut self, tasks: impl IntoIterator<Item = TaskId>) -> anyhow::Result<()> {
        let before = self.restoring.len();
        for task in tasks {
            self.restoring.remove(&task);
        }
        if self.restoring.len() == before { Ok(()) } else { self.reassign() }
    }

    fn reassign(&mut self) -> anyhow::Result<()> {
        let from: Vec<_> = self.restoring.values().map(|r| (r.changelog.clone(), r.from)).collect();
        if from.is_empty() {
            self.reader = None;
            return Ok(());
        }
        let mut reader = match self.reader.take() {
            Some(reader) => reader,
            None => self.log.reader()?,
        };
        reader.assign(&from)?;
        self.reader = Some(reader);
        Ok(())
    }

    /// Goes on for a moment; returns the tasks that are restored now.
    pub fn step(&mut self, timeout: Duration) -> anyhow::Result<Vec<TaskId>> {
        if self.restoring.is_empty() {
            return Ok(Vec::new());
        }
        let reader = self.reader.as_mut().expect("what is restored is read");
        if let Some(batch) = reader.poll(timeout)? {
            let mut changes = self.store.changes();
            // Rows of this batch that are not on disk yet, for the lookups that they replace.
            let mut fresh: BTreeMap<Vec<u8>, Index> = BTreeMap::new();
            for index in 0..batch.len() {
                let record = batch.get(index);
                let found = self.restoring.iter_mut().find(|(_, restoring)| {
                    restoring.changelog.partition == record.partition
                        && *restoring.changelog.topic == *record.topic
                });
                let Some((task, restoring)) = found else { continue };
                if let Some(row) = record.value {
                    let made = Versions::of_row(row).map_err(|reason| unreadable(&record, &reason))?;
                    if made != self.program.versions {
                        versions::check(&self.program, made, *task)?;
                        restoring.span.widen(made);
                    }
                }
                restoring.rows += 1;
                restoring.from = record.offset + 1;
                put(&self.store, &mut changes, *task, &record, restoring.from_nothing, &mut fresh)?;
            }
            for (task, restoring) in &self.restoring {
                note_under_way(&mut changes, *task, restoring);
            }
            self.claimant.write(self.restoring.keys().copied(), || changes.write())?;
        }
        let reader = self.reader.as_ref().expect("what is restored is read");
        let done: Vec<TaskId> = self
            .restoring
            .iter()
            .filter(|(_, r)| r.from >= r.end || reader.position(&r.changelog).is_some_and(|p| p >= r.end))
            .map(|(task, _)| *task)
            .collect();
        for task in &done {
            self.finish(*task)?;
        }
        if !done.is_empty() {
            self.reassign()?;
        }
        Ok(done)
    }

    fn finish(&mut self, task: TaskId) -> anyhow::Result<()> {
        let restoring = self.restoring.remove(&task).expect("it was just found");
        if restoring.from_nothing && task.0 == Stage::Chats && restoring.rows > 0 {
            index_all(&self.store, task.1)?;
        }
        let mut changes = self.store.changes();
        note_reached(&mut changes, task, restoring.end);
        changes.delete(Family::Meta, &under_way_key(task));
        versions::note_span(&mut changes, task, restoring.span);
        self.claimant.write([task], || changes.write())?;
        let took_ms = restoring.began.elapsed().as_millis() as u64;
        let (stage, partition, rows) = (task.0, task.1, restoring.rows);
        if rows == 0 {
            tracing::debug!(?stage, partition, took_ms, "nothing to restore");
        } else {
            let from_nothing = restoring.from_nothing;
            tracing::info!(?stage, partition, rows, from_nothing, took_ms, "restored");
        }
        Ok(())
    }
}

fn unreadable(record: &Record<'_>, reason: &str) -> anyhow::Error {
    let (topic, partition, offset) = (record.topic, record.partition, record.offset);
    anyhow::anyhow!("the row {topic}[{partition}]@{offset} cannot be read: {reason}")
}

/// Writes one row of a changelog, with the lookups that it moves.
fn put(
    store: &Store,
    changes: &mut Changes<'_>,
    task: TaskId,
    record: &Record<'_>,
    from_nothing: bool,
    fresh: &mut BTreeMap<Vec<u8>, Index>,
) -> LogResult<()> {
    let broken = |what: String| crate::log::LogError::Setup(format!("{what} in the changelog of {task:?}"));
    let (Some(key), Some(value)) = (record.key, record.value) else {
        return Err(broken(format!("the record at {} has no key or no value", record.offset)));
    };
    let disk_key = row_key(task.1, key);
    if task.0 == Stage::Chats && !from_nothing && !planted(Bug::RestoredWithoutLookups) {
        let row = ChatRow::decode(value).map_err(|error| broken(error.to_string()))?;
        let before = match fresh.get(&disk_key) {
            Some(index) => *index,
            None => {
                let old = store.get(Family::Chats, &disk_key).map_err(|error| broken(error.to_string()))?;
                let old = old.map(|bytes| ChatRow::decode(&bytes)).transpose();
                old.map_err(|error| broken(error.to_string()))?.map(|row| row.index()).unwrap_or_default()
            }
        };
        let after = row.index();
        reindex(&row.channel, &row.chat, before, after, |add, entry| {
            let entry = row_key(task.1, &entry);
            if add {
                changes.put(Family::Indexes, &entry, &[])
            } else {
                changes.delete(Family::Indexes, &entry)
            }
        });
        fresh.insert(disk_key.clone(), after);
    }
    changes.put(task.0.family(), &disk_key, value);
    Ok(())
}

/// Makes the lookups of a whole partition from its rows.
fn index_all(store: &Store, partition: i32) -> anyhow::Result<()> {
    const ROWS_A_WRITE: usize = 10_000;
    let prefix = partition.to_be_bytes();
    let mut changes = store.changes();
    let mut rows = 0;
    let mut failed = None;
    store.scan(Family::Chats, &prefix, |key, value| {
        if !key.starts_with(&prefix) {
            return false;
        }
        match ChatRow::decode(value) {
            Ok(row) => reindex(&row.channel, &row.chat, Index::default(), row.index(), |_, entry| {
                changes.put(Family::Indexes, &row_key(partition, &entry), &[]);
            }),
            Err(error) => failed = Some(error),
        }
        rows += 1;
        if rows % ROWS_A_WRITE == 0 {
            let full = std::mem::replace(&mut changes, store.changes());
            failed = full.write().err().or(failed.take());
        }
        failed.is_none()
    })?;
    match failed {
        Some(error) => Err(error),
        None => changes.write(),
    }
}

/// The digest of the rows of a partition that are on disk.
pub fn digest_of(store: &Store, family: Family, partition: i32) -> anyhow::Result<Digest> {
    let prefix = row_key(partition, b"");
    let mut digest = Digest::EMPTY;
    store.scan(family, &prefix, |key, value| match key.strip_prefix(prefix.as_slice()) {
        Some(own) => {
            digest.add(Part::of(own, value));
            true
        }
        None => false,
    })?;
    Ok(digest)
}

/// The changelog offset that the rows on disk are known to reach.
pub fn reached(store: &Store, task: TaskId) -> anyhow::Result<Option<Offset>> {
    let Some(bytes) = store.get(Family::Meta, &meta_key(task))? else { return Ok(None) };
    Ok(bytes.try_into().ok().map(Offset::from_be_bytes))
}

/// How far a restore has come that is under way: `next` of what lies between `from` and `end` of a changelog.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnderWay {
    pub next: Offset,
    pub end: Offset,
}

/// The restore of a task that is under way, or was when its process ended.
pub fn under_way(store: &Store, task: TaskId) -> anyhow::Result<Option<UnderWay>> {
    let Some(bytes) = store.get(Family::Meta, &under_way_key(task))? else { return Ok(None) };
    let offset = |bytes: &[u8]| bytes.try_into().ok().map(Offset::from_be_bytes);
    let (next, end) = bytes.split_at(bytes.len() / 2);
    Ok(offset(next).zip(offset(end)).map(|(next, end)| UnderWay { next, end }))
}

fn note_under_way(changes: &mut Changes<'_>, task: TaskId, restoring: &Restoring) {
    let mut bytes = restoring.from.to_be_bytes().to_vec();
    bytes.extend(restoring.end.to_be_bytes());
    changes.put(Family::Meta, &under_way_key(task), &bytes);
}

/// `r` before the key under which it is noted what is reached. It outlives the process.
fn under_way_key(task: TaskId) -> Vec<u8> {
    let mut key = vec![b'r'];
    key.extend(meta_key(task));
    key
}

/// Notes that the rows on disk reach this changelog offset, together with them.
pub fn note_reached(changes: &mut Changes<'_>, task: TaskId, offset: Offset) {
    changes.put(Family::Meta, &meta_key(task), &offset.to_be_bytes());
}

/// `c`, `u` or `m`, and the partition, big endian. It outlives the process.
pub fn meta_key((stage, partition): TaskId) -> Vec<u8> {
    let mut key = vec![match stage {
        Stage::Chats => b'c',
        Stage::Customers => b'u',
        Stage::Managers => b'm',
    }];
    key.extend(partition.to_be_bytes());
    key
}

/// Only the chats have lookups.
fn index_prefix((stage, partition): TaskId) -> Vec<u8> {
    match stage {
        Stage::Chats => partition.to_be_bytes().to_vec(),
        // A key of another partition number can never begin with this.
        Stage::Customers | Stage::Managers => i32::MAX.to_be_bytes().to_vec(),
    }
}

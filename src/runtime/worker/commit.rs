//! The commit: one transaction with the rows, the outputs and the positions, and only then the disk.

use super::*;
use crate::log::Outgoing;
use crate::state::digest::Digest;
use crate::state::store::Changes;
use crate::state::table::{Table, TableRow};

/// How often it is noted which changelog offset the rows on disk have surely reached: what lies beyond is read again after
/// a crash.
const REACHED_EVERY: Duration = Duration::from_secs(5);

/// After so many rows it is noted sooner, with the next commit. A restart reads 70,000 a second, and to note it costs a
/// commit one question to the brokers.
const UNREACHED_MAX: usize = 5_000;

impl<L: Log> Worker<L> {
    /// One transaction: rows to the changelogs, counters, positions with their notes. Then the disk.
    pub(super) fn commit(&mut self, all: bool) -> Result<(), Failure> {
        let outcome = self.try_to_commit(all);
        self.tell_of_commit(&outcome);
        outcome.map(|_| ())
    }

    /// False: there was nothing to commit.
    fn try_to_commit(&mut self, all: bool) -> Result<bool, Failure> {
        let shared = self.shared.clone();
        self.last_commit = shared.clocks.elapsed();
        let now = Timestamp(shared.clocks.wall());
        {
            let (pipeline, mut out) = self.outbox();
            pipeline.flush(now, &mut out)?;
        }
        // What was written needs a commit, even if no position moved: a bad goal change comes from none of them.
        let wrote = self.tally.written > 0;
        // Put together as the records go out; written once they are committed.
        let mut changes = shared.store.changes();
        let changed = self.send_changed(&mut changes)?;
        let rows: usize = changed.values().sum();
        self.tally.written += rows as u64;
        // A task whose rows changed commits its positions with them, moved or not: they are what fences it.
        let moved = self.moved(&changed, all || wrote);
        if rows == 0 && moved.is_empty() && !wrote {
            self.settled = 0;
            return Ok(false);
        }
        let is_time = shared.clocks.elapsed() >= self.last_reached + REACHED_EVERY;
        let is_due = all || is_time || self.unreached >= UNREACHED_MAX;
        let reached = if is_due { self.surely_reached()? } else { Vec::new() };
        let positions: Vec<Position> = moved.into_iter().flat_map(|(_, positions)| positions).collect();
        // What was folded rests on rows that nobody else has touched.
        let running: Vec<TaskId> = self.tasks.running.keys().copied().collect();
        self.claimant.check(running.iter().copied())?;
        if planted(Bug::DiskBeforeCommit) {
            std::mem::replace(&mut changes, shared.store.changes()).write()?;
        }
        // From here on a failure must bring a new pipeline, as it does: the lookups count their changes as committed.
        for chats in self.pipeline.chats.values_mut() {
            chats.index.commit(&mut changes);
        }
        for (task, offset) in reached {
            note_reached(&mut changes, task, offset);
        }
        {
            let _waits = shared.desk(self.number).pulse.waits(&shared.clocks);
            self.member.commit(&positions)?;
        }
        self.pipeline.chats.values_mut().for_each(|task| task.table.committed());
        self.pipeline.customers.values_mut().for_each(|task| task.table.committed());
        self.pipeline.managers.values_mut().for_each(|task| task.table.committed());
        self.claimant.write(running, || changes.write())?;
        for position in positions {
            self.remember(position);
        }
        self.unreached = if is_due { rows } else { self.unreached + rows };
        self.settled = 0;
        self.commit_took = shared.clocks.elapsed().saturating_sub(self.last_commit);
        let tally = std::mem::take(&mut self.tally);
        shared.figures.committed(&tally, self.commit_took);
        tracing::debug!(folded = tally.folded_in_all(), rows, "committed");
        Ok(true)
    }

    /// Sends what has to be stored to the changelogs and puts it into `changes`; how many rows each task had. The digest that
    /// comes of them goes into its note.
    fn send_changed(&mut self, changes: &mut Changes<'_>) -> anyhow::Result<BTreeMap<TaskId, usize>> {
        let shared = self.shared.clone();
        let (topology, member, running) = (&shared.topology, &mut self.member, &mut self.tasks.running);
        let mut changed = BTreeMap::new();
        let mut send = |id: TaskId, table: &mut dyn Stored| {
            let to = topology.changelog(id.0, id.1);
            let mut rows = 0;
            table.changed(&mut |key, row| {
                rows += 1;
                changes.put_row(id.0.family(), id.1, key, row);
                let (topic, partition) = (&*to.topic, to.partition);
                let (key, value, headers) = (Some(key), Some(row), &[][..]);
                Ok(member.send(Outgoing { topic, partition, key, value, headers, timestamp: None })?)
            })?;
            if rows > 0 {
                changed.insert(id, rows);
            }
            if let Some(task) = running.get_mut(&id) {
                task.note.digest = Some(table.digest());
            }
            anyhow::Ok(())
        };
        for (partition, task) in &mut self.pipeline.chats {
            send((Stage::Chats, *partition), &mut task.table)?;
        }
        for (partition, task) in &mut self.pipeline.customers {
            send((Stage::Customers, *partition), &mut task.table)?;
        }
        for (partition, task) in &mut self.pipeline.managers {
            send((Stage::Managers, *partition), &mut task.table)?;
        }
        Ok(changed)
    }

    /// The tasks whose rows changed or whose positions moved since they were committed. A note alone (the clock
    /// moved, nothing else) is worth a commit only with other rows or `all`: it is found again by itself.
    fn moved(&mut self, changed: &BTreeMap<TaskId, usize>, all: bool) -> Vec<(TaskId, Vec<Position>)> {
        let with_notes = all || !changed.is_empty();
        let depth = self.pipeline.take_depth();
        let mut moved = Vec::new();
        for (&(stage, partition), task) in &mut self.tasks.running {
            task.note.depth = task.note.depth.max(depth);
            let inputs = self.shared.topology.inputs(stage, partition);
            let at = |input| self.parked.get(input).copied().or_else(|| self.member.position(input));
            let next: Vec<Option<Offset>> = inputs.iter().map(at).collect();
            let note = task.note.encode();
            let note_moved = with_notes && note != task.committed_note;
            if next == task.committed && !note_moved && !changed.contains_key(&(stage, partition)) {
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
    fn surely_reached(&mut self) -> Result<Vec<(TaskId, Offset)>, Failure> {
        self.last_reached = self.shared.clocks.elapsed();
        let tasks: Vec<TaskId> = self.tasks.running.keys().copied().collect();
        let changelogs: Vec<TopicPartition> = tasks
            .iter()
            .map(|(stage, partition)| self.shared.topology.changelog(*stage, *partition))
            .collect();
        let _waits = self.desk().pulse.waits(&self.shared.clocks);
        let ends = self.shared.log.ends(&changelogs)?;
        Ok(tasks.into_iter().zip(ends).collect())
    }
}

/// A table, of whatever rows.
trait Stored {
    fn changed(&mut self, tell: Tell<'_>) -> anyhow::Result<()>;
    fn digest(&self) -> Digest;
}

/// Is told a key and what has to be stored under it.
type Tell<'a> = &'a mut dyn FnMut(&[u8], &[u8]) -> anyhow::Result<()>;

impl<R: TableRow> Stored for Table<R> {
    fn changed(&mut self, tell: Tell<'_>) -> anyhow::Result<()> {
        Table::changed(self, tell)
    }
    fn digest(&self) -> Digest {
        Table::digest(self)
    }
}

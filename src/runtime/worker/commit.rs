//! The commit: what it takes is put together here, of what was folded so far. [`Carrier`] carries it out.

use super::delivery::Carrier;
use super::*;
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
    /// Commits everything that was folded, before anything else is.
    pub(super) fn commit(&mut self, all: bool) -> Result<(), Failure> {
        self.deliver()?;
        self.prepare(all)?;
        self.deliver()
    }

    /// Puts a commit together, unless there is nothing to commit. It is to be delivered before the next one.
    pub(super) fn prepare(&mut self, all: bool) -> Result<(), Failure> {
        assert!(self.ending.is_none(), "the commit before has been delivered");
        match self.put_together(all) {
            Ok(Some(ending)) => self.ending = Some(ending),
            Ok(None) => self.tell_of_commit(&Ok(false)),
            Err(failure) => {
                let outcome = Err(failure);
                self.tell_of_commit(&outcome);
                outcome?;
            }
        }
        Ok(())
    }

    fn put_together(&mut self, all: bool) -> Result<Option<Ending>, Failure> {
        let shared = self.shared.clone();
        let began = shared.clocks.elapsed();
        self.last_commit = began;
        self.folding.settled = 0;
        let now = Timestamp(shared.clocks.wall());
        {
            let (pipeline, mut out) = self.folding.outbox();
            pipeline.flush(now, &mut out)?;
        }
        // What was written needs a commit, even if no position moved: a bad goal change comes from none of them.
        let wrote = self.folding.tally.written > 0;
        let mut changes = shared.store.changes();
        // From here on a failure must bring a new pipeline, as it does: tables and lookups count their changes as committed.
        let changed = self.take_changed(&mut changes)?;
        let rows: usize = changed.values().sum();
        self.folding.tally.written += rows as u64;
        // A task whose rows changed commits its positions with them, moved or not: they are what fences it.
        let moved = self.moved(&changed, all || wrote);
        if rows == 0 && moved.is_empty() && !wrote {
            return Ok(None);
        }
        for chats in self.folding.pipeline.chats.values_mut() {
            chats.commit_lookups(&mut changes);
        }
        let is_time = began >= self.last_reached + REACHED_EVERY;
        let notes_reached = all || is_time || self.unreached >= UNREACHED_MAX;
        if notes_reached {
            self.last_reached = began;
        }
        let positions: Vec<Position> = moved.into_iter().flat_map(|(_, positions)| positions).collect();
        let running: Vec<TaskId> = self.folding.tasks.running.keys().copied().collect();
        let tally = std::mem::take(&mut self.folding.tally);
        let changes = changes.seal();
        let took = shared.clocks.elapsed().saturating_sub(began);
        Ok(Some(Ending { positions, changes, running, notes_reached, rows, tally, took }))
    }

    /// Delivers what there is to deliver, and waits for it.
    pub(super) fn deliver(&mut self) -> Result<(), Failure> {
        let Some(mut delivery) = self.take_delivery() else { return Ok(()) };
        let outcome = self.halves().1.deliver(&mut delivery);
        self.delivered(delivery, outcome)
    }

    /// What is to go out by now.
    pub(super) fn take_delivery(&mut self) -> Option<Delivery> {
        if self.folding.unsent.is_empty() && self.ending.is_none() {
            return None;
        }
        let spare = std::mem::take(&mut self.spare);
        let unsent = std::mem::replace(&mut self.folding.unsent, spare);
        Some(Delivery { unsent, ending: self.ending.take() })
    }

    /// What folds, and what can deliver meanwhile.
    pub(super) fn halves(&mut self) -> (&mut Folding, Carrier<'_, L>) {
        let (shared, number, claimant) = (&*self.shared, self.number, &self.claimant);
        (&mut self.folding, Carrier { shared, number, claimant, member: &mut self.member })
    }

    /// Takes up what came of a delivery.
    pub(super) fn delivered(
        &mut self,
        delivery: Delivery,
        outcome: Result<(), Failure>,
    ) -> Result<(), Failure> {
        let Delivery { unsent, ending } = delivery;
        self.spare = unsent;
        self.spare.clear();
        let Some(ending) = ending else { return outcome };
        let outcome = outcome.map(|()| true);
        self.tell_of_commit(&outcome);
        outcome?;
        let Pipeline { chats, customers, managers, .. } = &mut self.folding.pipeline;
        for task in chats.values_mut() {
            task.table.committed();
            task.index.written();
        }
        customers.values_mut().for_each(|task| task.table.committed());
        managers.values_mut().for_each(|task| task.table.committed());
        for position in ending.positions {
            self.remember(position);
        }
        self.unreached = if ending.notes_reached { ending.rows } else { self.unreached + ending.rows };
        self.commit_took = ending.took;
        self.shared.figures.committed(&ending.tally, self.commit_took);
        tracing::debug!(folded = ending.tally.folded_in_all(), rows = ending.rows, "committed");
        Ok(())
    }

    /// Puts what has to be stored into `changes`; how many rows each task had. The digest that comes of them goes into its
    /// note.
    fn take_changed(&mut self, changes: &mut Changes<'_>) -> anyhow::Result<BTreeMap<TaskId, usize>> {
        let Folding { pipeline, tasks, .. } = &mut self.folding;
        let mut changed = BTreeMap::new();
        let mut take = |id: TaskId, table: &mut dyn Stored| {
            let mut rows = 0;
            table.changed(&mut |key, row| {
                rows += 1;
                changes.put_row(id.0.family(), id.1, key, row);
                Ok(())
            })?;
            if rows > 0 {
                changed.insert(id, rows);
            }
            if let Some(task) = tasks.running.get_mut(&id) {
                task.note.digest = Some(table.digest());
            }
            anyhow::Ok(())
        };
        for (partition, task) in &mut pipeline.chats {
            take((Stage::Chats, *partition), &mut task.table)?;
        }
        for (partition, task) in &mut pipeline.customers {
            take((Stage::Customers, *partition), &mut task.table)?;
        }
        for (partition, task) in &mut pipeline.managers {
            take((Stage::Managers, *partition), &mut task.table)?;
        }
        Ok(changed)
    }

    /// The tasks whose rows changed or whose positions moved since they were committed. A note alone (the clock
    /// moved, nothing else) is worth a commit only with other rows or `all`: it is found again by itself.
    fn moved(&mut self, changed: &BTreeMap<TaskId, usize>, all: bool) -> Vec<(TaskId, Vec<Position>)> {
        let with_notes = all || !changed.is_empty();
        let depth = self.folding.pipeline.take_depth();
        let mut moved = Vec::new();
        for (&(stage, partition), task) in &mut self.folding.tasks.running {
            task.note.depth = task.note.depth.max(depth);
            let inputs = self.shared.topology.inputs(stage, partition);
            let at = |input| self.folding.parked.get(input).copied().or_else(|| self.member.position(input));
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
        let Some(task) = self.folding.tasks.running.get_mut(&id) else { return };
        let inputs = topology.inputs(id.0, id.1);
        let Some(index) = inputs.iter().position(|input| *input == position.of) else { return };
        task.committed[index] = position.next;
        if index == inputs.len() - 1 {
            task.committed_note = position.note;
        }
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

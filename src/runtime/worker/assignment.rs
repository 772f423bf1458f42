//! Partitions that come and go: a worker restores what it gets, commits before it gives something up, and goes back to
//! the last commit when one failed. It folds nothing.

use super::*;
use crate::state::digest::Digest;

impl<L: Log> Worker<L> {
    pub(super) fn assigned(&mut self, partitions: Vec<TopicPartition>) -> Result<(), Failure> {
        tracing::info!(partitions = %listed(&partitions), "assigned");
        let tasks = self.folding.tasks.assign(partitions, &self.shared.topology);
        self.report();
        self.begin(&tasks)
    }

    /// Begins to restore tasks whose inputs are all here.
    fn begin(&mut self, tasks: &[TaskId]) -> Result<(), Failure> {
        // First the positions: they wait for what an earlier owner still has open, and the changelog is read after.
        let inputs: Vec<TopicPartition> =
            tasks.iter().flat_map(|(stage, p)| self.shared.topology.inputs(*stage, *p)).collect();
        let shared = self.shared.clone();
        let _waits = shared.desk(self.number).pulse.waits(&shared.clocks);
        let positions = self.member.committed(&inputs)?;
        self.folding.tasks.noted(positions, &shared.topology);
        self.restorer.begin(tasks)?;
        self.reported = None;
        Ok(())
    }

    /// Restores for a moment, and lets those tasks run that are done.
    pub(super) fn restore(&mut self) -> Result<(), Failure> {
        if !self.restorer.is_idle() {
            // With nothing else to do there is time to wait for the changelog.
            let timeout = Duration::from_millis(if self.folding.tasks.running.is_empty() { 20 } else { 2 });
            let restored = self.restorer.step(self.shared.clocks.at_most(timeout))?;
            self.restored.extend(restored);
        }
        for task in std::mem::take(&mut self.restored) {
            if !self.start(task)? {
                self.restored.push(task);
            }
        }
        Ok(())
    }

    /// Lets a restored task run from the group's committed positions. False: it has to wait for goal changes that an
    /// earlier owner has shown to its chats.
    fn start(&mut self, (stage, partition): TaskId) -> Result<bool, Failure> {
        let shared = self.shared.clone();
        let inputs = shared.topology.inputs(stage, partition);
        let positions = {
            let _waits = shared.desk(self.number).pulse.waits(&shared.clocks);
            self.member.committed(&inputs)?
        };
        let noted = positions.last().map(|position| position.note.clone()).unwrap_or_default();
        let is_new = positions.iter().all(|position| position.next.is_none());
        let mut note = Note::decode(&noted);
        note.held |= is_new && self.folding.held.handover.is_some();
        if let Some(generation) = note.handed_to {
            let group = &shared.topology.group;
            let reason =
                format!("generation {generation} has taken over from {group}; set `group.generation` to it");
            return Err(Failure::Fatal(anyhow::anyhow!(reason)));
        }
        let known = shared.goals.known.read().expect("no reader panics");
        if !known.reaches(&note.goals) {
            return Ok(false);
        }
        if note.held && self.folding.held.handover.is_none() {
            let group = &shared.topology.group;
            let reason = format!("{group} is a rebuild that has not been promoted; start it anew");
            return Err(Failure::Fatal(anyhow::anyhow!(reason)));
        }
        let (store, rows_max) = (Some(shared.store.clone()), shared.rows_max[stage as usize]);
        match stage {
            Stage::Chats => {
                self.folding.pipeline.assign_chats(partition, store, rows_max);
                let chats = self.folding.pipeline.chats.get_mut(&partition).expect("it was just assigned");
                let clock = if planted(Bug::ClockForgotten) { Timestamp::MIN } else { note.clock };
                let swept = if planted(Bug::SweepForgotten) { note.clock } else { note.swept };
                chats.resume(clock, swept, &known.settings);
            }
            Stage::Customers => self.folding.pipeline.assign_customers(partition, store, rows_max),
            Stage::Managers => self.folding.pipeline.assign_managers(partition, store, rows_max),
        }
        drop(known);
        // An older binary noted none: the rows on disk, just restored, are those of this position.
        let digest = match note.digest {
            _ if planted(Bug::DigestForgotten) => Digest::EMPTY,
            Some(digest) => digest,
            None => digest_of(&shared.store, stage.family(), partition)?,
        };
        match stage {
            Stage::Chats => {
                self.folding.pipeline.chats.get_mut(&partition).map(|task| task.table.go_on_from(digest))
            }
            Stage::Customers => {
                self.folding.pipeline.customers.get_mut(&partition).map(|task| task.table.go_on_from(digest))
            }
            Stage::Managers => {
                self.folding.pipeline.managers.get_mut(&partition).map(|task| task.table.go_on_from(digest))
            }
        };
        for position in &positions {
            self.member.start(&position.of, position.next)?;
        }
        if note.held {
            self.folding.held.hold((stage, partition));
        }
        let committed = positions.iter().map(|position| position.next).collect();
        let newest = [None; 2];
        let task = Task { committed, committed_note: noted, note, newest, goals_told: 0, goals_shown: 0 };
        self.folding.tasks.running.insert((stage, partition), task);
        Ok(true)
    }

    /// Commits before the partitions go, so that none is left in an open transaction.
    pub(super) fn revoked(&mut self, partitions: &[TopicPartition]) -> Result<(), Failure> {
        tracing::info!(partitions = %listed(partitions), "revoked");
        if !planted(Bug::RevokedWithoutCommit) {
            match self.commit(true) {
                Err(Failure::Back(error)) => self.go_back(error)?,
                other => other?,
            }
        }
        self.let_go(partitions)
    }

    pub(super) fn lost(&mut self, partitions: &[TopicPartition]) -> Result<(), Failure> {
        tracing::warn!(partitions = %listed(partitions), "lost");
        self.let_go(partitions)?;
        if planted(Bug::LostWithoutGoingBack) {
            return Ok(());
        }
        // What was folded for them is in the open transaction, together with everything else.
        self.go_back(LogError::Refused("partitions were lost".to_owned()))
    }

    fn let_go(&mut self, partitions: &[TopicPartition]) -> Result<(), Failure> {
        let tasks = self.folding.tasks.revoke(partitions, &self.shared.topology);
        self.restored.retain(|task| !tasks.contains(task));
        for (stage, partition) in &tasks {
            self.forget_takeover((*stage, *partition));
            match stage {
                Stage::Chats => drop(self.folding.pipeline.chats.remove(partition)),
                Stage::Customers => drop(self.folding.pipeline.customers.remove(partition)),
                Stage::Managers => drop(self.folding.pipeline.managers.remove(partition)),
            }
        }
        self.reported = None;
        Ok(self.restorer.forget(tasks)?)
    }

    /// One partition cannot go on; the others can.
    pub(super) fn stopped(&mut self, partition: &TopicPartition, reason: String) -> Result<(), Failure> {
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
            if input != *partition && self.folding.tasks.running.contains_key(&task) {
                self.member.pause(&input)?;
            }
        }
        self.folding.tasks.set_aside(task, &self.shared.topology);
        self.forget_takeover(task);
        self.restored.retain(|restored| *restored != task);
        match task.0 {
            Stage::Chats => drop(self.folding.pipeline.chats.remove(&task.1)),
            Stage::Customers => drop(self.folding.pipeline.customers.remove(&task.1)),
            Stage::Managers => drop(self.folding.pipeline.managers.remove(&task.1)),
        }
        self.folding.tasks.stopped.insert(task, reason);
        self.reported = None;
        Ok(())
    }

    /// Back to the last commit: everything in memory goes, and what the disk may lack is read from the changelog.
    pub(super) fn go_back(&mut self, error: LogError) -> Result<(), Failure> {
        tracing::warn!(%error, "going back to the last commit");
        let shared = self.shared.clone();
        shared.figures.rollbacks.fetch_add(1, Ordering::Relaxed);
        self.reported = None;
        self.ending = None;
        // It is delivered again. A change of the assignment is told only once: it stays.
        self.fetched.batches.clear();
        self.restored.clear();
        let running: Vec<TaskId> = self.folding.tasks.running.keys().copied().collect();
        for task in running {
            for input in self.shared.topology.inputs(task.0, task.1) {
                self.member.pause(&input)?;
            }
            self.folding.tasks.set_aside(task, &self.shared.topology);
        }
        self.report();
        {
            let _waits = shared.desk(self.number).pulse.waits(&shared.clocks);
            match error {
                LogError::Unclear(_) if !planted(Bug::ProducerGoesOn) => self.member.recover()?,
                _ => self.member.abort().or_else(|_| self.member.recover())?,
            }
        }
        self.folding.forget();
        self.tickets.clear();
        let tasks = self.folding.tasks.complete(&self.shared.topology);
        self.restorer.forget(tasks.iter().copied())?;
        self.begin(&tasks)
    }
}

fn listed(partitions: &[TopicPartition]) -> String {
    let sorted: BTreeSet<String> = partitions.iter().map(TopicPartition::to_string).collect();
    sorted.into_iter().collect::<Vec<_>>().join(" ")
}

//! The partitions of stages that a worker has: which are being restored, which are running, and their positions.

use super::note::Note;
use super::topology::{Stage, Topology};
use crate::log::{Offset, Position, TopicPartition};
use std::collections::{BTreeMap, BTreeSet};

/// One partition of one stage.
pub type TaskId = (Stage, i32);

/// A task that is running.
pub struct Task {
    /// What was committed last: the next offset for each of its inputs, and the note on the inbox.
    pub committed: Vec<Option<Offset>>,
    pub committed_note: String,
    pub note: Note,
    /// The log timestamp of the last record that was read of each input, in milliseconds since the epoch.
    pub newest: [Option<i64>; 2],
    /// How many entries of the goal changes it has been told of.
    pub goals_told: usize,
    /// How many of those its chats have seen.
    pub goals_shown: usize,
}

/// What the group gave this worker.
#[derive(Default)]
pub struct Tasks {
    /// Partitions that were assigned; a task needs all of its inputs.
    assigned: BTreeSet<TopicPartition>,
    /// Tasks that do not run: stopped with an error, to be tried again after the next assignment.
    pub stopped: BTreeMap<TaskId, String>,
    pub running: BTreeMap<TaskId, Task>,
    /// Where the inputs of tasks that do not run stood when that was last looked at.
    pub seen: BTreeMap<TaskId, Vec<Position>>,
}

impl Tasks {
    /// Takes partitions; returns the tasks that have all of their inputs now.
    pub fn assign(&mut self, partitions: Vec<TopicPartition>, topology: &Topology) -> Vec<TaskId> {
        let touched: BTreeSet<TaskId> = tasks_of(&partitions, topology);
        self.assigned.extend(partitions);
        touched
            .into_iter()
            .filter(|(stage, partition)| {
                topology.inputs(*stage, *partition).iter().all(|input| self.assigned.contains(input))
            })
            .collect()
    }

    /// Gives partitions up; returns the tasks that lose an input.
    pub fn revoke(&mut self, partitions: &[TopicPartition], topology: &Topology) -> BTreeSet<TaskId> {
        for partition in partitions {
            self.assigned.remove(partition);
        }
        let lost = tasks_of(partitions, topology);
        for task in &lost {
            self.running.remove(task);
            self.stopped.remove(task);
            self.seen.remove(task);
        }
        lost
    }

    /// The tasks that have any of their inputs.
    pub fn all(&self, topology: &Topology) -> BTreeSet<TaskId> {
        let assigned: Vec<TopicPartition> = self.assigned.iter().cloned().collect();
        tasks_of(&assigned, topology)
    }

    /// Where the inputs of tasks stand that are about to run.
    pub fn noted(&mut self, positions: Vec<Position>, topology: &Topology) {
        for position in positions {
            let Some(source) = topology.source(&position.of.topic) else { continue };
            let seen = self.seen.entry((source.stage(), position.of.partition)).or_default();
            seen.retain(|known| known.of != position.of);
            seen.push(position);
        }
    }

    /// Takes a task out of those that run; where it stood is kept.
    pub fn set_aside(&mut self, id: TaskId, topology: &Topology) {
        let Some(task) = self.running.remove(&id) else { return };
        let notes = [String::new(), task.committed_note];
        let inputs = topology.inputs(id.0, id.1);
        let notes = notes.into_iter().skip(2 - inputs.len());
        let positions = inputs.into_iter().zip(task.committed).zip(notes);
        let positions = positions.map(|((of, next), note)| Position { of, next, note }).collect();
        self.seen.insert(id, positions);
    }

    /// The tasks that have all of their inputs and are not stopped.
    pub fn complete(&self, topology: &Topology) -> Vec<TaskId> {
        let all: Vec<TopicPartition> = self.assigned.iter().cloned().collect();
        tasks_of(&all, topology)
            .into_iter()
            .filter(|id| !self.stopped.contains_key(id))
            .filter(|(stage, p)| {
                topology.inputs(*stage, *p).iter().all(|input| self.assigned.contains(input))
            })
            .collect()
    }
}

fn tasks_of(partitions: &[TopicPartition], topology: &Topology) -> BTreeSet<TaskId> {
    partitions.iter().filter_map(|of| Some((topology.source(&of.topic)?.stage(), of.partition))).collect()
}

//! What a worker says of its tasks now and then, and what was last found to lie before them.

use crate::domain::time::{Millis, Timestamp};
use crate::log::{Offset, TopicPartition};
use crate::runtime::tasks::TaskId;
use crate::runtime::topology::Stage;
use std::time::Duration;

/// What a worker was at when it last reported.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Since when it has been in the group without any task, by the steady clock; `None`: it has some, or is not in the group.
    pub idle_since: Option<Duration>,
    pub tasks: Vec<TaskReport>,
    /// Decoded rows in memory, by [`Stage`].
    pub rows: [usize; 3],
}

/// One task of a worker.
#[derive(Clone, Debug)]
pub struct TaskReport {
    pub id: TaskId,
    pub state: TaskState,
    pub inputs: Vec<InputReport>,
    /// Of the chats stage: where its clock stands, or stood when it was last committed.
    pub clock: Option<Timestamp>,
    /// Of the chats stage: no deadline passes before this; `None` where there is none or none is known.
    pub deadline: Option<Timestamp>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TaskState {
    Running,
    /// It lacks so many offsets of its changelog, some of which may hold no row any more.
    Restoring(u64),
    /// It is restored and waits for goal changes that were shown to its chats, or has not all of its inputs yet.
    Waiting,
    /// It cannot go on, for this reason.
    Stopped(String),
}

impl TaskState {
    /// As labels and sentences have it.
    pub const NAMES: [&str; 4] = ["running", "restoring", "waiting", "stopped"];

    pub fn name(&self) -> &'static str {
        match self {
            TaskState::Running => "running",
            TaskState::Restoring(_) => "restoring",
            TaskState::Waiting => "waiting",
            TaskState::Stopped(_) => "stopped",
        }
    }
}

/// One input of a task.
#[derive(Clone, Debug)]
pub struct InputReport {
    pub of: TopicPartition,
    /// `None`: nothing of it was ever committed.
    pub committed: Option<Offset>,
    /// The log timestamp of the last record that was read of it.
    pub newest: Option<Timestamp>,
}

/// What lay before the tasks of a process at some moment.
#[derive(Clone, Debug, Default)]
pub struct Survey {
    /// By the steady clock; `None`: nobody has looked yet.
    pub at: Option<Duration>,
    pub lags: Vec<Lag>,
    pub overdue: Vec<Overdue>,
}

/// How far one input is behind its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lag {
    pub stage: Stage,
    pub of: TopicPartition,
    /// Offsets that are not committed; some hold no record but the end of a transaction.
    pub records: u64,
    /// How long the first of them has been in the log, at most.
    pub time: Millis,
}

/// Deadlines of a chats partition that have passed by the wall clock less the allowance, and that its clock has not
/// come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Overdue {
    pub partition: i32,
    /// At most [`Overdue::MAX`]: nobody counts more.
    pub deadlines: u64,
    /// For how long the first of them has been overdue.
    pub time: Millis,
}

impl Overdue {
    pub const MAX: usize = 100_000;
}

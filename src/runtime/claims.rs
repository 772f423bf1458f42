//! Which worker of this process may write a task's rows to the disk that they share: the one that began to restore it
//! last. A worker that the group has thrown out may not know yet, and must not write over the rows of the next one.
//!
//! It knows nothing of the group: that only decides whose transactions succeed.

use super::tasks::TaskId;
use crate::log::LogError;
use std::collections::HashMap;
use std::sync::{Arc, Mutex};

/// Shared by the workers of a process: for each task the number of its holder.
#[derive(Default)]
pub struct Claims {
    holders: Mutex<HashMap<TaskId, usize>>,
}

/// What one worker claims.
#[derive(Clone)]
pub struct Claimant {
    pub claims: Arc<Claims>,
    /// The number of the worker.
    pub worker: usize,
}

impl Claimant {
    /// Takes tasks, whoever had them. Those find out by [`Self::check`], and begin again if the tasks are still theirs.
    pub fn take(&self, tasks: &[TaskId]) {
        let mut holders = self.claims.holders.lock().expect("nobody panics in here");
        holders.extend(tasks.iter().map(|task| (*task, self.worker)));
    }

    /// Whether what was read of these tasks was written by this worker or before it took them.
    pub fn check(&self, tasks: impl IntoIterator<Item = TaskId>) -> Result<(), LogError> {
        self.write(tasks, || Ok::<_, LogError>(()))
    }

    /// Writes if all of these tasks are this worker's; nobody takes one of them meanwhile. Otherwise it has to go back.
    pub fn write<E: From<LogError>>(
        &self,
        tasks: impl IntoIterator<Item = TaskId>,
        write: impl FnOnce() -> Result<(), E>,
    ) -> Result<(), E> {
        let holders = self.claims.holders.lock().expect("nobody panics in here");
        match tasks.into_iter().find(|task| holders.get(task) != Some(&self.worker)) {
            None => write(),
            Some(task) => {
                Err(LogError::Refused(format!("another worker has begun to restore {task:?}")).into())
            }
        }
    }
}

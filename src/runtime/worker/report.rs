//! What a worker tells of itself: how its commits end, and now and then what its tasks are at. It changes nothing.

use super::*;
use crate::runtime::figures::Outcome;
use crate::runtime::figures::report::{InputReport, Report, TaskReport, TaskState};
use crate::state::table::{Table, TableRow};

/// Between two reports, when nothing happens that is told at once.
const EVERY: Duration = Duration::from_millis(500);

impl<L: Log> Worker<L> {
    pub(super) fn desk(&self) -> &Desk {
        self.shared.desk(self.number)
    }

    /// What came of a commit; `Ok(false)`: there was nothing to commit.
    pub(super) fn tell_of_commit(&mut self, outcome: &Result<bool, Failure>) {
        let now = self.shared.clocks.elapsed();
        let (outcome, why) = match outcome {
            Ok(true) => return self.desk().succeeds(),
            Ok(false) => return self.desk().has_nothing_to_commit(now),
            Err(Failure::Back(error @ LogError::Refused(_))) => (Outcome::Refused, error.to_string()),
            Err(Failure::Back(error)) => (Outcome::Unclear, error.to_string()),
            Err(Failure::Rejoin(error)) => (Outcome::Failed, error.to_string()),
            Err(Failure::Fatal(error)) => (Outcome::Failed, format!("{error:#}")),
        };
        self.shared.figures.count(outcome);
        self.desk().fails(now, why);
        self.reported = None;
    }

    /// Reports if something happened that should be known at once, or if the last report is old.
    pub(super) fn report_now_and_then(&mut self) {
        let now = self.shared.clocks.elapsed();
        if self.reported.is_none_or(|at| now >= at + EVERY) {
            self.report();
        }
    }

    /// Reports at once: before it waits for the brokers, or now and then.
    pub(super) fn report(&mut self) {
        let now = self.shared.clocks.elapsed();
        self.reported = Some(now);
        let tasks = self.folding.tasks.all(&self.shared.topology).into_iter();
        let tasks: Vec<TaskReport> = tasks.map(|id| self.task(id)).collect();
        self.idle_since = tasks.is_empty().then(|| self.idle_since.unwrap_or(now));
        let rows = self.count_rows();
        self.desk().reported(Report { idle_since: self.idle_since, tasks, rows });
    }

    fn task(&self, id: TaskId) -> TaskReport {
        let state = if let Some(reason) = self.folding.tasks.stopped.get(&id) {
            TaskState::Stopped(reason.clone())
        } else if self.folding.tasks.running.contains_key(&id) {
            TaskState::Running
        } else {
            self.restorer.left(id).map_or(TaskState::Waiting, TaskState::Restoring)
        };
        let topology = &self.shared.topology;
        let (inputs, note) = match self.folding.tasks.running.get(&id) {
            Some(task) => {
                let inputs = topology.inputs(id.0, id.1).into_iter();
                let known = task.committed.iter().zip(task.newest);
                let inputs = inputs.zip(known).map(|(of, (committed, newest))| InputReport {
                    of,
                    committed: *committed,
                    newest: newest.map(Timestamp),
                });
                (inputs.collect(), task.note.clone())
            }
            None => {
                let seen = self.folding.tasks.seen.get(&id).map(Vec::as_slice).unwrap_or_default();
                let inputs = seen.iter().map(|position| InputReport {
                    of: position.of.clone(),
                    committed: position.next,
                    newest: None,
                });
                let note = seen.last().map(|position| Note::decode(&position.note)).unwrap_or_default();
                (inputs.collect(), note)
            }
        };
        let clock = Some(note.clock).filter(|clock| id.0 == Stage::Chats && *clock > Timestamp::MIN);
        TaskReport { id, state, inputs, clock, deadline: note.deadline }
    }

    /// The rows in memory, by stage; what was looked for among them since is added up.
    fn count_rows(&mut self) -> [usize; 3] {
        let Pipeline { chats, customers, managers, .. } = &mut self.folding.pipeline;
        let figures = &self.shared.figures;
        [
            count(figures, Stage::Chats, chats.values_mut().map(|task| &mut task.table)),
            count(figures, Stage::Customers, customers.values_mut().map(|task| &mut task.table)),
            count(figures, Stage::Managers, managers.values_mut().map(|task| &mut task.table)),
        ]
    }
}

fn count<'a, R: TableRow + 'a>(
    figures: &Figures,
    stage: Stage,
    tables: impl Iterator<Item = &'a mut Table<R>>,
) -> usize {
    let mut rows = 0;
    for table in tables {
        let uses = table.take_uses();
        figures.cache_hits[stage as usize].fetch_add(uses.hits, Ordering::Relaxed);
        figures.cache_misses[stage as usize].fetch_add(uses.misses, Ordering::Relaxed);
        rows += table.rows_in_memory();
    }
    rows
}

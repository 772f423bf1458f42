//! What the runtime tells of itself: plain numbers that its threads set with each commit or now and then, and that
//! whoever wants to know reads. Nothing of it reaches a result, and nothing here waits or asks.
//!
//! [`Figures`] of a process, with a [`Desk`] for each worker; [`pulse`] and [`histogram`] are what they are made of,
//! [`report`] is what a worker says of its tasks.

pub mod histogram;
pub mod pulse;
pub mod report;

use super::topology::Stage;
use histogram::Histogram;
use pulse::Pulse;
use report::{Report, Survey};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How commits may end, in the order of [`Figures::commits`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Committed,
    /// Nothing of it took effect.
    Refused,
    /// It was not known whether it took effect.
    Unclear,
    /// The worker could not go on as that member.
    Failed,
}

impl Outcome {
    pub const ALL: [Outcome; 4] = [Outcome::Committed, Outcome::Refused, Outcome::Unclear, Outcome::Failed];
}

/// An input topic that people write, in the order of [`Figures::bad`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input {
    ChatEvents,
    CustomerEvents,
    GoalChanges,
}

impl Input {
    pub const ALL: [Input; 3] = [Input::ChatEvents, Input::CustomerEvents, Input::GoalChanges];
}

/// What a process has done so far. Counts of records are those of committed transactions.
pub struct Figures {
    /// Records folded, by [`Stage`].
    pub folded: [AtomicU64; 3],
    /// Records written to all topics, changelogs and inboxes among them.
    pub written: AtomicU64,
    pub dead_letters: AtomicU64,
    /// Bad records, by [`Input`].
    pub bad: [AtomicU64; 3],
    /// By [`Outcome`].
    pub commits: [AtomicU64; 4],
    /// Of those that succeeded, from their begin to what is on disk.
    pub commit_seconds: Histogram,
    /// Records folded in each that succeeded.
    pub commit_records: Histogram,
    /// How often a worker went back to its last commit.
    pub rollbacks: AtomicU64,
    /// How often a worker had to join the group anew.
    pub rejoins: AtomicU64,
    /// Rows looked for and found in memory, by [`Stage`].
    pub cache_hits: [AtomicU64; 3],
    /// Rows looked for on disk, whether they were there or not, by [`Stage`].
    pub cache_misses: [AtomicU64; 3],
    pub goals_pulse: Pulse,
    pub clock_pulse: Pulse,
    /// For each worker.
    pub desks: Vec<Desk>,
    survey: Mutex<Arc<Survey>>,
}

/// In seconds: a commit takes some milliseconds, and one that waits for its brokers some seconds.
const COMMIT_SECONDS: [f64; 12] = [0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0];
const COMMIT_RECORDS: [f64; 7] = [0.0, 1.0, 10.0, 100.0, 1_000.0, 10_000.0, 100_000.0];

impl Figures {
    pub fn new(workers: usize) -> Self {
        let zeros = || [const { AtomicU64::new(0) }; 3];
        Self {
            folded: zeros(),
            written: AtomicU64::new(0),
            dead_letters: AtomicU64::new(0),
            bad: zeros(),
            commits: [const { AtomicU64::new(0) }; 4],
            commit_seconds: Histogram::new(&COMMIT_SECONDS),
            commit_records: Histogram::new(&COMMIT_RECORDS),
            rollbacks: AtomicU64::new(0),
            rejoins: AtomicU64::new(0),
            cache_hits: zeros(),
            cache_misses: zeros(),
            goals_pulse: Pulse::default(),
            clock_pulse: Pulse::default(),
            desks: (0..workers).map(|_| Desk::default()).collect(),
            survey: Mutex::default(),
        }
    }

    /// A commit of this succeeded.
    pub fn committed(&self, tally: &Tally, took: Duration) {
        let add = |to: &AtomicU64, count: u64| {
            to.fetch_add(count, Ordering::Relaxed);
        };
        self.folded.iter().zip(tally.folded).for_each(|(to, count)| add(to, count));
        self.bad.iter().zip(tally.bad).for_each(|(to, count)| add(to, count));
        add(&self.written, tally.written);
        add(&self.dead_letters, tally.dead_letters);
        self.count(Outcome::Committed);
        self.commit_seconds.observe(took.as_secs_f64());
        self.commit_records.observe(tally.folded_in_all() as f64);
    }

    pub fn count(&self, outcome: Outcome) {
        self.commits[outcome as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// What lay before the tasks when it was last looked at.
    pub fn survey(&self) -> Arc<Survey> {
        lock(&self.survey).clone()
    }

    pub fn surveyed(&self, survey: Survey) {
        *lock(&self.survey) = Arc::new(survey);
    }
}

/// What an open transaction has done so far.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    folded: [u64; 3],
    pub written: u64,
    dead_letters: u64,
    bad: [u64; 3],
}

impl Tally {
    pub fn fold(&mut self, stage: Stage) {
        self.folded[stage as usize] += 1;
    }

    /// In all stages.
    pub fn folded_in_all(&self) -> u64 {
        self.folded.iter().sum()
    }

    /// A bad record of this input was written to the dead letters.
    pub fn dead_letter(&mut self, input: Input) {
        self.dead_letters += 1;
        self.bad[input as usize] += 1;
    }
}

/// What one worker tells of itself.
#[derive(Default)]
pub struct Desk {
    pub pulse: Pulse,
    report: Mutex<Arc<Report>>,
    failing: Mutex<Option<Failing>>,
}

/// The last commit of a worker did not succeed.
#[derive(Clone, Debug)]
pub struct Failing {
    /// By the steady clock.
    pub since: Duration,
    pub why: String,
}

/// An error may leave nothing behind that a commit could succeed with; then it is forgiven after this time.
const FORGIVEN_AFTER: Duration = Duration::from_secs(10);

impl Desk {
    pub fn report(&self) -> Arc<Report> {
        lock(&self.report).clone()
    }

    pub fn reported(&self, report: Report) {
        *lock(&self.report) = Arc::new(report);
    }

    /// Why the last commit did not succeed, if it did not.
    pub fn failing(&self) -> Option<Failing> {
        lock(&self.failing).clone()
    }

    pub fn fails(&self, now: Duration, why: String) {
        *lock(&self.failing) = Some(Failing { since: now, why });
    }

    /// A commit succeeded.
    pub fn succeeds(&self) {
        *lock(&self.failing) = None;
    }

    /// There is nothing to commit.
    pub fn has_nothing_to_commit(&self, now: Duration) {
        let mut failing = lock(&self.failing);
        if failing.as_ref().is_some_and(|failing| now >= failing.since + FORGIVEN_AFTER) {
            *failing = None;
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_committed_counts() {
        let figures = Figures::new(1);
        let mut tally = Tally { written: 3, ..Tally::default() };
        tally.fold(Stage::Customers);
        tally.fold(Stage::Customers);
        tally.dead_letter(Input::GoalChanges);
        figures.count(Outcome::Refused);
        figures.committed(&tally, Duration::from_millis(3));
        let read = |all: &[AtomicU64]| all.iter().map(|one| one.load(Ordering::Relaxed)).collect::<Vec<_>>();
        assert_eq!(read(&figures.folded), [0, 2, 0]);
        assert_eq!(read(&figures.bad), [0, 0, 1]);
        assert_eq!(read(&figures.commits), [1, 1, 0, 0]);
        assert_eq!((figures.commit_seconds.seen().count, figures.commit_records.seen().sum), (1, 2.0));
    }

    #[test]
    fn a_failure_is_forgiven_when_there_has_been_nothing_to_commit_for_a_while() {
        let desk = Desk::default();
        desk.fails(Duration::from_secs(100), "refused".to_owned());
        desk.has_nothing_to_commit(Duration::from_secs(109));
        assert!(desk.failing().is_some());
        desk.has_nothing_to_commit(Duration::from_secs(110));
        assert!(desk.failing().is_none());
        desk.fails(Duration::from_secs(120), "refused".to_owned());
        desk.succeeds();
        assert!(desk.failing().is_none());
    }
}

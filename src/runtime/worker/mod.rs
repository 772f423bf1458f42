//! A worker: one member of the group, and the tasks of the partitions that it owns.
//!
//! It folds in memory, writes what follows into an open transaction, and commits both with the positions; only then
//! are the rows written to disk. While there is much to fold, what came of some records is sent, committed and written
//! by another thread as the next ones are folded and time passes; nothing else goes on then, and it is waited for in the
//! same pass. On any failure it goes back to the last commit. It goes on by [`Worker::step`], which waits only as long as its
//! [`Clocks`] allow. It knows stages and partitions, but no goal.
//!
//! Reading order: this file (the loop), [`fold`], [`commit`], [`delivery`], [`assignment`], [`takeover`], [`report`].

mod assignment;
mod commit;
mod delivery;
mod fold;
mod report;
mod takeover;

use super::claims::{Claimant, Claims};
use super::clock::{Grant, GroupClock};
use super::clocks::Clocks;
use super::figures::{Desk, Figures, Tally};
use super::goals::{Goals, Known, Ticket, What};
use super::handover::published::Ticket as PublishedTicket;
use super::handover::{Handover, Held};
use super::note::Note;
use super::outbox::{Outbox, log_error};
use super::process::Pace;
use super::restore::{Restorer, digest_of};
use super::tasks::{Task, TaskId, Tasks};
use super::topology::{Source, Stage, Topology};
use super::unsent::Unsent;
use super::wire::RawRecord;
use crate::contract::protobuf::inbox::{self, ChatsInbox, CustomersInbox};
use crate::domain::settings::Settings;
use crate::domain::time::Timestamp;
use crate::log::partitioner::partition_of;
use crate::log::{Log, LogError, Member, Offset, Polled, Position, Record, TopicPartition};
use crate::pipeline::Pipeline;
use crate::planted::{Bug, planted};
use crate::state::store::Store;
use delivery::{Delivery, Ending, Order, beside};
use fold::{Folding, Moment};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// What all workers of a process share.
pub struct Shared<L: Log> {
    pub log: Arc<L>,
    pub topology: Arc<Topology>,
    pub store: Arc<Store>,
    pub claims: Arc<Claims>,
    pub goals: Arc<Goals>,
    pub clock: Arc<GroupClock>,
    pub clocks: Clocks,
    pub pace: Pace,
    /// How many rows are kept in a partition, by stage.
    pub rows_max: [usize; 3],
    pub stop: Arc<AtomicBool>,
    pub figures: Arc<Figures>,
    /// The generation before this one, while it is being taken over from.
    pub handover: Option<Arc<Handover>>,
}

impl<L: Log> Shared<L> {
    /// Where this worker tells what it is at.
    pub fn desk(&self, worker: usize) -> &Desk {
        &self.figures.desks[worker]
    }
}

pub struct Worker<L: Log> {
    shared: Arc<Shared<L>>,
    /// Its place among the workers of this process.
    number: usize,
    pub(super) member: L::Member,
    folding: Folding,
    /// A commit that was put together and is to be delivered.
    ending: Option<Ending>,
    /// The buffer of what was sent last, to be filled again.
    spare: Unsent,
    /// Without threads: whether it folds before it delivers this time.
    here_first: bool,
    restorer: Restorer<L>,
    claimant: Claimant,
    fetched: Fetched<<L::Member as Member>::Batch>,
    /// A change of the assignment that came after what was fetched.
    change: Option<Change>,
    /// Restored tasks that do not run yet.
    restored: Vec<TaskId>,
    /// A task is telling readers what they have wrong, a slice a pass.
    telling: bool,
    /// What is to be known of the outputs before a task takes over.
    tickets: BTreeMap<TaskId, PublishedTicket>,
    /// When a commit was last put together.
    last_commit: Duration,
    /// How long the last one took.
    commit_took: Duration,
    last_reached: Duration,
    /// Rows on disk that lie beyond what was noted as reached.
    unreached: usize,
    /// Since when it has had no task, as far as it has reported.
    idle_since: Option<Duration>,
    /// When it last said what it is at; `None`: it should say so at once.
    reported: Option<Duration>,
}

/// Records that wait for the goal changes that came before them (A6).
struct Fetched<B> {
    batches: VecDeque<B>,
    ticket: Ticket,
    /// There is more than was taken: fewer and larger transactions get it done sooner.
    behind: bool,
}

/// What the group says.
enum Change {
    Assigned(Vec<TopicPartition>),
    Revoked(Vec<TopicPartition>),
    Lost(Vec<TopicPartition>),
    Stopped(TopicPartition, String),
}

/// Why a pass through the loop failed, by what has to happen next.
pub enum Failure {
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

impl<L: Log> Worker<L> {
    pub fn new(shared: Arc<Shared<L>>, number: usize, member: L::Member) -> Self {
        let claimant = Claimant { claims: shared.claims.clone(), worker: number };
        let (log, store, topology) = (shared.log.clone(), shared.store.clone(), shared.topology.clone());
        let restorer = Restorer::new(log, store, claimant.clone(), topology);
        let now = shared.clocks.elapsed();
        let held = Held::new(shared.handover.clone());
        let folding = Folding::new(shared.topology.clone(), shared.clocks.clone(), held);
        Self {
            shared,
            number,
            member,
            folding,
            ending: None,
            spare: Unsent::default(),
            here_first: false,
            restorer,
            claimant,
            fetched: Fetched { batches: VecDeque::new(), ticket: Ticket::default(), behind: false },
            change: None,
            restored: Vec::new(),
            telling: false,
            tickets: BTreeMap::new(),
            last_commit: now,
            commit_took: Duration::ZERO,
            last_reached: now,
            unreached: 0,
            idle_since: None,
            reported: None,
        }
    }

    /// One pass: records, then a change of the assignment, then what time brings, then a commit if it is due. When it
    /// failed the worker has gone back to the last commit, or cannot go on as this member.
    pub fn step(&mut self) -> Result<(), Failure> {
        let passed = match self.pass() {
            Err(Failure::Back(error)) => self.go_back(error),
            other => other,
        };
        self.report_now_and_then();
        passed
    }

    /// Where the clocks of its chats tasks stand, by partition.
    pub fn clocks(&self) -> impl Iterator<Item = (i32, Timestamp)> {
        self.folding.pipeline.chats.iter().map(|(partition, task)| (*partition, task.clock()))
    }

    /// The last commit, before it leaves the group.
    pub fn finish(&mut self) -> Result<(), Failure> {
        if !self.fetched.batches.is_empty() {
            // What was fetched is not folded, and must not count as read.
            self.go_back(LogError::Refused("stopping before goal changes are read".to_owned()))?;
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

    fn pass(&mut self) -> Result<(), Failure> {
        // Records would ask; without any it is to be known as well.
        self.shared.goals.are_read()?;
        if self.fetched.batches.is_empty() && self.change.is_none() {
            self.fetch()?;
        }
        if let Some(Change::Lost(partitions)) =
            self.change.take_if(|change| matches!(change, Change::Lost(_)))
        {
            // Before anything is done for partitions that are somebody else's.
            return self.lost(&partitions);
        }
        if !self.fold_fetched()? {
            return Ok(());
        }
        if self.folding.held.handover.is_some() {
            self.take_over()?;
        }
        match self.change.take() {
            Some(Change::Assigned(partitions)) => self.assigned(partitions)?,
            Some(Change::Revoked(partitions)) => self.revoked(&partitions)?,
            Some(Change::Stopped(partition, reason)) => self.stopped(&partition, reason)?,
            Some(Change::Lost(_)) | None => {}
        }
        self.restore()?;
        let folded = self.folding.tally.folded_in_all() as usize;
        let is_full = self.shared.pace.is_full(folded, self.folding.settled);
        if is_full || self.shared.clocks.elapsed() >= self.due() {
            self.prepare(false)?;
        }
        // With more to fold it is delivered meanwhile.
        if self.is_behind() { Ok(()) } else { self.deliver() }
    }

    /// Folds what was fetched and lets time pass, and delivers what came of the records before. False: it has to wait for
    /// goal changes.
    fn fold_fetched(&mut self) -> Result<bool, Failure> {
        let shared = self.shared.clone();
        let (ticket, mut batches) = (self.fetched.ticket, std::mem::take(&mut self.fetched.batches));
        // Where one thread does everything, it meets both extremes of what two may do.
        self.here_first = !self.here_first;
        let order = match (shared.clocks.may_wait(), self.here_first) {
            (true, _) if batches.is_empty() && !self.folding.ticking => Order::ThereFirst,
            (true, _) => Order::AtOnce,
            (false, true) => Order::HereFirst,
            (false, false) => Order::ThereFirst,
        };
        let moment = self.moment();
        let fold = |folding: &mut Folding, batches: &mut VecDeque<_>| {
            // A6: everything that came before these records came is known.
            let patience = shared.clocks.at_most(GOALS_PATIENCE);
            let waits = !batches.is_empty() && !planted(Bug::GoalsNotAwaited);
            if waits && !shared.goals.have_answered(ticket, patience)? {
                return Ok(None);
            }
            let known = shared.goals.known.read().expect("no reader panics");
            let is_done = folding.fold_batches(batches, &known)?;
            if is_done {
                folding.pass_time(&moment, &shared.pace, &known)?;
            }
            Ok(Some(is_done))
        };
        let mut folded = match self.take_delivery() {
            None => fold(&mut self.folding, &mut batches),
            Some(mut delivery) => {
                let (folding, mut carrier) = self.halves();
                let (folded, outcome) =
                    beside(order, || fold(folding, &mut batches), || carrier.deliver(&mut delivery));
                self.delivered(delivery, outcome)?;
                folded
            }
        };
        while matches!(folded, Ok(Some(false))) {
            self.deliver()?;
            folded = fold(&mut self.folding, &mut batches);
        }
        self.fetched.batches = batches;
        for of in std::mem::take(&mut self.folding.to_pause) {
            self.member.pause(&of)?;
        }
        folded.map(|folded| folded.is_some())
    }

    fn moment(&self) -> Moment {
        let granted = self.shared.clock.granted();
        let running = self.folding.tasks.running.keys();
        let chats = running.filter(|(stage, _)| *stage == Stage::Chats).map(|(_, partition)| *partition);
        let topic = &self.shared.topology.chats_inbox;
        let read = |partition| self.member.position(&TopicPartition::new(topic.clone(), partition));
        Moment { granted, inboxes: chats.map(|partition| (partition, read(partition))).collect() }
    }

    /// More has come or fallen due than one pass could fold.
    fn is_behind(&self) -> bool {
        self.fetched.behind || self.folding.ticking
    }

    /// Takes what came; records wait for the goal changes of this moment.
    fn fetch(&mut self) -> Result<(), Failure> {
        let idle = if self.is_busy() {
            Duration::ZERO
        } else {
            // Nothing is committed before that: what comes until then is taken together, and asks for goal changes once.
            self.shared.clocks.sleep(self.due().saturating_sub(self.shared.clocks.elapsed()));
            self.shared.pace.interval / 2
        };
        let mut timeout = self.shared.clocks.at_most(idle);
        let under_way = self.ending.is_some();
        // A commit takes longer than what else is delivered: more is folded beside it.
        let batches_max = self.shared.pace.batches_a_pass * if under_way { 3 } else { 2 } / 2;
        let batches = &mut self.fetched.batches;
        while batches.len() < batches_max && self.change.is_none() {
            match self.member.poll(timeout)? {
                Polled::Nothing => break,
                Polled::Records(batch) => batches.push_back(batch),
                Polled::Assigned(partitions) => self.change = Some(Change::Assigned(partitions)),
                Polled::Revoked(partitions) => self.change = Some(Change::Revoked(partitions)),
                Polled::Lost(partitions) => {
                    // Nothing of what was fetched can be committed.
                    batches.clear();
                    self.change = Some(Change::Lost(partitions));
                }
                Polled::Stopped(partition, reason) => self.change = Some(Change::Stopped(partition, reason)),
            }
            timeout = Duration::ZERO;
        }
        self.fetched.behind = self.fetched.batches.len() == batches_max;
        if !self.fetched.batches.is_empty() {
            self.fetched.ticket = self.shared.goals.ask();
        }
        Ok(())
    }

    /// When the next commit is due.
    fn due(&self) -> Duration {
        let pace = &self.shared.pace;
        let interval =
            if self.is_behind() { pace.interval_behind } else { pace.interval_after(self.commit_took) };
        self.last_commit + interval
    }

    /// Whether there is something to do besides what is fetched next.
    fn is_busy(&self) -> bool {
        let sweeping = self.folding.pipeline.chats.values().any(|task| task.is_sweeping());
        let behind = self.is_behind() || self.telling;
        behind || sweeping || !self.restorer.is_idle() || !self.restored.is_empty()
    }
}

/// How long one pass waits for the goal changes; the next one goes on waiting.
const GOALS_PATIENCE: Duration = Duration::from_millis(100);

//! A seat: one place in the group. It joins, works as that member until it must join anew or is told to stop, and then
//! leaves with everything committed. It goes on by [`Seat::step`].

use super::figures::report::Report;
use super::goals::Ticket;
use super::worker::{Failure, Shared, Worker};
use crate::domain::time::Timestamp;
use crate::log::{Log, LogError, Member as _};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// Before it joins again.
const PAUSE: Duration = Duration::from_millis(500);
/// How long one step waits for the first reading of the goal changes.
const PATIENCE: Duration = Duration::from_millis(100);

pub struct Seat<L: Log> {
    shared: Arc<Shared<L>>,
    number: usize,
    /// Names this place for ever: its next holder ends what the last one left open.
    name: String,
    /// What a member meets first is judged by the goal changes of this moment at least (A6).
    first: Ticket,
    state: State<L>,
}

enum State<L: Log> {
    /// Joins at this moment or later.
    Out(Duration),
    In(Box<Worker<L>>),
    /// It has left for good.
    Left,
}

impl<L: Log> Seat<L> {
    pub fn new(shared: Arc<Shared<L>>, number: usize, name: String) -> Self {
        let first = shared.goals.ask();
        let state = State::Out(shared.clocks.elapsed());
        Self { shared, number, name, first, state }
    }

    /// Whether it was told to stop, and has.
    pub fn has_left(&self) -> bool {
        matches!(self.state, State::Left)
    }

    /// Where the clocks of its chats tasks stand, by partition.
    pub fn clocks(&self) -> Vec<(i32, Timestamp)> {
        match &self.state {
            State::In(worker) => worker.clocks().collect(),
            State::Out(_) | State::Left => Vec::new(),
        }
    }

    /// Goes on for a moment. `Err`: it cannot go on at all.
    pub fn step(&mut self) -> anyhow::Result<()> {
        let stop = self.shared.stop.load(Ordering::Relaxed);
        self.shared.desk(self.number).pulse.beat(&self.shared.clocks);
        let (next, outcome) = match std::mem::replace(&mut self.state, State::Left) {
            State::Left => (State::Left, Ok(())),
            State::Out(_) if stop => (State::Left, Ok(())),
            State::Out(when) => return self.join(when),
            State::In(worker) if stop => (State::Left, self.leave(*worker)),
            State::In(mut worker) => match worker.step() {
                Ok(()) => (State::In(worker), Ok(())),
                Err(Failure::Fatal(error)) => (State::Left, Err(error)),
                Err(Failure::Back(error) | Failure::Rejoin(error)) => {
                    tracing::warn!(slot = self.name, %error, "joining the group anew");
                    self.shared.figures.rejoins.fetch_add(1, Ordering::Relaxed);
                    self.shared.desk(self.number).reported(Report::default());
                    (State::Out(self.shared.clocks.elapsed() + PAUSE), Ok(()))
                }
            },
        };
        if matches!(next, State::Left) {
            self.shared.desk(self.number).pulse.end();
        }
        self.state = next;
        outcome
    }

    fn join(&mut self, when: Duration) -> anyhow::Result<()> {
        let clocks = &self.shared.clocks;
        let left = when.saturating_sub(clocks.elapsed());
        self.state = State::Out(when);
        if !left.is_zero() {
            clocks.sleep(left);
            return Ok(());
        }
        if !self.shared.goals.have_answered(self.first, clocks.at_most(PATIENCE))? {
            return Ok(());
        }
        let topics = self.shared.topology.subscribed();
        let shared = self.shared.clone();
        let _waits = shared.desk(self.number).pulse.waits(&shared.clocks);
        match self.shared.log.join(&self.shared.topology.group, &self.name, &topics) {
            Ok(member) => {
                self.state = State::In(Box::new(Worker::new(self.shared.clone(), self.number, member)));
                Ok(())
            }
            Err(error @ LogError::Setup(_)) => Err(error.into()),
            Err(error) => {
                tracing::warn!(slot = self.name, %error, "the group cannot be joined now; trying again");
                self.state = State::Out(clocks.elapsed() + PAUSE);
                Ok(())
            }
        }
    }

    fn leave(&self, mut worker: Worker<L>) -> anyhow::Result<()> {
        let finished = worker.finish();
        self.shared.desk(self.number).reported(Report::default());
        match finished {
            Ok(()) => {
                let Worker { member, .. } = worker;
                if let Err(error) = member.leave() {
                    tracing::warn!(slot = self.name, %error, "the group was not told goodbye");
                }
                Ok(())
            }
            Err(Failure::Fatal(error)) => Err(error),
            Err(Failure::Back(error) | Failure::Rejoin(error)) => {
                tracing::warn!(slot = self.name, %error, "what was not committed is left to the next one");
                Ok(())
            }
        }
    }
}

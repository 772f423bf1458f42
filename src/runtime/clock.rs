//! The clock (G1): up to which moment everything that the logs held has been folded, through every stage.
//!
//! It notes the ends of the inputs at wall time T. Once the group has committed past them, and past the messages
//! between customers that followed, the chats' inboxes hold everything that came before T: each chats task that
//! has read its inbox so far may move its clock to T less an allowance. It moves no clock itself.

use super::clocks::Clocks;
use super::figures::pulse::Pulse;
use super::handover::Handover;
use super::note::Note;
use super::topology::Topology;
use crate::domain::time::{Millis, Timestamp};
use crate::log::{Log, LogResult, Offset, Position, TopicPartition};
use crate::planted::{Bug, planted};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// A moment that a clock may reach, once the task has read its inbox up to an offset.
#[derive(Clone, Debug)]
pub struct Grant {
    until: Until,
    /// For each chats partition.
    pub inbox_ends: Vec<Offset>,
}

#[derive(Clone, Debug)]
enum Until {
    All(Timestamp),
    /// For each chats partition, where the generation before has its clock.
    Each(Vec<Timestamp>),
}

impl Grant {
    /// Which moment the clock of this chats partition may reach.
    pub fn until(&self, partition: i32) -> Timestamp {
        match &self.until {
            Until::All(until) => *until,
            Until::Each(until) => until[partition as usize],
        }
    }

    /// The moment that all may reach.
    pub fn earliest(&self) -> Timestamp {
        match &self.until {
            Until::All(until) => *until,
            Until::Each(until) => until.iter().min().copied().unwrap_or(Timestamp::MIN),
        }
    }
}

/// What has been granted, shared by the workers of a process.
#[derive(Default)]
pub struct GroupClock {
    granted: Mutex<Option<Arc<Grant>>>,
}

impl GroupClock {
    /// The newest moment granted.
    pub fn granted(&self) -> Option<Arc<Grant>> {
        self.granted.lock().expect("nobody panics in here").clone()
    }
}

/// Grants moments to a process, by steps.
pub struct Granter<L: Log> {
    clock: Arc<GroupClock>,
    log: Arc<L>,
    topology: Arc<Topology>,
    clocks: Clocks,
    allowance: Millis,
    interval: Duration,
    handover: Option<Arc<Handover>>,
    round: Option<Round>,
}

/// One look at the logs: these partitions ended there, and once everything before is committed `until` is granted.
struct Round {
    until: Until,
    /// The generation before has stopped for good, so that there is nothing after this round but the logs.
    is_last: bool,
    reading: Reading,
    of: Vec<TopicPartition>,
    ends: Vec<Offset>,
}

/// What is waited for, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reading {
    Inputs,
    /// What came to a foreign partition has been sent home through an inbox: it is folded there, too, before what
    /// follows from it is looked for.
    ChatsHome,
    CustomersHome,
    /// Each turn sees one more message of a chain between merged customers.
    Customers {
        turn: u32,
    },
}

/// How a step went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// A moment was granted.
    Granted,
    /// There is more to look at.
    On,
    /// Others have to commit first.
    Waiting,
}

impl<L: Log> Granter<L> {
    pub fn new(
        clock: Arc<GroupClock>,
        log: Arc<L>,
        topology: Arc<Topology>,
        clocks: Clocks,
        allowance: Millis,
        interval: Duration,
        handover: Option<Arc<Handover>>,
    ) -> Self {
        Self { clock, log, topology, clocks, allowance, interval, handover, round: None }
    }

    /// Grants moments until it is told to stop. Runs in a thread of its own.
    pub fn run(mut self, stop: &AtomicBool, pulse: &Pulse) {
        let clocks = self.clocks.clone();
        let soon = self.interval.min(Duration::from_millis(50));
        while !stop.load(Ordering::Relaxed) {
            pulse.beat(&clocks);
            let waits = pulse.waits(&clocks);
            let stepped = self.step();
            drop(waits);
            match stepped {
                Ok(Step::On) => {}
                Ok(Step::Waiting) => self.clocks.sleep(soon),
                Ok(Step::Granted) => self.clocks.sleep(self.interval),
                Err(error) => {
                    // The clock stands still meanwhile, which is always safe.
                    tracing::warn!(%error, "the clock cannot look at the log");
                    self.clocks.sleep(self.interval);
                }
            }
        }
        pulse.end();
    }

    /// Goes on for a moment. After an error the same look is gone on with.
    pub fn step(&mut self) -> LogResult<Step> {
        if let Some(handover) = self.handover.as_ref().filter(|handover| handover.last().is_some()) {
            handover.look_for_managers(&*self.log, &self.topology)?;
        }
        let Some(round) = &self.round else {
            self.begin()?;
            return Ok(Step::On);
        };
        let reading = round.reading;
        let positions = self.log.committed(&self.topology.group, &round.of)?;
        let reached = |(position, end): (&Position, &Offset)| position.next.is_some_and(|next| next >= *end);
        if !positions.iter().zip(&round.ends).all(reached) && !planted(Bug::ClockIsWall) {
            return Ok(Step::Waiting);
        }
        let next = match reading {
            Reading::Inputs if planted(Bug::ClockSkipsInboxes) => return self.grant(),
            Reading::Inputs => Reading::ChatsHome,
            Reading::ChatsHome => Reading::CustomersHome,
            Reading::CustomersHome => Reading::Customers { turn: 1 },
            Reading::Customers { turn } => {
                // The longest chain so far has been noted; a longer one is seen in a later turn.
                let longest = positions.iter().map(|position| Note::decode(&position.note).depth).max();
                if turn >= longest.unwrap_or(0) || planted(Bug::ClockTakesOneTurn) {
                    return self.grant();
                }
                Reading::Customers { turn: turn + 1 }
            }
        };
        let (of, ends) = self.read(next)?;
        let round = self.round.as_mut().expect("it was just looked at");
        (round.reading, round.of, round.ends) = (next, of, ends);
        Ok(Step::On)
    }

    fn begin(&mut self) -> LogResult<()> {
        let round = match self.handover.clone() {
            Some(handover) if handover.last().is_none() => {
                let look = handover.look(&*self.log)?;
                Round {
                    until: Until::Each(look.clocks),
                    is_last: look.is_final,
                    reading: Reading::Inputs,
                    of: look.inputs,
                    ends: look.bounds,
                }
            }
            _ => {
                // The moment is taken before the ends: what comes in between is only waited for in vain.
                let now = Timestamp(self.clocks.wall());
                let of = super::handover::inputs(&self.topology);
                let ends = self.log.ends(&of)?;
                let until = Until::All(now.minus(self.allowance));
                Round { until, is_last: false, reading: Reading::Inputs, of, ends }
            }
        };
        self.round = Some(round);
        Ok(())
    }

    fn read(&self, reading: Reading) -> LogResult<(Vec<TopicPartition>, Vec<Offset>)> {
        let (topology, counts) = (&*self.topology, self.topology.partitions);
        Ok(match reading {
            Reading::Inputs => unreachable!("a round begins with them"),
            Reading::ChatsHome => self.inbox(&topology.chats_inbox, counts.chats)?,
            Reading::CustomersHome | Reading::Customers { .. } => {
                self.inbox(&topology.customers_inbox, counts.customers)?
            }
        })
    }

    fn inbox(&self, topic: &Arc<str>, partitions: i32) -> LogResult<(Vec<TopicPartition>, Vec<Offset>)> {
        let of = Topology::all(topic, partitions);
        let ends = self.log.tails(&of)?;
        Ok((of, ends))
    }

    fn grant(&mut self) -> LogResult<Step> {
        let chats = Topology::all(&self.topology.chats_inbox, self.topology.partitions.chats);
        let inbox_ends = self.log.tails(&chats)?;
        let Some(round) = self.round.take() else { return Ok(Step::On) };
        let grant = Arc::new(Grant { until: round.until, inbox_ends });
        if let (true, Some(handover)) = (round.is_last, &self.handover) {
            handover.set_last(grant.clone());
        }
        *self.clock.granted.lock().expect("nobody panics in here") = Some(grant);
        Ok(Step::Granted)
    }
}

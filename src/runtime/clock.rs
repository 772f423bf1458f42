//! The clock (G1): up to which moment everything that the logs held has been folded, through every stage.
//!
//! It notes the ends of the inputs at wall time T. Once the group has committed past them, and past the messages
//! between customers that followed, the chats' inboxes hold everything that came before T: each chats task that
//! has read its inbox so far may move its clock to T less an allowance. It moves no clock itself.

use super::clocks::Clocks;
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
    pub until: Timestamp,
    /// For each chats partition.
    pub inbox_ends: Vec<Offset>,
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
    round: Option<Round>,
}

/// One look at the logs: at `now` these partitions ended there, and everything before is to be committed.
struct Round {
    now: Timestamp,
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
    ) -> Self {
        Self { clock, log, topology, clocks, allowance, interval, round: None }
    }

    /// Grants moments until it is told to stop. Runs in a thread of its own.
    pub fn run(mut self, stop: &AtomicBool) {
        let soon = self.interval.min(Duration::from_millis(50));
        while !stop.load(Ordering::Relaxed) {
            match self.step() {
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
    }

    /// Goes on for a moment. After an error the same look is gone on with.
    pub fn step(&mut self) -> LogResult<Step> {
        let Some(round) = &self.round else {
            // The moment is taken before the ends: what comes in between is only waited for in vain.
            let now = Timestamp(self.clocks.wall());
            self.read(now, Reading::Inputs)?;
            return Ok(Step::On);
        };
        let (now, reading) = (round.now, round.reading);
        let positions = self.log.committed(&self.topology.group, &round.of)?;
        let reached = |(position, end): (&Position, &Offset)| position.next.is_some_and(|next| next >= *end);
        if !positions.iter().zip(&round.ends).all(reached) && !planted(Bug::ClockIsWall) {
            return Ok(Step::Waiting);
        }
        let next = match reading {
            Reading::Inputs if planted(Bug::ClockSkipsInboxes) => return self.grant(now),
            Reading::Inputs => Reading::ChatsHome,
            Reading::ChatsHome => Reading::CustomersHome,
            Reading::CustomersHome => Reading::Customers { turn: 1 },
            Reading::Customers { turn } => {
                // The longest chain so far has been noted; a longer one is seen in a later turn.
                let longest = positions.iter().map(|position| Note::decode(&position.note).depth).max();
                if turn >= longest.unwrap_or(0) || planted(Bug::ClockTakesOneTurn) {
                    return self.grant(now);
                }
                Reading::Customers { turn: turn + 1 }
            }
        };
        self.read(now, next)?;
        Ok(Step::On)
    }

    fn read(&mut self, now: Timestamp, reading: Reading) -> LogResult<()> {
        let (topology, counts) = (&*self.topology, self.topology.partitions);
        let (of, ends) = match reading {
            Reading::Inputs => {
                let mut of = Topology::all(&topology.chat_events, counts.chats);
                of.extend(Topology::all(&topology.customer_events, counts.customers));
                let ends = self.log.ends(&of)?;
                (of, ends)
            }
            Reading::ChatsHome => self.inbox(&topology.chats_inbox, counts.chats)?,
            Reading::CustomersHome | Reading::Customers { .. } => {
                self.inbox(&topology.customers_inbox, counts.customers)?
            }
        };
        self.round = Some(Round { now, reading, of, ends });
        Ok(())
    }

    fn inbox(&self, topic: &Arc<str>, partitions: i32) -> LogResult<(Vec<TopicPartition>, Vec<Offset>)> {
        let of = Topology::all(topic, partitions);
        let ends = self.log.tails(&of)?;
        Ok((of, ends))
    }

    fn grant(&mut self, now: Timestamp) -> LogResult<Step> {
        let chats = Topology::all(&self.topology.chats_inbox, self.topology.partitions.chats);
        let inbox_ends = self.log.tails(&chats)?;
        let grant = Grant { until: now.minus(self.allowance), inbox_ends };
        *self.clock.granted.lock().expect("nobody panics in here") = Some(Arc::new(grant));
        self.round = None;
        Ok(Step::Granted)
    }
}

//! The clock (G1): up to which moment everything that the logs held has been folded, through every stage.
//!
//! It notes the ends of the inputs at wall time T. Once the group has committed past them, and past the messages
//! between customers that followed, the chats' inboxes hold everything that came before T: each chats task that
//! has read its inbox so far may move its clock to T less an allowance. It moves no clock itself.

use super::note::Note;
use super::topology::Topology;
use crate::domain::time::{Millis, Timestamp};
use crate::log::{Log, LogResult, Offset, TopicPartition};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What the wall clock says, in milliseconds since the epoch. The demo has a faster one.
pub type WallClock = Arc<dyn Fn() -> i64 + Send + Sync>;

/// A moment that a clock may reach, once the task has read its inbox up to an offset.
#[derive(Clone, Debug)]
pub struct Grant {
    pub until: Timestamp,
    /// For each chats partition.
    pub inbox_ends: Vec<Offset>,
}

pub struct GroupClock {
    granted: Mutex<Option<Arc<Grant>>>,
    stop: AtomicBool,
    allowance: Millis,
    interval: Duration,
}

impl GroupClock {
    pub fn new(allowance: Millis, interval: Duration) -> Self {
        Self { granted: Mutex::new(None), stop: AtomicBool::new(false), allowance, interval }
    }

    /// The newest moment granted.
    pub fn granted(&self) -> Option<Arc<Grant>> {
        self.granted.lock().expect("nobody panics in here").clone()
    }

    pub fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    /// Grants moments until it is told to stop. Runs in a thread of its own.
    pub fn run<L: Log>(&self, log: &L, topology: &Topology, wall: &WallClock) {
        while !self.stop.load(Ordering::Relaxed) {
            match self.grant(log, topology, wall) {
                Ok(Some(grant)) => {
                    *self.granted.lock().expect("nobody panics in here") = Some(Arc::new(grant))
                }
                Ok(None) => {}
                // The clock stands still meanwhile, which is always safe.
                Err(error) => tracing::warn!(%error, "the clock cannot look at the log"),
            }
            self.sleep(self.interval);
        }
    }

    /// One round; it returns `None` when it was told to stop.
    fn grant<L: Log>(&self, log: &L, topology: &Topology, wall: &WallClock) -> LogResult<Option<Grant>> {
        let counts = topology.partitions;
        let mut inputs = Topology::all(&topology.chat_events, counts.chats);
        inputs.extend(Topology::all(&topology.customer_events, counts.customers));
        let customers = Topology::all(&topology.customers_inbox, counts.customers);
        let chats = Topology::all(&topology.chats_inbox, counts.chats);

        let now = Timestamp(wall());
        let ends = log.ends(&inputs)?;
        if !self.wait(log, topology, &inputs, &ends)? {
            return Ok(None);
        }
        // What came to a foreign partition has been sent home through an inbox: it is folded there, too, before what
        // follows from it is looked for.
        for inbox in [&chats, &customers] {
            let ends = log.tails(inbox)?;
            if !self.wait(log, topology, inbox, &ends)? {
                return Ok(None);
            }
        }
        // Each turn sees one more message of a chain between merged customers; a longer chain has been noted.
        let mut turns = 0;
        loop {
            let ends = log.tails(&customers)?;
            if !self.wait(log, topology, &customers, &ends)? {
                return Ok(None);
            }
            turns += 1;
            let positions = log.committed(&topology.group, &customers)?;
            let longest = positions.iter().map(|position| Note::decode(&position.note).depth).max();
            if turns >= longest.unwrap_or(0) {
                break;
            }
        }
        let inbox_ends = log.tails(&chats)?;
        Ok(Some(Grant { until: now.minus(self.allowance), inbox_ends }))
    }

    /// Waits until the group has committed past these ends.
    fn wait<L: Log>(
        &self,
        log: &L,
        topology: &Topology,
        of: &[TopicPartition],
        ends: &[Offset],
    ) -> LogResult<bool> {
        loop {
            let positions = log.committed(&topology.group, of)?;
            let reached = |(position, end): (&crate::log::Position, &Offset)| {
                position.next.is_some_and(|next| next >= *end)
            };
            if positions.iter().zip(ends).all(reached) {
                return Ok(true);
            }
            if self.stop.load(Ordering::Relaxed) {
                return Ok(false);
            }
            self.sleep(self.interval.min(Duration::from_millis(50)));
        }
    }

    fn sleep(&self, span: Duration) {
        std::thread::sleep(span);
    }
}

/// A granting thread.
pub fn spawn<L: Log>(
    clock: &Arc<GroupClock>,
    log: &Arc<L>,
    topology: &Arc<Topology>,
    wall: &WallClock,
) -> std::thread::JoinHandle<()> {
    let (clock, log, topology, wall) = (clock.clone(), log.clone(), topology.clone(), wall.clone());
    std::thread::Builder::new()
        .name("clock".to_owned())
        .spawn(move || clock.run(&*log, &topology, &wall))
        .expect("a thread can be started")
}

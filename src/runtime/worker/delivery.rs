//! What goes out: records of the open transaction, and a commit that was put together. It touches nothing that is folded
//! into, so that another thread can see to it while the next records are folded.

use super::*;
use crate::log::Outgoing;
use crate::runtime::restore::note_reached;
use crate::state::store::Sealed;

/// What is to go out, in this order.
pub(super) struct Delivery {
    pub unsent: Unsent,
    pub ending: Option<Ending>,
}

/// A commit that was put together.
pub(super) struct Ending {
    pub positions: Vec<Position>,
    /// The rows, for the changelogs and for the disk, and what is derived from them.
    pub changes: Sealed,
    /// The tasks that it is about; what was folded rests on rows that nobody else has touched.
    pub running: Vec<TaskId>,
    /// Whether it is to be noted which changelog offsets the rows on disk have surely reached.
    pub notes_reached: bool,
    pub rows: usize,
    pub tally: Tally,
    /// How long it has taken so far, what was folded meanwhile left out.
    pub took: Duration,
}

/// Who sees to a delivery.
pub(super) struct Carrier<'a, L: Log> {
    pub shared: &'a Shared<L>,
    pub number: usize,
    pub claimant: &'a Claimant,
    pub member: &'a mut L::Member,
}

impl<L: Log> Carrier<'_, L> {
    /// Sends what is to be sent, and ends the transaction if that is asked for. On an error nothing of it counts.
    pub fn deliver(&mut self, delivery: &mut Delivery) -> Result<(), Failure> {
        delivery.unsent.send(|record| self.member.send(record))?;
        match &mut delivery.ending {
            Some(ending) => self.end(ending),
            None => Ok(()),
        }
    }

    /// One transaction: rows to the changelogs, positions with their notes. Then the disk.
    fn end(&mut self, ending: &mut Ending) -> Result<(), Failure> {
        let shared = self.shared;
        let began = shared.clocks.elapsed();
        let mut changes = shared.store.unseal(std::mem::take(&mut ending.changes));
        let mut sent = Ok(());
        changes.rows(|family, partition, key, row| {
            if let (Ok(()), Some(stage)) = (&sent, Stage::of(family)) {
                let topic = shared.topology.changelog_topic(stage);
                let (key, value, headers) = (Some(key), Some(row), &[][..]);
                sent = self.member.send(Outgoing { topic, partition, key, value, headers, timestamp: None });
            }
        });
        sent?;
        let running = || ending.running.iter().copied();
        self.claimant.check(running())?;
        if ending.notes_reached {
            for (task, offset) in running().zip(self.changelog_ends(&ending.running)?) {
                note_reached(&mut changes, task, offset);
            }
        }
        if planted(Bug::DiskBeforeCommit) {
            std::mem::replace(&mut changes, shared.store.changes()).write()?;
        }
        {
            let _waits = shared.desk(self.number).pulse.waits(&shared.clocks);
            self.member.commit(&ending.positions)?;
        }
        self.claimant.write(running(), || changes.write())?;
        ending.took += shared.clocks.elapsed().saturating_sub(began);
        Ok(())
    }

    /// Where the changelogs of tasks end before this commit: once it succeeds, this worker owned them, and everything up to
    /// there is on disk.
    fn changelog_ends(&self, tasks: &[TaskId]) -> Result<Vec<Offset>, Failure> {
        let changelog = |(stage, partition): &TaskId| self.shared.topology.changelog(*stage, *partition);
        let changelogs: Vec<TopicPartition> = tasks.iter().map(changelog).collect();
        let _waits = self.shared.desk(self.number).pulse.waits(&self.shared.clocks);
        Ok(self.shared.log.ends(&changelogs)?)
    }
}

/// How two things are done of which neither waits for the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    AtOnce,
    HereFirst,
    ThereFirst,
}

/// Does both. What fails in one of them does not keep the other from its end.
pub(super) fn beside<T, U: Send>(
    order: Order,
    here: impl FnOnce() -> T,
    there: impl FnOnce() -> U + Send,
) -> (T, U) {
    match order {
        Order::AtOnce => {}
        Order::HereFirst => {
            let here = here();
            return (here, there());
        }
        Order::ThereFirst => {
            let there = there();
            return (here(), there);
        }
    }
    std::thread::scope(|scope| {
        let there = std::thread::Builder::new().name("delivery".to_owned()).spawn_scoped(scope, there);
        let there = there.expect("a thread can be started");
        let here = here();
        (here, there.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
    })
}

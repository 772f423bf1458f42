//! The log in memory as the processes of a simulation see it: at each call fate has its say. What the log answers is
//! never changed.

use super::fate::{Call, Commit, Fate};
use crate::log::memory::{MemoryBatch, MemoryLog, MemoryMember, MemoryReader};
use crate::log::{
    Log, LogResult, Member, Offset, Outgoing, Polled, Position, Reader, TopicInfo, TopicPartition, TopicPlan,
};
use std::sync::Arc;
use std::time::Duration;

/// The way of one process into the log.
pub struct SimLog {
    pub log: MemoryLog,
    pub fate: Arc<Fate>,
    pub place: usize,
}

impl SimLog {
    fn ask(&self) -> LogResult<()> {
        self.fate.at(self.place, None, Call::Ask)
    }
}

impl Log for SimLog {
    type Member = SimMember;
    type Reader = SimReader;

    fn join(&self, group: &str, slot: &str, topics: &[Arc<str>]) -> LogResult<SimMember> {
        self.fate.at(self.place, Some(slot), Call::Join)?;
        let member = Some(self.log.join(group, slot, topics)?);
        let (log, group, slot) = (self.log.clone(), group.to_owned(), slot.to_owned());
        Ok(SimMember { member, fate: self.fate.clone(), place: self.place, log, group, slot, late: false })
    }

    fn reader(&self) -> LogResult<SimReader> {
        self.ask()?;
        Ok(SimReader { reader: self.log.reader()?, fate: self.fate.clone(), place: self.place })
    }

    fn begins(&self, of: &[TopicPartition]) -> LogResult<Vec<Offset>> {
        self.ask()?;
        self.log.begins(of)
    }

    fn ends(&self, of: &[TopicPartition]) -> LogResult<Vec<Offset>> {
        self.ask()?;
        self.log.ends(of)
    }

    fn tails(&self, of: &[TopicPartition]) -> LogResult<Vec<Offset>> {
        self.ask()?;
        self.log.tails(of)
    }

    fn committed(&self, group: &str, of: &[TopicPartition]) -> LogResult<Vec<Position>> {
        self.ask()?;
        self.log.committed(group, of)
    }

    fn committed_so_far(&self, group: &str, of: &[TopicPartition]) -> LogResult<Vec<Position>> {
        self.ask()?;
        self.log.committed_so_far(group, of)
    }

    fn topics(&self, names: &[&str], settings: &[&str]) -> LogResult<Vec<TopicInfo>> {
        self.log.topics(names, settings)
    }

    fn create_topics(&self, plans: &[TopicPlan]) -> LogResult<()> {
        self.log.create_topics(plans)
    }

    fn delete_topics(&self, names: &[String]) -> LogResult<()> {
        self.log.delete_topics(names)
    }

    fn delete_group(&self, group: &str) -> LogResult<()> {
        self.log.delete_group(group)
    }
}

pub struct SimMember {
    /// Always there, but for the moment in which it goes.
    member: Option<MemoryMember>,
    log: MemoryLog,
    fate: Arc<Fate>,
    place: usize,
    group: String,
    slot: String,
    /// A commit is still on its way.
    late: bool,
}

impl SimMember {
    fn at(&self, call: Call) -> LogResult<()> {
        self.fate.at(self.place, Some(&self.slot), call)
    }

    fn member(&mut self) -> &mut MemoryMember {
        self.member.as_mut().expect("it has not left")
    }
}

impl Member for SimMember {
    type Batch = MemoryBatch;

    fn poll(&mut self, timeout: Duration) -> LogResult<Polled<MemoryBatch>> {
        self.at(Call::Poll)?;
        self.member().poll(timeout)
    }

    fn committed(&mut self, of: &[TopicPartition]) -> LogResult<Vec<Position>> {
        self.at(Call::Ask)?;
        self.member().committed(of)
    }

    fn position(&self, of: &TopicPartition) -> Option<Offset> {
        self.member.as_ref().expect("it has not left").position(of)
    }

    fn start(&mut self, of: &TopicPartition, next: Option<Offset>) -> LogResult<()> {
        self.at(Call::Ask)?;
        self.member().start(of, next)
    }

    fn pause(&mut self, of: &TopicPartition) -> LogResult<()> {
        self.member().pause(of)
    }

    fn send(&mut self, record: Outgoing<'_>) -> LogResult<()> {
        self.at(Call::Send)?;
        self.member().send(record)?;
        // The next transaction is open, and a producer that went on would see it ended by what is late. If its process
        // dies then, what it had written is there without its positions.
        if self.late && self.fate.with_dice(|dice| dice.one_in(3)) {
            self.late = false;
            if self.log.deliver_late_commit(&self.group, &self.slot) {
                self.fate.crash(self.place);
            }
        }
        Ok(())
    }

    fn commit(&mut self, positions: &[Position]) -> LogResult<()> {
        self.at(Call::Offer)?;
        self.member().offer(positions)?;
        let Commit::Fails(fault) = self.fate.at_end(self.place, &self.slot) else {
            self.member().end()?;
            return self.at(Call::Ended);
        };
        self.log.fail_next_commit(&self.group, &self.slot, fault);
        let outcome = self.member().end();
        // Nobody gives up at once, and what is late may come before that.
        self.fate.wait_in_vain(self.place, &self.slot);
        self.late = fault == crate::log::memory::Fault::RequestLate;
        if self.fate.with_dice(|dice| dice.one_in(2)) && self.log.deliver_late_commit(&self.group, &self.slot)
        {
            self.late = false;
            self.fate.count(super::fault::Fault::LateCommit);
        }
        outcome
    }

    fn abort(&mut self) -> LogResult<()> {
        self.at(Call::Abort)?;
        self.member().abort()
    }

    fn recover(&mut self) -> LogResult<()> {
        self.at(Call::Recover)?;
        self.member().recover()
    }

    fn leave(mut self) -> LogResult<()> {
        self.at(Call::Leave)?;
        self.member.take().expect("it has not left").leave()
    }
}

impl Drop for SimMember {
    fn drop(&mut self) {
        if let Some(member) = self.member.take()
            && self.fate.is_crashed(self.place)
        {
            member.crash();
        }
    }
}

pub struct SimReader {
    reader: MemoryReader,
    fate: Arc<Fate>,
    place: usize,
}

impl Reader for SimReader {
    type Batch = MemoryBatch;

    fn assign(&mut self, from: &[(TopicPartition, Offset)]) -> LogResult<()> {
        self.fate.at(self.place, None, Call::Ask)?;
        self.reader.assign(from)
    }

    fn poll(&mut self, timeout: Duration) -> LogResult<Option<MemoryBatch>> {
        self.fate.at(self.place, None, Call::Ask)?;
        self.reader.poll(timeout)
    }

    fn position(&self, of: &TopicPartition) -> Option<Offset> {
        self.reader.position(of)
    }
}

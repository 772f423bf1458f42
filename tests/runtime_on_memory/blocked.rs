//! The log in memory behind a gate: polls, commits, questions for positions or the changelogs may be held up, commits refused,
//! and the goal changes gone, until it is opened. It changes nothing of what the log answers.

use chat_goals::log::memory::{MemoryBatch, MemoryLog, MemoryMember, MemoryReader};
use chat_goals::log::{
    Log, LogError, LogResult, Member, Offset, Outgoing, Polled, Position, Reader, TopicInfo, TopicPartition,
    TopicPlan,
};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

/// Cheap to clone; all clones are one gate.
#[derive(Clone, Default)]
pub struct Gate(Arc<(Mutex<Closed>, Condvar)>);

#[derive(Default)]
struct Closed {
    polls: bool,
    commits: bool,
    positions: bool,
    changelogs: bool,
    refuses: bool,
    goals_gone: bool,
}

impl Gate {
    pub fn close_polls(&self) {
        self.0.0.lock().unwrap().polls = true;
    }

    pub fn close_commits(&self) {
        self.0.0.lock().unwrap().commits = true;
    }

    /// A member that asks where it goes on waits for the answer.
    pub fn close_positions(&self) {
        self.0.0.lock().unwrap().positions = true;
    }

    /// Nothing comes from changelogs; whoever reads them does not wait.
    pub fn close_changelogs(&self) {
        self.0.0.lock().unwrap().changelogs = true;
    }

    pub fn refuse_commits(&self) {
        self.0.0.lock().unwrap().refuses = true;
    }

    /// Whoever reads goal changes is told that it never can.
    pub fn lose_goals(&self) {
        self.0.0.lock().unwrap().goals_gone = true;
    }

    pub fn open(&self) {
        *self.0.0.lock().unwrap() = Closed::default();
        self.0.1.notify_all();
    }

    fn wait_while(&self, closed: impl Fn(&Closed) -> bool) {
        let _state = self.0.1.wait_while(self.0.0.lock().unwrap(), |state| closed(state)).unwrap();
    }

    fn is(&self, closed: impl Fn(&Closed) -> bool) -> bool {
        closed(&self.0.0.lock().unwrap())
    }
}

impl Drop for Blocked {
    fn drop(&mut self) {
        // A test that failed must not hang.
        self.gate.open();
    }
}

pub struct Blocked {
    pub log: MemoryLog,
    pub gate: Gate,
}

impl Log for Blocked {
    type Member = BlockedMember;
    type Reader = BlockedReader;

    fn join(&self, group: &str, slot: &str, topics: &[Arc<str>]) -> LogResult<BlockedMember> {
        Ok(BlockedMember { member: self.log.join(group, slot, topics)?, gate: self.gate.clone() })
    }

    fn reader(&self) -> LogResult<BlockedReader> {
        Ok(BlockedReader {
            reader: self.log.reader()?,
            gate: self.gate.clone(),
            is_changelog: false,
            is_goals: false,
        })
    }

    fn begins(&self, of: &[TopicPartition]) -> LogResult<Vec<Offset>> {
        self.log.begins(of)
    }

    fn ends(&self, of: &[TopicPartition]) -> LogResult<Vec<Offset>> {
        self.log.ends(of)
    }

    fn tails(&self, of: &[TopicPartition]) -> LogResult<Vec<Offset>> {
        self.log.tails(of)
    }

    fn committed(&self, group: &str, of: &[TopicPartition]) -> LogResult<Vec<Position>> {
        self.log.committed(group, of)
    }

    fn committed_so_far(&self, group: &str, of: &[TopicPartition]) -> LogResult<Vec<Position>> {
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

pub struct BlockedMember {
    member: MemoryMember,
    gate: Gate,
}

impl Member for BlockedMember {
    type Batch = MemoryBatch;

    fn poll(&mut self, timeout: Duration) -> LogResult<Polled<MemoryBatch>> {
        self.gate.wait_while(|closed| closed.polls);
        self.member.poll(timeout)
    }

    fn committed(&mut self, of: &[TopicPartition]) -> LogResult<Vec<Position>> {
        self.gate.wait_while(|closed| closed.positions);
        self.member.committed(of)
    }

    fn position(&self, of: &TopicPartition) -> Option<Offset> {
        self.member.position(of)
    }

    fn start(&mut self, of: &TopicPartition, next: Option<Offset>) -> LogResult<()> {
        self.member.start(of, next)
    }

    fn pause(&mut self, of: &TopicPartition) -> LogResult<()> {
        self.member.pause(of)
    }

    fn send(&mut self, record: Outgoing<'_>) -> LogResult<()> {
        self.member.send(record)
    }

    fn commit(&mut self, positions: &[Position]) -> LogResult<()> {
        self.gate.wait_while(|closed| closed.commits);
        if self.gate.is(|closed| closed.refuses) {
            return Err(LogError::Refused("refused on purpose".to_owned()));
        }
        self.member.commit(positions)
    }

    fn abort(&mut self) -> LogResult<()> {
        self.member.abort()
    }

    fn recover(&mut self) -> LogResult<()> {
        self.member.recover()
    }

    fn leave(self) -> LogResult<()> {
        self.member.leave()
    }
}

pub struct BlockedReader {
    reader: MemoryReader,
    gate: Gate,
    is_changelog: bool,
    is_goals: bool,
}

impl Reader for BlockedReader {
    type Batch = MemoryBatch;

    fn assign(&mut self, from: &[(TopicPartition, Offset)]) -> LogResult<()> {
        self.is_changelog = from.iter().any(|(of, _)| of.topic.ends_with(".changelog"));
        self.is_goals = from.iter().any(|(of, _)| &*of.topic == "goal.changes");
        self.reader.assign(from)
    }

    fn poll(&mut self, timeout: Duration) -> LogResult<Option<MemoryBatch>> {
        if self.is_changelog && self.gate.is(|closed| closed.changelogs) {
            return Ok(None);
        }
        if self.is_goals && self.gate.is(|closed| closed.goals_gone) {
            return Err(LogError::Setup("the goal changes are gone".to_owned()));
        }
        self.reader.poll(timeout)
    }

    fn position(&self, of: &TopicPartition) -> Option<Offset> {
        self.reader.position(of)
    }
}

//! The log in memory, watched: something may be done at the moment at which the clock looks for what customers have
//! still to read. It changes nothing of what the log answers.

use chat_goals::log::memory::{MemoryLog, MemoryMember, MemoryReader};
use chat_goals::log::{Log, LogResult, Offset, Position, TopicInfo, TopicPartition, TopicPlan};
use std::sync::{Arc, Mutex};

pub struct Watched {
    pub log: MemoryLog,
    pub topic: Arc<str>,
    /// Done once, before the first answer to where this topic's tails are.
    pub before_tails: Mutex<Option<Box<dyn FnOnce() + Send>>>,
}

impl Log for Watched {
    type Member = MemoryMember;
    type Reader = MemoryReader;

    fn tails(&self, of: &[TopicPartition]) -> LogResult<Vec<Offset>> {
        if of.iter().any(|of| of.topic == self.topic)
            && let Some(act) = self.before_tails.lock().unwrap().take()
        {
            act();
        }
        self.log.tails(of)
    }

    fn join(&self, group: &str, slot: &str, topics: &[Arc<str>]) -> LogResult<MemoryMember> {
        self.log.join(group, slot, topics)
    }

    fn reader(&self) -> LogResult<MemoryReader> {
        self.log.reader()
    }

    fn begins(&self, of: &[TopicPartition]) -> LogResult<Vec<Offset>> {
        self.log.begins(of)
    }

    fn ends(&self, of: &[TopicPartition]) -> LogResult<Vec<Offset>> {
        self.log.ends(of)
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

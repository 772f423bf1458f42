//! The platform of a simulation: it writes its records in order, some topics behind the others, among them some that
//! are no records, and some to a partition that is not their key's.

use super::dice::Dice;
use super::fault::{Fault, Tally};
use super::scenario::Scenario;
use super::workload::{Entry, Input, workload};
use crate::config::Config;
use crate::log::Offset;
use crate::log::memory::MemoryLog;
use crate::log::partitioner::partition_of;
use std::collections::VecDeque;

pub struct Platform {
    /// Everything that is or will be written, in the order of its time.
    pub entries: Vec<Entry>,
    waiting: VecDeque<Entry>,
    /// Records of customers that are still on their way while those of chats go on.
    behind: VecDeque<Entry>,
    dice: Dice,
    scenario: Scenario,
    partitions: i32,
    /// Where what is no record was written: its topic, partition and offset.
    pub garbage: Vec<(String, i32, Offset)>,
    /// When each record was in the log at the latest, by the wall clock.
    pub arrived: Vec<(i64, Entry)>,
    /// The greatest log time so far.
    latest: i64,
    pub tally: Tally,
}

impl Platform {
    pub fn new(scenario: &Scenario, config: &Config) -> Self {
        let mut dice = Dice(scenario.seed ^ 0x0b1a_7f02);
        let mut entries =
            workload(scenario.seed, scenario.records as i64, dice.pick(&[600_000, 3_600_000, 4 * 3_600_000]));
        if !scenario.allows(Fault::Redelivery) || scenario.paced {
            entries.retain(|entry| !entry.is_repeated);
        }
        if scenario.paced {
            // Ahead of its time it would move the clock of `fold` only.
            entries.retain(|entry| !entry.is_early);
        }
        Self {
            waiting: entries.iter().cloned().collect(),
            entries,
            behind: VecDeque::new(),
            dice,
            scenario: scenario.clone(),
            partitions: config.create.partitions,
            garbage: Vec::new(),
            arrived: Vec::new(),
            latest: i64::MIN,
            tally: Tally::default(),
        }
    }

    pub fn is_done(&self) -> bool {
        self.waiting.is_empty() && self.behind.is_empty()
    }

    /// Writes a few records; returns the greatest log time of what was written.
    pub fn write_some(&mut self, log: &MemoryLog, config: &Config) -> Option<i64> {
        let count = self.dice.pick(&[1, 1, 3, 8, 20]);
        let holds_back = self.scenario.allows(Fault::Delay) && self.dice.one_in(3);
        let mut latest = None;
        for _ in 0..count {
            let Some(entry) = self.waiting.pop_front() else { break };
            latest = latest.max(Some(entry.logged));
            self.latest = self.latest.max(entry.logged);
            if entry.to == Input::CustomerEvents && (holds_back || !self.behind.is_empty()) {
                self.behind.push_back(entry);
                continue;
            }
            self.write(log, config, &entry);
        }
        if !holds_back || self.waiting.is_empty() {
            let late = self.dice.below(1 + self.behind.len() as u64 * 2) as usize;
            for entry in self.behind.drain(..late.min(self.behind.len())).collect::<Vec<_>>() {
                self.tally.count(Fault::Delay);
                self.write(log, config, &entry);
            }
        }
        latest
    }

    /// The next records of different channels at one time, for a paced run.
    pub fn next_slot(&mut self) -> Vec<Entry> {
        let mut slot: Vec<Entry> = Vec::new();
        while let Some(entry) = self.waiting.front() {
            let is_same_time = slot.first().is_none_or(|first| first.logged == entry.logged);
            if !is_same_time || slot.iter().any(|other| other.channel == entry.channel) {
                break;
            }
            slot.extend(self.waiting.pop_front());
        }
        slot
    }

    /// Writes a record where a producer might. One key in five is not at home: some producers have a hash of their own.
    pub fn write(&mut self, log: &MemoryLog, config: &Config, entry: &Entry) {
        let topic = entry.to.topic(config);
        self.latest = self.latest.max(entry.logged);
        self.arrived.push((self.latest, entry.clone()));
        if entry.is_repeated {
            self.tally.count(Fault::Redelivery);
        }
        if self.scenario.allows(Fault::Garbage) && self.dice.one_in(40) {
            let partition =
                if entry.to == Input::GoalChanges { 0 } else { self.dice.below(self.partitions as u64) };
            let value = self.dice.pick(&[&b"{\"chatId\":"[..], b"", b"[]", b"{\"at\":\"now\"}"]);
            let key = Some(entry.key.as_bytes()).filter(|_| self.dice.one_in(2));
            let offset = log.append_to(topic, partition as i32, key, Some(value), Some(entry.logged), &[]);
            self.garbage.push((topic.to_owned(), partition as i32, offset));
            self.tally.count(Fault::Garbage);
        }
        let (key, value) = (entry.key.as_bytes(), Some(entry.json.as_bytes()));
        let strays = entry.key.bytes().map(u32::from).sum::<u32>() % 5 == 0;
        if entry.to != Input::GoalChanges
            && strays
            && self.partitions > 1
            && self.scenario.allows(Fault::ForeignPartition)
        {
            let foreign = (partition_of(key, self.partitions) + 1) % self.partitions;
            log.append_to(topic, foreign, Some(key), value, Some(entry.logged), &[]);
            self.tally.count(Fault::ForeignPartition);
        } else {
            log.append(topic, key, value, entry.logged);
        }
    }
}

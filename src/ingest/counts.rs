//! What has come in and what became of it, counted since the start. It is no log of what was in it.

use super::outcome::Outcome;
use std::sync::atomic::{AtomicU64, Ordering};

/// Whatever tells others about this process reads these.
#[derive(Debug, Default)]
pub struct Counts {
    /// Records in the input topics.
    pub records: AtomicU64,
    /// What was understood and is of no concern.
    pub irrelevant: AtomicU64,
    /// What was not understood, and is in the dead letters.
    pub dead_letters: AtomicU64,
    /// Requests that were answered with 503, so that they come again.
    pub failed: AtomicU64,
}

impl Counts {
    /// After Kafka has it.
    pub fn add(&self, outcome: &Outcome) {
        match outcome {
            Outcome::Records(records) => self.records.fetch_add(records.len() as u64, Ordering::Relaxed),
            Outcome::Irrelevant(_) => self.irrelevant.fetch_add(1, Ordering::Relaxed),
            Outcome::Unknown(_) => self.dead_letters.fetch_add(1, Ordering::Relaxed),
        };
    }

    pub fn add_failed(&self) {
        self.failed.fetch_add(1, Ordering::Relaxed);
    }
}

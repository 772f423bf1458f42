//! What may be known of a runtime by whoever holds this: its figures, its clocks, its disk. It is only looked at.

use super::clocks::Clocks;
use super::figures::Figures;
use super::goals::Goals;
use super::topology::Topology;
use crate::config::Config;
use crate::domain::time::{Millis, Timestamp};
use crate::state::store::Store;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

#[derive(Clone)]
pub struct Insight {
    pub figures: Arc<Figures>,
    pub clocks: Clocks,
    pub store: Arc<Store>,
    pub topology: Arc<Topology>,
    /// What RocksDB may use, in bytes.
    pub memory_bytes_max: usize,
    /// How far the clock stays behind what has been read.
    pub allowance: Millis,
    pub(super) goals: Arc<Goals>,
    pub(super) stop: Arc<AtomicBool>,
}

impl Insight {
    /// What is known of a process whose parts share this.
    pub fn of<L: crate::log::Log>(shared: &super::worker::Shared<L>, config: &Config) -> Self {
        Self {
            figures: shared.figures.clone(),
            clocks: shared.clocks.clone(),
            store: shared.store.clone(),
            topology: shared.topology.clone(),
            memory_bytes_max: config.state.memory_bytes_max,
            allowance: i64::try_from(config.clock.allowance_ms).unwrap_or(i64::MAX),
            goals: shared.goals.clone(),
            stop: shared.stop.clone(),
        }
    }

    /// How many changes of settings are known.
    pub fn goal_changes(&self) -> u64 {
        self.goals.added()
    }

    /// The wall clock.
    pub fn wall(&self) -> Timestamp {
        Timestamp(self.clocks.wall())
    }

    /// Whether the workers were told to end, or one of them failed.
    pub fn is_stopping(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }
}

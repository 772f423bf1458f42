//! The runtime as the demo runs it: on the log in memory, by the simulated clock, with its state in a directory that is
//! gone afterwards. It is the same runtime that `run` starts; nothing is simulated in here.

use super::feed::SimulatedClock;
use crate::config::Config;
use crate::domain::time::Timestamp;
use crate::log::Log as _;
use crate::log::memory::MemoryLog;
use crate::runtime::Runtime;
use crate::runtime::topology::{self, Topology};
use anyhow::Context as _;
use std::path::Path;
use std::sync::Arc;
use tempfile::TempDir;

/// Enough that keys are spread and records pass from partition to partition.
const PARTITIONS: i32 = 4;

/// Enough that there is a group.
const WORKERS: usize = 2;

pub struct Processor {
    runtime: Runtime,
    config: Config,
    state: TempDir,
}

impl Processor {
    /// Creates the topics and starts the workers.
    pub fn start(log: &MemoryLog, clock: SimulatedClock) -> anyhow::Result<Self> {
        let state = tempfile::Builder::new().prefix("chat-goals-demo-").tempdir();
        let state = state.context("there is no place for the state")?;
        let mut config = Config::default();
        config.state.dir = state.path().join("rows");
        config.create.partitions = PARTITIONS;
        config.workers.count = WORKERS;
        // Time runs fast here: the clock follows as closely as it can.
        config.clock.interval_ms = 50;
        log.create_topics(&topology::missing(&config, log)?)?;
        let topology =
            Topology::load(log, &config)?.map_err(|problems| anyhow::anyhow!(problems.join("\n")))?;
        let wall = Arc::new(move || clock.now().0);
        let runtime = Runtime::start(log.clone(), &config, topology, wall)?;
        Ok(Self { runtime, config, state })
    }

    pub fn config(&self) -> &Config {
        &self.config
    }

    /// What is in here is gone afterwards.
    pub fn dir(&self) -> &Path {
        self.state.path()
    }

    pub fn is_running(&self) -> bool {
        self.runtime.is_running()
    }

    /// Up to when everything has been folded (G1); `None` at the beginning.
    pub fn clock(&self) -> Option<Timestamp> {
        self.runtime.clock()
    }

    /// Lets the workers commit and end, then removes the state. `Err`: why the runtime failed.
    pub fn stop(self) -> anyhow::Result<()> {
        let Self { runtime, state, .. } = self;
        runtime.stop().context("the runtime failed")?;
        state.close().context("the state could not be removed")
    }
}

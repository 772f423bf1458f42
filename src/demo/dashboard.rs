//! The read side beside the runtime: its model and its pages at a loopback port, by the simulated clock. It reads the same
//! topics as everybody, and its files are gone with the state of the runtime.

use super::feed::SimulatedClock;
use crate::config::Config;
use crate::log::memory::MemoryLog;
use crate::log::{Offset, TopicPartition};
use crate::serve::service::Service;
use anyhow::Context as _;
use std::collections::HashMap;
use std::process::{Command, Stdio};
use std::sync::Arc;

/// How many offsets behind the model the log keeps what it has read: those that are not written yet.
const KEPT: Offset = 1_000;

pub struct Dashboard {
    service: Service,
    dead_letters: String,
}

impl Dashboard {
    /// Listens when this returns. `speed`: how many times faster than real time.
    pub fn start(
        log: &MemoryLog,
        config: &Config,
        clock: SimulatedClock,
        speed: f64,
    ) -> anyhow::Result<Self> {
        let wall = Arc::new(move || clock.now().0);
        let service = Service::start_simulated(log.clone(), config, wall, speed, |_, router| router);
        let service = service.context("the dashboard did not start (--no-dashboard leaves it out)")?;
        Ok(Self { service, dead_letters: config.topics.dead_letters.clone() })
    }

    pub fn url(&self) -> String {
        format!("http://{}/", self.service.address())
    }

    pub fn is_running(&self) -> bool {
        self.service.is_running()
    }

    /// Up to where the log may forget each partition; it is to keep all of those that are not named.
    pub fn may_forget(&self) -> anyhow::Result<HashMap<TopicPartition, Offset>> {
        let status = self.service.model().status()?;
        let read = status.model.partitions.into_iter().filter(|of| of.topic != self.dead_letters);
        let until = |next: Offset| (next - KEPT).max(0);
        Ok(read.map(|of| (TopicPartition::new(of.topic, of.partition), until(of.next))).collect())
    }

    /// Lets the system's browser show it.
    pub fn open(&self) -> anyhow::Result<()> {
        let mut browser = Command::new("xdg-open");
        browser.arg(self.url()).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        browser.spawn().context("xdg-open, which --open needs, cannot be started")?;
        Ok(())
    }

    pub fn stop(self) -> anyhow::Result<()> {
        self.service.stop().context("the dashboard failed")
    }
}

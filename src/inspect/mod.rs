//! What an operator asks of a running deployment, read from the log: one chat, the counters, the settings, how far the
//! work has got, the dead letters. It joins no group, and writes nothing but the dead letters that are re-sent.
//!
//! [`scan`] reads partitions to their ends; the others say what they found there, each in a file: [`chat`],
//! [`counters`], [`settings`], [`progress`], [`dead_letters`] with [`resend`].

pub mod chat;
pub mod counters;
pub mod dead_letters;
pub mod progress;
pub mod resend;
pub mod scan;
pub mod settings;

use crate::config::Config;
use crate::domain::time::Timestamp;
use crate::log::Log;
use crate::runtime::topology::Topology;

/// One deployment, looked at from outside.
pub struct Deployment<'a, L: Log> {
    pub log: &'a L,
    pub topology: Topology,
    pub requires_subscription: bool,
    /// Who is told how much has been read.
    pub watch: &'a dyn scan::Watch,
}

impl<'a, L: Log> Deployment<'a, L> {
    /// Looks at the topics of a configuration. `Err`: they are not there, or not right.
    pub fn find(log: &'a L, config: &Config, watch: &'a dyn scan::Watch) -> anyhow::Result<Self> {
        let topology =
            Topology::load(log, config)?.map_err(|problems| anyhow::anyhow!(problems.join("\n")))?;
        Ok(Self { log, topology, requires_subscription: config.rules.requires_subscription, watch })
    }
}

/// A moment that was never reached is none.
pub fn reached(at: Timestamp) -> Option<Timestamp> {
    Some(at).filter(|at| *at > Timestamp::MIN)
}

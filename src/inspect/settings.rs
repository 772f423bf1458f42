//! The settings of all channels, read from `goal.changes` as every process reads them. Changes nothing.

use super::{Deployment, scan};
use crate::domain::settings::Settings;
use crate::domain::time::Timestamp;
use crate::log::Log;
use crate::runtime::topology::Topology;
use crate::runtime::wire;

/// What was read.
pub struct Read {
    pub settings: Settings,
    /// How many records were no change at all; they are in the dead letters.
    pub bad: u64,
}

impl<L: Log> Deployment<'_, L> {
    pub fn settings(&self) -> anyhow::Result<Read> {
        let topology = &self.topology;
        let of = Topology::all(&topology.goal_changes, topology.goal_partitions);
        let mut read = Read { settings: Settings::new(self.requires_subscription), bad: 0 };
        scan::all(self.log, &of, self.watch, |record| {
            match wire::goal_change(topology.goal_changes_form, record) {
                Ok(change) => {
                    read.settings.add(change, record.timestamp.map(Timestamp));
                }
                Err(_) => read.bad += 1,
            }
            Ok(())
        })?;
        Ok(read)
    }
}

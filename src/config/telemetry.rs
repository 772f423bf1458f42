//! Where a processor listens, as `telemetry.listen` says it. It opens nothing.

use super::Telemetry;
use std::net::SocketAddr;

/// What stands for nowhere.
const OFF: &str = "off";

impl Telemetry {
    /// Whether anything is told.
    pub fn is_on(&self) -> bool {
        self.listen != OFF
    }

    /// Where to listen; `None`: nowhere.
    pub fn address(&self) -> Option<SocketAddr> {
        self.listen.parse().ok()
    }

    /// Whether `listen` can be understood.
    pub(super) fn is_sound(&self) -> bool {
        !self.is_on() || self.address().is_some()
    }
}

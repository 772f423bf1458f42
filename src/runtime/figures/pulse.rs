//! The pulse of a thread: when it last went on, and whether it waits for the log meanwhile. It judges nothing.

use crate::runtime::clocks::Clocks;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::time::Duration;

/// What a thread is at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doing {
    /// It has not begun, or it has ended as it was told.
    Nothing,
    /// A step of its work.
    Working,
    /// The log has been asked and has yet to answer; each question has a limit of its own.
    Waiting,
}

/// Set by one thread, read by others.
#[derive(Default)]
pub struct Pulse {
    /// Milliseconds of the steady clock when it last went on.
    at: AtomicU64,
    doing: AtomicU8,
}

impl Pulse {
    /// The thread goes on.
    pub fn beat(&self, clocks: &Clocks) {
        self.set(clocks, WORKING);
    }

    /// The thread has ended as it was told.
    pub fn end(&self) {
        self.doing.store(NOTHING, Ordering::Relaxed);
    }

    /// It waits for the log as long as this is kept.
    #[must_use]
    pub fn waits<'a>(&'a self, clocks: &'a Clocks) -> Waits<'a> {
        let before = self.doing.load(Ordering::Relaxed);
        self.set(clocks, WAITING);
        Waits { pulse: self, clocks, before }
    }

    /// What it is at, and for how long.
    pub fn feel(&self, now: Duration) -> (Doing, Duration) {
        let doing = match self.doing.load(Ordering::Relaxed) {
            WORKING => Doing::Working,
            WAITING => Doing::Waiting,
            _ => Doing::Nothing,
        };
        (doing, now.saturating_sub(Duration::from_millis(self.at.load(Ordering::Relaxed))))
    }

    fn set(&self, clocks: &Clocks, doing: u8) {
        self.at.store(clocks.elapsed().as_millis() as u64, Ordering::Relaxed);
        self.doing.store(doing, Ordering::Relaxed);
    }
}

const NOTHING: u8 = 0;
const WORKING: u8 = 1;
const WAITING: u8 = 2;

/// Ends the wait when it is dropped.
pub struct Waits<'a> {
    pulse: &'a Pulse,
    clocks: &'a Clocks,
    before: u8,
}

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        self.pulse.set(self.clocks, self.before);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[test]
    fn a_wait_is_told_from_work_and_ends() {
        let now = Arc::new(AtomicU64::new(0));
        let steady = now.clone();
        let steady = Arc::new(move || Duration::from_millis(steady.load(Ordering::Relaxed)));
        let clocks = Clocks::moved(Arc::new(|| 0), steady);
        let feel = |pulse: &Pulse| pulse.feel(clocks.elapsed());
        let pulse = Pulse::default();
        assert_eq!(feel(&pulse).0, Doing::Nothing);
        pulse.beat(&clocks);
        now.store(70, Ordering::Relaxed);
        assert_eq!(feel(&pulse), (Doing::Working, Duration::from_millis(70)));
        let waits = pulse.waits(&clocks);
        now.store(100, Ordering::Relaxed);
        assert_eq!(feel(&pulse), (Doing::Waiting, Duration::from_millis(30)));
        drop(waits);
        assert_eq!(feel(&pulse), (Doing::Working, Duration::ZERO));
        pulse.end();
        assert_eq!(feel(&pulse).0, Doing::Nothing);
    }
}

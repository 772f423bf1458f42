//! The clock by which a chat is told: that of its partition, as soon as everything has been read that was committed
//! before it was looked at. Otherwise a deadline might seem to have passed that an event on its way has met.

use crate::domain::time::Timestamp;
use crate::log::Offset;

/// The clock of one chats partition.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PartitionClock {
    usable: Option<Timestamp>,
    noted: Option<Noted>,
}

/// A clock that was looked at, and how far the logs reached just after.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Noted {
    clock: Timestamp,
    changelog: Offset,
    goals: Vec<Offset>,
}

impl PartitionClock {
    pub fn usable(&self) -> Option<Timestamp> {
        self.usable
    }

    /// Notes a clock. One that is still waited for stays: with a new one each time none might ever be reached.
    pub fn note(&mut self, clock: Timestamp, changelog: Offset, goals: &[Offset]) {
        if self.noted.is_none() {
            self.noted = Some(Noted { clock, changelog, goals: goals.to_vec() });
        }
    }

    /// The changelog and the goal changes have been read up to here.
    pub fn have_read(&mut self, changelog: Offset, goals: &[Offset]) {
        let is_read = |noted: &mut Noted| {
            noted.changelog <= changelog && noted.goals.iter().zip(goals).all(|(end, next)| end <= next)
        };
        if let Some(noted) = self.noted.take_if(is_read) {
            self.usable = self.usable.max(Some(noted.clock));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_counts_once_everything_before_it_is_read() {
        let mut clock = PartitionClock::default();
        clock.note(Timestamp(7), 10, &[2]);
        clock.note(Timestamp(9), 20, &[2]);
        clock.have_read(9, &[2]);
        clock.have_read(10, &[1]);
        assert_eq!(clock.usable(), None);
        clock.have_read(10, &[2]);
        assert_eq!(clock.usable(), Some(Timestamp(7)));
        clock.note(Timestamp(9), 20, &[2]);
        clock.have_read(20, &[3]);
        assert_eq!(clock.usable(), Some(Timestamp(9)));
    }
}

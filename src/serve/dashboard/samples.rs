//! The throughput of the last while: a figure every few seconds, taken by a thread of its own and kept in memory, so the
//! chart of the overview has a past whoever looks. It ends with the last of its users.

use crate::domain::time::Timestamp;
use crate::serve::model::ReadModel;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::thread;
use std::time::Duration;

const INTERVAL: Duration = Duration::from_secs(2);
/// Twenty minutes.
const KEPT: usize = 600;

/// The stages in the order of the figures.
pub const STAGES: [&str; 3] = ["chats", "customers", "managers"];

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sample {
    pub at: Timestamp,
    /// Records a second, of each stage.
    pub rates: [f64; 3],
}

pub struct Samples {
    taken: Arc<Mutex<VecDeque<Sample>>>,
}

impl Samples {
    /// Begins to take them.
    pub fn start(model: ReadModel) -> anyhow::Result<Self> {
        let taken = Arc::new(Mutex::new(VecDeque::with_capacity(KEPT)));
        let kept = Arc::downgrade(&taken);
        thread::Builder::new().name("dashboard-samples".to_owned()).spawn(move || take(&model, &kept))?;
        Ok(Self { taken })
    }

    /// Oldest first.
    pub fn all(&self) -> Vec<Sample> {
        locked(&self.taken).iter().copied().collect()
    }
}

fn take(model: &ReadModel, to: &Weak<Mutex<VecDeque<Sample>>>) {
    loop {
        thread::sleep(INTERVAL);
        let status = model.status();
        let Some(to) = to.upgrade() else { return };
        let Some(processor) = &status.processor else { continue };
        let rate = |stage: &str| {
            let found = status.throughput.iter().find(|of| of.stage == stage);
            found.map_or(0.0, |of| of.offsets_per_second)
        };
        note(&mut locked(&to), Sample { at: processor.at.0, rates: STAGES.map(rate) });
    }
}

/// A look that is the one before's says nothing new.
fn note(taken: &mut VecDeque<Sample>, sample: Sample) {
    if taken.back().is_some_and(|last| last.at >= sample.at) {
        return;
    }
    if taken.len() == KEPT {
        taken.pop_front();
    }
    taken.push_back(sample);
}

/// Whoever panicked holding it left a list of numbers.
fn locked(of: &Mutex<VecDeque<Sample>>) -> MutexGuard<'_, VecDeque<Sample>> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_are_kept_and_none_twice() {
        let mut taken = VecDeque::new();
        for at in [1, 2, 2].into_iter().chain(3..2_000) {
            note(&mut taken, Sample { at: Timestamp(at), rates: [0.0; 3] });
        }
        assert_eq!(taken.len(), KEPT);
        assert!(taken.iter().is_sorted_by(|a, b| a.at < b.at));
        assert_eq!(taken.back().unwrap().at, Timestamp(1_999));
    }
}

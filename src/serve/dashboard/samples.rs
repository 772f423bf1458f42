//! The throughput of the last while: a figure every few seconds, taken by a thread of its own and kept in memory, so the
//! chart of the overview has a past whoever looks. It ends with the last of its users.

use crate::answers::progress::StatusDocument;
use crate::domain::time::Timestamp;
use crate::serve::model::ReadModel;
use crate::serve::model::answers::StatusAnswer;
use std::collections::VecDeque;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// The model looks at the processor every two seconds; a look is found soon, so that what lies between two is told well.
const INTERVAL: Duration = Duration::from_millis(250);
/// Ten minutes of looks, and no more rows of a table than a page should have.
const KEPT: usize = 300;

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
    /// The thread ends when this does.
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Samples {
    /// Begins to take them. Without a thread there are none, and everything else goes on.
    pub fn start(model: ReadModel) -> Self {
        let taken = Arc::new(Mutex::new(VecDeque::with_capacity(KEPT)));
        let (stop, stopped) = mpsc::channel();
        let to = taken.clone();
        let thread = thread::Builder::new().name("dashboard-samples".to_owned());
        let thread = thread.spawn(move || take(&model, &to, &stopped));
        let thread = thread.inspect_err(|error| tracing::warn!(%error, "the throughput cannot be sampled"));
        Self { taken, stop: Some(stop), thread: thread.ok() }
    }

    /// Oldest first.
    pub fn all(&self) -> Vec<Sample> {
        locked(&self.taken).iter().copied().collect()
    }
}

/// Nobody may hold the model when its users are gone.
impl Drop for Samples {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A panic was printed where it happened, and costs some figures.
            let _ = thread.join();
        }
    }
}

fn take(model: &ReadModel, to: &Mutex<VecDeque<Sample>>, stopped: &Receiver<()>) {
    let mut before: Option<Committed> = None;
    while stopped.recv_timeout(INTERVAL) == Err(RecvTimeoutError::Timeout) {
        // Who looks at a page is told what is wrong.
        let Ok(StatusAnswer { processor: Some(processor), .. }) = model.status() else { continue };
        let now = Committed::of(&processor);
        if before.as_ref().is_some_and(|before| before.at == now.at) {
            continue;
        }
        if let Some(before) = before {
            note(&mut locked(to), now.since(&before));
        }
        before = Some(now);
    }
}

/// How far each stage had got, and when that was looked at. Rates go by real time, whatever the model's clock does.
struct Committed {
    at: Timestamp,
    when: Instant,
    next: [i64; 3],
}

impl Committed {
    fn of(processor: &StatusDocument) -> Self {
        let next = |name: &str| {
            let stages = processor.stages.iter().filter(|stage| stage.stage == name);
            stages.flat_map(|stage| &stage.partitions).filter_map(|input| input.committed).sum()
        };
        Self { at: processor.at.0, when: Instant::now(), next: STAGES.map(next) }
    }

    fn since(&self, before: &Self) -> Sample {
        let seconds = self.when.duration_since(before.when).as_secs_f64().max(0.001);
        let mut rates = [0.0; 3];
        for ((rate, now), then) in rates.iter_mut().zip(self.next).zip(before.next) {
            *rate = now.saturating_sub(then).max(0) as f64 / seconds;
        }
        Sample { at: self.at, rates }
    }
}

fn note(taken: &mut VecDeque<Sample>, sample: Sample) {
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
    fn only_the_newest_are_kept() {
        let mut taken = VecDeque::new();
        for at in 0..2_000 {
            note(&mut taken, Sample { at: Timestamp(at), rates: [0.0; 3] });
        }
        assert_eq!(taken.len(), KEPT);
        assert_eq!(taken.back().unwrap().at, Timestamp(1_999));
    }

    #[test]
    fn a_rate_is_what_was_committed_in_a_real_second() {
        let when = Instant::now();
        let before = Committed { at: Timestamp(0), when, next: [0, 5, 7] };
        let later = when + Duration::from_secs(2);
        let after = Committed { at: Timestamp(14_400_000), when: later, next: [10, 5, 3] };
        assert_eq!(after.since(&before).rates, [5.0, 0.0, 0.0]);
    }
}

//! The simulated clock, and the thread that lets the platform happen: it appends what happens to the input topics and
//! only then moves the clock. It reads no output.

use super::drafts::{Record, Topic};
use super::mishaps;
use super::platform::Platform;
use crate::config::Topics;
use crate::domain::time::Timestamp;
use crate::log::memory::MemoryLog;
use anyhow::Context as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// Fine enough that the picture moves smoothly; the simulation does not depend on it.
const STEP: Duration = Duration::from_millis(5);

/// After a longer pause (a laptop that slept) simulated time goes on where it was.
const STEP_MAX: Duration = Duration::from_millis(250);

/// The simulated time. Whatever is dated up to it is in the log already.
#[derive(Clone)]
pub struct SimulatedClock {
    now_ms: Arc<AtomicI64>,
}

impl SimulatedClock {
    pub fn new(start: Timestamp) -> Self {
        Self { now_ms: Arc::new(AtomicI64::new(start.0)) }
    }

    pub fn now(&self) -> Timestamp {
        Timestamp(self.now_ms.load(Ordering::SeqCst))
    }

    fn move_to(&self, now: Timestamp) {
        self.now_ms.store(now.0, Ordering::SeqCst);
    }
}

/// How the platform goes.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// How many times faster than real time.
    pub speed: f64,
    /// Then it stands still.
    pub until: Timestamp,
    pub mishaps: bool,
}

/// The running platform. Dropping it ends it.
pub struct Feed {
    stop: Arc<AtomicBool>,
    records: Arc<AtomicU64>,
    thread: Option<JoinHandle<()>>,
}

impl Feed {
    /// Begins at the clock's time.
    pub fn start(
        mut platform: Platform,
        log: MemoryLog,
        topics: &Topics,
        clock: SimulatedClock,
        pace: Pace,
    ) -> anyhow::Result<Self> {
        let Pace { speed, until, mishaps } = pace;
        let (stop, records) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let topics = topics.clone();
        let (stopped, counted) = (stop.clone(), records.clone());
        let run = move || {
            let mut now_ms = clock.now().0 as f64;
            let mut last = Instant::now();
            while !stopped.load(Ordering::SeqCst) {
                thread::sleep(STEP);
                let passed = last.elapsed().min(STEP_MAX);
                last = Instant::now();
                now_ms += passed.as_secs_f64() * 1000.0 * speed;
                let now = Timestamp(now_ms as i64).min(until);
                let append = |record: &Record| {
                    let topic = match record.topic {
                        Topic::ChatEvents => &topics.chat_events,
                        Topic::CustomerEvents => &topics.customer_events,
                        Topic::GoalChanges => &topics.goal_changes,
                    };
                    log.append(topic, record.key.as_bytes(), Some(&record.value), record.timestamp_ms);
                    1 + counted.fetch_add(1, Ordering::SeqCst)
                };
                platform.advance(now, &mut |record| {
                    let number = append(&record);
                    if let Some(bad) = mishaps::after(&record, number).filter(|_| mishaps) {
                        append(&bad);
                    }
                });
                clock.move_to(now);
            }
        };
        let thread = thread::Builder::new().name("platform".to_owned()).spawn(run);
        Ok(Self { stop, records, thread: Some(thread.context("cannot start the platform")?) })
    }

    /// How many records it has written.
    pub fn records(&self) -> u64 {
        self.records.load(Ordering::SeqCst)
    }

    /// Lets nothing happen any more; the clock stands still.
    pub fn end(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        if let Some(thread) = self.thread.take() {
            // A panic was printed where it happened, and the demo ends with it.
            let _ = thread.join();
        }
    }
}

impl Drop for Feed {
    fn drop(&mut self) {
        self.end();
    }
}

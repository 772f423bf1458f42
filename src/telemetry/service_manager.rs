//! What a process tells the service manager that started it (systemd, `Type=notify`): that it is ready, how it is in a sentence,
//! that it makes progress, that it is stopping. It only repeats what [`Health`] says; without a service manager it tells nobody.
//!
//! *Ready* is said once: when health first says so, which for a processor is when everything that it was given is restored and
//! runs, or when it has been in the group without any for some seconds because others have them all. A start is not
//! held up for ever by what may not come right by itself: after [`LATEST`] it is told as over if the process makes progress.
//! *Progress* (`WATCHDOG=1`) is said only while [`Health::live`] agrees, so a worker that is stuck is started anew.

use super::Health;
use sd_notify::NotifyState;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// When a start is over although the process is not ready.
pub const LATEST: Duration = Duration::from_secs(300);

/// Between two looks, at most.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// A thread that tells, until it is dropped.
pub struct ServiceManager {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl ServiceManager {
    /// Begins to tell what `health` says to whoever `NOTIFY_SOCKET` names.
    pub fn tell(health: Health) -> anyhow::Result<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        if std::env::var_os("NOTIFY_SOCKET").is_none() {
            return Ok(Self { stop, thread: None });
        }
        let mut teller = Teller::new(health, sd_notify::watchdog_enabled());
        let stopping = stop.clone();
        let thread = std::thread::Builder::new().name("service-manager".to_owned()).spawn(move || {
            let began = Instant::now();
            while !stopping.load(Ordering::Relaxed) {
                send(&teller.look(began.elapsed()));
                std::thread::sleep(teller.pause());
            }
        })?;
        Ok(Self { stop, thread: Some(thread) })
    }

    /// The process begins to leave. Progress is told of until this is dropped.
    pub fn stopping(&self) {
        if self.thread.is_some() {
            send(&[Word::Stopping]);
        }
    }
}

impl Drop for ServiceManager {
    fn drop(&mut self) {
        // Nobody waits for the thread: it may be held up by a service manager that does not listen, and ends with the process.
        self.stop.store(true, Ordering::Relaxed);
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Word {
    Ready,
    Status(String),
    Progress,
    Stopping,
}

fn send(words: &[Word]) {
    if words.is_empty() {
        return;
    }
    let states: Vec<NotifyState<'_>> = words
        .iter()
        .map(|word| match word {
            Word::Ready => NotifyState::Ready,
            Word::Status(sentence) => NotifyState::Status(sentence),
            Word::Progress => NotifyState::Watchdog,
            Word::Stopping => NotifyState::Stopping,
        })
        .collect();
    if let Err(error) = sd_notify::notify(&states) {
        tracing::debug!(%error, "the service manager could not be told");
    }
}

/// Decides what is told, by health and the time since the start.
struct Teller {
    health: Health,
    /// A third of the time after which a silent process is started anew; `None`: nobody waits for progress.
    progress_every: Option<Duration>,
    progress_told: Option<Duration>,
    ready_told: bool,
    status_told: Option<String>,
}

impl Teller {
    fn new(health: Health, watchdog: Option<Duration>) -> Self {
        let progress_every = watchdog.map(|watchdog| watchdog / 3);
        Self { health, progress_every, progress_told: None, ready_told: false, status_told: None }
    }

    fn pause(&self) -> Duration {
        self.progress_every.map_or(LOOK_EVERY, |every| every.min(LOOK_EVERY))
    }

    fn look(&mut self, now: Duration) -> Vec<Word> {
        let (live, ready) = (self.health.live(), self.health.ready());
        let mut words = Vec::new();
        if !self.ready_told && (ready.ok || live.ok && now >= LATEST) {
            self.ready_told = true;
            words.push(Word::Ready);
        }
        // One line: systemd takes each for a message of its own.
        let status = if live.ok { ready.sentence() } else { live.sentence() }.replace('\n', " ");
        if self.status_told.as_ref() != Some(&status) {
            self.status_told = Some(status.clone());
            words.push(Word::Status(status));
        }
        let is_time = |every| self.progress_told.is_none_or(|told| now >= told + every);
        if live.ok && self.progress_every.is_some_and(is_time) {
            self.progress_told = Some(now);
            words.push(Word::Progress);
        }
        words
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::health::Check;

    /// A process that lives and is ready as it is told.
    fn process() -> (Health, Arc<AtomicBool>, Arc<AtomicBool>) {
        let (moves, runs) = (Arc::new(AtomicBool::new(true)), Arc::new(AtomicBool::new(false)));
        let check = |is: &Arc<AtomicBool>, name: &'static str, wrong: &'static str| {
            let is = is.clone();
            move || match is.load(Ordering::Relaxed) {
                true => vec![Check::good(name, "fine")],
                false => vec![Check::bad(name, wrong)],
            }
        };
        let live = check(&moves, "worker", "a worker has made no step\nfor 60 s");
        let ready = check(&runs, "partitions", "1 of 4 partitions is restored");
        (Health::new(live, ready), moves, runs)
    }

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn status(sentence: &str) -> Word {
        Word::Status(sentence.to_owned())
    }

    #[test]
    fn ready_is_told_once_and_only_when_everything_runs() {
        let (health, _, runs) = process();
        let mut teller = Teller::new(health, None);
        assert_eq!(teller.look(at(0)), [status("1 of 4 partitions is restored")]);
        assert_eq!(teller.look(at(1)), []);
        runs.store(true, Ordering::Relaxed);
        assert_eq!(teller.look(at(2)), [Word::Ready, status("all is well")]);
        runs.store(false, Ordering::Relaxed);
        assert_eq!(teller.look(at(3)), [status("1 of 4 partitions is restored")]);
        runs.store(true, Ordering::Relaxed);
        assert_eq!(teller.look(at(4)), [status("all is well")]);
    }

    #[test]
    fn a_start_that_does_not_get_ready_is_over_at_last_if_it_makes_progress() {
        let (health, moves, _) = process();
        let mut teller = Teller::new(health, None);
        moves.store(false, Ordering::Relaxed);
        assert!(!teller.look(LATEST + at(1)).contains(&Word::Ready));
        moves.store(true, Ordering::Relaxed);
        assert!(teller.look(LATEST + at(2)).contains(&Word::Ready));
    }

    #[test]
    fn progress_is_told_three_times_in_the_time_of_the_watchdog() {
        let (health, _, _) = process();
        let mut teller = Teller::new(health, Some(at(60)));
        let told = (0..60).filter(|second| teller.look(at(*second)).contains(&Word::Progress)).count();
        assert_eq!(told, 3);
        assert!(
            Teller::new(process().0, Some(Duration::from_millis(300))).pause() <= Duration::from_millis(100)
        );
    }

    #[test]
    fn a_worker_that_is_stuck_ends_the_watchdogs_patience() {
        let (health, moves, _) = process();
        let mut teller = Teller::new(health, Some(at(60)));
        assert!(teller.look(at(0)).contains(&Word::Progress));
        moves.store(false, Ordering::Relaxed);
        let words: Vec<Word> = (1..1_000).flat_map(|second| teller.look(at(second))).collect();
        assert_eq!(words, [status("a worker has made no step for 60 s")]);
        moves.store(true, Ordering::Relaxed);
        assert!(teller.look(at(1_000)).contains(&Word::Progress));
    }

    #[test]
    fn without_a_watchdog_progress_is_not_told() {
        let mut teller = Teller::new(process().0, None);
        assert!((0..100).all(|second| !teller.look(at(second)).contains(&Word::Progress)));
    }
}

//! Whether the brokers answer: a thread asks them now and then, with one small question. It writes nothing, and nobody waits
//! for it.

use crate::config::Config;
use crate::log::kafka::KafkaLog;
use crate::log::{Log as _, TopicPartition};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

/// When they answered last. Cheap to clone; the thread ends with the last clone.
#[derive(Clone)]
pub struct Reach {
    answered: Arc<Mutex<Instant>>,
    /// How long it may take until the next answer.
    patience: Duration,
}

impl Reach {
    /// Begins to ask, every `telemetry.survey_interval_ms`. To be called when they have just answered.
    pub fn watch(log: KafkaLog, config: &Config) -> Self {
        let interval = Duration::from_millis(config.telemetry.survey_interval_ms);
        let of = TopicPartition::new(config.topics.chat_events.as_str(), 0);
        let reach = Self { answered: Arc::new(Mutex::new(Instant::now())), patience: 3 * interval };
        let answered = Arc::downgrade(&reach.answered);
        let asking = std::thread::Builder::new().name("reach".to_owned());
        asking.spawn(move || ask(&log, &of, &answered, interval)).expect("a thread can be started");
        reach
    }

    /// `None`: they answer.
    pub fn silent_for(&self) -> Option<Duration> {
        let silent = self.answered.lock().unwrap_or_else(PoisonError::into_inner).elapsed();
        Some(silent).filter(|silent| *silent > self.patience)
    }
}

fn ask(log: &KafkaLog, of: &TopicPartition, answered: &Weak<Mutex<Instant>>, interval: Duration) {
    loop {
        std::thread::sleep(interval);
        let outcome = log.ends(std::slice::from_ref(of));
        let Some(answered) = answered.upgrade() else { return };
        match outcome {
            Ok(_) => *answered.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now(),
            Err(error) => tracing::debug!(error = error.to_string(), "the brokers do not answer"),
        }
    }
}

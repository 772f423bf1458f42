//! Writes a few records by hand, outside of any transaction, and waits until the brokers have them.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rdkafka::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::KafkaError;
use rdkafka::message::DeliveryResult;
use rdkafka::producer::{Producer as _, ProducerContext, ThreadedProducer};
use rdkafka::types::RDKafkaErrorCode;

use super::client::sorted;
use super::producer::to_native;
use super::settings::Settings;
use crate::log::{LogError, LogResult, Outgoing};

/// Longer than a record may wait to be delivered.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(60);

pub(super) fn write(settings: &Settings, records: &[Outgoing<'_>]) -> LogResult<()> {
    let native: ThreadedProducer<Failures> = settings
        .writer()
        .create_with_context(Failures::default())
        .map_err(|error| sorted("a Kafka producer could not be made", &error))?;
    for record in records {
        let mut attempt = to_native(record);
        loop {
            attempt = match native.send(attempt) {
                Ok(()) => break,
                Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), back)) => back,
                Err((error, _)) => return Err(sorted("a record could not be sent", &error)),
            };
            std::thread::sleep(Duration::from_millis(2));
        }
    }
    native.flush(FLUSH_TIMEOUT).map_err(|error| sorted("records were not delivered", &error))?;
    match native.context().0.lock().unwrap_or_else(PoisonError::into_inner).take() {
        None => Ok(()),
        Some(reason) => Err(LogError::Broken(format!("a record was not delivered: {reason}"))),
    }
}

/// Keeps why the first record that was not delivered was not.
#[derive(Default)]
struct Failures(Mutex<Option<String>>);

impl ClientContext for Failures {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        super::client::log_line(level, facility, message);
    }
}

impl ProducerContext for Failures {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        if let Err((error, _)) = result {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_with(|| error.to_string());
        }
    }
}

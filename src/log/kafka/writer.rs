//! Writes records outside of any transaction, each once and in the order in which they are handed over, and says of each
//! when the brokers have it. It retries within its time and no longer: what is to be sent again is the caller's business.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use rdkafka::client::ClientContext;
use rdkafka::config::{ClientConfig, RDKafkaLogLevel};
use rdkafka::error::KafkaError;
use rdkafka::message::DeliveryResult;
use rdkafka::producer::{BaseRecord, Producer as _, ProducerContext, ThreadedProducer};
use rdkafka::types::RDKafkaErrorCode;
use tokio::sync::oneshot;

use super::client::sorted;
use super::producer::to_native;
use crate::log::{LogError, LogResult, Outgoing};

/// A producer that may be shared. Records of one partition are written in the order of the calls to [`Self::send`].
pub struct KafkaWriter {
    config: ClientConfig,
    native: RwLock<Arc<ThreadedProducer<Deliveries>>>,
}

impl KafkaWriter {
    pub(super) fn open(config: ClientConfig) -> LogResult<Self> {
        let native = RwLock::new(Arc::new(producer(&config)?));
        Ok(Self { config, native })
    }

    /// Hands a record over without waiting. [`LogError::Broken`] if the queue is full.
    pub fn send(&self, record: &Outgoing<'_>) -> LogResult<Delivery> {
        self.hand_over(record)?.map_err(|error| sorted("a record could not be sent", &error))
    }

    fn hand_over(&self, record: &Outgoing<'_>) -> LogResult<Result<Delivery, KafkaError>> {
        let (done, delivered) = oneshot::channel();
        let BaseRecord { topic, partition, payload, key, timestamp, headers, delivery_opaque: () } =
            to_native(record);
        let delivery_opaque = Box::new(done);
        let native = BaseRecord { topic, partition, payload, key, timestamp, headers, delivery_opaque };
        let sent = self.sound()?.send(native).map_err(|(error, _)| error);
        Ok(sent.map(|()| Delivery(delivered)))
    }

    /// Waits until everything that was handed over is decided.
    pub fn flush(&self, limit: Duration) -> LogResult<()> {
        let native = self.native.read().unwrap_or_else(PoisonError::into_inner).clone();
        native.flush(limit).map_err(|error| sorted("records were not delivered", &error))
    }

    /// The producer; a new one in place of one that can never write again.
    fn sound(&self) -> LogResult<Arc<ThreadedProducer<Deliveries>>> {
        let native = self.native.read().unwrap_or_else(PoisonError::into_inner).clone();
        let Some((code, reason)) = native.client().fatal_error() else { return Ok(native) };
        let mut place = self.native.write().unwrap_or_else(PoisonError::into_inner);
        if Arc::ptr_eq(&place, &native) {
            tracing::warn!(?code, reason, "the producer is replaced");
            *place = Arc::new(producer(&self.config)?);
        }
        Ok(place.clone())
    }
}

fn producer(config: &ClientConfig) -> LogResult<ThreadedProducer<Deliveries>> {
    config
        .create_with_context(Deliveries)
        .map_err(|error| sorted("a Kafka producer could not be made", &error))
}

/// What becomes of a record.
pub struct Delivery(oneshot::Receiver<Result<(), KafkaError>>);

impl Delivery {
    /// Returns when the brokers have the record. After an error it may be there nevertheless.
    pub async fn done(self) -> LogResult<()> {
        outcome(self.0.await)
    }

    /// The same for a thread that may wait.
    pub fn wait(self) -> LogResult<()> {
        outcome(self.0.blocking_recv())
    }
}

fn outcome(outcome: Result<Result<(), KafkaError>, oneshot::error::RecvError>) -> LogResult<()> {
    match outcome {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(sorted("a record was not delivered", &error)),
        Err(_) => Err(LogError::Broken("the producer ended before a record was delivered".to_owned())),
    }
}

/// Writes a few records by hand and waits until the brokers have them all.
pub(super) fn write(config: ClientConfig, records: &[Outgoing<'_>]) -> LogResult<()> {
    let writer = KafkaWriter::open(config)?;
    let mut deliveries = Vec::with_capacity(records.len());
    for record in records {
        deliveries.push(loop {
            match writer.hand_over(record)? {
                Err(KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull)) => {
                    std::thread::sleep(Duration::from_millis(2));
                }
                sent => break sent.map_err(|error| sorted("a record could not be sent", &error))?,
            }
        });
    }
    deliveries.into_iter().try_for_each(Delivery::wait)
}

/// Tells each record's sender what became of it.
struct Deliveries;

impl ClientContext for Deliveries {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        super::client::log_line(level, facility, message);
    }
}

impl ProducerContext for Deliveries {
    type DeliveryOpaque = Box<oneshot::Sender<Result<(), KafkaError>>>;

    fn delivery(&self, result: &DeliveryResult<'_>, done: Self::DeliveryOpaque) {
        // Whoever sent it may have stopped waiting.
        let _ = done.send(result.as_ref().map(|_| ()).map_err(|(error, _)| error.clone()));
    }
}

//! Reads named partitions without a group. It never commits and never starts anywhere else than it was told
//! to.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rdkafka::Offset as KafkaOffset;
use rdkafka::TopicPartitionList;
use rdkafka::consumer::Consumer;
use rdkafka::error::KafkaError;
use rdkafka::types::RDKafkaErrorCode;

use super::KafkaLog;
use super::client::{is_denied, sorted};
use super::cursors::Cursors;
use super::queue::{Connection, KafkaBatch};
use crate::log::{Batch as _, LogError, LogResult, Offset, Reader, TopicPartition};

/// Log lines and errors come by another queue than records.
const EVENTS_EVERY: Duration = Duration::from_millis(100);

pub struct KafkaReader {
    log: KafkaLog,
    connection: Arc<Connection>,
    cursors: Cursors,
}

impl KafkaReader {
    pub(super) fn open(log: KafkaLog, name: &str) -> LogResult<Self> {
        let connection = Connection::open(&log.inner.settings.reader(name))?;
        Ok(Self { log, connection, cursors: Cursors::default() })
    }

    fn serve_events(&self) -> LogResult<()> {
        match self.connection.consumer().poll(Duration::ZERO) {
            Some(Err(error @ KafkaError::MessageConsumptionFatal(_))) => Err(sorted("reading", &error)),
            Some(Err(error)) if error.rdkafka_error_code().is_some_and(is_denied) => {
                Err(sorted("reading", &error))
            }
            Some(Err(error)) => {
                tracing::warn!(%error, "the Kafka reader reports an error");
                Ok(())
            }
            // Records come by the data queue from the first one on, since `assign` begins each partition on
            // it.
            Some(Ok(_)) | None => Ok(()),
        }
    }
}

impl Reader for KafkaReader {
    type Batch = KafkaBatch;

    fn assign(&mut self, from: &[(TopicPartition, Offset)]) -> LogResult<()> {
        self.cursors.clear();
        let partitions: Vec<_> = from.iter().map(|(of, _)| of.clone()).collect();
        self.connection.hold_new(&partitions)?;
        let mut list = TopicPartitionList::with_capacity(from.len());
        for (of, next) in from {
            let from = KafkaOffset::Offset(*next);
            list.add_partition(&of.topic, of.partition)
                .set_offset(from)
                .expect("an offset is never negative");
        }
        self.connection
            .consumer()
            .assign(&list)
            .map_err(|error| sorted("partitions could not be taken for reading", &error))?;
        for (of, next) in from {
            self.connection.begin(of, KafkaOffset::Offset(*next), true)?;
            self.cursors.add(of.clone(), Some(*next));
        }
        Ok(())
    }

    fn poll(&mut self, timeout: Duration) -> LogResult<Option<KafkaBatch>> {
        let until = Instant::now() + timeout;
        loop {
            self.serve_events()?;
            let left = until.saturating_duration_since(Instant::now());
            let cursors = &mut self.cursors;
            let max = self.log.inner.settings.tuning.batch_records_max;
            let taken = self.connection.take(left.min(EVENTS_EVERY), max, |topic, partition, offset| {
                cursors.pass(topic, partition, offset)
            });
            if let Some(failure) = taken.failures.into_iter().next() {
                let next = self.cursors.get(&failure.of).and_then(|cursor| cursor.next).unwrap_or_default();
                let why = if failure.code == RDKafkaErrorCode::AutoOffsetReset {
                    self.log.gap(&failure.of, next, &failure.reason)
                } else {
                    failure.reason
                };
                return Err(LogError::Setup(format!("{} cannot be read on: {why}", failure.of)));
            }
            if !taken.batch.is_empty() {
                return Ok(Some(taken.batch));
            }
            if Instant::now() >= until {
                return Ok(None);
            }
        }
    }

    fn position(&self, of: &TopicPartition) -> Option<Offset> {
        let next = self.cursors.get(of)?.next?;
        Some(self.connection.delivered_up_to(of).map_or(next, |delivered| delivered.max(next)))
    }
}

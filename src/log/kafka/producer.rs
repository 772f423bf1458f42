//! One worker's transactions, and what every error of theirs means. It never begins a transaction with a producer
//! whose last one may or may not have ended, nor with one that may have sent a request twice: a late end could end a
//! later one.

use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use rdkafka::consumer::ConsumerGroupMetadata;
use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::message::{Header as KafkaHeader, OwnedHeaders};
use rdkafka::producer::{BaseRecord, Producer as _};
use rdkafka::types::RDKafkaErrorCode;
use rdkafka::{ClientConfig, Offset as KafkaOffset, TopicPartitionList};

use super::client::{is_setup, sorted};
use super::sending::{Polled, Sending};
use crate::log::{LogError, LogResult, NOTE_BYTES_MAX, Outgoing, Position};

/// While records are on their way there is nothing to wait on but time; far below what a commit takes.
const DELIVERY_PAUSE: Duration = Duration::from_micros(500);

/// How much longer than its own limit a call may take before it is left to itself.
const OVERTIME: Duration = Duration::from_secs(2);

/// How long a new producer waits for its first connection before it goes on without.
const CONNECTING: Duration = Duration::from_secs(2);

pub(super) struct Producer {
    config: ClientConfig,
    /// A call that says it may be made again is made again for this long.
    patience: Duration,
    /// `None` after an error that leaves the last transaction unclear; `recover` makes a new one.
    native: Option<Sending>,
    open: bool,
}

impl Producer {
    /// When this returns, whatever a predecessor with the same transactional id left open is ended.
    pub fn open(config: ClientConfig, transaction_timeout: Duration) -> LogResult<Self> {
        let mut producer = Self { config, patience: transaction_timeout, native: None, open: false };
        producer.recover()?;
        Ok(producer)
    }

    pub fn recover(&mut self) -> LogResult<()> {
        self.native = None;
        self.open = false;
        let native = Sending::open(&self.config)?;
        let patience = self.patience;
        // Asked before it is connected, librdkafka would look for the coordinator half a second later.
        native.producer.client().fetch_cluster_id(CONNECTING.min(patience));
        repeat(patience, || native.producer.init_transactions(patience))
            .map_err(|error| sorted("the transactional producer could not be set up", &error))?;
        self.native = Some(native);
        Ok(())
    }

    pub fn send(&mut self, record: Outgoing<'_>) -> LogResult<()> {
        self.begin()?;
        let native = self.native.as_mut().expect("begun, so it is there");
        let error = loop {
            match native.send(&record) {
                Ok(()) => return Ok(()),
                Err(KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull)) => {}
                Err(error) => break error,
            }
            native.producer.serve();
            if let Some((code, why)) = native.producer.context().failure() {
                return Err(self.undelivered(code, why));
            }
            std::thread::sleep(DELIVERY_PAUSE);
        };
        let what = format!(
            "a record of {} bytes for {}[{}] could not be sent",
            record.key.map_or(0, <[u8]>::len) + record.value.map_or(0, <[u8]>::len),
            record.topic,
            record.partition
        );
        Err(self.settle(&what, &error))
    }

    /// `group` is asked for just before it is used, since the group may have changed since the last commit.
    pub fn commit(
        &mut self,
        positions: &[Position],
        group: impl FnOnce() -> ConsumerGroupMetadata,
    ) -> LogResult<()> {
        self.begin()?;
        self.await_deliveries()?;
        let patience = self.patience;
        if !positions.is_empty() {
            let (list, group) = (to_list(positions), group());
            let native = self.begun().clone();
            let taken = watched(patience + OVERTIME, move || {
                repeat(patience, || native.send_offsets_to_transaction(&list, &group, patience))
            });
            taken
                .ok_or_else(|| {
                    self.give_up("the positions were neither taken nor refused in time".to_owned())
                })?
                .map_err(|error| self.settle("the positions were not taken", &error))?;
        }
        let native = self.begun();
        match repeat(patience, || native.commit_transaction(patience)) {
            Ok(()) => {
                self.open = false;
                Ok(())
            }
            // Here the broker has lost sight of the producer, perhaps after it had ended the transaction: an
            // abort would succeed and prove nothing.
            Err(error) if matches!(code_of(&error), Some(UNKNOWN_PRODUCER | UNMAPPED_PRODUCER)) => {
                Err(self.give_up(format!("the commit was not answered: {error}")))
            }
            Err(error) => Err(self.settle("the commit failed", &error)),
        }
    }

    pub fn abort(&mut self) -> LogResult<()> {
        if !self.open {
            return self.native.as_ref().map(|_| ()).ok_or_else(unclear);
        }
        let patience = self.patience;
        let native = self.begun();
        match repeat(patience, || native.abort_transaction(patience)) {
            Ok(()) => {
                self.open = false;
                Ok(())
            }
            Err(error) => Err(self.give_up(format!("the abort failed: {error}"))),
        }
    }

    fn begun(&self) -> &Arc<Polled> {
        &self.native.as_ref().expect("begun, so it is there").producer
    }

    fn begin(&mut self) -> LogResult<()> {
        if !self.open {
            self.retire_if_cut_off()?;
        }
        let native = &self.native.as_ref().ok_or_else(unclear)?.producer;
        if !self.open {
            native.context().forget_failure();
            if let Err(error) = native.begin_transaction() {
                return Err(self.give_up(format!("no transaction could be begun: {error}")));
            }
            self.open = true;
        }
        Ok(())
    }

    /// After a lost connection librdkafka sends again by itself what was on its way. If the broker reads the first of the
    /// two only after the second was answered, it meets the next transaction, which would be ended before its time, or
    /// be given older positions. A new producer has a new epoch, for which everything of the old one comes too late.
    fn retire_if_cut_off(&mut self) -> LogResult<()> {
        let Some(Sending { producer: native, .. }) = &self.native else { return Ok(()) };
        // What is queued was said before the answer to what was sent again.
        native.serve();
        if !native.context().is_cut_off() {
            return Ok(());
        }
        tracing::info!("the producer lost a connection and is replaced before the next transaction");
        self.recover()
    }

    /// `commit_transaction` would wait for deliveries, too, but in steps of 100 ms.
    fn await_deliveries(&mut self) -> LogResult<()> {
        let native = self.begun();
        // librdkafka itself gives up on a record after the transaction timeout.
        let until = Instant::now() + 2 * self.patience;
        while native.in_flight_count() > 0 && Instant::now() < until {
            // While this call lasts, records do not wait for company (`linger.ms`). It comes back when all are delivered.
            // SAFETY: the client is alive.
            unsafe { rdkafka::bindings::rd_kafka_flush(native.client().native_ptr(), FLUSH_MS) };
            // What was not delivered counts until it has been told.
            native.serve();
        }
        if let Some((code, why)) = native.context().failure() {
            Err(self.undelivered(code, why))
        } else if native.in_flight_count() > 0 {
            Err(self.refuse("records are still on their way".to_owned()))
        } else {
            Ok(())
        }
    }

    /// A record that the broker does not take at all would not be taken the next time either.
    fn undelivered(&mut self, code: RDKafkaErrorCode, why: String) -> LogError {
        match self.refuse(why) {
            LogError::Refused(why) if is_setup(code) => LogError::Setup(why),
            outcome => outcome,
        }
    }

    /// What follows from an error before the transaction was ended, or from one that says how it must end.
    fn settle(&mut self, what: &str, error: &KafkaError) -> LogError {
        let sentence = format!("{what}: {error}");
        let native = self.begun();
        let lost = native.client().fatal_error().is_some()
            || matches!(error, KafkaError::Transaction(e) if e.is_fatal());
        let abortable = match error {
            KafkaError::Transaction(error) => error.txn_requires_abort(),
            // The record never got into the transaction.
            _ => true,
        };
        if code_of(error).is_some_and(is_setup) {
            // Nothing of it can be kept; whether the abort succeeds does not matter to a worker that ends.
            let _ = self.abort();
            LogError::Setup(sentence)
        } else if abortable && !lost {
            self.refuse(sentence)
        } else {
            self.give_up(sentence)
        }
    }

    /// Only an abort that succeeded proves that nothing took effect.
    fn refuse(&mut self, why: String) -> LogError {
        match self.abort() {
            Ok(()) => LogError::Refused(why),
            Err(error) => LogError::Unclear(format!("{why}; then {error}")),
        }
    }

    fn give_up(&mut self, why: String) -> LogError {
        self.native = None;
        self.open = false;
        LogError::Unclear(why)
    }
}

/// The longest step in which librdkafka notices that everything is delivered, in milliseconds.
const FLUSH_MS: i32 = 1;

const UNKNOWN_PRODUCER: RDKafkaErrorCode = RDKafkaErrorCode::UnknownProducerId;
const UNMAPPED_PRODUCER: RDKafkaErrorCode = RDKafkaErrorCode::InvalidProducerIdMapping;

fn unclear() -> LogError {
    LogError::Unclear("the producer was given up before and has not been replaced".to_owned())
}

/// Makes a call that may never come back. `None` if it does not do so in time: it is left to itself, with what it was given.
/// `send_offsets_to_transaction` is one: once the broker that was the group's coordinator is gone from the cluster, librdkafka
/// 2.12 waits for it to come back, for how long soever (its issues 5456 and 5511).
fn watched<T: Send + 'static>(limit: Duration, call: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    let (done, outcome) = mpsc::channel();
    let watched = std::thread::Builder::new().name("positions".to_owned());
    watched.spawn(move || done.send(call())).expect("a thread can be started");
    outcome.recv_timeout(limit).ok()
}

/// Makes a call again while its error says that this is the way on.
fn repeat(patience: Duration, mut call: impl FnMut() -> KafkaResult<()>) -> KafkaResult<()> {
    let until = Instant::now() + patience;
    loop {
        match call() {
            Err(KafkaError::Transaction(error)) if error.is_retriable() && Instant::now() < until => {
                tracing::debug!(%error, "a transactional call is made again");
                std::thread::sleep(Duration::from_millis(5));
            }
            outcome => return outcome,
        }
    }
}

fn code_of(error: &KafkaError) -> Option<RDKafkaErrorCode> {
    match error {
        KafkaError::Transaction(error) => Some(error.code()),
        error => error.rdkafka_error_code(),
    }
}

pub(super) fn to_native<'a>(record: &Outgoing<'a>) -> BaseRecord<'a, [u8], [u8]> {
    let mut native = BaseRecord::to(record.topic).partition(record.partition);
    if let Some(key) = record.key {
        native = native.key(key);
    }
    if let Some(value) = record.value {
        native = native.payload(value);
    }
    if let Some(timestamp) = record.timestamp {
        // Zero would mean "now" to librdkafka.
        native = native.timestamp(timestamp.max(1));
    }
    if !record.headers.is_empty() {
        let headers = OwnedHeaders::new_with_capacity(record.headers.len());
        native = native.headers(record.headers.iter().fold(headers, |headers, header| {
            headers.insert(KafkaHeader { key: &header.name, value: header.value.as_deref() })
        }));
    }
    native
}

fn to_list(positions: &[Position]) -> TopicPartitionList {
    let mut list = TopicPartitionList::with_capacity(positions.len());
    for Position { of, next, note } in positions {
        let next = next.unwrap_or_else(|| panic!("the position of {of} to be committed has no offset"));
        assert!(note.len() <= NOTE_BYTES_MAX, "the note on {of} has {} bytes", note.len());
        let mut element = list.add_partition(&of.topic, of.partition);
        element.set_offset(KafkaOffset::Offset(next)).expect("an offset is never negative");
        if !note.is_empty() {
            element.set_metadata(note);
        }
    }
    list
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_that_does_not_come_back_is_left_to_itself() {
        let (end, ended) = mpsc::channel::<()>();
        assert_eq!(watched(Duration::from_millis(20), move || ended.recv().is_err()), None);
        drop(end);
        assert_eq!(watched(Duration::from_secs(60), || 7), Some(7));
    }
}

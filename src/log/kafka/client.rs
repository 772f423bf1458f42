//! What librdkafka calls back: its log lines and errors go to `tracing`, rebalances are written down for the
//! next poll, failed deliveries for the next commit. It decides nothing.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::KafkaError;
use rdkafka::message::{DeliveryResult, Message};
use rdkafka::producer::ProducerContext;
use rdkafka::types::{RDKafkaErrorCode, RDKafkaRespErr};
use rdkafka::{Offset as KafkaOffset, TopicPartitionList};

use crate::log::{LogError, TopicPartition};

/// A change of the assignment that the group has asked for and that nobody has answered yet.
pub(super) enum Change {
    Assign(Vec<TopicPartition>),
    Revoke { partitions: Vec<TopicPartition>, lost: bool },
}

/// Behind every client that only asks.
#[derive(Default)]
pub(super) struct Asking {
    trouble: Mutex<Option<Trouble>>,
}

/// Why a connection did not come about, in librdkafka's words. They never hold a password.
#[derive(Clone)]
pub(super) enum Trouble {
    /// The broker does not take the credentials.
    Credentials(String),
    /// One side does not take the other's certificate, or they do not agree how to encrypt.
    Tls(String),
    /// Anything else, such as nobody listening: it may pass.
    Other(String),
}

impl Asking {
    pub fn trouble(&self) -> Option<Trouble> {
        lock(&self.trouble).clone()
    }

    fn note(&self, trouble: Trouble) {
        let mut noted = lock(&self.trouble);
        // What comes after a refusal does not explain more than the refusal.
        if !matches!(
            (&*noted, &trouble),
            (Some(Trouble::Credentials(_) | Trouble::Tls(_)), Trouble::Other(_))
        ) {
            *noted = Some(trouble);
        }
    }
}

impl ClientContext for Asking {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        log_line(level, facility, message);
        // A connection that the broker closes (it may want TLS) is no error to librdkafka, only a line.
        if facility == "FAIL" {
            let reason = message.split_once("]: ").map_or(message, |(_thread, reason)| reason);
            self.note(Trouble::Other(reason.to_owned()));
        }
    }

    fn error(&self, error: KafkaError, reason: &str) {
        use RDKafkaErrorCode::{AllBrokersDown, Authentication, SSL, SaslAuthenticationFailed};
        log_error(&error, reason);
        match error.rdkafka_error_code() {
            Some(Authentication | SaslAuthenticationFailed) => {
                self.note(Trouble::Credentials(reason.to_owned()))
            }
            Some(SSL) => self.note(Trouble::Tls(reason.to_owned())),
            // Only what the errors before it add up to.
            Some(AllBrokersDown) => {}
            _ => self.note(Trouble::Other(reason.to_owned())),
        }
    }
}

impl ConsumerContext for Asking {}

/// Behind every client that fetches.
#[derive(Default)]
pub(super) struct Fetching {
    changes: Mutex<VecDeque<Change>>,
    closing: AtomicBool,
}

impl Fetching {
    pub fn next_change(&self) -> Option<Change> {
        lock(&self.changes).pop_front()
    }

    /// From now on every change is answered at once: nobody will poll again, and closing waits for the
    /// answers.
    pub fn close(&self, consumer: &BaseConsumer<Self>) {
        self.closing.store(true, Ordering::Release);
        while let Some(change) = self.next_change() {
            answer(consumer, &change);
        }
    }
}

impl ClientContext for Fetching {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        log_line(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        log_error(&error, reason);
    }
}

impl ConsumerContext for Fetching {
    fn rebalance(&self, consumer: &BaseConsumer<Self>, code: RDKafkaRespErr, list: &mut TopicPartitionList) {
        let partitions = from_list(list);
        let change = match code {
            RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS => Change::Assign(partitions),
            _ => Change::Revoke { partitions, lost: consumer.assignment_lost() },
        };
        if self.closing.load(Ordering::Acquire) {
            answer(consumer, &change);
        } else {
            lock(&self.changes).push_back(change);
        }
    }
}

fn answer(consumer: &BaseConsumer<Fetching>, change: &Change) {
    let answered = match change {
        Change::Assign(partitions) => {
            consumer.incremental_assign(&to_list(partitions, KafkaOffset::Offset(0)))
        }
        Change::Revoke { partitions, .. } => {
            consumer.incremental_unassign(&to_list(partitions, KafkaOffset::Invalid))
        }
    };
    if let Err(error) = answered {
        tracing::debug!(%error, "a rebalance while closing was not answered");
    }
}

/// Behind a transactional producer.
#[derive(Default)]
pub(super) struct Delivering {
    failure: Mutex<Option<(RDKafkaErrorCode, String)>>,
    cut_off: AtomicBool,
}

impl Delivering {
    /// Why a record of the open transaction was not delivered.
    pub fn failure(&self) -> Option<(RDKafkaErrorCode, String)> {
        lock(&self.failure).clone()
    }

    pub fn forget_failure(&self) {
        *lock(&self.failure) = None;
    }

    /// Whether a connection to a broker was lost, or a request was not answered in time. librdkafka has sent again what
    /// was on its way, and the first of each may still arrive.
    pub fn is_cut_off(&self) -> bool {
        self.cut_off.load(Ordering::Acquire)
    }
}

/// Before it has reached one of its last states, a connection carries no request that is sent again.
const NOT_UP_YET: [&str; 9] = [
    "INIT",
    "DOWN",
    "TRY_CONNECT",
    "CONNECT",
    "SSL_HANDSHAKE",
    "AUTH_LEGACY",
    "AUTH_HANDSHAKE",
    "AUTH_REQ",
    "APIVERSION_QUERY",
];

/// A line of librdkafka's that says that requests were, or may have been, on a connection that is no more.
fn tells_of_a_cut(facility: &str, message: &str) -> bool {
    match facility {
        "REQTMOUT" => true,
        "FAIL" => {
            let state = message.rsplit_once(" in state ").map(|(_, rest)| rest);
            let state = state.and_then(|rest| rest.split([')', ',']).next());
            !state.is_some_and(|state| NOT_UP_YET.contains(&state))
        }
        _ => false,
    }
}

impl ClientContext for Delivering {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        if tells_of_a_cut(facility, message) {
            self.cut_off.store(true, Ordering::Release);
        }
        log_line(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        log_error(&error, reason);
    }
}

impl ProducerContext for Delivering {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, _: ()) {
        if let Err((error, record)) = result {
            let (topic, partition) = (record.topic(), record.partition());
            let code = error.rdkafka_error_code().unwrap_or(RDKafkaErrorCode::Fail);
            let sentence = format!("a record for {topic}[{partition}] was not delivered: {error}");
            // The first one is the cause, the others are its consequence.
            lock(&self.failure).get_or_insert((code, sentence));
        }
    }
}

pub(super) fn log_line(level: RDKafkaLogLevel, facility: &str, message: &str) {
    use RDKafkaLogLevel::{Alert, Critical, Debug, Emerg, Error, Info, Notice, Warning};
    match (level, facility) {
        // A refused commit is an ordinary end of a transaction and reported to the caller; properties that
        // only some clients know are given to all of them.
        (_, "TXNERR" | "CONFWARN") => tracing::debug!(target: "librdkafka", facility, "{message}"),
        // An heir waits for the end of what its predecessor left open.
        (_, "GETPID") => tracing::info!(target: "librdkafka", facility, "{message}"),
        (Emerg | Alert | Critical | Error, _) => tracing::error!(target: "librdkafka", facility, "{message}"),
        (Warning, _) => tracing::warn!(target: "librdkafka", facility, "{message}"),
        (Notice | Info, _) => tracing::info!(target: "librdkafka", facility, "{message}"),
        (Debug, _) => tracing::debug!(target: "librdkafka", facility, "{message}"),
    }
}

/// A broker that goes away comes back or is replaced; librdkafka sees to that. What it cannot mend reaches
/// the caller.
fn log_error(error: &KafkaError, reason: &str) {
    tracing::warn!(target: "librdkafka", %error, "{reason}");
}

/// Sorts an error that no transaction is part of: a mistake in the set-up, or a connection that is lost.
pub(super) fn sorted(doing: &str, error: &KafkaError) -> LogError {
    let sentence = format!("{doing}: {error}");
    match error {
        KafkaError::ClientConfig(..) | KafkaError::ClientCreation(_) => LogError::Setup(sentence),
        error if error.rdkafka_error_code().is_some_and(is_setup) => LogError::Setup(sentence),
        _ => LogError::Broken(sentence),
    }
}

/// Errors that come again however often the call is made again.
pub(super) fn is_setup(code: RDKafkaErrorCode) -> bool {
    use RDKafkaErrorCode::*;
    let missing = matches!(code, UnknownTopic | UnknownPartition | UnknownTopicOrPartition | InvalidTopic);
    is_denied(code) || missing || matches!(code, MessageSizeTooLarge | InvalidTransactionTimeout)
}

/// The broker will not or cannot serve this client. A topic that is not there is another matter: brokers
/// learn of a new one at different times.
pub(super) fn is_denied(code: RDKafkaErrorCode) -> bool {
    use RDKafkaErrorCode::*;
    matches!(
        code,
        Authentication
            | SaslAuthenticationFailed
            | TopicAuthorizationFailed
            | GroupAuthorizationFailed
            | ClusterAuthorizationFailed
            | TransactionalIdAuthorizationFailed
            | UnsupportedVersion
            | UnsupportedFeature
            | UnsupportedAssignor
            | InvalidGroupId
    )
}

pub(super) fn to_list(partitions: &[TopicPartition], offset: KafkaOffset) -> TopicPartitionList {
    let mut list = TopicPartitionList::with_capacity(partitions.len());
    for of in partitions {
        list.add_partition(&of.topic, of.partition).set_offset(offset).expect("a valid offset");
    }
    list
}

fn from_list(list: &TopicPartitionList) -> Vec<TopicPartition> {
    list.elements().iter().map(|element| TopicPartition::new(element.topic(), element.partition())).collect()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_connection_that_was_up_is_cut() {
        let lost = "[thrd:TxnCoordinator]: TxnCoordinator: 127.0.0.1:9092: Disconnected: connection closed by peer: \
                    receive 0 after POLLIN (after 1933ms in state UP)";
        assert!(tells_of_a_cut("FAIL", lost));
        let again = "[thrd:b/1]: b/1: Disconnected (after 5ms in state UP, 2 identical error(s) suppressed)";
        assert!(tells_of_a_cut("FAIL", again));
        let refused = "[thrd:b/1]: b/1: Connect to ipv4#127.0.0.1:9092 failed: Connection refused (after 0ms in \
                       state CONNECT, 1 identical error(s) suppressed)";
        assert!(!tells_of_a_cut("FAIL", refused));
        // What cannot be read is taken for the worse.
        assert!(tells_of_a_cut("FAIL", "[thrd:b/1]: b/1: Disconnected"));
        assert!(tells_of_a_cut("REQTMOUT", "[thrd:b/1]: b/1: Timed out 1 in-flight, 0 retry-queued"));
        assert!(!tells_of_a_cut("GETPID", "[thrd:main]: Failed to acquire PID in state UP"));
    }
}

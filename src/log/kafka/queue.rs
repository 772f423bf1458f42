//! What fetches by librdkafka's pointers: a consumer with a data queue of its own, and the batches read from it. One
//! queue for all partitions costs half the CPU of `poll` and has one memory cap. It knows no group and no cursor.

use std::ffi::{CStr, CString};
use std::marker::PhantomData;
use std::ptr::{self, NonNull};
use std::slice;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rdkafka::bindings as native;
use rdkafka::bindings::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::types::RDKafkaErrorCode;
use rdkafka::{ClientConfig, Offset as KafkaOffset};

use super::client::{Fetching, sorted, to_list};
use crate::log::{Batch, Header, Headers, LogError, LogResult, Offset, Record, TopicPartition};

/// How long a partition may take to be ready for a seek: only as long as librdkafka stops its predecessor.
const READY_TIMEOUT: Duration = Duration::from_secs(30);

/// The longest that a question waits which is only to wake somebody. It may stand behind a fetch that waits for records, and
/// librdkafka drops a connection on which a question is not answered in time.
const WAKING: Duration = Duration::from_secs(2);

/// A consumer and its data queue.
pub(super) struct Connection {
    queue: NonNull<native::rd_kafka_queue_t>,
    consumer: BaseConsumer<Fetching>,
}

// SAFETY: librdkafka's queues may be used from any thread, and `BaseConsumer` is `Send` and `Sync` by itself.
unsafe impl Send for Connection {}
// SAFETY: as above; nothing here is mutable.
unsafe impl Sync for Connection {}

/// What came out of the data queue.
pub(super) struct Taken {
    pub batch: KafkaBatch,
    pub failures: Vec<Failure>,
}

/// An error that a partition's fetcher reported.
pub(super) struct Failure {
    pub of: TopicPartition,
    pub code: RDKafkaErrorCode,
    pub reason: String,
}

impl Connection {
    pub fn open(config: &ClientConfig) -> LogResult<Arc<Self>> {
        let consumer: BaseConsumer<Fetching> = config
            .create_with_context(Fetching::default())
            .map_err(|error| sorted("a Kafka consumer could not be made", &error))?;
        // SAFETY: the client is alive; the queue is destroyed in `drop`, before the client.
        let queue = unsafe { native::rd_kafka_queue_new(consumer.client().native_ptr()) };
        let queue = NonNull::new(queue).expect("librdkafka makes a queue for every living client");
        Ok(Arc::new(Self { queue, consumer }))
    }

    pub fn consumer(&self) -> &BaseConsumer<Fetching> {
        &self.consumer
    }

    /// By which the group knows this consumer; `None` before it has joined.
    pub fn member_id(&self) -> Option<String> {
        let client = self.consumer.client().native_ptr();
        // SAFETY: the client is alive; the text, if there is one, ends in zero and is given back after it was copied.
        unsafe {
            let id = NonNull::new(native::rd_kafka_memberid(client))?;
            let copy = CStr::from_ptr(id.as_ptr()).to_string_lossy().into_owned();
            native::rd_kafka_mem_free(client, id.as_ptr().cast());
            Some(copy).filter(|id| !id.is_empty())
        }
    }

    /// Holds partitions back that are about to be assigned. librdkafka only knows a partition that somebody
    /// has named, which asking for its queue does.
    pub fn hold_new(&self, partitions: &[TopicPartition]) -> LogResult<()> {
        partitions.iter().for_each(|of| self.forward(of));
        self.hold(partitions)
    }

    /// Nothing of these partitions that was fetched before is delivered any more, and nothing else until
    /// `begin`.
    pub fn hold(&self, partitions: &[TopicPartition]) -> LogResult<()> {
        let list = to_list(partitions, KafkaOffset::Invalid);
        self.consumer.pause(&list).map_err(|error| sorted("partitions could not be paused", &error))
    }

    /// Delivers an assigned partition from here on. `held`: it was held back before.
    ///
    /// What was not held back is not resumed: librdkafka might fetch it again from an older place. And the queue is
    /// forwarded only now: an earlier assignment of the partition that is still being stopped clears it.
    pub fn begin(&self, of: &TopicPartition, from: KafkaOffset, held: bool) -> LogResult<()> {
        self.seek(of, from)?;
        self.forward(of);
        if held {
            // Twice: librdkafka passes over a call that its own pause for a rebalance overtakes, and reports success. The
            // partition would stand still for ever. Where the first call was heard, the second finds it resumed and does
            // nothing, or, held back for a rebalance, has some records come again, which cursors pass over.
            let list = to_list(slice::from_ref(of), KafkaOffset::Invalid);
            for _ in 0..2 {
                self.consumer
                    .resume(&list)
                    .map_err(|error| sorted("a partition could not be resumed", &error))?;
            }
        }
        Ok(())
    }

    /// Has partitions fetched that were begun while nothing was: librdkafka's threads for their brokers may be asleep, for
    /// up to a second, and only a question wakes them. The answer does not matter.
    pub fn wake(&self, partitions: &[TopicPartition]) {
        let ends = to_list(partitions, KafkaOffset::End);
        if let Err(error) = self.consumer.offsets_for_times(ends, WAKING) {
            tracing::debug!(%error, "fetching may begin a second later");
        }
    }

    fn seek(&self, of: &TopicPartition, from: KafkaOffset) -> LogResult<()> {
        let until = Instant::now() + READY_TIMEOUT;
        loop {
            let asked = to_list(slice::from_ref(of), from);
            let answer = self.consumer.seek_partitions(asked, READY_TIMEOUT);
            let error = match answer.and_then(|list| list.elements()[0].error()) {
                Ok(()) => return Ok(()),
                Err(error) => error,
            };
            let code = error.rdkafka_error_code();
            // Outdated: librdkafka's own start of the partition has overtaken the seek, which did nothing then.
            let not_ready = matches!(
                code,
                Some(
                    RDKafkaErrorCode::State
                        | RDKafkaErrorCode::PreviousInProgress
                        | RDKafkaErrorCode::UnknownPartition
                        | RDKafkaErrorCode::Outdated
                )
            );
            if !not_ready || Instant::now() > until {
                return Err(LogError::Broken(format!("{of} could not be started at {from:?}: {error}")));
            }
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// Leads what is fetched of a partition to the data queue.
    fn forward(&self, of: &TopicPartition) {
        let topic = CString::new(&*of.topic).expect("the name of a topic has no zero byte");
        // SAFETY: the client is alive. The partition's queue holds its own reference to the data queue; the
        // handle is given back at once.
        unsafe {
            let client = self.consumer.client().native_ptr();
            let source = native::rd_kafka_queue_get_partition(client, topic.as_ptr(), of.partition);
            if !source.is_null() {
                native::rd_kafka_queue_forward(source, self.queue.as_ptr());
                native::rd_kafka_queue_destroy(source);
            }
        }
    }

    /// How far the partition was delivered, markers included; `None` if nothing was since it began.
    pub fn delivered_up_to(&self, of: &TopicPartition) -> Option<Offset> {
        let list = to_list(slice::from_ref(of), KafkaOffset::Invalid);
        // SAFETY: client and list are alive; librdkafka writes into the list only during the call.
        let code = unsafe { native::rd_kafka_position(self.consumer.client().native_ptr(), list.ptr()) };
        match list.elements()[0].offset() {
            KafkaOffset::Offset(next) if code == RD_KAFKA_RESP_ERR_NO_ERROR => Some(next),
            _ => None,
        }
    }

    /// Takes what is there, at most `max` records; waits up to `wait` if nothing is. Only records that
    /// `accept` takes are in the batch.
    pub fn take(
        self: &Arc<Self>,
        wait: Duration,
        max: usize,
        mut accept: impl FnMut(&str, i32, Offset) -> bool,
    ) -> Taken {
        let messages = self.consume(wait, max);
        let mut batch =
            KafkaBatch { messages: Vec::with_capacity(messages.len()), _connection: self.clone() };
        let mut failures = Vec::new();
        for message in messages.into_iter().filter_map(NonNull::new) {
            // SAFETY: `consume` hands out every message once; it lives until `rd_kafka_message_destroy`.
            let raw = unsafe { message.as_ref() };
            if raw.err == RD_KAFKA_RESP_ERR_NO_ERROR {
                let topic = batch.topic_of(raw);
                if accept(topic, raw.partition, raw.offset) {
                    let topic = NonNull::from(topic);
                    batch.messages.push(Fetched { message, topic });
                    continue;
                }
            } else if let Some(failure) = failure(raw) {
                failures.push(failure);
            }
            // SAFETY: the message is in no batch, so this is its only destruction.
            unsafe { native::rd_kafka_message_destroy(message.as_ptr()) };
        }
        Taken { batch, failures }
    }

    fn consume(&self, wait: Duration, max: usize) -> Vec<*mut native::rd_kafka_message_t> {
        let mut messages: Vec<*mut native::rd_kafka_message_t> = vec![ptr::null_mut(); max];
        let take = |into: &mut [*mut native::rd_kafka_message_t], timeout_ms: i32| {
            // SAFETY: the queue is alive and the array has room for as many messages as are asked for.
            let count = unsafe {
                native::rd_kafka_consume_batch_queue(
                    self.queue.as_ptr(),
                    timeout_ms,
                    into.as_mut_ptr(),
                    into.len(),
                )
            };
            // A failed call has taken nothing.
            usize::try_from(count).unwrap_or(0)
        };
        // The call waits until the array is full: so wait for one, then take what has come with it.
        let mut count = take(&mut messages, 0);
        let wait_ms = wait.as_millis() as i32;
        if count == 0 && wait_ms > 0 {
            count = take(&mut messages[..1], wait_ms);
            if count == 1 {
                count += take(&mut messages[1..], 0);
            }
        }
        messages.truncate(count);
        messages
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.consumer.context().close(&self.consumer);
        // SAFETY: nobody else has this handle. It goes before the consumer, which would wait for it for ever.
        unsafe { native::rd_kafka_queue_destroy(self.queue.as_ptr()) };
    }
}

/// Records as librdkafka holds them. It keeps the connection alive, so a batch may outlive its member.
pub struct KafkaBatch {
    messages: Vec<Fetched>,
    _connection: Arc<Connection>,
}

#[derive(Clone, Copy)]
struct Fetched {
    message: NonNull<native::rd_kafka_message_t>,
    /// The name of its topic, which the message holds.
    topic: NonNull<str>,
}

impl KafkaBatch {
    /// The name of a message's topic, taken over from the message before where it is the same: most of the time it is.
    fn topic_of<'a>(&'a self, message: &'a native::rd_kafka_message_t) -> &'a str {
        if let Some(last) = self.messages.last() {
            // SAFETY: the message lives as long as the batch, and its topic as long as the message.
            let (before, topic) = unsafe { (last.message.as_ref(), last.topic.as_ref()) };
            if before.rkt == message.rkt {
                return topic;
            }
        }
        place(message).0
    }
}

// SAFETY: messages may be read and destroyed on any one thread; only parsing the headers writes to them, and
// that needs the batch on that thread: it is not `Sync`.
unsafe impl Send for KafkaBatch {}

impl Batch for KafkaBatch {
    fn len(&self) -> usize {
        self.messages.len()
    }

    fn get(&self, index: usize) -> Record<'_> {
        let Fetched { message, topic } = self.messages[index];
        // SAFETY: message and topic live as long as the batch, to which the record is bound.
        let (raw, topic) = unsafe { (message.as_ref(), topic.as_ref()) };
        let mut kind = native::rd_kafka_timestamp_type_t::RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
        // SAFETY: as above.
        let timestamp = unsafe { native::rd_kafka_message_timestamp(raw, &mut kind) };
        let has_timestamp = kind != native::rd_kafka_timestamp_type_t::RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
        Record {
            topic,
            partition: raw.partition,
            offset: raw.offset,
            timestamp: (has_timestamp && timestamp >= 0).then_some(timestamp),
            key: bytes(raw.key, raw.key_len, raw),
            value: bytes(raw.payload, raw.len, raw),
            headers: Headers::Kafka(RawHeaders { message, batch: PhantomData }),
        }
    }
}

impl Drop for KafkaBatch {
    fn drop(&mut self) {
        for Fetched { message, .. } in &self.messages {
            // SAFETY: every message is in exactly one batch, and the client behind it is still alive.
            unsafe { native::rd_kafka_message_destroy(message.as_ptr()) };
        }
    }
}

impl std::fmt::Debug for KafkaBatch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries((0..self.len()).map(|index| self.get(index))).finish()
    }
}

/// The headers of one message, parsed only when asked for.
#[derive(Clone, Copy)]
pub struct RawHeaders<'a> {
    message: NonNull<native::rd_kafka_message_t>,
    batch: PhantomData<&'a KafkaBatch>,
}

impl RawHeaders<'_> {
    /// All headers, in their order. A name that is not UTF-8 is shown as well as it can be.
    pub fn to_vec(&self) -> Vec<Header> {
        let mut list = ptr::null_mut();
        // SAFETY: the message lives as long as the batch that this borrows; the list belongs to the message.
        if unsafe { native::rd_kafka_message_headers(self.message.as_ptr(), &mut list) }
            != RD_KAFKA_RESP_ERR_NO_ERROR
        {
            return Vec::new();
        }
        let mut headers = Vec::new();
        loop {
            let (mut name, mut value, mut size) = (ptr::null(), ptr::null(), 0);
            // SAFETY: the list is alive, and librdkafka checks the index.
            let code = unsafe {
                native::rd_kafka_header_get_all(list, headers.len(), &mut name, &mut value, &mut size)
            };
            if code != RD_KAFKA_RESP_ERR_NO_ERROR {
                return headers;
            }
            // SAFETY: a found header has a name that ends in zero, and a value of this size or none.
            headers.push(unsafe {
                Header {
                    name: CStr::from_ptr(name).to_string_lossy().into_owned(),
                    value: (!value.is_null())
                        .then(|| slice::from_raw_parts(value.cast::<u8>(), size).to_vec()),
                }
            });
        }
    }
}

/// Where a message of a partition comes from.
fn place(message: &native::rd_kafka_message_t) -> (&str, i32) {
    // SAFETY: a message that was fetched holds its topic, whose name ends in zero and lives as long.
    let topic = unsafe { CStr::from_ptr(native::rd_kafka_topic_name(message.rkt)) };
    (
        topic.to_str().expect("Kafka allows ASCII letters, digits, '.', '_' and '-' in the name of a topic"),
        message.partition,
    )
}

fn failure(message: &native::rd_kafka_message_t) -> Option<Failure> {
    if message.rkt.is_null() {
        return None;
    }
    let (topic, partition) = place(message);
    // SAFETY: a message with an error has a text for it, which ends in zero.
    let reason = unsafe { CStr::from_ptr(native::rd_kafka_message_errstr(message)) };
    Some(Failure {
        of: TopicPartition::new(topic, partition),
        code: KafkaError::MessageConsumption(message.err.into())
            .rdkafka_error_code()
            .expect("it was made from one"),
        reason: reason.to_string_lossy().into_owned(),
    })
}

fn bytes(start: *const std::ffi::c_void, len: usize, _of: &native::rd_kafka_message_t) -> Option<&[u8]> {
    // SAFETY: start and length of a key or value belong together and live as long as their message.
    (!start.is_null()).then(|| unsafe { slice::from_raw_parts(start.cast::<u8>(), len) })
}

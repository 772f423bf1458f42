//! A producer with what each record needs at hand, and a thread that lets librdkafka call back. It knows no transaction
//! and keeps no record.
//!
//! A record is handed over by the handle of its topic: by its name librdkafka would look for the topic under a lock of
//! the whole client, each time.

use std::ffi::{CString, c_void};
use std::ops::Deref;
use std::ptr::{self, NonNull};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::bindings as native;
use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::producer::{BaseProducer, Producer as _};

use super::client::{Delivering, sorted};
use super::producer::to_native;
use crate::log::{LogError, LogResult, Outgoing};

/// Only failed deliveries, errors, lines for the log and tokens to be refreshed wait for it, and whoever needs to know of
/// them polls, too. (The crate's own thread polls for 100 ms at a time and spends the last one of them in a loop that
/// never sleeps: a hundredth of a processor for each producer, busy or not.)
const POLL_EVERY: Duration = Duration::from_millis(10);

pub(super) struct Sending {
    /// Before the producer, which they belong to.
    topics: Vec<Topic>,
    pub producer: Arc<Polled>,
}

impl Sending {
    pub fn open(config: &ClientConfig) -> LogResult<Self> {
        Ok(Self { topics: Vec::new(), producer: Arc::new(Polled::open(config)?) })
    }

    /// Hands a record over; librdkafka copies it.
    pub fn send(&mut self, record: &Outgoing<'_>) -> KafkaResult<()> {
        if !record.headers.is_empty() || record.timestamp.is_some() {
            return self.producer.send(to_native(record)).map_err(|(error, _)| error);
        }
        let topic = self.handle(record.topic)?;
        let (key, key_len) = parts(record.key);
        let (value, value_len) = parts(record.value);
        // SAFETY: the topic belongs to this producer, which is alive; key and value are only read, during the call.
        let outcome = unsafe {
            native::rd_kafka_produce(
                topic.as_ptr(),
                record.partition,
                native::RD_KAFKA_MSG_F_COPY,
                value,
                value_len,
                key,
                key_len,
                ptr::null_mut(),
            )
        };
        if outcome == 0 { Ok(()) } else { Err(last_error()) }
    }

    fn handle(&mut self, name: &str) -> KafkaResult<NonNull<native::rd_kafka_topic_t>> {
        if let Some(known) = self.topics.iter().find(|topic| &*topic.name == name) {
            return Ok(known.handle);
        }
        let text = CString::new(name)?;
        let client = self.producer.client().native_ptr();
        // SAFETY: the client is alive, and the name ends in zero.
        let handle = unsafe { native::rd_kafka_topic_new(client, text.as_ptr(), ptr::null_mut()) };
        let handle = NonNull::new(handle).ok_or_else(last_error)?;
        self.topics.push(Topic { name: name.into(), handle });
        Ok(handle)
    }
}

/// Of the call that this thread has just made.
fn last_error() -> KafkaError {
    // SAFETY: it only reads a variable of this thread.
    KafkaError::MessageProduction(unsafe { native::rd_kafka_last_error() }.into())
}

/// Null for a key or value that is none.
fn parts(bytes: Option<&[u8]>) -> (*mut c_void, usize) {
    bytes.map_or((ptr::null_mut(), 0), |bytes| (bytes.as_ptr().cast_mut().cast(), bytes.len()))
}

/// A topic as librdkafka knows it.
struct Topic {
    name: Box<str>,
    handle: NonNull<native::rd_kafka_topic_t>,
}

// SAFETY: librdkafka counts who has a topic, and lets any thread use it.
unsafe impl Send for Topic {}

impl Drop for Topic {
    fn drop(&mut self) {
        // SAFETY: nobody else has this handle, and the client outlives it (`Sending`).
        unsafe { native::rd_kafka_topic_destroy(self.handle.as_ptr()) };
    }
}

/// A producer that is polled regularly, for as long as anybody has it.
pub(super) struct Polled {
    served: Arc<Served>,
    /// Dropped to end the thread.
    stop: Option<mpsc::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Polled {
    fn open(config: &ClientConfig) -> LogResult<Self> {
        let served = Arc::new(Served::open(config)?);
        let (stop, stopped) = mpsc::channel::<()>();
        let polled = served.clone();
        let thread = std::thread::Builder::new()
            .name("deliveries".to_owned())
            .spawn(move || {
                while let Err(mpsc::RecvTimeoutError::Timeout) = stopped.recv_timeout(POLL_EVERY) {
                    polled.serve();
                }
            })
            .map_err(|error| LogError::Broken(format!("no thread could be started: {error}")))?;
        Ok(Self { served, stop: Some(stop), thread: Some(thread) })
    }

    /// When this returns, everything that librdkafka had to say when it was called has been taken in.
    pub fn serve(&self) {
        self.served.serve();
    }
}

impl Deref for Polled {
    type Target = BaseProducer<Delivering>;
    fn deref(&self) -> &Self::Target {
        &self.served.producer
    }
}

impl Drop for Polled {
    fn drop(&mut self) {
        self.stop = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the thread that polls the producer panicked");
        }
    }
}

struct Served {
    producer: BaseProducer<Delivering>,
    /// What librdkafka has to say: failed deliveries, errors and lines for the log.
    queue: NonNull<native::rd_kafka_queue_t>,
    /// Had by whoever takes from the queue, so that nobody finds it empty before what was in it has been taken in.
    turn: Mutex<()>,
}

// SAFETY: librdkafka's queues may be used from any thread, and `BaseProducer` is `Send` and `Sync` by itself.
unsafe impl Send for Served {}
// SAFETY: as above; nothing here is mutable.
unsafe impl Sync for Served {}

impl Served {
    fn open(config: &ClientConfig) -> LogResult<Self> {
        let producer: BaseProducer<Delivering> = config
            .create_with_context(Delivering::default())
            .map_err(|error| sorted("a Kafka producer could not be made", &error))?;
        // SAFETY: the client is alive; the queue is given back in `drop`, before the client.
        let queue = unsafe { native::rd_kafka_queue_get_main(producer.client().native_ptr()) };
        let queue = NonNull::new(queue).expect("every client has a main queue");
        Ok(Self { producer, queue, turn: Mutex::new(()) })
    }

    fn serve(&self) {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        // SAFETY: the queue is alive until `drop`.
        while unsafe { native::rd_kafka_queue_length(self.queue.as_ptr()) } > 0 {
            // One at a time.
            self.producer.poll(Duration::ZERO);
        }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // SAFETY: nobody else has this handle, and the client is dropped after it.
        unsafe { native::rd_kafka_queue_destroy(self.queue.as_ptr()) };
    }
}

//! A paced load on an idle program with empty topics. Each chat is opened and asked, answered a second later, for every
//! other one the customer buys a second after that, then it is closed. Measured from just before a record is handed to
//! the producer until a `read_committed` consumer holds the status that follows from it.

use crate::process::LIMIT;
use crate::rich::{CHANNELS, DAY, MANAGERS, time};
use crate::subject::{Program, Running, Subject};
use crate::world::{STATUSES, World};
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::producer::{BaseRecord, DefaultProducerContext, Producer as _, ThreadedProducer};
use rdkafka::{ClientConfig, Message as _, Offset, TopicPartitionList};
use serde::Deserialize;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Chats a second.
pub const RATE: usize = 100;
pub const WARM_UP: usize = 20;
pub const MEASURED: usize = 40;
const CHATS: usize = RATE * (WARM_UP + MEASURED);

/// Milliseconds in order, and how many never came.
#[derive(Default)]
pub struct Seen {
    pub sorted: Vec<f64>,
    pub missing: usize,
}

impl Seen {
    pub fn quantile(&self, of: f64) -> f64 {
        let at = ((self.sorted.len() as f64 * of) as usize).min(self.sorted.len().saturating_sub(1));
        self.sorted.get(at).copied().unwrap_or(f64::NAN)
    }
}

pub struct Latency {
    pub replies: Seen,
    pub events: Seen,
    /// CPU seconds of the program and of the broker during the whole of the paced load.
    pub cpu: f64,
    pub broker_cpu: f64,
    /// How late a record was handed over at worst, in milliseconds.
    pub slip: f64,
}

/// When it was sent and when the answer was there, in nanoseconds since the beginning; zero is not yet.
#[derive(Default)]
struct Pair {
    sent: AtomicU64,
    seen: AtomicU64,
}

/// One chat more than is paced, to find out whether the program is there.
struct Watch {
    begin: Instant,
    replies: Vec<Pair>,
    events: Vec<Pair>,
    stop: AtomicBool,
}

pub fn measure(world: &World, program: Program) -> anyhow::Result<Latency> {
    world.fresh_inputs()?;
    let subject = Subject::new(program, world)?;
    let producer = producer(world)?;
    set_goals(&producer)?;
    let consumer = consumer(world)?;
    let pairs = || (0..=CHATS).map(|_| Pair::default()).collect();
    let watch =
        Watch { begin: Instant::now(), replies: pairs(), events: pairs(), stop: AtomicBool::new(false) };
    let mut running = subject.start()?;
    let found = std::thread::scope(|scope| {
        let reader = scope.spawn(|| watch.read(&consumer));
        let paced = watch.load(&producer, &mut running, world);
        watch.stop.store(true, Ordering::Relaxed);
        reader.join().expect("it does not panic")?;
        paced
    })?;
    running.stop()?;
    subject.forget()?;
    println!(
        "{:<15} reply to status {}, event to achieved {} (p50/p99), CPU {:.1} s, broker {:.1} s, slip {:.0} ms",
        program.name(),
        short(&found.replies),
        short(&found.events),
        found.cpu,
        found.broker_cpu,
        found.slip
    );
    Ok(found)
}

fn short(seen: &Seen) -> String {
    let missing = if seen.missing == 0 { String::new() } else { format!(", {} did not come", seen.missing) };
    format!("{:.1}/{:.1} ms{missing}", seen.quantile(0.5), seen.quantile(0.99))
}

impl Watch {
    fn load(&self, producer: &Feed, running: &mut Running, world: &World) -> anyhow::Result<Latency> {
        self.await_first(producer, running)?;
        std::thread::sleep(Duration::from_secs(2));
        let (cpu, broker) = (running.cpu(), world.broker_cpu());
        let slip = self.pace(producer, running)?;
        // What is late by more counts as missing.
        std::thread::sleep(Duration::from_secs(3));
        Ok(Latency {
            replies: found(&self.replies),
            events: found(&self.events),
            cpu: running.cpu() - cpu,
            broker_cpu: world.broker_cpu() - broker,
            slip: slip.as_secs_f64() * 1e3,
        })
    }

    fn await_first(&self, producer: &Feed, running: &mut Running) -> anyhow::Result<()> {
        self.step(0, CHATS, producer)?;
        self.step(1, CHATS, producer)?;
        let start = Instant::now();
        while self.replies[CHATS].seen.load(Ordering::Relaxed) == 0 {
            running.alive()?;
            anyhow::ensure!(start.elapsed() < Duration::from_secs(120), "no status came in two minutes");
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    /// Each chat has four moments, a second apart. The worst delay of any.
    fn pace(&self, producer: &Feed, running: &mut Running) -> anyhow::Result<Duration> {
        let (start, mut next, mut slip) = (Instant::now(), [0; 4], Duration::ZERO);
        while next[3] < CHATS {
            for (step, next) in next.iter_mut().enumerate().rev() {
                while *next < CHATS {
                    let due = start + Duration::from_secs_f64(*next as f64 / RATE as f64 + step as f64);
                    let now = Instant::now();
                    if due > now {
                        break;
                    }
                    slip = slip.max(now - due);
                    self.step(step, *next, producer)?;
                    *next += 1;
                }
            }
            running.alive()?;
            std::thread::sleep(Duration::from_millis(1));
        }
        Ok(slip)
    }

    fn step(&self, step: usize, number: usize, producer: &Feed) -> anyhow::Result<()> {
        let chat = |body: String| {
            let head = format!(r#""chatId":"c{number}""#);
            send(producer, "chat.events", &format!("c{number}"), number, &head, &body)
        };
        let manager = number % MANAGERS as usize;
        match step {
            0 => {
                chat(format!(r#""chatOpened":{{"customerId":"u{number}","openedBy":"CUSTOMER"}}"#))?;
                chat(format!(r#""customerMessage":{{"customerId":"u{number}"}}"#))
            }
            1 => {
                self.replies[number].sent.store(self.now(), Ordering::Relaxed);
                chat(format!(r#""managerReply":{{"managerId":"m{manager}"}}"#))
            }
            2 if number.is_multiple_of(2) => {
                let head = format!(r#""id":"t{number}","customerId":"u{number}""#);
                let body = r#""tracked":{"name":"Purchase","properties":{"amount":12.5}}"#;
                self.events[number].sent.store(self.now(), Ordering::Relaxed);
                send(producer, "customer.events", &format!("u{number}"), number, &head, body)
            }
            2 => Ok(()),
            _ => chat(format!(r#""chatClosed":{{"managerId":"m{manager}"}}"#)),
        }
    }

    fn read(&self, consumer: &BaseConsumer) -> anyhow::Result<()> {
        #[derive(Deserialize)]
        struct Status {
            #[serde(default)]
            status: String,
            phase: Option<String>,
        }
        while !self.stop.load(Ordering::Relaxed) {
            let Some(message) = consumer.poll(Duration::from_millis(20)) else { continue };
            let message = message?;
            let now = self.now();
            let (Some(key), Some(value)) = (message.key(), message.payload()) else { continue };
            let number: usize = std::str::from_utf8(key)?.trim_start_matches('c').parse()?;
            let Status { status, phase } = serde_json::from_slice(value)?;
            let pair = match (status.as_str(), phase.as_deref()) {
                (_, Some("MEASURING")) => &self.replies[number],
                ("ACHIEVED", _) => &self.events[number],
                _ => continue,
            };
            // The first counts.
            let _ = pair.seen.compare_exchange(0, now, Ordering::Relaxed, Ordering::Relaxed);
        }
        Ok(())
    }

    fn now(&self) -> u64 {
        self.begin.elapsed().as_nanos() as u64
    }
}

fn found(pairs: &[Pair]) -> Seen {
    let mut found = Seen::default();
    for pair in &pairs[RATE * WARM_UP..CHATS] {
        match (pair.sent.load(Ordering::Relaxed), pair.seen.load(Ordering::Relaxed)) {
            (0, _) => {}
            (_, 0) => found.missing += 1,
            (sent, seen) => found.sorted.push(seen.saturating_sub(sent) as f64 / 1e6),
        }
    }
    found.sorted.sort_by(f64::total_cmp);
    found
}

type Feed = ThreadedProducer<DefaultProducerContext>;

fn producer(world: &World) -> anyhow::Result<Feed> {
    Ok(ClientConfig::new()
        .set("bootstrap.servers", &world.bootstrap)
        .set("partitioner", "murmur2_random")
        .set("acks", "all")
        .set("linger.ms", "0")
        .create()?)
}

fn consumer(world: &World) -> anyhow::Result<BaseConsumer> {
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", &world.bootstrap)
        .set("group.id", "compare-latency")
        .set("isolation.level", "read_committed")
        .set("enable.auto.commit", "false")
        .create()?;
    let mut list = TopicPartitionList::new();
    for of in world.partitions([STATUSES]) {
        list.add_partition_offset(&of.topic, of.partition, Offset::Beginning)?;
    }
    consumer.assign(&list)?;
    Ok(consumer)
}

/// Twenty days ago by time and by log, so that they count from then on.
fn set_goals(producer: &Feed) -> anyhow::Result<()> {
    let at = chrono::Utc::now().timestamp_millis() - 20 * DAY;
    for channel in 0..CHANNELS {
        for body in [r#""subscriptionSet":{"active":true}"#, r#""goalSet":{"eventName":"Purchase","days":7}"#]
        {
            let key = format!("ch{channel}");
            let json = format!(r#"{{"channelId":"{key}","at":"{}",{body}}}"#, time(at));
            let record = BaseRecord::to("goal.changes").key(&key).payload(&json).timestamp(at);
            producer.send(record).map_err(|(error, _)| error)?;
        }
    }
    Ok(producer.flush(LIMIT)?)
}

fn send(
    producer: &Feed,
    topic: &str,
    key: &str,
    number: usize,
    head: &str,
    body: &str,
) -> anyhow::Result<()> {
    let at = chrono::Utc::now().timestamp_millis();
    let channel = number % CHANNELS as usize;
    let json = format!(r#"{{{head},"channelId":"ch{channel}","at":"{}",{body}}}"#, time(at));
    let record = BaseRecord::to(topic).key(key).payload(&json).timestamp(at);
    Ok(producer.send(record).map_err(|(error, _)| error)?)
}

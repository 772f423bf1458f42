//! A real process on a real broker, for the benchmarks: records in, positions and memory out.

use chat_goals::config::Config;
use chat_goals::log::kafka::KafkaLog;
use chat_goals::log::{Batch as _, Log as _, Reader as _, TopicPartition};
use rdkafka::ClientConfig;
use rdkafka::producer::{BaseRecord, Producer as _, ThreadedProducer};
use std::process::Child;
use std::time::{Duration, Instant};

/// How long anything may take.
pub const LIMIT: Duration = Duration::from_secs(900);

pub fn producer(
    bootstrap: &str,
) -> anyhow::Result<ThreadedProducer<rdkafka::producer::DefaultProducerContext>> {
    Ok(ClientConfig::new()
        .set("bootstrap.servers", bootstrap)
        .set("partitioner", "murmur2_random")
        .set("enable.idempotence", "true")
        .set("compression.type", "lz4")
        .set("linger.ms", "20")
        .create()?)
}

pub fn send(
    producer: &ThreadedProducer<rdkafka::producer::DefaultProducerContext>,
    topic: &str,
    key: &str,
    value: &str,
    at: i64,
) {
    let mut record = BaseRecord::to(topic).key(key).payload(value).timestamp(at);
    while let Err((error, back)) = producer.send(record) {
        assert_eq!(error.rdkafka_error_code(), Some(rdkafka::types::RDKafkaErrorCode::QueueFull), "{error}");
        std::thread::sleep(Duration::from_millis(5));
        record = back;
    }
}

/// Waits until the group has committed these positions; the seconds since `start`.
pub fn await_positions(
    log: &KafkaLog,
    config: &Config,
    of: &[TopicPartition],
    ends: &[i64],
    start: Instant,
) -> anyhow::Result<f64> {
    while start.elapsed() < LIMIT {
        let positions = log.committed(&config.consumer_group(), of)?;
        if positions.iter().zip(ends).all(|(position, end)| position.next.is_some_and(|next| next >= *end)) {
            return Ok(start.elapsed().as_secs_f64());
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    anyhow::bail!("the group did not get there")
}

/// Writes a new chat and waits for its status; the seconds since `start`.
pub fn first_status(
    bootstrap: &str,
    log: &KafkaLog,
    input: &str,
    statuses: &[TopicPartition],
    start: Instant,
) -> anyhow::Result<f64> {
    let mut reader = log.reader()?;
    let from: Vec<(TopicPartition, i64)> = statuses.iter().cloned().zip(log.ends(statuses)?).collect();
    reader.assign(&from)?;
    let now = chrono::Utc::now();
    let chat = format!("new-{}", now.timestamp_micros());
    let record = format!(
        r#"{{"channelId":"ch1","chatId":"{chat}","at":"{}","customerMessage":{{"customerId":"new"}}}}"#,
        now.to_rfc3339_opts(chrono::SecondsFormat::Millis, true)
    );
    let producer = producer(bootstrap)?;
    send(&producer, input, &chat, &record, now.timestamp_millis());
    producer.flush(LIMIT)?;
    while start.elapsed() < LIMIT {
        if let Some(batch) = reader.poll(Duration::from_millis(10))?
            && (0..batch.len()).any(|index| batch.get(index).key == Some(chat.as_bytes()))
        {
            return Ok(start.elapsed().as_secs_f64());
        }
    }
    anyhow::bail!("the status of the new chat did not come")
}

pub fn kill(process: &mut Child) {
    process.kill().expect("it runs");
    process.wait().expect("it was started here");
}

pub fn cpu_seconds(process: &Child) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", process.id())).expect("it runs");
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks: f64 = fields[11].parse::<f64>().unwrap_or(0.0) + fields[12].parse::<f64>().unwrap_or(0.0);
    ticks / 100.0
}

pub fn peak_mb(process: &Child) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", process.id())).expect("it runs");
    let line = status.lines().find(|line| line.starts_with("VmHWM")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|kb| kb.parse::<u64>().ok()).unwrap_or(0) >> 10
}

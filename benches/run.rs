//! `run` on preloaded topics beside a plain consumer that only counts the same records, and a restart after kill -9,
//! in one run on one broker. `dev/kafka run -- cargo bench --bench run -- [CHATS]`; a chat has about ten records.

mod load;
#[path = "load/process.rs"]
mod process;

use chat_goals::config::Config;
use chat_goals::log::kafka::{KafkaLog, KafkaTuning};
use chat_goals::log::{Log as _, TopicPartition};
use process::{LIMIT, await_positions, cpu_seconds, first_status, kill, peak_mb, producer, send};
use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::producer::Producer as _;
use rdkafka::{Offset, TopicPartitionList};
use serde_json::value::RawValue;
use std::collections::HashMap;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const PARTITIONS: i32 = 4;

fn main() -> anyhow::Result<()> {
    let chats = std::env::args().skip(1).find_map(|arg| arg.parse().ok()).unwrap_or(200_000);
    let bootstrap = std::env::var("KAFKA_BOOTSTRAP").expect("dev/kafka run -- cargo bench --bench run");
    let state = tempfile::tempdir()?;
    let flags = [
        format!("--bootstrap={bootstrap}"),
        format!("--state-dir={}", state.path().display()),
        format!("--set=create.partitions={PARTITIONS}"),
        format!("--set=group.id=bench-{}", std::process::id()),
    ];
    let binary = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_chat-goals"));
        command.stdout(Stdio::null()).stderr(Stdio::null());
        command
    };
    assert!(
        binary().args(["topics", "create"]).args(&flags).status()?.success(),
        "the topics could not be made"
    );
    let config = Config::load(
        None,
        std::iter::empty(),
        &[("group.id".into(), format!("bench-{}", std::process::id()))],
    )?;
    let log = KafkaLog::connect(&bootstrap, &[], KafkaTuning::default())?;
    let records = preload(&bootstrap, chats)?;
    let inputs: Vec<TopicPartition> = ["chat.events", "customer.events"]
        .iter()
        .flat_map(|topic| (0..PARTITIONS).map(|partition| TopicPartition::new(*topic, partition)))
        .collect();
    let ends = log.ends(&inputs)?;
    println!("{records} records of {chats} chats, {PARTITIONS} partitions");

    let plain = count(&bootstrap, &inputs, &ends)?;
    println!("plain consumer       {:>9.0} records/s", records as f64 / plain);

    let start = Instant::now();
    let mut process = binary().arg("run").args(&flags).spawn()?;
    let first = await_positions(&log, &config, &inputs, &vec![1; ends.len()], start)?;
    let all = await_positions(&log, &config, &inputs, &ends, start)?;
    println!(
        "run                  {:>9.0} records/s   {:.2} of the plain consumer (from start to end, {:.2} s to begin)",
        records as f64 / all,
        plain / all,
        first
    );
    let cpu = cpu_seconds(&process);
    println!(
        "run, CPU             {:>9.1} us a record; peak memory {} MB",
        cpu * 1e6 / records as f64,
        peak_mb(&process)
    );

    // Long enough for the clock to have moved and everything to be committed.
    let settled = await_positions(&log, &config, &inputs, &ends, start)?;
    assert!(settled >= all);
    kill(&mut process);
    let statuses: Vec<TopicPartition> =
        (0..PARTITIONS).map(|partition| TopicPartition::new("goal.status-changed", partition)).collect();
    let start = Instant::now();
    let mut process = binary().arg("run").args(&flags).spawn()?;
    let seconds = first_status(&bootstrap, &log, "chat.events", &statuses, start)?;
    println!("restart after kill -9 with {chats} chats: {seconds:.2} s to the status of a new chat");
    kill(&mut process);
    Ok(())
}

/// Writes the load into the input topics, each record with its time as the log timestamp.
fn preload(bootstrap: &str, chats: u64) -> anyhow::Result<u64> {
    let producer = producer(bootstrap)?;
    let mut lines = Vec::new();
    load::write_lines(chats, &mut lines)?;
    let mut records = 0;
    for line in lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        let line: HashMap<&str, &RawValue> = serde_json::from_slice(line)?;
        let (kind, record) = line.into_iter().next().expect("a line has a record");
        let (topic, key) = match kind {
            "chatEvent" => ("chat.events", "chatId"),
            "customerEvent" => ("customer.events", "customerId"),
            _ => ("goal.changes", "channelId"),
        };
        records += u64::from(topic != "goal.changes");
        let fields: HashMap<&str, &RawValue> = serde_json::from_str(record.get())?;
        let text = |name: &str| fields[name].get().trim_matches('"').to_owned();
        let at = chrono::DateTime::parse_from_rfc3339(&text("at"))?.timestamp_millis();
        send(&producer, topic, &text(key), record.get(), at);
    }
    producer.flush(LIMIT)?;
    Ok(records)
}

/// Reads everything with a plain consumer and only counts; in seconds, without its start.
fn count(bootstrap: &str, inputs: &[TopicPartition], ends: &[i64]) -> anyhow::Result<f64> {
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", bootstrap)
        .set("group.id", "bench-plain")
        .set("isolation.level", "read_committed")
        .create()?;
    let mut list = TopicPartitionList::new();
    for input in inputs {
        list.add_partition_offset(&input.topic, input.partition, Offset::Beginning)?;
    }
    consumer.assign(&list)?;
    let (total, mut seen, mut start) = (ends.iter().sum::<i64>(), 0, None);
    while seen < total {
        if let Some(message) = consumer.poll(Duration::from_secs(1)) {
            std::hint::black_box(message?);
            start.get_or_insert_with(Instant::now);
            seen += 1;
        }
    }
    Ok(start.expect("there are records").elapsed().as_secs_f64())
}

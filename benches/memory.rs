//! A million chats in one process with a budget of memory: it reads about five million records, is killed, starts again
//! on its disk, is killed, and starts on an empty one; what it published is compared with what `fold` says.
//! `dev/kafka run -- cargo bench --bench memory -- [CHATS] [PARTITIONS] [SETTING=VALUE…]`.

#[allow(dead_code)]
#[path = "load/process.rs"]
mod process;

use chat_goals::config::Config;
use chat_goals::log::kafka::{KafkaLog, KafkaTuning};
use chat_goals::log::{Batch as _, Log as _, Reader as _, TopicPartition};
use process::{LIMIT, await_positions, cpu_seconds, first_status, kill, peak_mb, producer, send};
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::error::KafkaError;
use rdkafka::producer::Producer as _;
use rdkafka::{ClientConfig, Offset, TopicPartitionList};
use serde_json::Value;
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{BufRead as _, BufReader, BufWriter, Write as _};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How many managers answer, in how many channels.
const MANAGERS: u64 = 200;
const CHANNELS: u64 = 10;

/// What makes up 512 MB, for one worker: see benches/README.md.
const SETTINGS: [&str; 3] =
    ["state.memory_bytes_max=100663296", "state.rows_cache_bytes_max=67108864", "commit.records_max=20000"];

fn main() -> anyhow::Result<()> {
    let args: Vec<String> = std::env::args().skip(1).filter(|arg| !arg.starts_with("--")).collect();
    let numbers: Vec<u64> = args.iter().filter_map(|arg| arg.parse().ok()).collect();
    let chats = numbers.first().copied().unwrap_or(1_000_000);
    let partitions = numbers.get(1).copied().unwrap_or(4) as i32;
    let bootstrap = std::env::var("KAFKA_BOOTSTRAP").expect("dev/kafka run -- cargo bench --bench memory");
    let state = tempfile::tempdir()?;
    let id = format!("memory-{}", std::process::id());
    let mut flags = vec![
        format!("--bootstrap={bootstrap}"),
        format!("--state-dir={}", state.path().display()),
        format!("--set=create.partitions={partitions}"),
        format!("--set=group.id={id}"),
    ];
    // Topics of an earlier run on this broker hold other records.
    for topic in ["chat_events", "customer_events", "goal_changes", "goal_status_changed"]
        .iter()
        .chain(&["manager_goal_counters", "dead_letters"])
    {
        flags.push(format!("--set=topics.{topic}={id}.{topic}"));
    }
    // Of two values for a setting the later one counts.
    let given = args.iter().filter(|arg| arg.contains('='));
    let settings = SETTINGS.len() + given.clone().count();
    flags.extend(SETTINGS.iter().map(|setting| format!("--set={setting}")));
    flags.extend(given.map(|setting| format!("--set={setting}")));
    let binary = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_chat-goals"));
        command.stdout(Stdio::null()).stderr(Stdio::null());
        command
    };
    assert!(
        binary().args(["topics", "create"]).args(&flags).status()?.success(),
        "the topics could not be made"
    );
    let config = Config::load(None, std::iter::empty(), &[("group.id".into(), id.clone())])?;
    let log = KafkaLog::connect(&bootstrap, &[], KafkaTuning::default())?;
    let lines = state.path().join("lines");
    let records = preload(&bootstrap, &id, chats, &lines)?;
    let on = |topic: &str| -> Vec<TopicPartition> {
        (0..partitions).map(|p| TopicPartition::new(format!("{id}.{topic}").as_str(), p)).collect()
    };
    let inputs: Vec<TopicPartition> = [on("chat_events"), on("customer_events")].concat();
    let ends = log.ends(&inputs)?;
    println!(
        "{records} records of {chats} chats, {partitions} partitions; {}",
        flags[flags.len() - settings..].join(" ")
    );
    let expected = folded(&lines)?;
    std::fs::remove_file(&lines)?;

    let run = || -> anyhow::Result<(Child, Instant)> {
        Ok((binary().arg("run").args(&flags).spawn()?, Instant::now()))
    };
    let (mut process, start) = run()?;
    let all = await_positions(&log, &config, &inputs, &ends, start)?;
    println!(
        "run: {:.0} records/s, {:.1} us CPU a record, peak memory {} MB",
        records as f64 / all,
        cpu_seconds(&process) * 1e6 / records as f64,
        peak_mb(&process)
    );
    let seconds = await_outputs(&log, &id, partitions, &expected, start)?;
    println!(
        "all {} statuses are those of fold after {seconds:.0} s, peak memory {} MB",
        expected.len(),
        peak_mb(&process)
    );
    kill(&mut process);

    let (mut process, start) = run()?;
    let seconds =
        first_status(&bootstrap, &log, &on("chat_events")[0].topic, &on("goal_status_changed"), start)?;
    println!(
        "restart after kill -9: {seconds:.2} s to the status of a new chat, peak memory {} MB",
        peak_mb(&process)
    );
    kill(&mut process);

    std::fs::remove_dir_all(state.path())?;
    // Without its folder it has no predecessor, whose session would be waited for: here it is over.
    let group = config.consumer_group();
    while !log.describe_group(&group)?.members.is_empty() {
        std::thread::sleep(Duration::from_millis(100));
    }
    let (rows, plain) = read_changelogs(&bootstrap, &group, partitions)?;
    println!("a plain consumer reads the changelogs, {rows} records, in {plain:.2} s");
    let (mut process, start) = run()?;
    let seconds =
        first_status(&bootstrap, &log, &on("chat_events")[0].topic, &on("goal_status_changed"), start)?;
    println!(
        "restored from an empty disk: {seconds:.2} s to the status of a new chat, {:.2} of that, peak memory {} MB",
        seconds / plain,
        peak_mb(&process)
    );
    std::thread::sleep(Duration::from_secs(5));
    println!("5 s later: peak memory {} MB", peak_mb(&process));
    let seconds = await_outputs(&log, &id, partitions, &expected, Instant::now())?;
    println!("the statuses are still those of fold ({seconds:.0} s to read them)");
    kill(&mut process);
    Ok(())
}

/// Reads the changelogs from their beginning with a consumer that polls and does nothing else: how many records there are,
/// and how many seconds it takes, its start included.
fn read_changelogs(bootstrap: &str, group: &str, partitions: i32) -> anyhow::Result<(u64, f64)> {
    let of: Vec<TopicPartition> = ["chats", "customers", "managers"]
        .iter()
        .map(|stage| format!("{group}.{stage}.changelog"))
        .flat_map(|topic| (0..partitions).map(move |p| TopicPartition::new(topic.as_str(), p)))
        .collect();
    let start = Instant::now();
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", bootstrap)
        .set("group.id", "memory-plain")
        .set("isolation.level", "read_committed")
        .set("enable.partition.eof", "true")
        // As in `compare`: without the two it waits more than it reads.
        .set("fetch.queue.backoff.ms", "10")
        .set("queued.min.messages", "1000000")
        .create()?;
    let mut list = TopicPartitionList::new();
    for of in &of {
        list.add_partition_offset(&of.topic, of.partition, Offset::Beginning)?;
    }
    consumer.assign(&list)?;
    let (mut records, mut at_end) = (0, 0);
    while at_end < of.len() {
        match consumer.poll(Duration::from_millis(100)) {
            Some(Ok(record)) => {
                std::hint::black_box(record);
                records += 1;
            }
            // Nobody writes now: each partition comes to its end once.
            Some(Err(KafkaError::PartitionEOF(_))) => at_end += 1,
            Some(Err(error)) => return Err(error.into()),
            None => {}
        }
    }
    Ok((records, start.elapsed().as_secs_f64()))
}

/// Writes the load into the topics, each record with its time as the log timestamp, and as lines for `fold`.
fn preload(bootstrap: &str, id: &str, chats: u64, lines: &std::path::Path) -> anyhow::Result<u64> {
    const START: i64 = 1_772_323_200_000; // 2026-03-01T00:00:00Z
    const DAY: i64 = 86_400_000;
    let producer = producer(bootstrap)?;
    let mut to = BufWriter::new(std::fs::File::create(lines)?);
    let mut records = 0;
    let mut put = |kind: &str, topic: &str, key: &str, at: i64, record: String| -> anyhow::Result<()> {
        writeln!(to, r#"{{"{kind}":{record}}}"#)?;
        send(&producer, &format!("{id}.{topic}"), key, &record, at);
        records += 1;
        Ok(())
    };
    for number in 0..CHANNELS {
        for body in [r#""subscriptionSet":{"active":true}"#, r#""goalSet":{"eventName":"Purchase","days":7}"#]
        {
            let at = START - DAY;
            let channel = format!("ch{number}");
            let record = format!(r#"{{"channelId":"{channel}","at":{at},{body}}}"#);
            put("goalChange", "goal_changes", &channel, at, record)?;
        }
    }
    let step = (30 * DAY / chats.max(1) as i64).max(1);
    for number in 0..chats {
        let begin = START + number as i64 * step;
        let (chat, customer) = (format!("chat-{number}"), format!("customer-{}", number / 2));
        let (channel, manager) = (number % CHANNELS, number % MANAGERS);
        for (minutes, body) in [
            (0, format!(r#""customerMessage":{{"customerId":"{customer}"}}"#)),
            (2, format!(r#""managerReply":{{"managerId":"m{manager}"}}"#)),
            (20, format!(r#""chatClosed":{{"managerId":"m{manager}"}}"#)),
        ] {
            let at = begin + minutes * 60_000;
            let record = format!(
                r#"{{"id":"{chat}-{minutes}","channelId":"ch{channel}","chatId":"{chat}","at":{at},{body}}}"#
            );
            put("chatEvent", "chat_events", &chat, at, record)?;
        }
        let bought = (number % 3 != 0).then_some(("Purchase", (number % 9) as i64 * DAY + 3_600_000));
        for (name, after) in [Some(("PageView", 60_000)), bought].into_iter().flatten() {
            let at = begin + after;
            let record = format!(
                r#"{{"id":"{chat}-{name}","channelId":"ch{channel}","customerId":"{customer}","at":{at},"tracked":{{"name":"{name}"}}}}"#
            );
            put("customerEvent", "customer_events", &customer, at, record)?;
        }
    }
    producer.flush(LIMIT)?;
    to.flush()?;
    Ok(records)
}

/// What every chat shows in the end, as a hash of its view.
type Views = HashMap<String, u64>;

fn folded(lines: &std::path::Path) -> anyhow::Result<Views> {
    let now = chrono::Utc::now().timestamp_millis().to_string();
    let mut fold = Command::new(env!("CARGO_BIN_EXE_chat-goals"))
        .args(["fold", "--emit", "statuses", "--until", &now])
        .arg(lines)
        .stdout(Stdio::piped())
        .spawn()?;
    let mut views = Views::new();
    for line in BufReader::new(fold.stdout.take().expect("it is piped")).lines() {
        let line: Value = serde_json::from_str(&line?)?;
        let (chat, view) = hashed(line["goalStatus"].clone());
        views.insert(chat, view);
    }
    assert!(fold.wait()?.success(), "fold failed");
    Ok(views)
}

/// The chat and the hash of what of its view has to be the same.
fn hashed(mut view: Value) -> (String, u64) {
    let fields = view.as_object_mut().expect("a view is an object");
    for name in ["revision", "previousStatus", "at", "cause", "correction", "rounds"] {
        fields.remove(name);
    }
    let mut hash = DefaultHasher::new();
    let chat = fields["chatId"].as_str().expect("it has an id").to_owned();
    // Objects are in the order of their names here.
    view.to_string().hash(&mut hash);
    (chat, hash.finish())
}

/// Reads what is published until it is what `fold` says, for every chat; the seconds since `start`.
fn await_outputs(
    log: &KafkaLog,
    id: &str,
    partitions: i32,
    expected: &Views,
    start: Instant,
) -> anyhow::Result<f64> {
    let topic = format!("{id}.goal_status_changed");
    let from: Vec<(TopicPartition, i64)> =
        (0..partitions).map(|p| (TopicPartition::new(topic.as_str(), p), 0)).collect();
    let mut reader = log.reader()?;
    reader.assign(&from)?;
    let mut shown = Views::with_capacity(expected.len());
    let mut right = 0usize;
    while start.elapsed() < LIMIT {
        let Some(batch) = reader.poll(Duration::from_millis(100))? else {
            if right == expected.len() {
                return Ok(start.elapsed().as_secs_f64());
            }
            continue;
        };
        for index in 0..batch.len() {
            let Some(value) = batch.get(index).value else { continue };
            let (chat, view) = hashed(serde_json::from_slice(value)?);
            let Some(wanted) = expected.get(&chat) else { continue };
            let before = shown.insert(chat, view);
            right -= usize::from(before == Some(*wanted));
            right += usize::from(view == *wanted);
        }
    }
    anyhow::bail!("{right} of {} statuses are those of fold", expected.len())
}

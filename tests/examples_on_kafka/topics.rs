//! The topics as this program's own reader sees them, and what no processor would write into them.

use crate::broker::{LIMIT, ends, log};
use crate::workload::wall;
use chat_goals::log::partitioner::partition_of;
use chat_goals::log::{Batch as _, Log as _, Reader as _, TopicPartition};
use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, AlterConfig, ResourceSpecifier};
use rdkafka::client::DefaultClientContext;
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer as _};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::Write as _;
use std::process::Command;
use std::time::{Duration, Instant};

/// The topics' default names, by their settings.
pub const NAMES: [(&str, &str); 6] = [
    ("chat_events", "chat.events"),
    ("customer_events", "customer.events"),
    ("goal_changes", "goal.changes"),
    ("goal_status_changed", STATUSES),
    ("manager_goal_counters", "manager.goal-counters"),
    ("dead_letters", "dead-letters"),
];
const STATUSES: &str = "goal.status-changed";

struct Stored {
    partition: i32,
    key: String,
    timestamp: i64,
    value: Option<Value>,
    headers: Vec<chat_goals::log::Header>,
}

/// Everything that is committed in a topic.
fn stored(topic: &str) -> Vec<Stored> {
    let ends = ends(topic);
    let of: Vec<_> = (0..ends.len() as i32).map(|partition| TopicPartition::new(topic, partition)).collect();
    let begins = log().begins(&of).unwrap();
    let mut reader = log().reader().unwrap();
    reader.assign(&of.iter().cloned().zip(begins).collect::<Vec<_>>()).unwrap();
    let mut all = Vec::new();
    let limit = Instant::now() + LIMIT;
    while of.iter().zip(&ends).any(|(of, end)| reader.position(of).is_some_and(|position| position < *end)) {
        assert!(Instant::now() < limit, "{topic} cannot be read to its ends {ends:?}");
        let Some(batch) = reader.poll(Duration::from_millis(100)).unwrap() else { continue };
        for index in 0..batch.len() {
            let record = batch.get(index);
            all.push(Stored {
                partition: record.partition,
                key: String::from_utf8(record.key.unwrap().to_vec()).unwrap(),
                timestamp: record.timestamp.unwrap(),
                value: record.value.map(|value| serde_json::from_slice(value).unwrap()),
                headers: record.headers.to_vec(),
            });
        }
    }
    all
}

/// Every writer puts a key where the Java client would.
pub fn assert_keys_are_at_home() {
    for (_, topic) in &NAMES[..3] {
        let partitions = ends(topic).len() as i32;
        let all = stored(topic);
        assert!(!all.is_empty(), "{topic}");
        for record in all {
            assert_eq!(record.partition, partition_of(record.key.as_bytes(), partitions), "{}", record.key);
        }
    }
}

/// What the fold makes of the records in the input topics: status and phase of each chat.
pub fn folded() -> BTreeMap<String, String> {
    let mut lines: Vec<(i64, Value)> = Vec::new();
    for (topic, name) in
        [("goal.changes", "goalChange"), ("chat.events", "chatEvent"), ("customer.events", "customerEvent")]
    {
        lines.extend(
            stored(topic).into_iter().map(|record| (record.timestamp, json!({name: record.value.unwrap()}))),
        );
    }
    lines.sort_by_key(|(timestamp, _)| *timestamp);
    let mut file = tempfile::NamedTempFile::new().unwrap();
    for (_, line) in lines {
        writeln!(file, "{line}").unwrap();
    }
    let output = Command::new(env!("CARGO_BIN_EXE_chat-goals"))
        .arg("fold")
        .arg(file.path())
        .args(["--emit", "statuses", "--until", &wall().to_string()])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let lines = String::from_utf8(output.stdout).unwrap();
    lines.lines().map(|line| shown(&serde_json::from_str::<Value>(line).unwrap()["goalStatus"])).collect()
}

fn shown(view: &Value) -> (String, String) {
    let text = |name: &str| view[name].as_str();
    let status = format!("{} {}", text("status").unwrap(), text("phase").unwrap_or("-"));
    (text("chatId").unwrap().to_owned(), status)
}

/// The newest view of every chat that is there, by revision.
fn newest() -> BTreeMap<String, Value> {
    let mut newest: BTreeMap<String, (u64, Option<Value>)> = BTreeMap::new();
    for record in stored(STATUSES) {
        let revision = match &record.value {
            Some(view) => view["revision"].as_u64().unwrap(),
            None => {
                let header = record.headers.iter().find(|header| header.name == "revision").unwrap();
                String::from_utf8(header.value.clone().unwrap()).unwrap().parse().unwrap()
            }
        };
        let seen = newest.entry(record.key).or_insert((0, None));
        if revision > seen.0 {
            *seen = (revision, record.value);
        }
    }
    newest.into_iter().filter_map(|(chat, (_, view))| Some((chat, view?))).collect()
}

/// What is published: status and phase of each chat.
pub fn statuses() -> BTreeMap<String, String> {
    newest().values().map(shown).collect()
}

/// What every reader should print.
pub fn table() -> String {
    let line = |view: &Value| {
        let (chat, status) = shown(view);
        format!("{chat} {status} {}\n", view["revision"])
    };
    newest().values().map(line).collect()
}

/// A printed table, as [`statuses`] has it.
pub fn without_revisions(table: &str) -> BTreeMap<String, String> {
    let line = |line: &str| {
        let words: Vec<&str> = line.split(' ').collect();
        (words[0].to_owned(), words[1..3].join(" "))
    };
    table.lines().map(line).collect()
}

/// Lets the broker compact the statuses as soon as it looks at them.
pub fn compact_soon() {
    let admin: AdminClient<DefaultClientContext> =
        ClientConfig::new().set("bootstrap.servers", crate::bootstrap()).create().unwrap();
    let config = AlterConfig::new(ResourceSpecifier::Topic(STATUSES))
        .set("cleanup.policy", "compact")
        .set("segment.ms", "100")
        .set("min.cleanable.dirty.ratio", "0.01");
    let altered = admin.alter_configs([&config], &AdminOptions::new());
    let results = tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(altered).unwrap();
    assert!(results.iter().all(Result::is_ok), "{results:?}");
}

/// Waits until records were compacted away. A segment ends when something comes after it: tombstones of a chat that never was.
pub fn until_compacted() {
    let of_chats = || stored(STATUSES).iter().filter(|record| !record.key.starts_with("nobody")).count();
    let before = of_chats();
    let partitions = ends(STATUSES).len() as i32;
    let producer: BaseProducer =
        ClientConfig::new().set("bootstrap.servers", crate::bootstrap()).create().unwrap();
    let limit = Instant::now() + LIMIT;
    for revision in 1.. {
        for partition in 0..partitions {
            let key = format!("nobody-{partition}");
            let headers = revision_header(revision);
            let record = BaseRecord::<str, str>::to(STATUSES).partition(partition).key(&key).headers(headers);
            producer.send(record).map_err(|(error, _)| error).unwrap();
        }
        producer.flush(LIMIT).unwrap();
        if of_chats() < before {
            return;
        }
        assert!(Instant::now() < limit, "the broker does not compact");
        std::thread::sleep(Duration::from_millis(500));
    }
}

fn revision_header(revision: u32) -> OwnedHeaders {
    OwnedHeaders::new().insert(Header { key: "revision", value: Some(&revision.to_string()) })
}

/// Writes the view of a chat that is there once more, as it was before: with a lower revision.
pub fn repeat_the_past_of(chat: &str) {
    let mut view = newest()[chat].clone();
    view["revision"] = 1.into();
    view["status"] = "MISSED".into();
    write(chat, &view);
}

/// Writes revisions 1 and 4 of a chat.
pub fn leave_a_gap(chat: &str) {
    for revision in [1, 4] {
        write(
            chat,
            &json!({"channelId": "gap", "chatId": chat, "revision": revision, "status": "NONE",
            "at": "2026-03-01T00:00:00Z", "cause": "CHAT_OPENED"}),
        );
    }
}

fn write(chat: &str, view: &Value) {
    let producer: BaseProducer =
        ClientConfig::new().set("bootstrap.servers", crate::bootstrap()).create().unwrap();
    send(&producer, chat, view);
    producer.flush(LIMIT).unwrap();
}

fn send(producer: &BaseProducer, chat: &str, view: &Value) {
    let partition = partition_of(chat.as_bytes(), ends(STATUSES).len() as i32);
    let value = view.to_string();
    let record = BaseRecord::to(STATUSES).partition(partition).key(chat).payload(&value);
    producer.send(record).map_err(|(error, _)| error).unwrap();
}

/// Writes a chat in a transaction that comes to nothing.
pub fn abort(chat: &str) {
    let producer: BaseProducer = ClientConfig::new()
        .set("bootstrap.servers", crate::bootstrap())
        .set("transactional.id", "aborted")
        .create()
        .unwrap();
    producer.init_transactions(LIMIT).unwrap();
    producer.begin_transaction().unwrap();
    send(&producer, chat, &json!({"chatId": chat, "revision": 1, "status": "ACHIEVED"}));
    producer.flush(LIMIT).unwrap();
    producer.abort_transaction(LIMIT).unwrap();
}

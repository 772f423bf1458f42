//! What the outputs must come to, which is what `chat-goals fold` prints for the same records; held against the newest
//! record of every key.

#[path = "../../tests/same/counter.rs"]
mod counter;
#[path = "../../tests/same/mod.rs"]
mod same;

use crate::process::LIMIT;
use crate::rich::{Load, QUIET};
use crate::world::{COUNTERS, STATUSES, World};
use chat_goals::log::{Batch as _, Log as _, Reader as _, TopicPartition};
use counter::{is_zero, key_of};
use same::plain;
use serde_json::Value;
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io::{BufRead as _, BufReader, BufWriter, Write as _};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// By key, what counts of a record: its hash, and a chat's status.
type Newest = HashMap<String, (u64, String)>;

pub struct Expectation {
    chats: Newest,
    counters: Newest,
}

impl Expectation {
    /// Folds the load. The clock stops in the hours in which no deadline passes.
    pub fn of(load: &Load) -> anyhow::Result<Self> {
        let until = (load.base + QUIET / 2).to_string();
        let mut fold = Command::new(env!("CARGO_BIN_EXE_chat-goals"))
            .args(["fold", "--emit", "statuses,counters", "--until", &until])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        // It prints only when it has read everything, so that neither waits for the other.
        let mut lines = BufWriter::with_capacity(1 << 16, fold.stdin.take().expect("it is piped"));
        load.each(|record| Ok(writeln!(lines, r#"{{"{}":{}}}"#, record.to.line(), record.json)?))?;
        lines.flush()?;
        drop(lines);
        let mut expected = Self { chats: Newest::new(), counters: Newest::new() };
        for line in BufReader::new(fold.stdout.take().expect("it is piped")).lines() {
            let mut line: Value = serde_json::from_str(&line?)?;
            if let Some(view) = line.get_mut("goalStatus") {
                let view = view.take();
                let chat = view["chatId"].as_str().expect("it has an id").to_owned();
                expected.chats.insert(chat, what_counts(view));
            } else {
                let counter = line["managerGoalCounters"].take();
                expected.counters.insert(key_of(&counter), what_counts(counter));
            }
        }
        anyhow::ensure!(fold.wait()?.success(), "fold failed");
        anyhow::ensure!(!expected.chats.is_empty(), "fold printed nothing");
        Ok(expected)
    }

    /// How many chats and counters there are.
    pub fn sizes(&self) -> (usize, usize) {
        (self.chats.len(), self.counters.len())
    }

    /// An error unless every view and every counter is as expected.
    pub fn check(&self, world: &World) -> anyhow::Result<()> {
        let dead = world.log.ends(&[TopicPartition::new("dead-letters", 0)])?[0];
        anyhow::ensure!(dead == 0, "there are dead letters");
        let chats = newest(world, STATUSES)?;
        let wrong = differences(&self.chats, &chats);
        anyhow::ensure!(wrong.is_empty(), "{} chats are not as fold has them: {}", wrong.len(), some(&wrong));
        let mut counters = newest(world, COUNTERS)?;
        // fold does not print the counters that are zero.
        counters.retain(|key, (_, zero)| zero.is_empty() || self.counters.contains_key(key));
        let wrong = differences(&self.counters, &counters);
        anyhow::ensure!(
            wrong.is_empty(),
            "{} counters are not as fold has them: {}",
            wrong.len(),
            some(&wrong)
        );
        println!(
            "{:<15} all {} chats and {} counters are those of fold",
            "",
            self.chats.len(),
            counters.len()
        );
        Ok(())
    }

    /// How many chats show another status, or none.
    pub fn statuses_that_differ(&self, world: &World) -> anyhow::Result<usize> {
        let got = newest(world, STATUSES)?;
        let same = |(chat, (_, status)): &(&String, &(u64, String))| {
            got.get(*chat).is_some_and(|(_, shown)| shown == status)
        };
        let differ = self.chats.len() - self.chats.iter().filter(same).count();
        println!("{:<15} {differ} of {} chats show another status", "", self.chats.len());
        Ok(differ)
    }
}

fn differences<'a>(wanted: &'a Newest, got: &'a Newest) -> Vec<&'a str> {
    let missing_or_wrong =
        wanted.iter().filter(|(key, (hash, _))| got.get(*key).map(|got| got.0) != Some(*hash));
    let unwanted = got.iter().filter(|(key, _)| !wanted.contains_key(*key));
    missing_or_wrong.chain(unwanted).map(|(key, _)| key.as_str()).collect()
}

fn some(keys: &[&str]) -> String {
    keys.iter().take(8).copied().collect::<Vec<_>>().join(", ")
}

/// Reads a topic from its beginning to its end.
fn newest(world: &World, topic: &str) -> anyhow::Result<Newest> {
    let of = world.partitions([topic]);
    let ends = world.log.ends(&of)?;
    let mut reader = world.log.reader()?;
    reader.assign(&of.iter().map(|of| (of.clone(), 0)).collect::<Vec<_>>())?;
    let (mut newest, start) = (Newest::new(), Instant::now());
    while of.iter().zip(&ends).any(|(of, end)| reader.position(of).is_none_or(|next| next < *end)) {
        anyhow::ensure!(start.elapsed() < LIMIT, "{topic} cannot be read to its end");
        let Some(batch) = reader.poll(Duration::from_millis(50))? else { continue };
        for index in 0..batch.len() {
            let record = batch.get(index);
            let (Some(key), Some(value)) = (record.key, record.value) else { continue };
            newest.insert(String::from_utf8(key.to_vec())?, what_counts(serde_json::from_slice(value)?));
        }
    }
    Ok(newest)
}

/// The hash of what has to be the same, and the status; for a counter the word `zero` if it is.
fn what_counts(record: Value) -> (u64, String) {
    const NOT_COMPARED: [&str; 7] =
        ["revision", "previousStatus", "at", "cause", "correction", "rounds", "updatedAt"];
    let mut record = plain(record);
    let fields = record.as_object_mut().expect("a record is an object");
    for name in NOT_COMPARED {
        fields.remove(name);
    }
    let status = match record.get("status") {
        Some(status) => status.as_str().unwrap_or_default().to_owned(),
        None if is_zero(&record) => "zero".to_owned(),
        None => String::new(),
    };
    let mut hash = DefaultHasher::new();
    // Objects are in the order of their names here.
    record.to_string().hash(&mut hash);
    (hash.finish(), status)
}

//! The read model of 200,000 chats: how long it takes to build from the log, how large it is, and how long pages take.
//! `cargo bench --bench serve`; CHATS says another number.
//!
//! The records are folded by the real runtime on the log in memory, so that outputs and changelog are what they are; only
//! the model is measured.

use chat_goals::answers::words::{PhaseWord, StatusWord};
use chat_goals::config::Config;
use chat_goals::log::memory::MemoryLog;
use chat_goals::log::{Log as _, TopicPartition};
use chat_goals::runtime::Runtime;
use chat_goals::runtime::topology::{self, Topology};
use chat_goals::serve::model::ReadModel;
use chat_goals::serve::model::follower::Follower;
use chat_goals::serve::model::questions::{ChatFilter, ChatOrder, CountersQuestion, Page};
use chat_goals::simulate::workload::{Entry, START};
use serde_json::json;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

const MINUTE: i64 = 60_000;
const CHANNELS: usize = 20;
const MANAGERS: usize = 100;

fn main() {
    let chats: usize = std::env::var("CHATS").ok().map_or(200_000, |chats| chats.parse().expect("a number"));
    let home = tempfile::tempdir().expect("there is a place for it");
    let mut config = Config::default();
    config.create.partitions = 8;
    config.state.dir = home.path().join("processor");
    config.serve.state_dir = home.path().join("serve");
    let log = MemoryLog::new();
    log.create_topics(&topology::missing(&config, &log).expect("topics")).expect("topics");
    let topology = Topology::load(&log, &config).expect("topics").expect("topics");
    let records = feed(&log, &config, chats);
    fold(&log, &config, &topology);
    println!("{chats} chats, {records} records in");
    let model = build(&log, &config, &topology);
    ask(&model, chats);
    let bytes = size(&config.serve.state_dir);
    println!("on disk {:.0} MB, {} bytes a chat", bytes as f64 / 1e6, bytes / chats as u64);
    drop(model);
    let since = Instant::now();
    let model = ReadModel::open(&config, &topology, wall()).expect("the model");
    println!("opened again in {:.2} s", since.elapsed().as_secs_f64());
    drop(model);
}

fn wall() -> Arc<dyn Fn() -> i64 + Send + Sync> {
    Arc::new(|| START + 400 * 24 * 60 * MINUTE)
}

/// What a platform writes: most chats are answered, a third achieve their goal, most are closed.
fn feed(log: &MemoryLog, config: &Config, chats: usize) -> usize {
    let mut count = 0;
    let mut append = |entry: Entry| {
        count += 1;
        log.append(entry.to.topic(config), entry.key.as_bytes(), Some(entry.json.as_bytes()), entry.logged);
    };
    for channel in 0..CHANNELS {
        let channel = format!("channel-{channel}");
        append(Entry::setting(&channel, START, START, json!({"subscriptionSet": {"active": true}})));
        append(Entry::setting(
            &channel,
            START,
            START,
            json!({"goalSet": {"eventName": "Purchase", "days": 7}}),
        ));
    }
    for number in 0..chats {
        let (channel, chat) = (format!("channel-{}", number % CHANNELS), format!("chat-{number:07}"));
        let manager = format!("manager-{}", (number / 7) % MANAGERS);
        let customer = format!("customer-{number}");
        let at = START + (1 + number as i64 % 40_000) * MINUTE;
        append(Entry::chat(&channel, &chat, at, json!({"customerMessage": {"customerId": customer}})));
        if number % 10 > 0 {
            append(Entry::chat(
                &channel,
                &chat,
                at + MINUTE,
                json!({"managerReply": {"managerId": manager}}),
            ));
        }
        if number % 3 == 0 {
            append(Entry::chat(&channel, &chat, at + 2 * MINUTE, json!({"goalEvent": {"name": "Purchase"}})));
        }
        if number % 5 > 0 {
            append(Entry::chat(
                &channel,
                &chat,
                at + 3 * MINUTE,
                json!({"chatClosed": {"managerId": manager}}),
            ));
        }
    }
    count
}

fn fold(log: &MemoryLog, config: &Config, topology: &Topology) {
    let running = Runtime::start(log.clone(), config, topology.clone(), wall()).expect("it runs");
    let partitions = config.create.partitions;
    let inputs: Vec<TopicPartition> =
        topology.subscribed().iter().flat_map(|topic| Topology::all(topic, partitions)).collect();
    loop {
        let (tails, positions) =
            (log.tails(&inputs).expect("ends"), log.committed(&topology.group, &inputs).expect("positions"));
        if positions.iter().zip(&tails).all(|(position, tail)| position.next.unwrap_or(0) >= *tail) {
            break;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    running.stop().expect("it stops");
}

fn build(log: &MemoryLog, config: &Config, topology: &Topology) -> ReadModel {
    let since = Instant::now();
    let model = ReadModel::open(config, topology, wall()).expect("the model");
    let mut follower = Follower::new(Arc::new(log.clone()), model.clone(), config.clone());
    while !model.health().caught_up {
        follower.step(Duration::ZERO).expect("it follows");
    }
    let (records, took) = (model.health().records_read, since.elapsed().as_secs_f64());
    println!("built in {took:.1} s: {records} records, {:.0} a second", records as f64 / took);
    model
}

fn ask(model: &ReadModel, chats: usize) {
    let some = |text: &str| Some(text.to_owned());
    let all = ChatFilter::default();
    let channel = ChatFilter { channel: some("channel-3"), ..all.clone() };
    let pages = [
        ("all, newest", all.clone(), ChatOrder::NewestFirst),
        ("a channel", channel.clone(), ChatOrder::NewestFirst),
        (
            "a channel, achieved",
            ChatFilter { status: Some(StatusWord::Achieved), ..channel.clone() },
            ChatOrder::NewestFirst,
        ),
        (
            "awaiting reply, oldest",
            ChatFilter { phase: Some(PhaseWord::AwaitingReply), ..all.clone() },
            ChatOrder::OldestFirst,
        ),
        ("a manager", ChatFilter { manager: some("manager-42"), ..all.clone() }, ChatOrder::NewestFirst),
        (
            "a manager in a channel, missed",
            ChatFilter { manager: some("manager-42"), status: Some(StatusWord::Missed), ..channel.clone() },
            ChatOrder::NewestFirst,
        ),
        ("deadlines of a channel", channel, ChatOrder::DeadlineFirst),
        (
            "text that one id has",
            ChatFilter { text: some(&format!("{:07}", chats / 2)), ..all.clone() },
            ChatOrder::NewestFirst,
        ),
        ("text that no id has", ChatFilter { text: some("nobody"), ..all }, ChatOrder::NewestFirst),
    ];
    for (name, filter, order) in pages {
        let page = Page { limit: 50, cursor: None };
        measure(name, || model.chats(&filter, order, &page).expect("a page").chats.len());
    }
    measure("one chat with why", || usize::from(model.chat("chat-0000333", None).expect("a chat").is_some()));
    measure("all channels and goals", || model.goals(None).expect("goals").channels.len());
    let day = |day| chrono::NaiveDate::from_ymd_opt(2026, 1, day).expect("a day");
    let question = CountersQuestion { channel: None, manager: None, from: day(10), to: day(24) };
    measure("managers of all channels in 15 days", || {
        model.managers(&question).expect("managers").managers.len()
    });
}

/// Says the median and the longest of some runs, in milliseconds.
fn measure(name: &str, ask: impl Fn() -> usize) {
    const RUNS: usize = 41;
    let mut found = 0;
    let mut took: Vec<Duration> = (0..RUNS)
        .map(|_| {
            let since = Instant::now();
            found = ask();
            since.elapsed()
        })
        .collect();
    took.sort();
    let millis = |span: Duration| span.as_secs_f64() * 1e3;
    println!(
        "{name:<38} {:>8.2} ms median {:>8.2} ms longest, {found} found",
        millis(took[RUNS / 2]),
        millis(took[RUNS - 1])
    );
}

fn size(dir: &Path) -> u64 {
    let entries = std::fs::read_dir(dir).expect("a directory").map(|entry| entry.expect("an entry"));
    entries
        .map(|entry| match entry.file_type().expect("a kind").is_dir() {
            true => size(&entry.path()),
            false => entry.metadata().expect("a size").len(),
        })
        .sum()
}

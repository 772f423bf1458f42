//! How a release leaves its state behind: a fixed workload with every kind of row, long ones among them.

use crate::release::{changelog_lines, config, dir, dumped, topics, write_lines};
use chat_goals::at_rest::disk::Disk;
use chat_goals::contract::protobuf::rows::versions::{FORMAT_VERSION, RULES_VERSION};
use chat_goals::log::{Log as _, TopicPartition};
use chat_goals::runtime::Runtime;
use chat_goals::runtime::topology::Topology;
use chat_goals::simulate::workload::{DAY, Entry, HOUR, START, workload};
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

/// Every kind of record; and a chat and a customer with more events than fit into a page.
fn records() -> Vec<Entry> {
    let mut records = workload(7, 500, HOUR);
    let first = START - DAY;
    let setting = |body| Entry::setting("long", first, first, body);
    records.push(setting(json!({"subscriptionSet": {"active": true}})));
    records.push(setting(json!({"goalSet": {"eventName": "Purchase", "days": 30}})));
    let mut at = first;
    let mut next = || {
        at += 60_000;
        at
    };
    let chat = |at, body| Entry::chat("long", "long-chat", at, body);
    records.push(chat(next(), json!({"customerMessage": {"customerId": "long-customer"}})));
    records.push(chat(next(), json!({"managerReply": {"managerId": "anna"}})));
    for _ in 0..300 {
        records.push(chat(next(), json!({"goalEvent": {"name": "Purchase"}})));
        let tracked = json!({"tracked": {"name": "Purchase"}});
        records.push(Entry::customer("long", "long-customer", next(), tracked));
    }
    records
}

/// Writes what this release leaves behind into a folder of its own. It is run once, before the release.
#[test]
#[ignore = "it writes into the sources; see the head of main.rs"]
fn leave_the_state_of_this_release() {
    let home = tempfile::tempdir().unwrap();
    let mut config = config();
    config.state.dir = home.path().to_owned();
    let (log, topology) = topics(&config);
    let records = records();
    let wall = Arc::new(AtomicI64::new(START));
    for record in &records {
        log.append(
            record.to.topic(&config),
            record.key.as_bytes(),
            Some(record.json.as_bytes()),
            record.logged,
        );
        wall.fetch_max(record.logged + DAY, Ordering::Relaxed);
    }
    let now = {
        let wall = wall.clone();
        move || wall.load(Ordering::Relaxed)
    };
    let runtime = Runtime::start(log.clone(), &config, topology.clone(), Arc::new(now)).unwrap();
    let inputs: Vec<TopicPartition> = topology
        .subscribed()
        .iter()
        .flat_map(|topic| Topology::all(topic, config.create.partitions))
        .collect();
    let is_folded = || {
        let (tails, positions) =
            (log.tails(&inputs).unwrap(), log.committed(&topology.group, &inputs).unwrap());
        positions.iter().zip(&tails).all(|(position, tail)| position.next.unwrap_or(0) >= *tail)
    };
    let passed = || runtime.clock().is_some_and(|clock| clock.0 > START);
    while !(is_folded() && passed()) {
        assert!(runtime.is_running());
        std::thread::sleep(Duration::from_millis(20));
    }
    // Deadlines that the clock has passed are settled in the next commits. Then it moves on, with no record: the last
    // commit has something to say, and with it the disk notes how far it reaches.
    std::thread::sleep(Duration::from_secs(2));
    wall.fetch_add(60_000, Ordering::Relaxed);
    std::thread::sleep(Duration::from_secs(2));
    runtime.stop().unwrap();

    let dir = dir(&format!("{FORMAT_VERSION}-{RULES_VERSION}"));
    std::fs::create_dir_all(dir.join("rows")).unwrap();
    let rows = Disk::dir_of(&config);
    for entry in std::fs::read_dir(&rows).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        // The rest says where it was made, and is not needed.
        let is_data = name == "CURRENT"
            || name.starts_with("MANIFEST")
            || name.ends_with(".sst")
            || name.ends_with(".log");
        if is_data {
            std::fs::copy(entry.path(), dir.join("rows").join(name)).unwrap();
        }
    }
    write_lines(&dir.join("changelogs.jsonl"), &changelog_lines(&log, &topology));
    let disk = Disk::open(&rows).unwrap();
    write_lines(&dir.join("rows.jsonl"), &dumped(&disk.store));
}

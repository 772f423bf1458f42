//! One thing is altered by hand after a process has stopped: an output record, a changelog record, a row on the disk.

use crate::broker::{Partitioner, Parts, log};
use crate::expectation::Expectation;
use crate::outputs::Outputs;
use crate::process::{Deployment, PARTITIONS};
use crate::said::{audit, say, verify};
use crate::workload::{Entry, Input, time, wall, workload};
use chat_goals::config::WireForm;
use chat_goals::log::partitioner::partition_of;
use chat_goals::log::{Batch as _, Log as _, Reader as _, TopicPartition};
use chat_goals::state::store::{Family, Store};
use chat_goals::state::table::row_key;
use serde_json::json;
use std::time::Duration;

#[test]
fn what_was_altered_is_named() {
    let deployment = Deployment::created("damage", WireForm::Json);
    let now = wall();
    let entries = workload(42, 1_000, now);
    let feed = deployment.feed(Partitioner::Java);
    feed.produce(&entries);
    let mut process = deployment.start("state");
    let mut outputs = Outputs::of(&deployment);
    outputs.until_equal(&Expectation::of(&entries, now), &mut [&mut process]);
    process.stop();
    // A process that starts notes how far its disk reaches; what it reads again anyway would not count.
    let mut process = deployment.start("state");
    let at_home = |partition: i32| {
        let late = (0..).map(|number| format!("late-{number}"));
        late.into_iter()
            .find(|chat| partition_of(chat.as_bytes(), PARTITIONS) == partition)
            .expect("there is one")
    };
    let late: Vec<String> = (0..PARTITIONS).map(at_home).collect();
    let opened = late.iter().map(|chat| {
        let record = json!({"channelId": "late", "chatId": chat, "at": time(now), "chatOpened": {}});
        Entry::new(Input::ChatEvents, now, &record)
    });
    feed.produce(&opened.collect::<Vec<_>>());
    outputs.until(&mut [&mut process], |outputs| {
        late.iter().find(|chat| !outputs.chats.contains_key(*chat)).map(|chat| format!("{chat} is missing"))
    });
    process.stop();
    audit(&deployment, "state").is_good(0);

    // A chat of each of three partitions.
    let chat = |partition: i32| {
        let is_there = |(chat, known): &(&String, &crate::outputs::Chat)| {
            known.newest.is_some() && partition_of(chat.as_bytes(), PARTITIONS) == partition
        };
        outputs.chats.iter().find(is_there).expect("there is one").0.clone()
    };
    let chats = [chat(0), chat(1), chat(2)];
    let alter = |topic: &str, partition: i32, key: &str, value: &[u8]| {
        let (key, value) = (Some(key.as_bytes()), Some(value));
        feed.produce_parts(&Parts { topic, partition, logged: now, key, value, headers: &[] });
    };

    let topic = deployment.topic("goal.status-changed");
    let newest = newest(&topic, 0, &chats[0]);
    let edited = String::from_utf8(newest.last().unwrap().clone()).unwrap();
    alter(&topic, 0, &chats[0], edited.replacen("\"revision\":", "\"revision\":9", 1).as_bytes());

    let changelog = deployment.internal("chats.changelog");
    let versions = self::newest(&changelog, 1, &chats[1]);
    let mut row = versions.last().unwrap().clone();
    row.extend([0x28, 99]); // The revision once more: the last one counts.
    alter(&changelog, 1, &chats[1], &row);

    let rows = deployment.state_dir("state").join(deployment.group()).join("rows");
    let store = Store::open(&rows, 8 << 20).unwrap();
    let key = row_key(2, chats[2].as_bytes());
    let mut row = store.get(Family::Chats, &key).unwrap().unwrap().to_vec();
    row.extend([0x28, 99]);
    let mut changes = store.changes();
    changes.put(Family::Chats, &key, &row);
    changes.write().unwrap();
    drop(store);

    let audited = audit(&deployment, "state");
    audited.is_good(4);
    let found: Vec<_> = audited
        .differing()
        .into_iter()
        .map(|task| (task["partition"].clone(), task["first"].clone()))
        .collect();
    let wanted: Vec<_> =
        (0..3).map(|partition| (partition.into(), chats[partition].as_str().into())).collect();
    assert_eq!(found, wanted, "{:#?}", audited.differing());
    let words = |partition: usize, what: &str| audited.lines[partition][what].as_str().unwrap().to_owned();
    assert_eq!([words(0, "note"), words(1, "note"), words(2, "note")], ["same", "differs", "same"]);
    assert!(words(0, "published").starts_with("differs") && words(2, "disk").starts_with("differs"));
    let table = deployment.say_about(&["audit"], "state");
    assert!(String::from_utf8_lossy(&table.stdout).contains(&chats[0]), "{table:?}");

    // A row that only says something else is whole; one that cannot be read is not.
    verify(&deployment, "state").is_good(0);
    let store = Store::open(&rows, 8 << 20).unwrap();
    let mut changes = store.changes();
    changes.put(Family::Chats, &key, &[8, 1, 0x12, 200]);
    changes.write().unwrap();
    drop(store);
    let verified = verify(&deployment, "state");
    verified.is_good(5);
    assert!(verified.lines.iter().any(|problem| problem["key"] == chats[2].as_str()), "{:?}", verified.lines);
    let dumped = say(&deployment, &["state", "dump", "--key", &chats[2]], "state");
    assert!(dumped.lines[0]["unreadable"].is_string(), "{:?}", dumped.lines);
}

/// Everything that was ever written under a key.
fn newest(topic: &str, partition: i32, key: &str) -> Vec<Vec<u8>> {
    let of = TopicPartition::new(topic, partition);
    let end = log().ends(std::slice::from_ref(&of)).unwrap()[0];
    let mut reader = log().reader().unwrap();
    reader.assign(&[(of.clone(), 0)]).unwrap();
    let mut found = Vec::new();
    while reader.position(&of).is_none_or(|position| position < end) {
        let Some(batch) = reader.poll(Duration::from_millis(100)).unwrap() else { continue };
        for index in 0..batch.len() {
            let record = batch.get(index);
            if record.key == Some(key.as_bytes()) {
                found.extend(record.value.map(<[u8]>::to_vec));
            }
        }
    }
    found
}

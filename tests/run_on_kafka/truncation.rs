//! Records are deleted before they were read: their partition stops and says what was lost, the others go on.

use crate::broker::{Partitioner, delete_records, ends, log};
use crate::outputs::Outputs;
use crate::process::{Deployment, PARTITIONS};
use crate::workload::{Entry, Input, time, wall};
use chat_goals::config::WireForm;
use chat_goals::log::partitioner::partition_of;
use chat_goals::log::{Log as _, TopicPartition};
use serde_json::json;
use std::collections::BTreeSet;

#[test]
fn a_partition_whose_records_were_lost_stops_alone() {
    let _turn = crate::turn();
    let deployment = Deployment::created("truncated", WireForm::Json);
    let feed = deployment.feed(Partitioner::Java);
    let mut outputs = Outputs::of(&deployment);

    feed.produce(&chats(0..100));
    let mut process = deployment.start("state");
    outputs.until(&mut [&mut process], |outputs| {
        (outputs.chats.len() != 100).then(|| format!("{} of 100 chats", outputs.chats.len()))
    });
    process.stop();

    // Meanwhile more comes, and some of it goes.
    let topic = deployment.topic("chat.events");
    let lost = TopicPartition::new(topic.as_str(), 2);
    feed.produce(&chats(100..200));
    let committed =
        log().committed(&deployment.group(), std::slice::from_ref(&lost)).unwrap()[0].next.unwrap();
    assert!(ends(&topic)[2] > committed + 3, "there is enough to lose");
    delete_records(&lost, committed + 3);

    let expected: BTreeSet<String> = (0..200)
        .filter(|number| *number < 100 || partition_of(id(*number).as_bytes(), PARTITIONS) != lost.partition)
        .map(id)
        .collect();
    let mut process = deployment.start("state");
    outputs.until(&mut [&mut process], |outputs| {
        let missing = expected.iter().filter(|id| !outputs.chats.contains_key(*id)).count();
        (missing > 0).then(|| format!("{missing} chats of the other partitions are missing"))
    });
    process.until_it_says("3 records were lost");
    let stderr = process.stderr();
    let line = stderr.lines().find(|line| line.contains("3 records were lost")).expect("it was just there");
    assert!(line.contains("ERROR") && line.contains(&lost.to_string()), "{line}");

    // What comes later goes the same ways.
    feed.produce(&chats(200..300));
    let expected: BTreeSet<String> = (200..300)
        .filter(|number| partition_of(id(*number).as_bytes(), PARTITIONS) != lost.partition)
        .map(id)
        .chain(expected)
        .collect();
    outputs.until(&mut [&mut process], |outputs| {
        let missing = expected.iter().filter(|id| !outputs.chats.contains_key(*id)).count();
        (missing > 0).then(|| format!("{missing} later chats of the other partitions are missing"))
    });
    process.stop();
    outputs.read_to_end();
    let got: BTreeSet<String> = outputs.chats.keys().cloned().collect();
    assert_eq!(got, expected, "only the partition that lost records stands still");
}

fn id(number: u32) -> String {
    format!("chat-{number}")
}

fn chats(numbers: std::ops::Range<u32>) -> Vec<Entry> {
    let now = wall();
    numbers
        .map(|number| {
            let body = json!({"customerId": format!("u{number}")});
            let record =
                json!({"channelId": "shop", "chatId": id(number), "at": time(now), "customerMessage": body});
            Entry::new(Input::ChatEvents, now, &record)
        })
        .collect()
}

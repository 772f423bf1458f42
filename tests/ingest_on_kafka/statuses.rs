//! From webhooks to statuses: the bridge writes what the processor reads, and what comes twice counts once.

use crate::broker::{LIMIT, Partitioner, ends, log};
use crate::platform::{Bridge, EVENTS, purchase, webhook};
use crate::process::{Deployment, PARTITIONS, Process};
use crate::stored::stored;
use crate::workload::{Entry, Input, time, wall};
use chat_goals::config::WireForm;
use chat_goals::contract::protobuf::DESCRIPTORS;
use chat_goals::log::{Log as _, TopicPartition};
use prost_reflect::{DescriptorPool, DynamicMessage};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

#[test]
fn webhooks_come_to_the_right_statuses() {
    come_to_the_right_statuses(WireForm::Json);
}

#[test]
fn webhooks_come_to_the_right_statuses_as_protobuf() {
    come_to_the_right_statuses(WireForm::Protobuf);
}

/// Chats of which one is achieved, one is measured, one waits, one waits in spite of a note and a bot, and one was closed and
/// asked again.
const CHATS: [&str; 5] = ["achieved", "measured", "waiting", "noted", "again"];

fn come_to_the_right_statuses(form: WireForm) {
    let mut deployment = Deployment::created("ingest", form);
    let goals = [
        json!({"subscriptionSet": {"active": true}}),
        json!({"goalSet": {"eventName": "Purchase", "days": 7}}),
    ];
    let goals = goals.map(|change| {
        let (mut record, now) = (change, wall());
        record["channelId"] = "6263".into();
        record["at"] = time(now).into();
        Entry::new(Input::GoalChanges, now, &record)
    });
    deployment.feed(Partitioner::Java).produce(&goals);
    let mut run = deployment.start("state");
    let bridge = Bridge::start(&mut deployment);

    let mut sent: Vec<Value> = Vec::new();
    let mut send = |name: &str, chat: &str, number: u32, records: u64| {
        // Each is a millisecond later than the one before.
        std::thread::sleep(Duration::from_millis(2));
        let webhook = webhook(name, chat, number);
        assert_eq!(bridge.takes(&webhook), records, "{name}");
        sent.push(webhook);
    };
    for chat in CHATS {
        send("log-create", chat, 0, 1);
        send("customer-message", chat, 1, 1);
        send("user-chat-opened", chat, 2, 2);
    }
    for chat in ["achieved", "measured", "again"] {
        send("manager-reply", chat, 3, 1);
        send("log-assign", chat, 4, 1);
    }
    send("note", "noted", 3, 0);
    send("bot", "noted", 4, 0);
    send("log-close", "again", 5, 1);
    send("log-open", "again", 6, 1);
    send("customer-message", "again", 7, 1);
    send("manager-reply", "again", 8, 1);
    let purchases = ["achieved", "nobody"].map(purchase);
    assert_eq!(bridge.post(EVENTS, &Value::from(purchases.to_vec())).body["written"], 2);

    let wanted: BTreeMap<&str, &str> = BTreeMap::from([
        ("achieved", "ACHIEVED -"),
        ("measured", "IN_PROCESS MEASURING"),
        ("waiting", "IN_PROCESS AWAITING_REPLY"),
        ("noted", "IN_PROCESS AWAITING_REPLY"),
        ("again", "IN_PROCESS MEASURING"),
    ]);
    until_statuses(&deployment, &mut run, &wanted);
    let before = newest(&deployment);
    assert_eq!(before["again"]["round"]["number"], 2);
    assert_eq!(before["achieved"]["managerId"], "9187");

    // All of it once more: the same records, and nothing changes.
    let topic = deployment.topic("chat.events");
    let first = stored(log(), &topic).len();
    for webhook in &sent {
        bridge.takes(webhook);
    }
    bridge.post(EVENTS, &Value::from(purchases.to_vec()));
    until_read(&deployment, &mut run);
    let all = stored(log(), &topic);
    assert_eq!(all.len(), 2 * first);
    let mut values: Vec<&[u8]> = all.iter().map(|record| &record.value[..]).collect();
    values.sort_unstable();
    assert!(
        values.chunks(2).all(|pair| pair[0] == pair[1]),
        "a webhook became another record the second time"
    );
    assert_eq!(newest(&deployment), before);
    assert!(all.iter().all(|record| !record.value.windows(6).any(|words| words == b"SECRET")));

    bridge.process.stop();
    run.stop();
    assert_eq!(newest(&deployment), before);
    assert!(stored(log(), &deployment.topic("dead-letters")).is_empty());
}

/// The newest view of each chat.
fn newest(deployment: &Deployment) -> BTreeMap<String, Value> {
    let view = |value: &[u8]| match deployment.form {
        WireForm::Json => serde_json::from_slice(value).unwrap(),
        WireForm::Protobuf => {
            let pool = DescriptorPool::decode(DESCRIPTORS).unwrap();
            let message = pool.get_message_by_name("chat_goals.v1.GoalStatusChanged").unwrap();
            serde_json::to_value(DynamicMessage::decode(message, value).unwrap()).unwrap()
        }
    };
    let all = stored(log(), &deployment.topic("goal.status-changed"));
    all.iter().map(|record| (record.key.clone().unwrap(), view(&record.value))).collect()
}

fn until_statuses(deployment: &Deployment, run: &mut Process, wanted: &BTreeMap<&str, &str>) {
    let limit = Instant::now() + LIMIT;
    loop {
        let views = newest(deployment);
        let text = |view: &Value, name: &str| view[name].as_str().unwrap_or("-").to_owned();
        let found: BTreeMap<&str, String> = views
            .iter()
            .map(|(chat, view)| (chat.as_str(), format!("{} {}", text(view, "status"), text(view, "phase"))))
            .collect();
        if found.len() == wanted.len()
            && found.iter().all(|(chat, status)| wanted.get(chat) == Some(&status.as_str()))
        {
            return;
        }
        assert!(Instant::now() < limit, "{found:?}");
        run.assert_running();
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// Waits until the processor has read the inputs to their ends, and what follows from them.
fn until_read(deployment: &Deployment, run: &mut Process) {
    let topics = [
        deployment.topic("chat.events"),
        deployment.topic("customer.events"),
        deployment.internal("chats.inbox"),
        deployment.internal("customers.inbox"),
    ];
    let all: Vec<TopicPartition> = topics
        .iter()
        .flat_map(|topic| (0..PARTITIONS).map(|partition| TopicPartition::new(topic.as_str(), partition)))
        .collect();
    let limit = Instant::now() + LIMIT;
    loop {
        let ends: Vec<i64> = topics.iter().flat_map(|topic| ends(topic)).collect();
        let committed = log().committed(&deployment.group(), &all).unwrap();
        if committed.iter().zip(&ends).all(|(position, end)| position.next.unwrap_or(0) >= *end) {
            return;
        }
        assert!(Instant::now() < limit, "the inputs are not read to their ends");
        run.assert_running();
        std::thread::sleep(Duration::from_millis(50));
    }
}

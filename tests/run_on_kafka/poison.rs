//! Records that no platform should send: each ends in the dead letters, once and as it came, and harms nothing else.

use crate::broker::{Feed, Partitioner, Parts, ends, notice_death_soon};
use crate::expectation::Expectation;
use crate::outputs::{DeadLetter, Outputs};
use crate::process::{Deployment, PARTITIONS};
use crate::workload::{DAY, Entry, Input, time, wall, workload};
use chat_goals::config::WireForm;
use chat_goals::log::Header;
use chat_goals::log::partitioner::partition_of;
use chrono::DateTime;
use serde_json::{Value, json};
use std::collections::BTreeMap;

#[test]
fn a_bad_record_ends_in_the_dead_letters_once_and_as_it_came() {
    let _turn = crate::turn();
    let deployment = Deployment::created("poison", WireForm::Json);
    notice_death_soon(&deployment.group());
    let now = wall();
    let entries = workload(3, 2_000, now);
    let (first, rest) = entries.split_at(entries.len() / 2);
    let (second, third) = rest.split_at(rest.len() / 2);
    let mut kitchen =
        Kitchen { deployment: &deployment, feed: deployment.feed(Partitioner::Java), sent: Vec::new() };
    kitchen.feed.produce(first);
    kitchen.poison(first, now);
    kitchen.feed.produce(second);

    let mut process = deployment.start("state");
    let mut outputs = Outputs::of(&deployment);
    outputs.until(&mut [&mut process], |outputs| kitchen.missing(outputs));
    let so_far = Expectation::of(&entries[..first.len() + second.len()], now);
    outputs.until_equal(&so_far, &mut [&mut process]);

    // Nothing else comes, so nothing else makes it visible.
    kitchen.send("goal.changes", Some("shop"), Some(b"{}"), now, "the id is missing");
    outputs.until(&mut [&mut process], |outputs| kitchen.missing(outputs));
    process.kill();

    let mut process = deployment.start("state");
    kitchen.feed.produce(third);
    let expectation = Expectation::of(&entries, now);
    outputs.until_equal(&expectation, &mut [&mut process]);
    process.stop();
    outputs.assert_final(&expectation, kitchen.sent.len());
    kitchen.assert_as_they_came(&outputs.dead_letters);
}

/// Where poison is made, and what was sent.
struct Kitchen<'a> {
    deployment: &'a Deployment,
    feed: Feed,
    sent: Vec<Sent>,
}

struct Sent {
    topic: String,
    partition: i32,
    offset: i64,
    key: Option<Vec<u8>>,
    value: Option<Vec<u8>>,
    reason: &'static str,
}

/// What every one of them bears.
const HEADERS: [(&str, Option<&[u8]>); 3] = [("trace", Some(b"7\xff")), ("trace", Some(b"")), ("none", None)];

impl Kitchen<'_> {
    fn poison(&mut self, good: &[Entry], now: i64) {
        const CHATS: &str = "chat.events";
        const CUSTOMERS: &str = "customer.events";
        const GOALS: &str = "goal.changes";
        let chat = |id: &str, at: i64| json!({"channelId": "shop", "chatId": id, "at": time(at), "chatReopened": {}});
        let fine = chat("poison", now).to_string().into_bytes();
        self.send(
            CHATS,
            Some("poison"),
            Some(br#"{"channelId": "shop", "chatId":"#),
            now,
            "EOF while parsing",
        );
        self.send(CHATS, Some("poison"), Some(b"\xff\xfe"), now, "not UTF-8");
        self.send(CHATS, Some("another"), Some(&fine), now, "but the key is \"another\"");
        self.send(CHATS, None, Some(&fine), now, "but the record has no key");
        self.send(CHATS, Some("poison"), Some(b""), now, "EOF while parsing");
        self.send(CHATS, Some("poison"), None, now, "a tombstone is no record");
        let long = "i".repeat(300);
        self.send(CHATS, Some(&long), Some(&bytes(&chat(&long, now))), now, "the id has 300 bytes");
        self.send(CHATS, Some("poison"), Some(&vec![b'x'; 1_047_900]), now, "expected value");
        self.send(CHATS, Some("late"), Some(&bytes(&chat("late", now - 40 * DAY))), now, "TOO_LATE");
        self.send(CHATS, Some("early"), Some(&bytes(&chat("early", now + 2 * DAY))), now, "TOO_EARLY");
        // Only at home is it known how old it may be.
        let late = bytes(&chat("stray", now - 40 * DAY));
        self.send_to(1, CHATS, Some("stray"), Some(&late), now, "TOO_LATE");
        self.send_to(1, CHATS, Some("stray"), Some(b"[]"), now, "expected an object");

        let known = good.iter().find(|entry| entry.to == Input::ChatEvents).expect("there are chats");
        let mut moved: Value = serde_json::from_str(&known.json).expect("the workload is JSON");
        moved["channelId"] = "elsewhere".into();
        self.send(CHATS, Some(&known.key), Some(&bytes(&moved)), known.logged, "(B1)");

        let customer = json!({"channelId": "shop", "customerId": "u1", "at": time(now)});
        self.send(CUSTOMERS, Some("u1"), Some(&bytes(&customer)), now, "the record has none of");
        self.send(CUSTOMERS, Some("u2"), Some(b"null"), now, "expected an object");
        self.send_to(1, CUSTOMERS, None, None, now, "a tombstone is no record");

        let goal = |days: u32| json!({"channelId": "shop", "at": time(now), "goalSet": {"eventName": "Purchase", "days": days}});
        self.send(GOALS, Some("shop"), Some(&bytes(&goal(2))), now, "days");
        self.send(GOALS, Some("hotel"), Some(&bytes(&goal(7))), now, "but the key is \"hotel\"");
    }

    fn send(
        &mut self,
        topic: &str,
        key: Option<&str>,
        value: Option<&[u8]>,
        logged: i64,
        reason: &'static str,
    ) {
        self.send_to(0, topic, key, value, logged, reason);
    }

    /// To a partition that is so far from its key's home.
    fn send_to(
        &mut self,
        away: i32,
        topic: &str,
        key: Option<&str>,
        value: Option<&[u8]>,
        logged: i64,
        reason: &'static str,
    ) {
        let partitions = if topic == "goal.changes" { 1 } else { PARTITIONS };
        let home = partition_of(key.unwrap_or_default().as_bytes(), partitions);
        let partition = (home + away) % partitions;
        let topic = self.deployment.topic(topic);
        let offset = ends(&topic)[partition as usize];
        let key = key.map(str::as_bytes);
        self.feed.produce_parts(&Parts { topic: &topic, partition, logged, key, value, headers: &HEADERS });
        let (key, value) = (key.map(<[u8]>::to_vec), value.map(<[u8]>::to_vec));
        self.sent.push(Sent { topic, partition, offset, key, value, reason });
    }

    fn missing(&self, outputs: &Outputs) -> Option<String> {
        let (sent, found) = (self.sent.len(), outputs.dead_letters.len());
        (found != sent).then(|| {
            let places: Vec<_> = outputs.dead_letters.iter().map(place).collect();
            format!("{found} of {sent} dead letters: {places:?}")
        })
    }

    fn assert_as_they_came(&self, found: &[DeadLetter]) {
        let found: BTreeMap<_, _> = found.iter().map(|letter| (place(letter), letter)).collect();
        assert_eq!(found.len(), self.sent.len(), "one of them is there twice");
        for sent in &self.sent {
            let place = (sent.topic.clone(), sent.partition.to_string(), sent.offset.to_string());
            let letter = found.get(&place).unwrap_or_else(|| panic!("{place:?} is not there"));
            assert_eq!(letter.key, sent.key, "{place:?}");
            assert!(letter.value == sent.value, "{place:?} has another value");
            let came: Vec<Header> = HEADERS
                .iter()
                .map(|(name, value)| Header { name: (*name).to_owned(), value: value.map(<[u8]>::to_vec) })
                .collect();
            assert_eq!(letter.headers[..came.len()], came, "{place:?}");
            assert_eq!(letter.headers.len(), came.len() + 5, "{place:?}");
            let reason = header(letter, "dead-letter.reason");
            assert!(reason.contains(sent.reason), "{place:?}: {reason} is not {}", sent.reason);
            let at = header(letter, "dead-letter.at");
            assert!(DateTime::parse_from_rfc3339(&at).is_ok(), "{place:?}: {at}");
        }
    }
}

fn bytes(record: &Value) -> Vec<u8> {
    record.to_string().into_bytes()
}

/// Topic, partition and offset.
fn place(letter: &DeadLetter) -> (String, String, String) {
    (
        header(letter, "dead-letter.topic"),
        header(letter, "dead-letter.partition"),
        header(letter, "dead-letter.offset"),
    )
}

fn header(letter: &DeadLetter, name: &str) -> String {
    let found = letter.headers.iter().find(|header| header.name == name);
    let value = found.and_then(|header| header.value.clone());
    String::from_utf8(value.unwrap_or_else(|| panic!("no header {name}: {letter:?}"))).unwrap()
}

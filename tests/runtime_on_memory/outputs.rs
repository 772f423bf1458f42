//! What was published, from the first record to the last, and the promises that every reader relies on: revisions
//! without gap or repeat, each status naming the one before it.

use crate::expectation::bucket_of;
use chat_goals::config::Config;
use chat_goals::log::memory::MemoryLog;
use serde_json::Value;
use std::collections::BTreeMap;

pub struct Outputs {
    /// Every status that was published, chat by chat in order.
    pub statuses: Vec<Value>,
    /// The newest record of every chat; `None` is a tombstone.
    pub newest: BTreeMap<String, Option<Value>>,
    /// The newest record of every bucket.
    pub counters: BTreeMap<String, Value>,
}

impl Outputs {
    /// Everything that is committed by now.
    pub fn read(log: &MemoryLog, config: &Config) -> Self {
        let mut outputs = Self { statuses: Vec::new(), newest: BTreeMap::new(), counters: BTreeMap::new() };
        let mut revisions: BTreeMap<String, u64> = BTreeMap::new();
        for record in log.read_all(&config.topics.goal_status_changed) {
            let chat = text(&record.key.expect("a status has a key"));
            let view: Option<Value> = record.value.map(|value| serde_json::from_slice(&value).expect("JSON"));
            let revision = match &view {
                Some(view) => view["revision"].as_u64().expect("a revision"),
                None => {
                    let header = record.headers.iter().find(|header| header.name == "revision");
                    let value = header.and_then(|header| header.value.as_ref());
                    text(value.expect("a tombstone has a revision")).parse().expect("a number")
                }
            };
            follows(&mut revisions, &chat, revision);
            let before = outputs.newest.get(&chat).and_then(Option::as_ref).map(|view| &view["status"]);
            if let Some(view) = &view {
                assert_eq!(view["chatId"], chat.as_str(), "the key of a status is its chat");
                assert_eq!(view.get("previousStatus"), before, "revision {revision} of {chat}");
                outputs.statuses.push(view.clone());
            }
            outputs.newest.insert(chat, view);
        }
        for record in log.read_all(&config.topics.manager_goal_counters) {
            let value = record.value.expect("a counter has values");
            let counter: Value = serde_json::from_slice(&value).expect("JSON");
            let bucket = bucket_of(&counter);
            follows(&mut revisions, &bucket, counter["revision"].as_u64().expect("a revision"));
            outputs.counters.insert(bucket, counter);
        }
        let dead = log.read_all(&config.topics.dead_letters);
        assert!(dead.is_empty(), "{} records were found bad, the first is {:?}", dead.len(), dead[0]);
        outputs
    }

    /// The newest statuses of chats whose id begins with this, in the order of their ids.
    pub fn of(&self, prefix: &str) -> Vec<&str> {
        let views = self.newest.iter().filter(|(chat, _)| chat.starts_with(prefix));
        views
            .map(|(_, view)| {
                view.as_ref().map_or("DELETED", |view| view["status"].as_str().expect("a status"))
            })
            .collect()
    }
}

fn follows(revisions: &mut BTreeMap<String, u64>, id: &str, revision: u64) {
    let before = revisions.insert(id.to_owned(), revision);
    assert_eq!(revision, before.unwrap_or(0) + 1, "a revision of {id} is missing or repeated");
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("UTF-8")
}

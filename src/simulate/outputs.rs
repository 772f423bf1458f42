//! What was published, from the first record to the last, and the promises that every reader relies on: revisions
//! without gap or repeat, each status naming the one before it.

use super::expectation::bucket_of;
use crate::config::Config;
use crate::log::memory::{MemoryLog, MemoryRecord};
use serde_json::Value;
use std::collections::BTreeMap;

pub struct Outputs {
    /// For each chat everything that was published, in order; `Err` is the revision of a tombstone.
    pub changes: BTreeMap<String, Vec<Result<Value, u32>>>,
    /// The newest record of every chat; `None` is a tombstone.
    pub newest: BTreeMap<String, Option<Value>>,
    /// The newest record of every bucket.
    pub counters: BTreeMap<String, Value>,
    pub dead_letters: Vec<MemoryRecord>,
}

impl Outputs {
    /// Everything that is committed by now, but for chats whose ids begin with `but_for`.
    /// `Err`: which promise is broken.
    pub fn read(log: &MemoryLog, config: &Config, but_for: &str) -> Result<Self, String> {
        let mut outputs = Self {
            changes: BTreeMap::new(),
            newest: BTreeMap::new(),
            counters: BTreeMap::new(),
            dead_letters: log.read_all(&config.topics.dead_letters),
        };
        let mut revisions: BTreeMap<String, u64> = BTreeMap::new();
        for record in log.read_all(&config.topics.goal_status_changed) {
            if !record.key.as_ref().is_some_and(|key| key.starts_with(but_for.as_bytes())) {
                outputs.status(&record, &mut revisions)?;
            }
        }
        for record in log.read_all(&config.topics.manager_goal_counters) {
            let value = record.value.ok_or("a counter has no value")?;
            let counter: Value = serde_json::from_slice(&value).map_err(|error| error.to_string())?;
            let bucket = bucket_of(&counter);
            follows(&mut revisions, &bucket, counter["revision"].as_u64())?;
            outputs.counters.insert(bucket, counter);
        }
        Ok(outputs)
    }

    fn status(&mut self, record: &MemoryRecord, revisions: &mut BTreeMap<String, u64>) -> Result<(), String> {
        let chat = text(record.key.as_deref().ok_or("a status has no key")?);
        let view: Option<Value> = match &record.value {
            Some(value) => Some(serde_json::from_slice(value).map_err(|error| error.to_string())?),
            None => None,
        };
        let revision = match &view {
            Some(view) => view["revision"].as_u64(),
            None => {
                let header = record.headers.iter().find(|header| header.name == "revision");
                header.and_then(|header| text(header.value.as_ref()?).parse().ok())
            }
        };
        follows(revisions, &chat, revision)?;
        let before = self.newest.get(&chat).and_then(Option::as_ref).map(|view| &view["status"]);
        if let Some(view) = &view
            && (view["chatId"] != chat.as_str() || view.get("previousStatus") != before)
        {
            return Err(format!("after {before:?} of {chat} comes {view}"));
        }
        let change = view.clone().ok_or(revision.unwrap_or(0) as u32);
        self.changes.entry(chat.clone()).or_default().push(change);
        self.newest.insert(chat, view);
        Ok(())
    }

    /// Every status that was published.
    pub fn statuses(&self) -> impl Iterator<Item = &Value> {
        self.changes.values().flatten().filter_map(|change| change.as_ref().ok())
    }

    /// The newest statuses of chats whose id begins with this, in the order of their ids.
    pub fn of(&self, prefix: &str) -> Vec<&str> {
        let views = self.newest.iter().filter(|(chat, _)| chat.starts_with(prefix));
        views
            .map(|(_, view)| match view {
                Some(view) => view["status"].as_str().unwrap_or("NO STATUS"),
                None => "DELETED",
            })
            .collect()
    }
}

fn follows(revisions: &mut BTreeMap<String, u64>, id: &str, revision: Option<u64>) -> Result<(), String> {
    let revision = revision.ok_or_else(|| format!("a record of {id} has no revision"))?;
    let before = revisions.insert(id.to_owned(), revision).unwrap_or(0);
    if revision == before + 1 {
        return Ok(());
    }
    Err(format!("the revision of {id} after {before} is {revision}: one is missing or repeated"))
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

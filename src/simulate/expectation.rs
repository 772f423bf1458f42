//! What must be published in the end: the same records folded offline, and how the two differ. It never looks at how
//! the outputs got there.

use super::outputs::Outputs;
use super::workload::Entry;
use crate::contract::json::input::{Line, LineJson, parse};
use crate::contract::json::output;
use crate::domain::ids::{ChannelId, ChatId};
use crate::domain::settings::Channel;
use crate::domain::time::Timestamp;
use crate::pipeline::offline::{Changes, Offline};
use crate::stages::chats::{ChatRow, StatusChange};
use serde_json::Value;
use std::collections::BTreeMap;

/// The last view of every chat that is there, every counter that is not zero, and how they came to be.
pub struct Expectation {
    views: BTreeMap<String, Value>,
    counters: BTreeMap<String, Value>,
    /// For each chat everything that was published, in order; `Err` is the revision of a tombstone.
    pub changes: BTreeMap<String, Vec<Result<Value, u32>>>,
    /// What the rows of chats say, in a form that does not depend on the way there.
    pub rows: BTreeMap<String, String>,
}

impl Expectation {
    /// Folds records in the order of the log, with the clock at `until` in the end. The records are good.
    pub fn of(entries: &[Entry], until: i64) -> Self {
        Self::with_settings(entries, until).0
    }

    /// The settings come with it, to read rows with.
    pub fn with_settings(entries: &[Entry], until: i64) -> (Self, Offline) {
        let mut changes = Published::default();
        let mut offline = Offline::new(true, Some(Timestamp(until)));
        for entry in entries {
            // What is dated back finds the clock where it stands.
            offline.time_is(Timestamp(entry.logged), &mut changes).expect("nothing can fail in memory");
            let line = entry.line();
            let parsed: LineJson<'_> = parse(line.as_bytes()).expect("a good record");
            let folded = match parsed.line().expect("a good record") {
                Line::Chat(event) => offline.chat(&event, &mut changes),
                Line::Customer(event) => offline.customer(&event, &mut changes),
                Line::Goal(change) => offline.goal(change, &mut changes).map(Ok),
            };
            folded.expect("nothing can fail in memory").expect("a good record");
        }
        offline.finish(&mut changes).expect("nothing can fail in memory");
        let mut expectation = Self {
            views: BTreeMap::new(),
            counters: BTreeMap::new(),
            changes: BTreeMap::new(),
            rows: BTreeMap::new(),
        };
        for row in offline.chats() {
            expectation
                .rows
                .insert(row.chat.to_string(), canonical(row, offline.settings.channel(&row.channel)));
        }
        for counter in offline.counters().expect("nothing can fail in memory") {
            let totals = output::totals(&counter.channel, &counter.bucket, &counter.counts);
            let counter = serde_json::to_value(totals).expect("a counter is JSON");
            expectation.counters.insert(bucket_of(&counter), counter);
        }
        for (chat, changes) in &changes.0 {
            if let Some(Ok(last)) = changes.last() {
                expectation.views.insert(chat.clone(), view_of(last));
            }
        }
        expectation.changes = changes.0;
        (expectation, offline)
    }

    /// The last view of a chat, if it is there.
    pub fn view(&self, chat: &str) -> Option<&Value> {
        self.views.get(chat)
    }

    /// How many chats and counters there are, and of which statuses.
    pub fn summary(&self) -> String {
        let mut statuses: BTreeMap<&str, usize> = BTreeMap::new();
        for view in self.views.values() {
            *statuses.entry(view["status"].as_str().expect("a status")).or_default() += 1;
        }
        format!("{} chats {statuses:?}, {} counters", self.views.len(), self.counters.len())
    }

    /// What the outputs lack or have wrong, in a few examples; `None`: they are as expected.
    pub fn difference(&self, outputs: &Outputs) -> Option<String> {
        let newest = outputs.newest.iter();
        let views = newest.filter_map(|(id, view)| Some((id.clone(), view_of(view.as_ref()?)))).collect();
        let counters = outputs.counters.iter();
        let counters = counters
            .filter(|(_, counter)| !is_zero(counter))
            .map(|(bucket, counter)| (bucket.clone(), without(counter, &["revision", "updatedAt"])))
            .collect();
        let wrong: Vec<String> =
            differences(&self.views, &views).chain(differences(&self.counters, &counters)).collect();
        (!wrong.is_empty()).then(|| {
            let some = wrong.iter().take(6).cloned().collect::<Vec<_>>();
            format!("{} of {} differ:\n{}", wrong.len(), self.summary(), some.join("\n"))
        })
    }
}

fn differences<'a>(
    wanted: &'a BTreeMap<String, Value>,
    got: &'a BTreeMap<String, Value>,
) -> impl Iterator<Item = String> {
    let ids: std::collections::BTreeSet<&String> = wanted.keys().chain(got.keys()).collect();
    let shown = |value: Option<&Value>| value.map_or("nothing".to_owned(), Value::to_string);
    let wrong = ids.into_iter().filter(|id| wanted.get(*id) != got.get(*id));
    wrong
        .map(|id| format!("{id}\n  got    {}\n  wanted {}", shown(got.get(id)), shown(wanted.get(id))))
        .collect::<Vec<_>>()
        .into_iter()
}

/// The view that F2 compares.
pub fn view_of(record: &Value) -> Value {
    without(record, &["revision", "previousStatus", "at", "cause", "correction", "rounds"])
}

fn without(record: &Value, names: &[&str]) -> Value {
    let fields = record.as_object().expect("a record is an object").iter();
    Value::Object(
        fields
            .filter(|(name, _)| !names.contains(&name.as_str()))
            .map(|(n, v)| (n.clone(), v.clone()))
            .collect(),
    )
}

/// Which bucket a counter is of.
pub fn bucket_of(counter: &Value) -> String {
    ["channelId", "scope", "managerId", "date"].map(|name| counter[name].to_string()).join(" ")
}

fn is_zero(counter: &Value) -> bool {
    let counts = ["measured", "achieved", "missed", "ended", "closes", "achievedOfEnded"];
    counts.iter().all(|name| counter.get(name).is_none_or(|count| count == 0))
}

/// What a chat's row says, without what depends on how it came to say so.
pub fn canonical(row: &ChatRow, channel: &Channel) -> String {
    let published = row.live.as_ref().and_then(|live| live.published.as_ref());
    let view = published.map(|published| {
        let status = output::status(&row.channel, &row.chat, &published.view, &[], channel);
        String::from_utf8(status.expect("a time of our days")).expect("JSON is text")
    });
    let mut added: Vec<String> = published
        .map_or(&[][..], |published| &published.contributions)
        .iter()
        .map(|c| format!("{c:?}"))
        .collect();
    added.sort();
    format!("{} {:?} {view:?} {added:?}", row.channel, row.deleted)
}

/// Everything that is published, chat by chat.
#[derive(Default)]
struct Published(BTreeMap<String, Vec<Result<Value, u32>>>);

impl Changes for Published {
    fn status_changed(&mut self, change: StatusChange, channel: &Channel) -> anyhow::Result<()> {
        let status = serde_json::from_slice(&output::status_changed(&change, channel)?)?;
        self.0.entry(change.chat.to_string()).or_default().push(Ok(status));
        Ok(())
    }

    fn chat_deleted(&mut self, _: &ChannelId, chat: &ChatId, revision: u32) -> anyhow::Result<()> {
        self.0.entry(chat.to_string()).or_default().push(Err(revision));
        Ok(())
    }
}

//! What the outputs must come to: the same records folded offline, and how the two differ. It never looks at how the
//! outputs got there.

#[path = "../same/counter.rs"]
mod counter;
#[path = "../same/mod.rs"]
mod same;

use crate::outputs::Outputs;
use crate::workload::Entry;
use counter::is_zero;
pub use counter::key_of;
pub use same::plain;
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::Write as _;
use std::process::Command;

/// The last view of every chat that is there, and every counter that is not zero.
pub struct Expectation {
    views: BTreeMap<String, Value>,
    counters: BTreeMap<String, Value>,
}

impl Expectation {
    /// Folds records in the order of the log, with the clock at `until` in the end.
    pub fn of(entries: &[Entry], until: i64) -> Self {
        Self::with_rules(entries, until, true)
    }

    /// As [`Self::of`], where channels need not have subscribed, perhaps.
    pub fn with_rules(entries: &[Entry], until: i64, requires_subscription: bool) -> Self {
        let mut lines = tempfile::NamedTempFile::new().unwrap();
        for entry in entries {
            writeln!(lines, "{}", entry.line()).unwrap();
        }
        let output = Command::new(env!("CARGO_BIN_EXE_chat-goals"))
            .arg("fold")
            .arg(lines.path())
            .args(["--until", &until.to_string(), "--emit", "statuses,counters"])
            .args((!requires_subscription).then_some("--no-subscription"))
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let mut expectation = Self { views: BTreeMap::new(), counters: BTreeMap::new() };
        for line in output.stdout.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            let mut line: Value = serde_json::from_slice(line).unwrap();
            if let Some(status) = line.get_mut("goalStatus") {
                let view = view_of(&plain(status.take()));
                expectation.views.insert(view["chatId"].as_str().expect("an id").to_owned(), view);
            } else {
                let counter = plain(line["managerGoalCounters"].take());
                expectation.counters.insert(key_of(&counter), counter);
            }
        }
        expectation
    }

    /// How many chats and counters there are, and of which statuses.
    pub fn summary(&self) -> String {
        let mut statuses: BTreeMap<&str, usize> = BTreeMap::new();
        for view in self.views.values() {
            *statuses.entry(view["status"].as_str().expect("a status")).or_default() += 1;
        }
        format!("{} chats {statuses:?}, {} counters", self.views.len(), self.counters.len())
    }

    /// The last views by chat.
    pub fn views(&self) -> &BTreeMap<String, Value> {
        &self.views
    }

    /// The counters that are not zero, by their keys.
    pub fn counters(&self) -> &BTreeMap<String, Value> {
        &self.counters
    }

    /// What the outputs lack or have wrong, in a few examples; `None`: they are as expected.
    pub fn difference(&self, outputs: &Outputs) -> Option<String> {
        let wrong = self.differences(outputs);
        (!wrong.is_empty()).then(|| {
            let some = wrong.iter().take(6).map(Difference::to_string).collect::<Vec<_>>();
            format!("{} of {} differ:\n{}", wrong.len(), self.summary(), some.join("\n"))
        })
    }

    /// Every view and counter that is not as expected.
    pub fn differences(&self, outputs: &Outputs) -> Vec<Difference> {
        let views: BTreeMap<&str, Value> = outputs
            .chats
            .iter()
            .filter_map(|(id, chat)| Some((id.as_str(), view_of(chat.newest.as_ref()?))))
            .collect();
        let counters: BTreeMap<&str, Value> = outputs
            .buckets
            .iter()
            .filter(|(_, bucket)| !is_zero(&bucket.newest))
            .map(|(key, bucket)| (key.as_str(), without(&bucket.newest, &["revision", "updatedAt"])))
            .collect();
        differences(&self.views, &views).chain(differences(&self.counters, &counters)).collect()
    }
}

/// A view or a counter that is not as expected; `None` is none at all.
pub struct Difference {
    pub id: String,
    pub got: Option<Value>,
    pub wanted: Option<Value>,
}

impl std::fmt::Display for Difference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [got, wanted] = [&self.got, &self.wanted]
            .map(|value| value.as_ref().map_or_else(|| "nothing".to_owned(), Value::to_string));
        write!(f, "{}\n  got    {got}\n  wanted {wanted}", self.id)
    }
}

fn differences(
    wanted: &BTreeMap<String, Value>,
    got: &BTreeMap<&str, Value>,
) -> impl Iterator<Item = Difference> {
    let missing_or_wrong =
        wanted.iter().filter(|(id, wanted)| got.get(id.as_str()) != Some(wanted)).map(|(id, wanted)| {
            Difference { id: id.clone(), got: got.get(id.as_str()).cloned(), wanted: Some(wanted.clone()) }
        });
    let unwanted = got.iter().filter(|(id, _)| !wanted.contains_key(**id)).map(|(id, got)| Difference {
        id: (*id).to_owned(),
        got: Some(got.clone()),
        wanted: None,
    });
    missing_or_wrong.chain(unwanted)
}

/// The view that F2 compares.
fn view_of(record: &Value) -> Value {
    without(record, &["revision", "previousStatus", "at", "cause", "correction", "rounds"])
}

pub fn without(record: &Value, names: &[&str]) -> Value {
    let fields = record.as_object().expect("a record is an object");
    Value::Object(
        fields
            .iter()
            .filter(|(name, _)| !names.contains(&name.as_str()))
            .map(|(n, v)| (n.clone(), v.clone()))
            .collect(),
    )
}

//! What must be published in the end: the same records folded offline, and how the two differ. It never looks at how
//! the outputs got there.

use crate::outputs::Outputs;
use crate::workload::Entry;
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
        let mut lines = tempfile::NamedTempFile::new().unwrap();
        let text: String = entries.iter().map(|entry| entry.line() + "\n").collect();
        lines.write_all(text.as_bytes()).unwrap();
        let output = Command::new(env!("CARGO_BIN_EXE_chat-goals"))
            .arg("fold")
            .arg(lines.path())
            .args(["--until", &until.to_string(), "--emit", "statuses,counters"])
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let mut expectation = Self { views: BTreeMap::new(), counters: BTreeMap::new() };
        for line in output.stdout.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            let mut line: Value = serde_json::from_slice(line).unwrap();
            if let Some(status) = line.get_mut("goalStatus") {
                let view = view_of(status);
                expectation.views.insert(view["chatId"].as_str().expect("an id").to_owned(), view);
            } else {
                let counter = line["managerGoalCounters"].take();
                expectation.counters.insert(bucket_of(&counter), counter);
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
fn view_of(record: &Value) -> Value {
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

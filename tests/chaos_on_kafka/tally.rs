//! What was lost and what came twice, counted. It decides nothing.

use crate::expectation::{Difference, Expectation};
use crate::outputs::{DeadLetter, Outputs};
use serde_json::Value;
use std::collections::BTreeMap;

/// Of everything that was written so far.
pub struct Tally {
    /// Written to the input topics, bad ones included.
    pub records: u64,
    /// Revisions left out, chats and counters that are missing or not as the records say, dead letters that are missing.
    pub lost: u64,
    /// Revisions that came again, counters that count too much, dead letters that came again.
    pub doubled: u64,
    pub examples: Vec<String>,
}

impl Tally {
    pub fn of(outputs: &Outputs, expectation: &Expectation, records: u64, bad: u64) -> Self {
        let differences = expectation.differences(outputs);
        let (too_much, wrong): (Vec<_>, Vec<_>) =
            differences.iter().partition(|difference| counts_too_much(difference));
        let mut letters: BTreeMap<Vec<u8>, u64> = BTreeMap::new();
        for letter in &outputs.dead_letters {
            *letters.entry(origin(letter)).or_default() += 1;
        }
        let lost_letters = bad.saturating_sub(letters.len() as u64);
        let doubled_letters: u64 = letters.values().map(|times| times - 1).sum();
        let unwanted_letters = (letters.len() as u64).saturating_sub(bad);
        let examples = outputs.broken.iter().cloned().chain(differences.iter().map(Difference::to_string));
        let of_letters = (lost_letters + doubled_letters + unwanted_letters > 0)
            .then(|| format!("dead letters: {} of {bad}", outputs.dead_letters.len()));
        Self {
            records,
            lost: outputs.skipped + wrong.len() as u64 + lost_letters + unwanted_letters,
            doubled: outputs.repeated + too_much.len() as u64 + doubled_letters,
            examples: examples.take(6).chain(of_letters).collect(),
        }
    }

    pub fn is_clean(&self) -> bool {
        self.lost == 0 && self.doubled == 0 && self.examples.is_empty()
    }
}

impl std::fmt::Display for Tally {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} records, {} lost, {} doubled", self.records, self.lost, self.doubled)
    }
}

/// Whether it is a counter of which no number is too small and one is too large.
fn counts_too_much(difference: &Difference) -> bool {
    const NUMBERS: [&str; 6] = ["measured", "achieved", "missed", "ended", "closes", "achievedOfEnded"];
    let number = |counter: &Option<Value>, name: &str| {
        counter.as_ref().and_then(|counter| counter.get(name)).and_then(Value::as_f64).unwrap_or(0.0)
    };
    let (got, wanted) = (&difference.got, &difference.wanted);
    let is_counter = [got, wanted].into_iter().flatten().all(|value| value.get("chatId").is_none());
    is_counter
        && NUMBERS.iter().all(|name| number(got, name) >= number(wanted, name))
        && NUMBERS.iter().any(|name| number(got, name) > number(wanted, name))
}

/// Where a dead letter was before.
fn origin(letter: &DeadLetter) -> Vec<u8> {
    let header = |name: &str| {
        let found = letter.headers.iter().find(|header| header.name == name);
        found.and_then(|header| header.value.clone()).expect("a dead letter says where it was")
    };
    [header("dead-letter.topic"), header("dead-letter.partition"), header("dead-letter.offset")].join(&b'/')
}

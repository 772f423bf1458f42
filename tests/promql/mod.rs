//! What a PromQL expression asks for: metrics with the labels that it matches, and the labels that it groups by. A reader for
//! the expressions of this project; whether they are right PromQL is promtool's to say.

use std::collections::{BTreeMap, BTreeSet};

/// What was asked for.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// Each metric with the labels that are matched on it.
    pub metrics: BTreeMap<String, BTreeSet<String>>,
    /// Labels after `by`, `on` and the like.
    pub grouped: BTreeSet<String>,
}

const WORDS: [&str; 12] = [
    "and",
    "or",
    "unless",
    "bool",
    "by",
    "without",
    "on",
    "ignoring",
    "group_left",
    "group_right",
    "offset",
    "inf",
];
const GROUPS: [&str; 6] = ["by", "without", "on", "ignoring", "group_left", "group_right"];

pub fn asked(expression: &str) -> Asked {
    let mut asked = Asked::default();
    let mut rest = expression;
    let mut group_follows = false;
    let mut metric: Option<String> = None;
    while let Some(first) = rest.chars().next() {
        if first.is_ascii_alphabetic() || first == '_' {
            let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != ':');
            let (word, after) = rest.split_at(end.unwrap_or(rest.len()));
            rest = after;
            group_follows = GROUPS.contains(&word);
            let is_function = after.trim_start().starts_with('(');
            let groups_first =
                after.trim_start().split(['(', ' ']).next().is_some_and(|w| GROUPS.contains(&w));
            metric = None;
            if !WORDS.contains(&word) && !is_function && !groups_first {
                asked.metrics.entry(word.to_owned()).or_default();
                metric = Some(word.to_owned());
            }
        } else if first == '{' {
            let end = rest.find('}').expect("a matcher ends");
            let name = metric.take().expect("labels are matched on a metric");
            for matcher in split(&rest[1..end]) {
                let label = matcher.split(['=', '!', '~']).next().expect("a label").trim();
                asked.metrics.get_mut(&name).expect("just added").insert(label.to_owned());
            }
            rest = &rest[end + 1..];
        } else if first == '(' && group_follows {
            let end = rest.find(')').expect("a group ends");
            let labels = rest[1..end].split(',').map(str::trim).filter(|label| !label.is_empty());
            asked.grouped.extend(labels.map(str::to_owned));
            rest = &rest[end + 1..];
            group_follows = false;
        } else if first == '[' {
            rest = &rest[rest.find(']').expect("a range ends") + 1..];
        } else if first == '"' {
            let end = rest[1..].find('"').expect("a string ends");
            rest = &rest[end + 2..];
        } else if first.is_ascii_digit() {
            // A number, or a span of time.
            let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '.');
            rest = &rest[end.unwrap_or(rest.len())..];
        } else {
            rest = &rest[first.len_utf8()..];
        }
    }
    asked
}

/// At commas outside of strings.
fn split(matchers: &str) -> Vec<&str> {
    let (mut parts, mut begin, mut inside) = (Vec::new(), 0, false);
    for (at, letter) in matchers.char_indices() {
        match letter {
            '"' => inside = !inside,
            ',' if !inside => {
                parts.push(&matchers[begin..at]);
                begin = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&matchers[begin..]);
    parts.retain(|part| !part.trim().is_empty());
    parts
}

#[test]
fn an_expression_is_taken_apart() {
    let text = r#"sum by (job, stage) (rate(a_total{x=~"b,c",y!="d"}[5m])) / on (job) group_left () max(b{}) > 1.2 * 5e3 and time() - c > 300"#;
    let asked = asked(text);
    let names: Vec<(&str, Vec<&str>)> = asked
        .metrics
        .iter()
        .map(|(name, labels)| (name.as_str(), labels.iter().map(String::as_str).collect()))
        .collect();
    assert_eq!(names, [("a_total", vec!["x", "y"]), ("b", vec![]), ("c", vec![])]);
    assert_eq!(asked.grouped.iter().map(String::as_str).collect::<Vec<_>>(), ["job", "stage"]);
}

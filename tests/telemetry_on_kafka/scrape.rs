//! Scrapes of a processor at work: what is declared is there, what is there is declared, what is shipped asks for nothing else,
//! and the figures are right.

use crate::broker::Partitioner;
use crate::process::{Deployment, PARTITIONS, Process};
use crate::promql::asked;
use crate::workload::{Input, wall, workload};
use crate::{get, health, until};
use chat_goals::config::WireForm;
use chat_goals::telemetry::page::{ALL, By, Kind};
use chat_goals::telemetry::shipped;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const OPENMETRICS: &str = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5";
const TEXT: &str = "text/plain;version=0.0.4";

/// One sample: its labels and its value.
type Sample = (BTreeMap<String, String>, f64);

/// All samples by name.
fn samples(text: &str) -> BTreeMap<String, Vec<Sample>> {
    let mut samples: BTreeMap<String, Vec<Sample>> = BTreeMap::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let (series, value) = line.rsplit_once(' ').unwrap();
        let (name, labels) = series.split_once('{').unwrap_or((series, ""));
        let labels = labels.trim_end_matches('}').split("\",").filter(|label| !label.is_empty());
        let labels = labels.map(|label| {
            let (label, value) = label.split_once("=\"").unwrap();
            (label.to_owned(), value.trim_end_matches('"').to_owned())
        });
        let value = value.replace("+Inf", "inf").parse().unwrap();
        samples.entry(name.to_owned()).or_default().push((labels.collect(), value));
    }
    samples
}

fn scrape(url: &str, accept: &str) -> (String, BTreeMap<String, Vec<Sample>>) {
    let (status, text) = get(&format!("{url}/metrics"), accept);
    assert_eq!(status, 200, "{text}");
    let samples = samples(&text);
    (text, samples)
}

/// The names of samples that some processes should have.
fn declared(by: By) -> BTreeSet<String> {
    ALL.iter().filter(|metric| metric.by == by || metric.by == By::All).flat_map(|m| m.samples()).collect()
}

fn assert_labels(samples: &BTreeMap<String, Vec<Sample>>) {
    for (name, found) in samples {
        let metric = ALL.iter().find(|metric| metric.samples().contains(name));
        let metric = metric.unwrap_or_else(|| panic!("{name} is scraped and not declared"));
        let mut wanted: BTreeSet<&str> = metric.labels.iter().copied().collect();
        if name.ends_with("_bucket") && metric.kind == Kind::Histogram {
            wanted.insert("le");
        }
        for (labels, _) in found {
            let has: BTreeSet<&str> = labels.keys().map(String::as_str).collect();
            assert_eq!(has, wanted, "{name}");
        }
    }
}

fn sum(samples: &BTreeMap<String, Vec<Sample>>, name: &str, label: (&str, &str)) -> f64 {
    let found = samples.get(name).map(Vec::as_slice).unwrap_or_default();
    let of = found.iter().filter(|(labels, _)| label.0.is_empty() || labels[label.0] == label.1);
    of.map(|(_, value)| value).sum()
}

#[test]
fn everything_that_is_declared_and_asked_for_is_in_a_real_scrape() {
    let mut deployment = Deployment::created("scraped", WireForm::Json);
    deployment.set("telemetry.survey_interval_ms", "100");
    let feed = deployment.feed(Partitioner::Java);
    let entries = workload(7, 300, wall());
    feed.produce(&entries);
    let chat_events = deployment.topic("chat.events");
    let bad = crate::broker::Parts {
        topic: &chat_events,
        partition: 0,
        logged: wall(),
        key: Some(b"bad"),
        value: Some(b"[]"),
        headers: &[],
    };
    feed.produce_parts(&bad);
    let mut process = deployment.start("state");
    let url = process.url();
    until_caught_up(&mut process, &url, 1.0);

    // Both ways, in both formats.
    let declared_here = declared(By::Processor);
    let missing = || -> Vec<String> {
        let (_, samples) = scrape(&url, OPENMETRICS);
        declared_here.iter().filter(|name| !samples.contains_key(*name)).cloned().collect()
    };
    until(&mut process, "all that is declared is scraped", || {
        let missing = missing();
        if !missing.is_empty() {
            eprintln!("not there yet: {missing:?}");
        }
        missing.is_empty()
    });
    let (openmetrics, new) = scrape(&url, OPENMETRICS);
    let (text, old) = scrape(&url, TEXT);
    assert!(openmetrics.ends_with("# EOF\n") && !text.contains("# EOF"));
    for samples in [&new, &old] {
        assert_labels(samples);
        let names: BTreeSet<String> = samples.keys().cloned().collect();
        assert_eq!(names, declared_here);
    }
    check_metrics(&text);

    // What is shipped finds all that it asks for, here or on the read side.
    let (read_side_text, read_side) = scrape_of_read_side(&mut deployment, entries.len());
    assert_labels(&read_side);
    let names: BTreeSet<String> = read_side.keys().cloned().collect();
    assert_eq!(names, declared(By::ReadSide));
    check_metrics(&read_side_text);
    for query in shipped_queries() {
        for name in asked(&query).metrics.keys().filter(|name| *name != "up") {
            assert!(new.contains_key(name) || read_side.contains_key(name), "{name} is not scraped: {query}");
        }
    }

    // The figures are right.
    let none = ("", "");
    assert_eq!(sum(&new, "chat_goals_dead_letters_total", none), 1.0);
    assert_eq!(sum(&new, "chat_goals_bad_records_total", ("topic", &chat_events)), 1.0);
    assert_eq!(sum(&new, "chat_goals_lag_records", none), 0.0);
    assert_eq!(sum(&new, "chat_goals_lag_seconds", none), 0.0);
    assert_eq!(sum(&new, "chat_goals_tasks", ("state", "running")), f64::from(3 * PARTITIONS));
    let inputs = |input: Input| entries.iter().filter(|entry| entry.to == input).count() as f64;
    // Everybody's records were at home, and one worker has all partitions: nothing goes through the inboxes.
    let folded = sum(&new, "chat_goals_records_folded_total", none);
    let from_inputs = inputs(Input::ChatEvents) + inputs(Input::CustomerEvents) + 1.0;
    assert_eq!(folded, from_inputs);
    assert_eq!(folded, sum(&new, "chat_goals_commit_records_sum", none));
    assert!(sum(&new, "chat_goals_goal_changes_known", none) > 0.0);
    assert!(sum(&new, "process_resident_memory_bytes", none) > 1e6);
    let started = sum(&new, "process_start_time_seconds", none);
    assert!((started - wall() as f64 / 1e3).abs() < 600.0, "{started}");
    let version = &new["chat_goals_build_info"][0].0["version"];
    assert_eq!(version, env!("CARGO_PKG_VERSION"));
    let requests = &new["chat_goals_http_requests_total"];
    assert!(
        requests
            .iter()
            .all(|(labels, _)| labels["route"] == "/metrics" || labels["route"].starts_with("/health"))
    );

    // What nobody serves makes one series, whatever it is.
    for path in ["/a", "/b/c", "/chats/chat-1"] {
        assert_eq!(get(&format!("{url}{path}"), "*/*").0, 404);
    }
    let (_, after) = scrape(&url, TEXT);
    assert_eq!(sum(&after, "chat_goals_http_requests_total", ("route", "unmatched")), 3.0);
    process.stop();
}

/// Ready, with no lag and so many dead letters.
fn until_caught_up(process: &mut Process, url: &str, dead_letters: f64) {
    until(process, "it has caught up", || {
        let (_, samples) = scrape(url, OPENMETRICS);
        health(url, "/health/ready").0
            && health(url, "/health/live").0
            && samples.get("chat_goals_lag_records").is_some_and(|lags| lags.len() as i32 == 5 * PARTITIONS)
            && sum(&samples, "chat_goals_lag_records", ("", "")) == 0.0
            && sum(&samples, "chat_goals_dead_letters_total", ("", "")) == dead_letters
    });
}

/// Serves what the processor has published, and asks for something.
fn scrape_of_read_side(
    deployment: &mut Deployment,
    records: usize,
) -> (String, BTreeMap<String, Vec<Sample>>) {
    deployment.set("serve.listen", "127.0.0.1:0");
    let dir = deployment.state_dir("read-side");
    deployment.set("serve.state_dir", dir.to_str().unwrap());
    let mut process = deployment.start_as(&["serve"], "read-side");
    let url = process.word_after("serving at ");
    until(&mut process, "the model is level", || {
        let (_, samples) = scrape(&url, TEXT);
        health(&url, "/health/ready").0 && sum(&samples, "chat_goals_model_lag_records", ("", "")) == 0.0
    });
    assert!(health(&url, "/health/live").0);
    assert_eq!(get(&format!("{url}/api/v1/chats?limit=1"), "*/*").0, 200);
    assert_eq!(get(&format!("{url}/api/v1/chats/nobody"), "*/*").0, 404);
    let (text, samples) = scrape(&url, TEXT);
    let chats = sum(&samples, "chat_goals_model_rows", ("kind", "chats"));
    assert!(chats > 0.0 && chats < records as f64, "{chats}");
    let requests = |route: (&str, &str)| sum(&samples, "chat_goals_http_requests_total", route);
    assert_eq!((requests(("route", "/api/v1/chats/{id}")), requests(("status", "404"))), (1.0, 1.0));
    assert_eq!(sum(&samples, "chat_goals_model_lag_seconds", ("", "")), 0.0);
    let follows = |url: &str| sum(&scrape(url, TEXT).1, "chat_goals_sse_clients", ("", ""));
    assert_eq!(follows(&url), 0.0);
    let stream = ureq::get(format!("{url}/events")).call().unwrap();
    until(&mut process, "who follows is counted", || follows(&url) == 1.0);
    drop(stream);
    process.stop();
    (text, samples)
}

/// Every query of dashboards and alert rules.
fn shipped_queries() -> Vec<String> {
    let mut queries = Vec::new();
    for (_, dashboard) in shipped::dashboards() {
        let dashboard: Value = serde_json::from_str(&dashboard).unwrap();
        for panel in dashboard["panels"].as_array().unwrap() {
            let targets = panel["targets"].as_array().into_iter().flatten();
            queries.extend(targets.map(|target| target["expr"].as_str().unwrap().to_owned()));
        }
    }
    for rule in shipped::alerts("docs").split("- alert: ").skip(1) {
        let (_, expression) = rule.split_once("expr:").unwrap();
        let end = expression.find("\n        for:").or_else(|| expression.find("\n        labels:")).unwrap();
        queries.push(expression[..end].trim().trim_start_matches('|').trim().to_owned());
    }
    assert!(queries.len() > 50, "{}", queries.len());
    queries
}

/// Prometheus' own opinion of names, types, help and labels.
fn check_metrics(text: &str) {
    let cache = std::env::var("XDG_CACHE_HOME").map(PathBuf::from);
    let cache = cache.or_else(|_| std::env::var("HOME").map(|home| Path::new(&home).join(".cache"))).unwrap();
    let promtool =
        std::env::var("PROMTOOL").map_or_else(|_| cache.join("chat-goals/promtool"), PathBuf::from);
    let mut command = Command::new(&promtool);
    command.args(["check", "metrics"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap_or_else(|error| {
        panic!("{} cannot be run ({error}): source dev/env && need_promtool", promtool.display())
    });
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let said = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes).into_owned());
    assert!(output.status.success() && said.concat().is_empty(), "{}\n{}\n{text}", said[0], said[1]);
}

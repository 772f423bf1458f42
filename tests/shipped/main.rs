//! What is shipped to look at a deployment with: dashboards, alert rules, and the pages about them. Prometheus' own promtool
//! has the word on what rules mean (`need_promtool` in dev/env fetches it): `cargo test --release --test shipped`.

#[path = "../promql/mod.rs"]
mod promql;

mod alerts;
mod dashboards;
mod pages;

use chat_goals::telemetry::page::{ALL, Kind, Metric};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Runs the real binary to its end.
fn say(words: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_chat-goals")).args(words).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

fn promtool(words: &[&str], dir: &Path) -> Output {
    let cache = std::env::var("XDG_CACHE_HOME").map(PathBuf::from);
    let cache = cache.or_else(|_| std::env::var("HOME").map(|home| Path::new(&home).join(".cache"))).unwrap();
    let kept = cache.join("chat-goals/promtool");
    let promtool = std::env::var("PROMTOOL").map(PathBuf::from).unwrap_or(kept);
    Command::new(&promtool).args(words).current_dir(dir).output().unwrap_or_else(|error| {
        panic!("{} cannot be run ({error}): source dev/env && need_promtool", promtool.display())
    })
}

fn succeeds(output: &Output) {
    let said = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes).into_owned());
    assert!(output.status.success(), "{}\n{}", said[0], said[1]);
}

/// The metric that a sample is of.
fn declared(sample: &str) -> Option<&'static Metric> {
    ALL.iter().copied().find(|metric| metric.samples().iter().any(|name| name == sample))
}

/// Asserts that everything an expression asks for is on the page.
fn assert_declared(expression: &str) {
    /// Added by Prometheus to whatever it scrapes.
    const ADDED: [&str; 2] = ["job", "instance"];
    let asked = promql::asked(expression);
    let mut known: Vec<&str> = ADDED.to_vec();
    for (name, labels) in &asked.metrics {
        if name == "up" {
            continue;
        }
        let metric = declared(name).unwrap_or_else(|| panic!("{name} is not on the page: {expression}"));
        let mut of_it = [metric.labels, &ADDED].concat();
        if metric.kind == Kind::Histogram {
            of_it.push("le");
        }
        for label in labels {
            assert!(of_it.contains(&label.as_str()), "{name} has no label {label}: {expression}");
        }
        known.extend(of_it);
    }
    for label in &asked.grouped {
        assert!(known.contains(&label.as_str()), "nothing there has a label {label}: {expression}");
    }
}

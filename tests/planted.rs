//! Bugs on purpose are found: `cargo test --release --features planted --test planted`. Each is switched on in the real
//! program, which then has to fail: the simulator finds those of the protocol, the barriers and the restore, the worked
//! examples those of the rules. Without any, both find nothing.

#[path = "examples.rs"]
mod examples;

use chat_goals::planted::Bug;
use std::process::{Command, Output};

/// Enough that a bug that is found at all is found.
const SEEDS: &str = "2000";

/// Where a bug was found that takes many seeds: looked at first, to save time. Whatever changes chance makes a hint stale,
/// which does no harm.
const HINTS: [(Bug, &str); 7] = [
    (Bug::ProducerGoesOn, "46"),
    (Bug::LostWithoutGoingBack, "87"),
    (Bug::GoalsNotAwaited, "304"),
    (Bug::ClockTakesOneTurn, "281"),
    (Bug::RestoredOverOldRows, "181"),
    (Bug::SweepForgotten, "16"),
    (Bug::SweepNotedTooSoon, "26"),
];

/// The rules are the same in the simulator and in what it compares with: only the examples know them from outside.
const RULES: [Bug; 4] =
    [Bug::DeadlineExcluded, Bug::NothingSuperseded, Bug::EarlyReplyCounts, Bug::AssigneeIgnored];

fn simulate(bug: Option<Bug>, which: [&str; 2]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_chat-goals"));
    command.args(["simulate", "--until-failure", "--shrink", "0"]).args(which);
    command.env_remove("CHAT_GOALS_PLANTED").env_remove("CHAT_GOALS_LOG");
    if let Some(bug) = bug {
        command.env("CHAT_GOALS_PLANTED", bug.name());
    }
    command.output().unwrap()
}

#[test]
fn the_simulator_finds_what_is_wrong_outside_of_the_rules() {
    let mut missed = Vec::new();
    for bug in Bug::ALL.iter().filter(|bug| !RULES.contains(bug)) {
        let hint = HINTS.iter().find(|(hinted, _)| hinted == bug);
        let mut output = simulate(Some(*bug), ["--seed", hint.map_or("1", |(_, seed)| seed)]);
        if output.status.success() {
            output = simulate(Some(*bug), ["--seeds", SEEDS]);
        }
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let found = said.lines().find(|line| line.starts_with("seed ") && line.contains(" fails: "));
        match (output.status.code(), found) {
            (Some(1), Some(found)) => println!("{:24} {found}", bug.name()),
            _ => missed.push(format!("{}: {said}", bug.name())),
        }
    }
    assert!(missed.is_empty(), "these were not found:\n{}", missed.join("\n"));
}

#[test]
fn the_examples_find_what_is_wrong_in_the_rules() {
    for bug in RULES {
        let failures = examples::failures(&[("CHAT_GOALS_PLANTED", bug.name())]);
        assert!(!failures.is_empty(), "{} was not found", bug.name());
    }
}

#[test]
fn without_a_bug_nothing_is_found() {
    let output = simulate(None, ["--seeds", "100"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

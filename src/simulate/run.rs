//! One run from its seed to its verdict: the platform writes while everything goes wrong, then everybody is well again,
//! and in the end everything must be as the plain fold says.

use super::expectation::Expectation;
use super::fault::{Fault, Tally};
use super::rebuild;
use super::scenario::Scenario;
use super::verify;
use super::workload::{DAY, Entry, START};
use super::world::{ALLOWANCE, World};
use crate::log::partitioner::partition_of;
use crate::log::{Log as _, Offset, TopicPartition};
use crate::runtime::note::Note;
use crate::runtime::topology::{Stage, Topology};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// How a run went.
pub struct Outcome {
    pub failure: Option<String>,
    pub tally: Tally,
    /// How many records the platform wrote.
    pub records: usize,
    pub turns: u64,
    /// Everything that lies in the log in the end, as a number.
    pub digest: u64,
}

/// Runs a scenario. The same one gives the same outcome, byte by byte.
pub fn run(scenario: &Scenario) -> Outcome {
    let mut outcome = Outcome { failure: None, tally: Tally::default(), records: 0, turns: 0, digest: 0 };
    let world = match World::new(scenario) {
        Ok(world) => world,
        Err(error) => {
            outcome.failure = Some(format!("it cannot begin: {error:#}"));
            return outcome;
        }
    };
    let played = catch_unwind(AssertUnwindSafe(|| play(&world, scenario)));
    outcome.failure = match played {
        Ok(played) => played.err(),
        Err(panic) => {
            let what = panic.downcast_ref::<String>().map(String::as_str);
            Some(what.or(panic.downcast_ref::<&str>().copied()).unwrap_or("a panic").to_owned())
        }
    };
    if let Some(failure) = &mut outcome.failure {
        *failure += &history(&world, failure);
    }
    outcome.tally = world.tally();
    outcome.records = world.platform().entries.len();
    outcome.turns = world.turns_taken();
    outcome.digest = verify::digest(&world.log, &world.config);
    outcome
}

fn play(world: &Arc<World>, scenario: &Scenario) -> Result<(), String> {
    let entries = world.platform().entries.clone();
    let last = entries.last().map_or(START, |entry| entry.logged);
    let end = last + 40 * DAY;
    if scenario.paced {
        write_in_step(world)?;
    } else {
        write_freely(world)?;
    }
    let truncated = scenario.truncates().then(|| truncate(world)).flatten();
    // Nothing comes any more, and deadlines pass.
    for step in 1..=4 {
        world.wall_reaches(last + step * 10 * DAY + ALLOWANCE);
        world.take(150)?;
    }
    world.calm()?;
    if let Some(truncated) = truncated
        && let Some(begin) = is_lost(world, &truncated)?
    {
        return until_others_are_folded(world, &truncated, begin);
    }
    let (expectation, offline) = Expectation::with_settings(&entries, end);
    world.until(|| {
        world.not_folded(|_| true).or_else(|| world.not_passed(end)).or_else(|| match world.outputs() {
            Ok(outputs) => expectation.difference(&outputs).or_else(|| world.without_dead_letter(&outputs)),
            Err(broken) => Some(broken),
        })
    })?;
    world.stop_all()?;
    verify::all(world, scenario, &expectation, &offline)?;
    if world.tally().of(Fault::Truncation) == 0 {
        rebuild::is_the_same(world, &expectation, &offline, end)?;
    }
    Ok(())
}

/// Everything that was published of the first chat that a failure names.
fn history(world: &World, failure: &str) -> String {
    let mut words = failure.split(|c: char| c.is_whitespace() || c == ',' || c == ':');
    let Some(chat) = words.find(|word| word.starts_with("chat-") && !word.contains('.')) else {
        return String::new();
    };
    let key = chat.as_bytes();
    let records = world.log.read_all(&world.config.topics.goal_status_changed);
    let lines = records.iter().filter(|record| record.key.as_deref() == Some(key)).map(|record| {
        let value = record.value.as_deref().map(String::from_utf8_lossy);
        format!("\n  at offset {}: {}", record.offset, value.unwrap_or("deleted".into()))
    });
    format!("\n{chat} was published as{}", lines.collect::<String>())
}

fn write_freely(world: &World) -> Result<(), String> {
    world.let_write(true);
    let written =
        world.until(|| (!world.platform().is_done()).then(|| "something is not written".to_owned()));
    world.let_write(false);
    written
}

/// Each record comes when everything before it is folded, and the clock stands at its time wherever it may go.
fn write_in_step(world: &World) -> Result<(), String> {
    loop {
        let slot = world.platform().next_slot();
        let Some(now) = slot.iter().map(|entry| entry.logged).max() else { return Ok(()) };
        world.wall_reaches(now + ALLOWANCE);
        until_clocks_stand_at(world, now)?;
        for entry in &slot {
            world.platform().write(&world.log, &world.config, entry);
        }
        world.until(|| world.not_folded(|_| true))?;
    }
}

/// Every task has committed that its clock is there: to a bystander in each partition something happens until it has.
fn until_clocks_stand_at(world: &World, now: i64) -> Result<(), String> {
    const TRIES: usize = 400;
    let partitions = world.config.create.partitions;
    let inboxes = Topology::all(&world.topology.chats_inbox, partitions);
    for number in 0..TRIES {
        let positions =
            world.log.committed(&world.topology.group, &inboxes).map_err(|error| error.to_string())?;
        let late: Vec<i32> = positions
            .iter()
            .filter(|position| Note::decode(&position.note).clock.0 < now)
            .map(|position| position.of.partition)
            .collect();
        if late.is_empty() {
            return Ok(());
        }
        for partition in late {
            let bystander = bystander(partition, partitions);
            let body = serde_json::json!({"chatAssigned": {"managerId": format!("m{number}")}});
            let entry = Entry::chat("bystanders", &bystander, now, body);
            let key = entry.key.as_bytes();
            world.log.append(&world.config.topics.chat_events, key, Some(entry.json.as_bytes()), now);
        }
        world.until(|| world.not_folded(|_| true))?;
        world.take(40)?;
    }
    Err(format!("the clocks do not come to {now}"))
}

/// A chat at home in this partition.
pub fn bystander(partition: i32, partitions: i32) -> String {
    let chats = (0..).map(|number| format!("{BYSTANDER}{number}"));
    chats
        .into_iter()
        .find(|chat| partition_of(chat.as_bytes(), partitions) == partition)
        .expect("there is one")
}

/// What the ids of chats begin with that nobody looks at.
pub const BYSTANDER: &str = "bystander ";

/// Deletes some input that was not read yet. `None`: everything was.
fn truncate(world: &World) -> Option<TopicPartition> {
    let inputs = Topology::all(&world.topology.chat_events, world.config.create.partitions);
    let positions = world.log.committed(&world.topology.group, &inputs).ok()?;
    let ends = world.log.ends(&inputs).ok()?;
    let (of, from, to) = positions
        .into_iter()
        .zip(ends)
        // Where nothing was committed a group begins with what is there.
        .filter_map(|(position, end)| Some((position.of, position.next?, end)))
        .find(|(_, from, to)| from < to)?;
    world.log.truncate(&of.topic, of.partition, from + 1 + (to - from - 1) / 2);
    world.fate.count(Fault::Truncation);
    Some(of)
}

/// Where the partition begins now, if the group is to read on before that. A worker that had the records already
/// loses nothing.
fn is_lost(world: &World, of: &TopicPartition) -> Result<Option<Offset>, String> {
    world.take(2_000)?;
    let of = std::slice::from_ref(of);
    let position = world.log.committed(&world.topology.group, of).map_err(|error| error.to_string())?;
    let begin = world.log.begins(of).map_err(|error| error.to_string())?[0];
    Ok((position[0].next.unwrap_or(0) < begin).then_some(begin))
}

/// The partition stands where the gap is, and the others go on.
fn until_others_are_folded(world: &World, truncated: &TopicPartition, begin: Offset) -> Result<(), String> {
    let stopped = world.topology.inputs(Stage::Chats, truncated.partition);
    world.until(|| world.not_folded(|of| !stopped.contains(of)))?;
    world.take(2_000)?;
    world.outputs()?;
    match is_lost(world, truncated)? {
        Some(_) => Ok(()),
        None => Err(format!("{truncated} went on at {begin}, over what was lost")),
    }
}

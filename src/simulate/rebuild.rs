//! A second generation that folds the same topics from their beginning, with nothing going wrong, and has to come to the
//! same (F3).

use super::expectation::Expectation;
use super::outputs::Outputs;
use super::run::BYSTANDER;
use super::verify;
use super::world::{ALLOWANCE, World};
use crate::config::Config;
use crate::log::Log as _;
use crate::pipeline::offline::Offline;
use crate::runtime::clocks::Clocks;
use crate::runtime::process::{Pace, Process};
use crate::runtime::topology::{self, Topology};
use crate::state::store::Store;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

pub fn is_the_same(
    world: &World,
    expectation: &Expectation,
    offline: &Offline,
    end: i64,
) -> Result<(), String> {
    let shown = |error: anyhow::Error| format!("the rebuild: {error:#}");
    let mut config = world.config.clone();
    config.group.generation += 1;
    config.workers.count = 1;
    for topic in [
        &mut config.topics.goal_status_changed,
        &mut config.topics.manager_goal_counters,
        &mut config.topics.dead_letters,
    ] {
        topic.insert_str(0, "rebuilt.");
    }
    let outputs = fold(world, &config, expectation, end).map_err(shown)?;
    if let Some(difference) = expectation.difference(&outputs) {
        return Err(format!("the rebuild comes to something else: {difference}"));
    }
    if outputs.dead_letters.len() != world.platform().garbage.len() {
        return Err(format!("the rebuild finds {} bad records", outputs.dead_letters.len()));
    }
    let topology = Topology::load(&world.log, &config).map_err(|error| error.to_string())?;
    let topology = topology.map_err(|problems| problems.join("\n"))?;
    verify::notes_are_of_the_rows(&world.log, &config, &topology)?;
    verify::rows_are_as_folded(&world.log, &config, expectation, offline)
}

/// Takes turns in order, until what is expected has come, or something else and nothing changes any more.
fn fold(world: &World, config: &Config, expectation: &Expectation, end: i64) -> anyhow::Result<Outputs> {
    const ROUNDS_MAX: u64 = 20_000;
    world.log.create_topics(&topology::missing(config, &world.log)?)?;
    let topology =
        Topology::load(&world.log, config)?.map_err(|problems| anyhow::anyhow!(problems.join("\n")))?;
    let dir = world.disks.of("rebuild");
    let store = Store::open(&dir, config.state.memory_bytes_max)?;
    let steady = Arc::new(AtomicU64::new(0));
    let clocks = {
        let steady = steady.clone();
        Clocks::moved(
            Arc::new(move || end + ALLOWANCE),
            Arc::new(move || Duration::from_millis(steady.load(Ordering::Relaxed))),
        )
    };
    let (log, slot) = (world.log.clone(), "rebuild".to_owned());
    let process = Process::new(log, config, Pace::of(config), topology, clocks, store, slot);
    let (mut goals, mut clock, mut seat) = (process.goals(), process.clock(), process.seat(0));
    for round in 0..ROUNDS_MAX {
        steady.fetch_add(5, Ordering::Relaxed);
        goals.step()?;
        clock.step()?;
        seat.step()?;
        if round % 50 == 49 {
            let outputs = Outputs::read(&world.log, config, BYSTANDER).map_err(anyhow::Error::msg)?;
            let clocks = seat.clocks();
            if clocks.len() == config.create.partitions as usize
                && clocks.iter().all(|(_, clock)| clock.0 >= end)
                && expectation.difference(&outputs).is_none()
                && outputs.dead_letters.len() == world.platform().garbage.len()
            {
                break;
            }
        }
    }
    process.shared.stop.store(true, Ordering::Relaxed);
    while !seat.has_left() {
        seat.step()?;
    }
    Outputs::read(&world.log, config, BYSTANDER).map_err(anyhow::Error::msg)
}

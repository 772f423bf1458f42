//! Commits that fail in every way and workers that are thrown out, while records come and while only time passes.

use crate::world::World;
use chat_goals::simulate::dice::Dice;
use chat_goals::simulate::workload::{DAY, HOUR, workload};

#[test]
fn commits_may_fail() {
    endures(21, 2, 0, 1);
}

#[test]
fn workers_may_be_thrown_out() {
    endures(22, 0, 2, 1);
}

#[test]
fn everything_may_go_wrong_at_once_in_two_processes() {
    endures(23, 1, 1, 2);
}

/// So many faults and expulsions for each portion of records, and for each step of the clock.
fn endures(seed: u64, faults: u32, expulsions: u32, processes: usize) {
    let world = World::new(3);
    let entries = workload(seed, 3_000, HOUR);
    let mut dice = Dice(seed);
    let started: Vec<_> = (0..processes).map(|number| world.start(&format!("process-{number}"))).collect();
    let running: Vec<_> = started.iter().collect();
    let managed = || (!world.mischief.is_managed()).then(|| "some mischief is not managed".to_owned());
    for portion in dice.portions(&entries, 80) {
        world.mischief.plan(seed, faults, expulsions);
        world.append_all(portion);
        world.until(&running, managed);
        if dice.one_in(2) {
            world.until_folded(&running);
        }
    }
    // Nothing comes any more, and deadlines pass.
    let last = entries.last().expect("there are records").logged;
    for step in 0..40 {
        world.mischief.plan(seed, faults, expulsions);
        world.clock_may_reach(last + step * DAY / 2);
        world.until(&running, managed);
        if dice.one_in(3) {
            world.until_clock(&running, last + step * DAY / 2);
        }
    }
    let expectation = world.until_as_folded(&entries, last + 40 * DAY, &running);
    started.into_iter().for_each(|process| process.stop().unwrap());
    assert_eq!(expectation.difference(&world.outputs()), None);
}

#[test]
fn a_worker_that_panics_ends_its_process() {
    let world = World::new(3);
    let process = world.start("a");
    world.mischief.plan_a_panic();
    world.until(&[], || process.is_running().then(|| "the process goes on".to_owned()));
    assert!(process.stop().is_err());
}

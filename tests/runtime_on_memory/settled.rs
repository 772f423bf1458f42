//! Nothing goes wrong: the outputs come to what `fold` says.

use crate::world::{World, feed};
use chat_goals::simulate::dice::Dice;
use chat_goals::simulate::workload::{HOUR, workload};

#[test]
fn a_busy_fortnight_comes_to_what_fold_says() {
    settles(1, 4, HOUR);
}

#[test]
fn half_a_year_with_old_facts_sealed_comes_to_what_fold_says() {
    settles(2, 3, 14 * HOUR);
}

fn settles(seed: u64, partitions: i32, step: i64) {
    let world = World::new(partitions);
    let entries = workload(seed, 4_000, step);
    let running = world.start("a");
    feed(&world, &entries, &mut Dice(seed), &[&running]);
    let expectation = world.until_settled(&entries, &[&running]);
    println!("{} records, {}", entries.len(), expectation.summary());
    running.stop().unwrap();
    assert_eq!(expectation.difference(&world.outputs()), None);
}

//! Processes that stop and start, with their disk as they left it, empty, or of an older day; and one that takes over
//! from another.

use crate::world::{World, copy, feed};
use chat_goals::simulate::dice::Dice;
use chat_goals::simulate::workload::{HOUR, workload};
use std::fs::remove_dir_all;

/// What a process finds on its disk when it starts again.
#[derive(Clone, Copy)]
enum Disk {
    Kept,
    Empty,
    Older,
}

#[test]
fn a_kept_disk_goes_on() {
    restarts(11, &[Disk::Kept]);
}

#[test]
fn an_empty_disk_is_restored() {
    restarts(12, &[Disk::Empty]);
}

#[test]
fn a_disk_of_any_age_is_brought_up_to_date() {
    restarts(13, &[Disk::Older, Disk::Older, Disk::Kept, Disk::Empty]);
}

fn restarts(seed: u64, disks: &[Disk]) {
    let world = World::new(3);
    let entries = workload(seed, 3_000, HOUR);
    let mut dice = Dice(seed);
    let (dir, older) = (world.dir("a"), world.dir("older"));
    let mut running = world.start("a");
    for (count, portion) in dice.portions(&entries, 700).into_iter().enumerate() {
        feed(&world, portion, &mut dice, &[&running]);
        running.stop().unwrap();
        match disks[count % disks.len()] {
            Disk::Kept => {}
            Disk::Empty => remove_dir_all(&dir).unwrap(),
            Disk::Older => {
                let left = world.dir("left");
                copy(&dir, &left);
                if older.exists() {
                    remove_dir_all(&dir).unwrap();
                    copy(&older, &dir);
                    remove_dir_all(&older).unwrap();
                }
                std::fs::rename(&left, &older).unwrap();
            }
        }
        running = world.start("a");
    }
    let expectation = world.until_settled(&entries, &[&running]);
    running.stop().unwrap();
    assert_eq!(expectation.difference(&world.outputs()), None);
}

#[test]
fn one_process_takes_over_from_another() {
    let world = World::new(4);
    let entries = workload(14, 3_000, HOUR);
    let mut dice = Dice(14);
    let quarters: Vec<_> = entries.chunks(entries.len() / 4).collect();
    let one = world.start("one");
    feed(&world, quarters[0], &mut dice, &[&one]);
    let two = world.start("two");
    feed(&world, quarters[1], &mut dice, &[&one, &two]);
    one.stop().unwrap();
    feed(&world, quarters[2], &mut dice, &[&two]);
    // It comes back to partitions that have moved on meanwhile.
    let one = world.start("one");
    quarters[3..].iter().for_each(|quarter| feed(&world, quarter, &mut dice, &[&one, &two]));
    two.stop().unwrap();
    let expectation = world.until_settled(&entries, &[&one]);
    one.stop().unwrap();
    assert_eq!(expectation.difference(&world.outputs()), None);
}

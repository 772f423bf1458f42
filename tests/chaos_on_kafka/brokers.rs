//! Brokers die in the middle of commits and come back with their data: the processes outlive them.
//!
//! One at a time, of three: a broker (4.3.1) that is alone was seen to come back from a kill without transaction markers
//! that it had acknowledged, which nobody who writes to it can make good.

use crate::scene::{Scene, Shape};
use crate::server::{BROKERS, server};
use std::time::Duration;

#[test]
fn brokers_that_are_killed_in_the_middle_of_commits_come_back_and_nothing_is_lost_or_repeated() {
    let (_server, _turn) = (server(), crate::turn());
    let mut scene = Scene::begun("broker", &Shape { chats: 9_000, ..Shape::default() });
    // Each of them leads some partitions, and some producers' transactions are its business.
    for number in 0..BROKERS {
        // Three processes commit every 50 to 100 ms: some transaction is always on its way.
        scene.look_on(Duration::from_millis(170 * number as u64));
        scene.server.kill_one(number);
        scene.until_folded();
        scene.server.start_one(number);
        scene.until_folded();
    }
    scene.ends_well();
}

/// There is nobody to say goodbye to, so it only has to give up waiting.
#[test]
fn a_process_that_is_told_to_stop_while_all_brokers_are_away_ends() {
    let (_server, _turn) = (server(), crate::turn());
    let mut scene = Scene::begun("away", &Shape::default());
    scene.server.kill();
    let stopping = scene.take(0).told_to_stop();
    // More than twice as long as one question to the broker may take.
    let ended = stopping.ends_within(Duration::from_secs(90));
    scene.server.start();
    assert!(ended, "it waits for brokers that are not there");
    scene.start(0);
    scene.until_folded();
    scene.ends_well();
}

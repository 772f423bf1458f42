//! The broker dies in the middle of commits and comes back with its data: the processes outlive it.

use crate::scene::{Scene, Shape};
use crate::server::server;
use std::time::Duration;

#[test]
fn a_broker_that_is_killed_in_the_middle_of_commits_comes_back_and_nothing_is_lost_or_repeated() {
    let (_server, _turn) = (server(), crate::turn());
    let mut scene = Scene::begun("broker", &Shape::default());
    for pause_ms in [0, 170] {
        // Three processes commit every 50 to 100 ms: some transaction is always on its way.
        scene.look_on(Duration::from_millis(pause_ms));
        scene.server.kill();
        scene.server.start();
        scene.until_folded();
    }
    scene.ends_well();
}

/// There is nobody to say goodbye to, so it only has to give up waiting.
#[test]
fn a_process_that_is_told_to_stop_while_the_broker_is_away_ends() {
    let (_server, _turn) = (server(), crate::turn());
    let mut scene = Scene::begun("away", &Shape::default());
    scene.server.kill();
    let stopping = scene.take(0).told_to_stop();
    // More than twice as long as one question to the broker may take.
    let ended = stopping.ends_within(Duration::from_secs(90));
    scene.server.start();
    assert!(ended, "it waits for a broker that is not there");
    scene.start(0);
    scene.until_folded();
    scene.ends_well();
}

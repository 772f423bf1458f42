//! Processes die, hang, and are replaced: nothing of it shows in the outputs.

use crate::scene::{NAMES, Scene, Shape};
use crate::server::server;

/// What a process says that finds out that its partitions are somebody else's.
const NOTICED: [&str; 3] = ["lost partitions=", "going back to the last commit", "joining the group anew"];

#[test]
fn a_process_that_hangs_for_longer_than_its_session_comes_back_and_repeats_nothing() {
    let (_server, _turn) = (server(), crate::turn());
    let mut scene = Scene::begun("zombie", &Shape::default());
    hang(&mut scene, 0);
    scene.until_folded();
    scene.ends_well();
}

/// It stands still until the others have its partitions, and have committed what came to them since; then it goes on as
/// if nothing had happened, until it notices.
pub fn hang(scene: &mut Scene, which: usize) {
    let others = [(which + 1) % 3, (which + 2) % 3];
    let said = scene.process(which).stderr().len();
    let assigned = others.map(|other| assignments(scene, other));
    scene.process(which).pause();
    let what = "nobody takes over from a process that hangs";
    scene.until(what, |scene| others.map(|other| assignments(scene, other)) != assigned);
    scene.until_folded();
    scene.process(which).resume();
    scene.until("a process that hung has not noticed", |scene| {
        scene.process(which).assert_running();
        let stderr = scene.process(which).stderr();
        NOTICED.iter().any(|words| stderr[said..].contains(words))
    });
}

/// How many times it was given partitions.
fn assignments(scene: &mut Scene, which: usize) -> usize {
    scene.process(which).stderr().matches("assigned partitions=").count()
}

#[test]
fn a_process_that_is_killed_and_loses_its_disk_is_replaced_and_nothing_is_lost() {
    let (_server, _turn) = (server(), crate::turn());
    let mut scene = Scene::begun("lost-disk", &Shape::default());
    scene.take(0).kill();
    scene.deployment.lose_state(NAMES[0]);
    scene.until_folded();
    scene.start(0);
    scene.process(0).until_it_says("assigned");
    scene.until_folded();
    scene.ends_well();
}

#[test]
fn three_processes_restarted_one_after_the_other_under_load_lose_and_repeat_nothing() {
    let (_server, _turn) = (server(), crate::turn());
    let mut scene = Scene::begun("rolling", &Shape::default());
    roll(&mut scene);
    scene.ends_well();
}

/// As a new version is rolled out: each is stopped, started again, and has partitions before the next is stopped.
pub fn roll(scene: &mut Scene) {
    for which in 0..3 {
        scene.take(which).stop();
        scene.start(which);
        scene.process(which).until_it_says("assigned");
        scene.until_folded();
    }
}

#[test]
fn sixty_four_partitions_move_between_three_processes_and_lose_and_repeat_nothing() {
    let (_server, _turn) = (server(), crate::turn());
    let shape = Shape { partitions: 64, ..Shape::default() };
    let mut scene = Scene::begun("sixty-four", &shape);
    scene.take(2).kill();
    scene.until_folded();
    scene.start(2);
    scene.process(2).until_it_says("assigned");
    scene.take(1).stop();
    scene.start(1);
    scene.process(1).until_it_says("assigned");
    scene.until_folded();
    scene.ends_well();
}

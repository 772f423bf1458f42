//! A disk is full: the process says so and ends, the others take over, and it goes on when there is space again.

use crate::disk::SmallDisk;
use crate::process::Process;
use crate::scene::{NAMES, Scene, Shape};
use crate::server::server;

/// One of the three, on the small disk.
const WHICH: usize = 2;

#[test]
fn a_process_whose_disk_is_full_says_so_and_ends_and_goes_on_when_there_is_space() {
    let (_server, _turn) = (server(), crate::turn());
    let mut scene = Scene::new("full-disk", &Shape::default());
    let folder = scene.deployment.state_dir(NAMES[WHICH]);
    let disk = SmallDisk::mount(&folder);
    scene.write(9_000, 1);
    for which in 0..3 {
        scene.start(which);
        scene.process(which).until_it_says("assigned");
    }
    scene.until_folded();
    let mut full = match &disk {
        Some(disk) => {
            disk.fill();
            scene.take(WHICH)
        }
        None => {
            println!("this user may not mount a file system: files are limited instead");
            scene.take(WHICH).stop();
            scene.deployment.start_with_small_files(NAMES[WHICH], 200_000)
        }
    };
    ends_and_says_why(&mut full, NAMES[WHICH]);
    // The others have taken over.
    scene.until_folded();
    if let Some(disk) = &disk {
        // What it gave up when it ended is taken, too.
        disk.fill();
        let mut still_full = scene.deployment.start(NAMES[WHICH]);
        ends_and_says_why(&mut still_full, NAMES[WHICH]);
        disk.free();
    }
    scene.start(WHICH);
    scene.process(WHICH).until_it_says("assigned");
    scene.until_folded();
    scene.ends_well();
}

/// Its last line is the reason, with the folder, and its exit code says that it failed.
pub fn ends_and_says_why(process: &mut Process, state: &str) {
    let status = process.wait();
    let stderr = process.stderr();
    let last = stderr.lines().last().unwrap_or_default();
    println!("{status}: {last}");
    assert_eq!(status.code(), Some(1), "{stderr}");
    assert!(last.starts_with("chat-goals: ") && last.contains(&format!("/{state}/")), "{stderr}");
    let reasons = ["No space left on device", "File too large"];
    assert!(reasons.iter().any(|reason| last.contains(reason)), "{stderr}");
}

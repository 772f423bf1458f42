//! Faults at random, by a seed, in cycles: after each the outputs are checked in full. `dev/chaos` sets how long.

use crate::disk::SmallDisk;
use crate::disks::ends_and_says_why;
use crate::processes::{hang, roll};
use crate::proxy::Hold;
use crate::scene::{NAMES, Scene, Shape};
use crate::server::{proxy, server};
use crate::workload::wall;
use chat_goals::simulate::dice::Dice;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// More than the faults of a cycle take, at the speed of the stream.
const CHATS_A_CYCLE: u64 = 30_000;
const FAULTS_A_CYCLE: usize = 4;
/// Without `dev/chaos` it is a look at whether this works at all: one cycle of so many faults.
const FAULTS_OF_A_LOOK: usize = 2;
const MINUTES: &str = "CHAOS_MINUTES";
const SEED: &str = "CHAOS_SEED";

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Fault {
    Killed,
    KilledAndDiskLost,
    Stopped,
    Hung,
    AllRestarted,
    /// For a while it is missing: the others go on.
    BrokerKilled,
    /// It is back before it is missed.
    BrokerRestarted,
    ConnectionsCut,
    ConnectionsSlow,
    EndHeldBack,
    DiskFull,
}

impl Fault {
    const ALL: [Fault; 11] = [
        Fault::Killed,
        Fault::KilledAndDiskLost,
        Fault::Stopped,
        Fault::Hung,
        Fault::AllRestarted,
        Fault::BrokerKilled,
        Fault::BrokerRestarted,
        Fault::ConnectionsCut,
        Fault::ConnectionsSlow,
        Fault::EndHeldBack,
        Fault::DiskFull,
    ];
}

#[test]
fn faults_at_random_lose_and_repeat_nothing() {
    let (_server, _turn) = (server(), crate::turn());
    let minutes: Option<f64> = from_environment(MINUTES);
    let faults = if minutes.is_some() { FAULTS_A_CYCLE } else { FAULTS_OF_A_LOOK };
    let seed: u64 = from_environment(SEED).unwrap_or_else(|| wall() as u64);
    println!("seed {seed}");
    let until = Instant::now() + Duration::from_secs_f64(60.0 * minutes.unwrap_or(0.0));
    let mut dice = Dice(seed);
    let mut counts: BTreeMap<Fault, u32> = BTreeMap::new();
    proxy().reset();
    let mut scene = Scene::new("random", &Shape { through_proxy: true, ..Shape::default() });
    let disk = SmallDisk::mount(&scene.deployment.state_dir(NAMES[2]));
    (0..3).for_each(|which| scene.start(which));
    let mut cycles = 0;
    loop {
        cycles += 1;
        scene.write(CHATS_A_CYCLE, cycles);
        // The settings come first, and slowly.
        scene.until_written(1_000);
        scene.until_folded();
        for _ in 0..faults {
            let fault = dice.pick(&Fault::ALL);
            if fault == Fault::DiskFull && disk.is_none() {
                continue;
            }
            println!("cycle {cycles}: {fault:?}");
            strike(&mut scene, fault, &mut dice, disk.as_ref());
            *counts.entry(fault).or_default() += 1;
        }
        scene.until_folded();
        let tally = scene.settle();
        println!("cycle {cycles}: {tally} so far");
        if Instant::now() >= until {
            break;
        }
    }
    // A last stream, so that the end is one of processes at work.
    scene.write(CHATS_A_CYCLE, cycles + 1);
    scene.until_written(1_000);
    scene.until_folded();
    let tally = scene.ends_well();
    println!("chaos: {cycles} cycles, {tally}, faults {counts:?}, seed {seed}");
}

fn from_environment<T: std::str::FromStr>(name: &str) -> Option<T> {
    let value = std::env::var(name).ok()?;
    Some(value.parse().unwrap_or_else(|_| panic!("{name} is not a number: {value}")))
}

/// Makes a fault happen; when it returns, everybody is up again.
fn strike(scene: &mut Scene, fault: Fault, dice: &mut Dice, disk: Option<&SmallDisk>) {
    let which = dice.below(3) as usize;
    scene.look_on(Duration::from_millis(dice.below(800)));
    match fault {
        Fault::Killed => {
            scene.take(which).kill();
            scene.look_on(Duration::from_millis(dice.below(4_000)));
            scene.start(which);
        }
        // The small disk is not lost: it is mounted.
        Fault::KilledAndDiskLost => {
            let which = which.min(1);
            scene.take(which).kill();
            scene.deployment.lose_state(NAMES[which]);
            scene.look_on(Duration::from_millis(dice.below(4_000)));
            scene.start(which);
        }
        Fault::Stopped => {
            // It may be starting still: whoever is told to stop then has not caught the signal yet.
            scene.process(which).until_it_says("running");
            scene.take(which).stop();
            scene.look_on(Duration::from_millis(dice.below(2_000)));
            scene.start(which);
        }
        Fault::Hung => {
            (0..3).for_each(|which| scene.process(which).until_it_says("assigned"));
            hang(scene, which);
        }
        Fault::AllRestarted => {
            (0..3).for_each(|which| scene.process(which).until_it_says("running"));
            roll(scene);
        }
        Fault::BrokerKilled => {
            (0..3).for_each(|which| scene.process(which).until_it_says("running"));
            scene.server.kill_one(which);
            scene.until_folded();
            scene.look_on(Duration::from_millis(dice.below(3_000)));
            scene.server.start_one(which);
        }
        Fault::BrokerRestarted => {
            scene.server.kill_one(which);
            scene.server.start_one(which);
        }
        Fault::ConnectionsCut => {
            (0..3).for_each(|which| scene.process(which).until_it_says("running"));
            for _ in 0..=dice.below(8) {
                proxy().cut();
                scene.look_on(Duration::from_millis(dice.below(700)));
            }
        }
        Fault::ConnectionsSlow => {
            proxy().delay(Duration::from_millis(5 + dice.below(100)), dice.below(u64::MAX));
            scene.look_on(Duration::from_millis(1_000 + dice.below(4_000)));
            proxy().delay(Duration::ZERO, 0);
        }
        Fault::EndHeldBack => {
            let cut = dice.one_in(2);
            proxy().hold_next_commit(if cut { Hold::Cut } else { Hold::Silent });
            let held = proxy().until_held();
            if cut {
                proxy().stall_its_next_transaction_with(&scene.deployment.topic("dead-letters"));
                proxy().until_stalled();
            } else {
                proxy().until_given_up();
                scene.look_on(Duration::from_millis(dice.below(3_000)));
            }
            let error = proxy().release();
            println!("the broker answered a late EndTxn with error {error}");
            if cut {
                let which = scene.of_transactional_id(&held.transactional_id);
                scene.take(which).kill();
                scene.start(which);
            }
            proxy().reset();
        }
        Fault::DiskFull => {
            let disk = disk.expect("there is a small disk");
            scene.process(2).until_it_says("assigned");
            disk.fill();
            let mut full = scene.take(2);
            ends_and_says_why(&mut full, NAMES[2]);
            scene.look_on(Duration::from_millis(dice.below(3_000)));
            disk.free();
            scene.start(2);
        }
    }
    scene.until_folded();
}

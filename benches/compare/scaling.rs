//! Whether a record costs `run` more where there is more: ten times the chats, customers who do ten times as much, 1 and
//! 64 partitions, 1 and 10,000 channels; each beside the plain case in the same turn, in CPU time of the whole process.
//! `benches/scaling.rs` leaves out what a record costs in any case.

use crate::rich::Load;
use crate::subject::{Program, Subject};
use crate::throughput::{Sample, settle};
use crate::verify::Expectation;
use crate::world::World;
use std::time::Instant;

struct Case {
    name: &'static str,
    load: Load,
    partitions: i32,
}

/// `load` is that of the case with the most chats, in as many partitions as the world has now.
pub fn measure(world: &mut World, load: Load, turns: usize) -> anyhow::Result<()> {
    let (load, usual) = (Load { chats: load.chats / 10, ..load }, world.partitions);
    anyhow::ensure!(load.chats > 1, "the plain case has a tenth of the chats, which is too few");
    let case = |name, partitions, load| Case { name, load, partitions };
    let plain = case("plain", usual, load);
    let cases = [
        case("10 times the chats", usual, Load { chats: 10 * load.chats, ..load }),
        case("customers do 10 times as much", usual, Load { deeds: 10, ..load }),
        case("1 partition", 1, load),
        case("64 partitions", 64, load),
        case("1 channel", usual, Load { channels: 1, ..load }),
        case("10,000 channels", usual, Load { channels: 10_000, ..load }),
    ];
    println!(
        "| case | records | CPU a record, µs | beside the plain case | the broker's a record, µs | beside |"
    );
    println!("|---|--:|--:|--:|--:|--:|");
    for case in &cases {
        let mut found = Vec::new();
        for turn in 0..turns {
            // The other order in every second turn.
            let mut pair = if turn % 2 == 0 { [&plain, case] } else { [case, &plain] }.into_iter();
            let mut next = || once(world, pair.next().expect("there are two"));
            let (first, second) = (next()?, next()?);
            found.push(if turn % 2 == 0 { (first, second) } else { (second, first) });
        }
        let middle = |of: &dyn Fn(&(Cost, Cost)) -> f64| {
            let mut all: Vec<f64> = found.iter().map(of).collect();
            all.sort_by(f64::total_cmp);
            all[all.len() / 2]
        };
        println!(
            "| {} | {} | {:.2} | {:.2} | {:.2} | {:.2} |",
            case.name,
            found[0].1.records,
            middle(&|(_, case)| case.own),
            middle(&|(plain, case)| case.own / plain.own),
            middle(&|(_, case)| case.broker),
            middle(&|(plain, case)| case.broker / plain.broker),
        );
    }
    Ok(())
}

/// In microseconds of CPU time a record.
struct Cost {
    records: u64,
    own: f64,
    broker: f64,
}

/// A run on fresh topics. What it published is what `fold` says.
fn once(world: &mut World, case: &Case) -> anyhow::Result<Cost> {
    world.partitions = case.partitions;
    let records = world.preload(&case.load)?;
    let expected = Expectation::of(&case.load)?;
    let subject = Subject::new(Program::ChatGoals, world)?;
    let (mut running, start) = (subject.start()?, Instant::now());
    let Sample { cpu, broker_cpu, .. } = settle(&subject, &mut running, start)?;
    running.stop()?;
    expected.check(world)?;
    subject.forget()?;
    let a_record = |seconds: f64| 1e6 * seconds / records as f64;
    let cost = Cost { records, own: a_record(cpu), broker: a_record(broker_cpu) };
    println!("{:<30} CPU {:.2} µs a record, the broker's {:.2} µs", case.name, cost.own, cost.broker);
    Ok(cost)
}

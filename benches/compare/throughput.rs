//! From the start of a process on full inputs until its outputs have settled: seconds, CPU, memory.

use crate::plain;
use crate::proc;
use crate::process::LIMIT;
use crate::subject::{Program, Running, Subject};
use crate::verify::Expectation;
use crate::world::{CONSUMED, COUNTERS, STATUSES, World};
use chat_goals::log::{Log as _, TopicPartition};
use std::time::{Duration, Instant};

/// Nothing has moved for so long.
const SETTLED: Duration = Duration::from_secs(3);
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// One run.
#[derive(Clone, Copy, Default)]
pub struct Sample {
    pub seconds: f64,
    pub cpu: f64,
    pub broker_cpu: f64,
    pub peak_mib: f64,
    /// How much of the machine others used meanwhile, between 0 and 1.
    pub others: f64,
}

/// All runs, the same number of each; none of the peer if it is left out.
#[derive(Default)]
pub struct Throughput {
    pub records: u64,
    pub ours: Vec<Sample>,
    pub peer: Vec<Sample>,
    pub plain: Vec<Sample>,
    /// How many chats the peer shows another status for, in each run.
    pub peer_differs: Vec<usize>,
    /// How many chats and counters were compared for ours.
    pub compared: (usize, usize),
}

pub fn measure(
    world: &World,
    records: u64,
    expected: &Expectation,
    pairs: usize,
    with_peer: bool,
) -> anyhow::Result<Throughput> {
    let mut found = Throughput { records, compared: expected.sizes(), ..Throughput::default() };
    // Once for nothing, so that the first pair finds a broker that is warm.
    plain::measure(world, records)?;
    for pair in 0..pairs {
        let mut turns = vec![Program::KafkaStreams, Program::ChatGoals];
        turns.retain(|program| with_peer || *program == Program::ChatGoals);
        if pair % 2 == 1 {
            turns.reverse();
        }
        for program in turns {
            let subject = Subject::new(program, world)?;
            let (mut running, start) = (subject.start()?, Instant::now());
            let sample = settle(&subject, &mut running, start)?;
            running.stop()?;
            say(program.name(), records, &sample);
            match program {
                Program::ChatGoals => {
                    expected.check(world)?;
                    found.ours.push(sample);
                }
                Program::KafkaStreams => {
                    found.peer_differs.push(expected.statuses_that_differ(world)?);
                    found.peer.push(sample);
                }
            }
            subject.forget()?;
        }
        let sample = plain::measure(world, records)?;
        say("plain consumer", records, &sample);
        found.plain.push(sample);
    }
    Ok(found)
}

fn say(name: &str, records: u64, sample: &Sample) {
    println!(
        "{name:<15} {:>9.0} records/s, {:>6.2} s, CPU {:>6.2} s (broker {:.2} s), peak memory {:.0} MiB, others used {:.0} %",
        records as f64 / sample.seconds,
        sample.seconds,
        sample.cpu,
        sample.broker_cpu,
        sample.peak_mib,
        100.0 * sample.others
    );
}

/// Waits until everything is read and nothing has moved for a while; the time is that of the last change.
pub fn settle(subject: &Subject<'_>, running: &mut Running, start: Instant) -> anyhow::Result<Sample> {
    let world = subject.world;
    let (broker, harness, machine) = (world.broker_cpu(), own_cpu(), proc::machine());
    let between = subject.between_stages();
    let names: Vec<&str> = between.iter().map(String::as_str).collect();
    // It may make them itself.
    while world.log.topics(&names, &[])?.len() < names.len() {
        running.alive()?;
        std::thread::sleep(LOOK_EVERY);
    }
    let read = world.partitions(CONSUMED.into_iter().chain(names));
    let written = world.partitions([STATUSES, COUNTERS]);
    let (mut before, mut last, mut sample) = (Vec::new(), start, Sample::default());
    while start.elapsed() < LIMIT {
        std::thread::sleep(LOOK_EVERY);
        running.alive()?;
        let now = Instant::now();
        let positions: Vec<i64> = world
            .log
            .committed(&subject.group(), &read)?
            .iter()
            .map(|position| position.next.unwrap_or_default())
            .collect();
        let ends = world.log.tails(&read)?;
        let state = [positions.clone(), ends.clone(), world.log.tails(&written)?].concat();
        let cpu = running.cpu();
        if state != before {
            (before, last) = (state, now);
            let broker_cpu = world.broker_cpu() - broker;
            let others = others(machine, &[cpu, broker_cpu, own_cpu() - harness]);
            sample = Sample {
                seconds: (last - start).as_secs_f64(),
                cpu,
                broker_cpu,
                peak_mib: running.peak_mib(),
                others,
            };
        } else if now - last >= SETTLED {
            let inputs = CONSUMED.len() * world.partitions as usize;
            let lagging: Vec<(TopicPartition, i64)> = (0..read.len())
                .filter(|at| positions[*at] < ends[*at])
                .map(|at| (read[at].clone(), positions[at]))
                .collect();
            let all_read = positions[..inputs] == ends[..inputs];
            if all_read && (lagging.is_empty() || !world.data_after(&lagging)?) {
                sample.peak_mib = running.peak_mib();
                return Ok(sample);
            }
        }
    }
    anyhow::bail!("{} did not settle", subject.program.name())
}

/// How much of the machine was used since then by others than those with these CPU seconds, between 0 and 1.
pub fn others(since: (f64, f64), known: &[f64]) -> f64 {
    let (used, had) = proc::machine();
    let known: f64 = known.iter().filter(|seconds| seconds.is_finite()).sum();
    ((used - since.0 - known) / (had - since.1)).max(0.0)
}

fn own_cpu() -> f64 {
    proc::cpu_seconds(std::process::id()).unwrap_or_default()
}

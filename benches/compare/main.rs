//! `run` beside the same job on Kafka Streams (`benches/kafka-streams`) and a plain consumer that only counts, on one
//! broker: throughput, CPU, memory, latency, restarts. What `run` publishes is held against `fold`.
//! `dev/compare [--chats N] [--pairs N] [--partitions N] [--channels N] [--no-peer] [--only PART] [--out DIR]`, where a part is
//! throughput, latency, restart or scaling. A whole run, of which scaling is no part, rewrites `results.md` and `results.svg`
//! in `benches/`, or in DIR.

mod figures;
mod latency;
mod plain;
mod proc;
#[allow(dead_code)]
#[path = "../load/process.rs"]
mod process;
mod report;
mod restart;
#[path = "../load/rich.rs"]
mod rich;
mod scaling;
mod subject;
mod svg;
mod throughput;
mod verify;
mod world;

use report::Results;
use rich::{CHANNELS, Load};
use std::path::{Path, PathBuf};
use subject::Program;
use world::{PARTITIONS, World};

struct Args {
    chats: u32,
    pairs: usize,
    peer: bool,
    partitions: i32,
    channels: u32,
    only: Option<String>,
    out: PathBuf,
}

fn main() -> anyhow::Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    if let Some(at) = args.iter().position(|arg| arg == plain::ARGUMENT) {
        return plain::run(&args[at + 1..]);
    }
    let args = parse(&args)?;
    if args.peer {
        subject::build_peer()?;
    }
    let mut world = World::connect()?;
    let mut programs = vec![Program::ChatGoals, Program::KafkaStreams];
    programs.retain(|program| args.peer || *program == Program::ChatGoals);
    let wanted = |part: &str| args.only.as_deref().is_none_or(|only| only == part);
    world.partitions = args.partitions;

    // No record is of the future, and no deadline passes in the next hours.
    let base = chrono::Utc::now().timestamp_millis() / 60_000 * 60_000;
    let load = Load { channels: args.channels, ..Load::plain(args.chats, base) };
    if args.only.as_deref() == Some("scaling") {
        return scaling::measure(&mut world, load, args.pairs);
    }
    let mut results = Results::new(load, args.partitions);
    if wanted("throughput") || wanted("restart") {
        let records = world.preload(&load)?;
        println!("{records} records of {} chats, {} partitions", args.chats, args.partitions);
        results.records = records;
    }
    if wanted("throughput") {
        let expected = verify::Expectation::of(&load)?;
        let found = throughput::measure(&world, results.records, &expected, args.pairs, args.peer)?;
        results.throughput = Some(found);
    }
    if wanted("restart") {
        for program in &programs {
            results.restarts.push((*program, restart::measure(&world, *program)?));
        }
    }
    if wanted("latency") {
        for program in &programs {
            results.latencies.push((*program, latency::measure(&world, *program)?));
        }
    }
    let text = report::markdown(&results);
    println!("\n{text}");
    if args.only.is_none() {
        std::fs::write(args.out.join("results.md"), text)?;
        std::fs::write(args.out.join("results.svg"), svg::draw(&results))?;
    }
    Ok(())
}

fn parse(args: &[String]) -> anyhow::Result<Args> {
    let out = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches");
    let mut found = Args {
        chats: 200_000,
        pairs: 3,
        peer: true,
        partitions: PARTITIONS,
        channels: CHANNELS,
        only: None,
        out,
    };
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        let mut value = || args.next().ok_or_else(|| anyhow::anyhow!("{arg} wants a value"));
        match arg.as_str() {
            "--chats" => found.chats = value()?.parse()?,
            "--pairs" => found.pairs = value()?.parse()?,
            "--partitions" => found.partitions = value()?.parse()?,
            "--channels" => found.channels = value()?.parse()?,
            "--no-peer" => found.peer = false,
            "--only" => found.only = Some(value()?.clone()),
            "--out" => found.out = value()?.into(),
            // Cargo's own.
            "--bench" => {}
            other => anyhow::bail!("{other} is unknown here"),
        }
    }
    anyhow::ensure!(found.pairs > 0 && found.chats > 1, "there is nothing to measure");
    let parts = [None, Some("throughput"), Some("latency"), Some("restart"), Some("scaling")];
    anyhow::ensure!(parts.contains(&found.only.as_deref()), "--only throughput, latency, restart or scaling");
    Ok(found)
}

//! `chat-goals simulate`: many deployments in one thread each, one for every seed, with everything that can go wrong.
//! A seed that fails is made as small as it gets, and printed so that it can be repeated.

use crate::config::Config;
use crate::simulate::fault::Fault;
use crate::simulate::scenario::Scenario;
use crate::simulate::{Search, run as run_scenario, shrink};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::process::ExitCode;
use std::time::Instant;

#[derive(clap::Args)]
pub struct Args {
    /// How many seeds
    #[arg(long, default_value_t = 100, conflicts_with = "seed")]
    seeds: u64,
    /// The first of them
    #[arg(long, default_value_t = 1, conflicts_with = "seed")]
    from: u64,
    /// Only this one
    #[arg(long)]
    seed: Option<u64>,
    /// At most so many records
    #[arg(long)]
    records: Option<usize>,
    #[arg(long)]
    partitions: Option<i32>,
    #[arg(long)]
    processes: Option<usize>,
    /// In each process
    #[arg(long)]
    workers: Option<usize>,
    /// At most so many faults
    #[arg(long)]
    faults: Option<u32>,
    /// Kinds of faults that are not to happen
    #[arg(long, value_delimiter = ',', value_parser = fault, value_name = "FAULT,…")]
    without: Vec<Fault>,
    /// Stop at the first seed that fails
    #[arg(long)]
    until_failure: bool,
    /// How many smaller runs are tried when one fails
    #[arg(long, default_value_t = 150)]
    shrink: usize,
}

/// With fewer runs than this a fault that never happened says nothing.
const RUNS_FOR_EVERY_FAULT: u64 = 500;

pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    // One run can be watched: what the processes log, and what befalls them.
    if std::env::var_os("CHAT_GOALS_LOG").is_some() {
        super::settings::start_logging(&Config::default().log);
    }
    let seeds = args.seed.map_or(args.from..args.from + args.seeds, |seed| seed..seed + 1);
    let bar = ProgressBar::new(seeds.end - seeds.start).with_style(
        ProgressStyle::with_template("{bar:40} {pos} of {len} seeds  {per_sec}  {eta} left  {msg}")
            .expect("the template is a constant"),
    );
    // Hidden by itself where standard error is no terminal.
    bar.set_draw_target(ProgressDrawTarget::stderr());
    let began = Instant::now();
    let mut search = Search::default();
    for seed in seeds {
        let scenario = args.scenario(seed);
        search.add(&scenario, run_scenario(&scenario));
        bar.set_message(match search.failed.len() {
            0 => String::new(),
            failed => format!("{failed} failed"),
        });
        bar.inc(1);
        if args.until_failure && !search.failed.is_empty() {
            break;
        }
    }
    bar.finish_and_clear();
    report(&search, began.elapsed().as_secs_f64());
    if let Some((scenario, failure)) = search.failed.first() {
        let bar = ProgressBar::new_spinner().with_message("making it smaller");
        let (smallest, why) = shrink(scenario, failure, args.shrink, |_| bar.tick());
        bar.finish_and_clear();
        println!("\nseed {} fails: {failure}", scenario.seed);
        println!("\nsmallest that fails: chat-goals simulate {}\n{why}", smallest.arguments());
        return Ok(ExitCode::FAILURE);
    }
    let never: Vec<&str> =
        Fault::ALL.iter().filter(|fault| search.tally.of(**fault) == 0).map(|fault| fault.name()).collect();
    if search.runs >= RUNS_FOR_EVERY_FAULT && args.without.is_empty() && !never.is_empty() {
        println!("\nthese faults never happened, which is a fault of the simulator: {}", never.join(", "));
        return Ok(ExitCode::FAILURE);
    }
    Ok(ExitCode::SUCCESS)
}

impl Args {
    fn scenario(&self, seed: u64) -> Scenario {
        let mut scenario = Scenario::of(seed);
        scenario.records = self.records.unwrap_or(scenario.records);
        scenario.partitions = self.partitions.unwrap_or(scenario.partitions).max(1);
        scenario.processes = self.processes.unwrap_or(scenario.processes).max(1);
        scenario.workers = self.workers.unwrap_or(scenario.workers).max(1);
        scenario.faults = self.faults.unwrap_or(scenario.faults);
        scenario.allowed.retain(|fault| !self.without.contains(fault));
        scenario
    }
}

fn report(search: &Search, seconds: f64) {
    let Search { runs, records, turns, tally, runs_with, failed } = search;
    let a_minute = *runs as f64 / seconds * 60.0;
    println!(
        "{runs} seeds in {seconds:.1} s ({a_minute:.0} a minute), {records} records, {turns} turns, {} failed",
        failed.len()
    );
    println!("\n{:20} {:>9} {:>9}", "fault", "times", "in runs");
    for fault in Fault::ALL {
        let share = runs_with.of(*fault) as f64 * 100.0 / (*runs).max(1) as f64;
        println!("{:20} {:>9} {share:>8.1}%", fault.name(), tally.of(*fault));
    }
    for (scenario, failure) in failed {
        let first = failure.lines().next().unwrap_or_default();
        println!("seed {} failed: {first}", scenario.seed);
    }
}

fn fault(name: &str) -> Result<Fault, String> {
    Fault::named(name).ok_or_else(|| {
        let names: Vec<&str> = Fault::ALL.iter().map(|fault| fault.name()).collect();
        format!("there is no such fault; there are {}", names.join(", "))
    })
}

//! `chat-goals demo`: a simulated chat platform on the log in memory, the runtime that is started on it, and a live
//! view of what the runtime publishes. It sees the runtime's work only through the topics, and needs no broker.
//!
//! # Layout
//! - `catalog`, `story`, `platform`: who takes part, what becomes of a customer, everything that happens.
//! - `drafts` the input records, `feed` writes them and moves the simulated clock.
//! - `processor` the runtime with its settings, topics and state.
//! - `outputs` reads what comes out, `published` is its form, `board` what is known of it, `changes` the news.
//! - `dashboard` the read side at a loopback port, `mishaps` what goes wrong on the platform if it is asked for.
//! - `view` the picture, `terminal` what it is drawn on, `figures` how numbers look, `sample` which of the changes are
//!   shown, `summary` the end, `stop` signals.

mod board;
mod catalog;
mod changes;
mod dashboard;
mod drafts;
mod feed;
mod figures;
mod mishaps;
mod outputs;
mod platform;
mod processor;
mod published;
mod sample;
mod stop;
mod story;
mod summary;
mod terminal;
#[cfg(test)]
mod tests;
mod view;

use crate::domain::time::Timestamp;
use crate::log::Offset;
use crate::log::memory::MemoryLog;
use anyhow::Context as _;
use board::Board;
use catalog::START_MS;
use dashboard::Dashboard;
use feed::{Feed, Pace, SimulatedClock};
use figures::Rate;
use outputs::Outputs;
use platform::Platform;
use processor::Processor;
use sample::Sample;
use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use stop::Stop;
use summary::Run;
use terminal::Screen;
use view::Picture;

/// A new picture this often, which eyes take for motion.
const PICTURE_INTERVAL: Duration = Duration::from_millis(80);

/// A line this often, where no picture can be drawn.
const LINE_INTERVAL: Duration = Duration::from_secs(5);

/// At the end the runtime has caught up once its clock is where it can be and nothing came out for this long (a few
/// commits); it is waited for at most that long.
const QUIET: Duration = Duration::from_millis(400);
const CATCH_UP_MAX: Duration = Duration::from_secs(20);

#[derive(Clone, Debug, clap::Args)]
pub struct Options {
    /// End after this time (30s, 2m, 1h, or seconds); otherwise it runs until it is stopped
    #[arg(long = "for", value_name = "TIME", value_parser = duration)]
    pub run_for: Option<Duration>,
    /// Repeat the platform of this seed; otherwise each run is another one
    #[arg(long, value_name = "NUMBER")]
    pub seed: Option<u64>,
    /// Simulated hours a second
    #[arg(long, value_name = "HOURS", default_value = "2", value_parser = speed)]
    pub speed: f64,
    /// Where the dashboard listens, as address:port; port 0 takes any free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0", conflicts_with = "no_dashboard")]
    pub listen: String,
    /// Whoever opens the dashboard has to show the token in this file; needed where other machines reach it
    #[arg(long, value_name = "FILE", conflicts_with = "no_dashboard")]
    pub token_file: Option<PathBuf>,
    /// Start no dashboard
    #[arg(long)]
    pub no_dashboard: bool,
    /// Open the dashboard in the browser of this desktop (xdg-open)
    #[arg(long, conflicts_with = "no_dashboard")]
    pub open: bool,
    /// Let some records come in a form that nobody can understand: dead letters
    #[arg(long)]
    pub mishaps: bool,
}

/// Runs the demo and prints its summary.
pub fn run(options: &Options) -> anyhow::Result<()> {
    terminal::watch_panics();
    let stop = Stop::on_signals()?;
    let clock = SimulatedClock::new(Timestamp(START_MS));
    let log_clock = clock.clone();
    let log = MemoryLog::with_clock(move || log_clock.now().0);
    let processor = Processor::start(&log, clock.clone()).context("the runtime did not start")?;
    let shown = Demo::start(options, &log, clock, &processor).and_then(|mut demo| {
        demo.watch(&stop)?;
        let running = demo.since.elapsed();
        demo.catch_up(&stop)?;
        let Demo { seed, clock, feed, outputs, board, dashboard, .. } = demo;
        let run = Run {
            seed,
            hours_a_second: options.speed,
            running,
            simulated: clock.now().0 - START_MS,
            records_in: feed.records(),
            dashboard: dashboard.as_ref().map(Dashboard::url),
        };
        dashboard.map_or(Ok(()), Dashboard::stop)?;
        Ok((run, outputs, board))
    });
    // If the runtime failed, this tells why.
    processor.stop()?;
    let (run, mut outputs, mut board) = shown?;
    outputs.drain(&mut board)?;
    print(&summary::summary(&run, &board))?;
    anyhow::ensure!(board.gaps == 0, "revisions are missing or came twice: {}", board.gaps);
    Ok(())
}

struct Demo<'a> {
    options: &'a Options,
    seed: u64,
    clock: SimulatedClock,
    until: Timestamp,
    feed: Feed,
    outputs: Outputs,
    processor: &'a Processor,
    dashboard: Option<Dashboard>,
    board: Board,
    sample: Sample,
    rates: (Rate, Rate),
    since: Instant,
}

impl<'a> Demo<'a> {
    /// Lets the platform begin.
    fn start(
        options: &'a Options,
        log: &MemoryLog,
        clock: SimulatedClock,
        processor: &'a Processor,
    ) -> anyhow::Result<Self> {
        let topics = &processor.config().topics;
        let seed = options.seed.unwrap_or_else(any_seed);
        let (speed, start) = (options.speed * 3600.0, clock.now());
        let platform = Platform::new(seed, start);
        // The same seed for the same time ends at the same moment.
        let simulated = |run_for: Duration| start.plus((run_for.as_secs_f64() * 1000.0 * speed) as i64);
        let until = options.run_for.map_or(Timestamp::MAX, simulated);
        let dashboard = if options.no_dashboard {
            None
        } else {
            let mut config = processor.config().clone();
            config.serve.listen.clone_from(&options.listen);
            config.serve.token_file.clone_from(&options.token_file);
            config.serve.state_dir = processor.dir().join("serve");
            Some(Dashboard::start(log, &config, clock.clone(), speed)?)
        };
        if options.open
            && let Some(dashboard) = &dashboard
        {
            dashboard.open()?;
        }
        let pace = Pace { speed, until, mishaps: options.mishaps };
        Ok(Self {
            options,
            seed,
            outputs: Outputs::open(log, topics)?,
            feed: Feed::start(platform, log.clone(), topics, clock.clone(), pace)?,
            clock,
            until,
            processor,
            dashboard,
            board: Board::default(),
            sample: Sample::default(),
            rates: (Rate::default(), Rate::default()),
            since: Instant::now(),
        })
    }

    /// Shows what happens until the time is over or somebody asks for the end.
    fn watch(&mut self, stop: &Stop) -> anyhow::Result<()> {
        // Without a keyboard nobody could quit a picture.
        let is_terminal = std::io::stdout().is_terminal() && std::io::stdin().is_terminal();
        let mut screen = if is_terminal { Some(Screen::open().context("cannot draw here")?) } else { None };
        if screen.is_some() {
            let stop = stop.clone();
            terminal::watch_keys(move || stop.ask())?;
        }
        if let Some(dashboard) = self.dashboard.as_ref().filter(|_| screen.is_none()) {
            print(&format!("dashboard at {}\n", dashboard.url()))?;
        }
        let mut next_line = LINE_INTERVAL;
        while !stop.asked() && self.clock.now() < self.until {
            self.step()?;
            let running = self.since.elapsed();
            match &mut screen {
                Some(screen) => {
                    self.sample.add(running, self.board.take_changes());
                    let picture = self.picture(running);
                    screen.draw(|frame| view::draw(frame, &picture))?;
                    thread::sleep(PICTURE_INTERVAL);
                }
                None => {
                    if running >= next_line {
                        next_line += LINE_INTERVAL;
                        let line =
                            summary::line(self.clock.now(), self.lag(), self.feed.records(), &self.board);
                        print(&format!("{line}\n"))?;
                    }
                    thread::sleep(PICTURE_INTERVAL);
                }
            }
        }
        Ok(())
    }

    /// Ends the platform and waits until what it wrote has come out.
    fn catch_up(&mut self, stop: &Stop) -> anyhow::Result<()> {
        self.feed.end();
        let interrupted = stop.asked();
        let allowance = i64::try_from(self.processor.config().clock.allowance_ms).unwrap_or(i64::MAX);
        let end = self.clock.now().minus(allowance);
        let since = Instant::now();
        let mut moved = since;
        while moved.elapsed() < QUIET && since.elapsed() < CATCH_UP_MAX {
            let at_end = self.processor.clock().is_some_and(|clock| clock >= end);
            if self.step()? > 0 || !at_end {
                moved = Instant::now();
            }
            // Who asked by a key may be in a hurry now.
            if stop.asked() && !interrupted {
                break;
            }
            thread::sleep(PICTURE_INTERVAL);
        }
        Ok(())
    }

    /// Reads what has come out; fails if something cannot go on.
    fn step(&mut self) -> anyhow::Result<usize> {
        anyhow::ensure!(!terminal::panicked(), "a thread of the demo panicked");
        anyhow::ensure!(self.processor.is_running(), "the runtime ended by itself");
        let count = self.outputs.drain(&mut self.board)?;
        match &self.dashboard {
            _ if count == 0 => {}
            None => self.outputs.forget(|_| Some(Offset::MAX)),
            Some(dashboard) => {
                anyhow::ensure!(dashboard.is_running(), "the dashboard ended by itself");
                let read = dashboard.may_forget()?;
                self.outputs.forget(|of| read.get(of).copied());
            }
        }
        Ok(count)
    }

    fn picture(&mut self, running: Duration) -> Picture<'_> {
        let records_in = self.feed.records();
        Picture {
            in_a_second: self.rates.0.note(running, records_in),
            out_a_second: self.rates.1.note(running, self.board.records()),
            now: self.clock.now(),
            lag: self.lag(),
            board: &self.board,
            changes: self.sample.shown(),
            seed: self.seed,
            hours_a_second: self.options.speed,
            running,
            run_for: self.options.run_for,
            records_in,
            dashboard: self.dashboard.as_ref().map(Dashboard::url),
        }
    }

    fn lag(&self) -> Option<i64> {
        self.processor.clock().map(|clock| self.clock.now().0.saturating_sub(clock.0))
    }
}

/// Prints to standard output; unlike `print!` it gives an error if nobody reads it any more.
fn print(text: &str) -> std::io::Result<()> {
    use std::io::Write as _;
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}

/// Short enough to be typed in again.
fn any_seed() -> u64 {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    since_epoch.as_millis() as u64 % 1_000_000
}

/// `30s`, `2m`, `1h`; a number alone is seconds.
fn duration(text: &str) -> Result<Duration, String> {
    let (number, unit) = match text.find(|char: char| char.is_ascii_alphabetic()) {
        Some(index) => text.split_at(index),
        None => (text, "s"),
    };
    let seconds = match unit {
        "ms" => 0.001,
        "s" => 1.0,
        "m" | "min" => 60.0,
        "h" => 3600.0,
        _ => return Err(format!("{unit:?} is none of ms, s, m, h")),
    };
    let number: f64 = number.trim().parse().map_err(|_| "must be a time such as 60s or 2m".to_owned())?;
    Duration::try_from_secs_f64(number * seconds).map_err(|error| error.to_string())
}

/// A simulation that is slower than real shows nothing; one that is faster than a day a second is only a blur.
fn speed(text: &str) -> Result<f64, String> {
    let speed: f64 = text.parse().map_err(|_| "must be a number of hours".to_owned())?;
    if (0.001..=24.0).contains(&speed) { Ok(speed) } else { Err("must be from 0.001 to 24".to_owned()) }
}

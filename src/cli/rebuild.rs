//! `chat-goals rebuild`: the generation after the configured one, beside it. It folds everything from the beginning with publishing
//! held back, keeps up with the running one, and becomes the running one when `promote` says so.

use super::generations::{after, topology};
use super::run::{connect, until_stopped};
use super::settings::{ConfigArgs, start_logging};
use super::telemetry::Place;
use crate::config::Config;
use crate::log::Log as _;
use crate::log::kafka::KafkaLog;
use crate::runtime::Runtime;
use crate::runtime::handover::fence;
use crate::runtime::handover::progress::Standing;
use crate::runtime::note::Note;
use crate::runtime::topology;
use crate::runtime::topology::Topology;
use indicatif::{ProgressBar, ProgressStyle};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    config: ConfigArgs,
}

pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let old_config = args.config.load()?;
    let config = after(&old_config);
    start_logging(&config.log);
    let place = Place::take(&config)?;
    let log = connect(&config)?;
    let old = topology(&log, &old_config)?;
    has_run(&log, &old, &old_config)?;
    let missing = topology::missing(&config, &log)?;
    log.create_topics(&missing)?;
    for topic in &missing {
        tracing::info!(topic = topic.name, "created");
    }
    let problems = topology::check(&config, &log)?;
    anyhow::ensure!(problems.is_empty(), "{}", problems.join("\n"));
    let new = topology(&log, &config)?;
    if let Some(next) = fence::handed_to(&log, &new)? {
        anyhow::bail!("generation {next} has taken over from this one already");
    }
    tell_of_gaps(&log, &new)?;
    let wall = Arc::new(|| chrono::Utc::now().timestamp_millis());
    let runtime = Runtime::start_as(log.clone(), &config, new.clone(), wall, Some(old.clone()))?;
    let has_stopped = Arc::new(AtomicBool::new(false));
    {
        let (progress, has_stopped) = (Progress::new(&config), has_stopped.clone());
        // The brokers may take long to answer, and a signal must not wait for that: nobody waits for this thread.
        std::thread::Builder::new()
            .name("progress".to_owned())
            .spawn(move || show_progress(&log, &old, &new, progress, &has_stopped))?;
    }
    let stopped = until_stopped(&config, place, runtime);
    has_stopped.store(true, Ordering::Relaxed);
    stopped
}

/// Shows now and then how far it is, until it has stopped.
fn show_progress(
    log: &KafkaLog,
    old: &Topology,
    new: &Topology,
    mut progress: Progress,
    has_stopped: &AtomicBool,
) {
    const EVERY: Duration = Duration::from_secs(1);
    loop {
        let standing = Standing::look(log, old, new);
        if has_stopped.load(Ordering::Relaxed) {
            return;
        }
        match standing {
            Ok(standing) => progress.show(&standing),
            Err(error) => tracing::debug!(%error, "how far it is is not known now"),
        }
        std::thread::sleep(EVERY);
    }
}

fn has_run(log: &KafkaLog, old: &Topology, config: &Config) -> anyhow::Result<()> {
    let positions = log.committed(&old.group, &crate::runtime::handover::inputs(old))?;
    anyhow::ensure!(
        positions.iter().any(|position| position.next.is_some()),
        "the group {} of generation {} has never run, so there is nothing to take over; hint: chat-goals run",
        old.group,
        config.group.generation
    );
    let notes = log.committed(&old.group, &crate::runtime::handover::inboxes(old))?;
    anyhow::ensure!(
        !notes.iter().any(|position| Note::decode(&position.note).held),
        "generation {0} is a rebuild itself and not promoted yet; hint: `group.generation` is the one that publishes",
        config.group.generation
    );
    Ok(())
}

/// What retention has deleted is not folded again.
fn tell_of_gaps(log: &KafkaLog, new: &Topology) -> anyhow::Result<()> {
    let inputs = crate::runtime::handover::inputs(new);
    for (of, begin) in inputs.iter().zip(log.begins(&inputs)?) {
        if begin > 0 {
            tracing::warn!(
                partition = %of,
                begin,
                "the input does not begin at its beginning: chats that are known from before only would be deleted; \
                 look at what `chat-goals diff` says"
            );
        }
    }
    Ok(())
}

/// On a terminal a bar, otherwise a line now and then.
struct Progress {
    bar: ProgressBar,
    generation: u32,
    first: Option<(Instant, i64)>,
    said: Option<(Instant, bool, bool)>,
}

impl Progress {
    fn new(config: &Config) -> Self {
        let style = ProgressStyle::with_template("{bar:40} {percent:>3}%  {msg}").expect("a constant");
        let bar = ProgressBar::new(100).with_style(style);
        Self { bar, generation: config.group.generation, first: None, said: None }
    }

    fn show(&mut self, standing: &Standing) {
        const EVERY: Duration = Duration::from_secs(10);
        let now = Instant::now();
        let (since, from) = *self.first.get_or_insert((now, standing.folded));
        let rate = (standing.folded - from) as f64 / now.duration_since(since).as_secs_f64().max(0.001);
        let state = if standing.has_taken_over() {
            "it publishes".to_owned()
        } else if standing.is_level() {
            "level with the running generation; hint: chat-goals diff, then chat-goals promote".to_owned()
        } else if rate >= 1.0 {
            format!("{rate:.0} records/s, {:.0} s left", standing.left() as f64 / rate)
        } else {
            "waiting".to_owned()
        };
        let (level, over) = (standing.is_level(), standing.has_taken_over());
        if !self.bar.is_hidden() {
            self.bar.set_position(standing.percent() as u64);
            self.bar.set_message(state);
            return;
        }
        let is_new = self.said.is_none_or(|(at, was_level, was_over)| {
            (was_level, was_over) != (level, over) || (!level && now.duration_since(at) >= EVERY)
        });
        if is_new {
            self.said = Some((now, level, over));
            let generation = self.generation;
            eprintln!(
                "generation {generation}: {:.1}% ({} of {} records), {} of {} tasks publish, {state}",
                standing.percent(),
                standing.folded,
                standing.of,
                standing.taken_over,
                standing.tasks
            );
        }
    }
}

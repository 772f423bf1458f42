//! Whether a processor makes progress, and whether it does all that it has. It looks at figures only.
//!
//! A thread that waits for the brokers is not stuck: each question to them has a limit of its own, after which the thread goes
//! on and asks again, and a new process would wait for them just as long. Only a wait of ten times the limit says that it is the
//! library that does not come back.

use crate::runtime::figures::Desk;
use crate::runtime::figures::pulse::{Doing, Pulse};
use crate::runtime::figures::report::{TaskReport, TaskState};
use crate::runtime::insight::Insight;
use crate::telemetry::health::{Check, Health};
use std::fmt::Write as _;
use std::time::Duration;

/// A member of the group that has had nothing for so long has nothing to do, and is ready for more.
const WITHOUT_PARTITIONS: Duration = Duration::from_secs(10);

/// How much longer than work a wait for the brokers may take.
const PATIENCE: u32 = 10;

/// What one sentence names at most.
const NAMED: usize = 5;

/// `stuck_after`: how long a step may take; `pause`: how long a thread may rest between two.
pub fn of(insight: Insight, stuck_after: Duration, pause: Duration) -> Health {
    let limit = stuck_after + pause;
    let live = insight.clone();
    Health::new(
        move || pulses(&live).map(|(name, pulse)| moves(name, pulse, live.clocks.elapsed(), limit)).collect(),
        move || ready(&insight, stuck_after),
    )
}

fn pulses(insight: &Insight) -> impl Iterator<Item = (&'static str, &Pulse)> {
    let figures = &*insight.figures;
    let workers = figures.desks.iter().map(|desk| ("worker", &desk.pulse));
    [("goals", &figures.goals_pulse), ("clock", &figures.clock_pulse)].into_iter().chain(workers)
}

fn moves(name: &'static str, pulse: &Pulse, now: Duration, limit: Duration) -> Check {
    let who = match name {
        "goals" => "the reader of goal changes",
        "clock" => "the thread that moves the clock",
        _ => "a worker",
    };
    let (doing, span) = pulse.feel(now);
    let seconds = span.as_secs();
    match doing {
        Doing::Nothing => Check::good(name, format!("{who} has not begun or has ended as it was told")),
        Doing::Working if span <= limit => Check::good(name, format!("{who} went on {seconds} s ago")),
        Doing::Working => Check::bad(name, format!("{who} has made no step for {seconds} s")),
        Doing::Waiting if span <= limit * PATIENCE => {
            Check::good(name, format!("{who} has been waiting for the brokers for {seconds} s"))
        }
        Doing::Waiting => Check::bad(
            name,
            format!("{who} has been waiting for the brokers for {seconds} s and does not come back"),
        ),
    }
}

fn ready(insight: &Insight, patience: Duration) -> Vec<Check> {
    let now = insight.clocks.elapsed();
    let desks = &insight.figures.desks;
    let mut checks = vec![member(desks, now), partitions(desks)];
    checks.push(commits(desks, now, patience));
    if insight.is_stopping() {
        checks.push(Check::bad("works", "the workers are ending"));
    }
    checks
}

fn member(desks: &[Desk], now: Duration) -> Check {
    const NAME: &str = "member";
    let all = desks.len();
    let reports = desks.iter().map(|desk| desk.report());
    let is_in = |report: &crate::runtime::figures::report::Report| {
        let spare = report.idle_since.is_some_and(|since| now >= since + WITHOUT_PARTITIONS);
        spare || !report.tasks.is_empty()
    };
    match reports.filter(|report| !is_in(report)).count() {
        0 => Check::good(NAME, "all workers are in the group"),
        missing => Check::bad(
            NAME,
            format!("{missing} of {all} workers are not in the group, or have not been given partitions yet"),
        ),
    }
}

fn partitions(desks: &[Desk]) -> Check {
    const NAME: &str = "partitions";
    let reports: Vec<_> = desks.iter().map(|desk| desk.report()).collect();
    let tasks: Vec<&TaskReport> = reports.iter().flat_map(|report| &report.tasks).collect();
    let idle: Vec<_> = tasks.iter().filter(|task| task.state != TaskState::Running).collect();
    if idle.is_empty() {
        return Check::good(NAME, format!("all {} partitions run", tasks.len()));
    }
    let mut why = format!("{} of {} partitions do not run:", idle.len(), tasks.len());
    for (number, task) in idle.iter().take(NAMED).enumerate() {
        let (stage, partition) = (task.id.0.family().name(), task.id.1);
        let comma = if number == 0 { "" } else { "," };
        let _ = match &task.state {
            TaskState::Restoring(left) => {
                write!(why, "{comma} {stage}[{partition}] is restored, {left} offsets left")
            }
            TaskState::Stopped(reason) => write!(why, "{comma} {stage}[{partition}] is stopped: {reason}"),
            state => write!(why, "{comma} {stage}[{partition}] is {}", state.name()),
        };
    }
    if idle.len() > NAMED {
        why += ", and others";
    }
    Check::bad(NAME, why)
}

fn commits(desks: &[Desk], now: Duration, patience: Duration) -> Check {
    const NAME: &str = "commits";
    for desk in desks {
        if let Some(failing) = desk.failing() {
            let seconds = now.saturating_sub(failing.since).as_secs();
            return Check::bad(NAME, format!("the last commit failed {seconds} s ago: {}", failing.why));
        }
        let (doing, span) = desk.pulse.feel(now);
        if doing == Doing::Waiting && span > patience {
            let seconds = span.as_secs();
            return Check::bad(NAME, format!("a worker has been waiting for the brokers for {seconds} s"));
        }
    }
    Check::good(NAME, "the last commit of each worker was good")
}

//! What the demo prints at the end, and the line it prints now and then where no picture can be drawn. Draws nothing.

use super::board::{Board, STATUSES};
use super::changes::{status_text, time_text};
use super::figures::{grouped, percent, span_text};
use super::published::Counters;
use crate::domain::time::{Millis, Timestamp};
use std::fmt::{self, Write as _};
use std::time::Duration;

/// The numbers that the board does not know.
pub struct Run {
    pub seed: u64,
    pub hours_a_second: f64,
    pub running: Duration,
    pub simulated: Millis,
    pub records_in: u64,
    /// Where the dashboard was.
    pub dashboard: Option<String>,
}

/// The whole summary.
pub fn summary(run: &Run, board: &Board) -> String {
    let mut text = String::new();
    write(&mut text, run, board).expect("a string takes everything");
    text
}

/// One line: where things stand.
pub fn line(now: Timestamp, lag: Option<Millis>, records_in: u64, board: &Board) -> String {
    let mut text =
        format!("{}  in {}  out {}", time_text(now), grouped(records_in), grouped(board.records()));
    for status in STATUSES {
        let _ = write!(text, "  {} {}", status_text(status).to_lowercase(), board.chats(status));
    }
    if let Some((name, best)) = board.managers().first()
        && let Some(rate) = best.achievement_rate()
    {
        let _ = write!(text, "  best {name} {}", percent(Some(rate)));
    }
    if let Some(lag) = lag {
        let _ = write!(text, "  clock {} behind", span_text(lag));
    }
    let _ = write!(text, "  gaps {}", board.gaps);
    text
}

fn write(to: &mut String, run: &Run, board: &Board) -> fmt::Result {
    writeln!(
        to,
        "{} simulated in {:.1} s ({} h a second), seed {}\n",
        span_text(run.simulated),
        run.running.as_secs_f64(),
        run.hours_a_second,
        run.seed
    )?;
    write!(to, "{:<16}{:>7}", "channel", "chats")?;
    for status in STATUSES {
        write!(to, "{:>10}", status_text(status).to_lowercase())?;
    }
    writeln!(to, "{:>7}{:>7}  goal", "ended", "rate")?;
    for (name, channel) in board.channels() {
        write!(to, "{name:<16}{:>7}", grouped(channel.chats_of_all_statuses().into()))?;
        for status in STATUSES {
            write!(to, "{:>10}", grouped(channel.chats(status).into()))?;
        }
        let ended = grouped(channel.counters.ended.into());
        writeln!(to, "{ended:>7}{:>7}  {}", percent(channel.counters.achievement_rate()), channel.goal)?;
    }
    let chats: u32 = STATUSES.iter().map(|status| board.chats(*status)).sum();
    write!(to, "{:<16}{:>7}", "all", grouped(chats.into()))?;
    for status in STATUSES {
        write!(to, "{:>10}", grouped(board.chats(status).into()))?;
    }
    writeln!(to, "\n")?;
    writeln!(
        to,
        "{:<16}{:>10}{:>10}{:>8}{:>8}{:>7}{:>15}",
        "manager", "measured", "achieved", "missed", "ended", "rate", "rate of ended"
    )?;
    for (name, counters) in board.managers() {
        let Counters { measured, achieved, missed, ended, .. } = counters;
        writeln!(
            to,
            "{name:<16}{:>10}{:>10}{:>8}{:>8}{:>7}{:>15}",
            grouped(measured.into()),
            grouped(achieved.into()),
            grouped(missed.into()),
            grouped(ended.into()),
            percent(counters.achievement_rate()),
            percent(counters.ended_achievement_rate()),
        )?;
    }
    writeln!(
        to,
        "\nrecords in {}, out {} ({} statuses, {} counters), corrections {}, dead letters {}",
        grouped(run.records_in),
        grouped(board.records()),
        grouped(board.status_records),
        grouped(board.counter_records),
        grouped(board.corrections),
        grouped(board.dead_letters),
    )?;
    let verdict =
        if board.gaps == 0 { "no change is missing, none came twice" } else { "this should not be" };
    writeln!(to, "revision gaps and repeats {}: {verdict}", grouped(board.gaps))?;
    if let Some(url) = &run.dashboard {
        writeln!(
            to,
            "the dashboard was at {url} and ended with the demo; `chat-goals serve` serves it for a deployment"
        )?;
    }
    Ok(())
}

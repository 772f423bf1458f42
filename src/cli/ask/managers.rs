//! `chat-goals managers`: the newest counters of managers and channels, chosen and summed up.

use super::table::{NOTHING, id, table};
use super::{AskArgs, Form, Reading, not_found, print_json, print_text};
use crate::contract::json::output::{CounterJson, Time, counter};
use crate::contract::records::CounterRecord;
use crate::domain::credit::Counts;
use crate::inspect::Deployment;
use crate::inspect::counters::{Total, Wanted, counts, totals};
use crate::stages::managers::Counter;
use chrono::NaiveDate;
use serde::Serialize;
use std::process::ExitCode;

/// The newest counters of managers and of whole channels
///
/// Those that are not zero. Without dates the buckets of all dates together are shown, with --from or --to those of each date. Totals are sums:
/// over channels they count a chat once, over dates or over managers they may count it more than once (E3).
#[derive(clap::Args)]
pub struct Args {
    /// Only this channel
    #[arg(long, value_name = "ID")]
    channel: Option<String>,
    /// Only this manager
    #[arg(long, value_name = "ID")]
    manager: Option<String>,
    /// The dates from this one on, in the channel's time zone
    #[arg(long, value_name = "YYYY-MM-DD")]
    from: Option<NaiveDate>,
    /// The dates up to this one, in the channel's time zone
    #[arg(long, value_name = "YYYY-MM-DD")]
    to: Option<NaiveDate>,
    #[command(flatten)]
    ask: AskArgs,
}

pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let (config, log) = args.ask.connect()?;
    let watch = Reading::new();
    let deployment = Deployment::find(&log, &config, &watch)?;
    let wanted =
        Wanted { channel: args.channel.clone(), manager: args.manager.clone(), from: args.from, to: args.to };
    let counters = deployment.counters(&wanted)?;
    let totals = totals(&counters);
    // The topic says them as absolute numbers, as its writer had them.
    let records: Vec<Counter> = counters.iter().map(record).collect();
    let lines: Vec<CounterJson<'_>> = records.iter().map(counter).collect();
    match args.ask.output {
        Form::Table => print_text(&page(&counters, &totals))?,
        form @ Form::Json => print_json(
            form,
            &Document { counters: lines, totals: totals.iter().map(TotalJson::from).collect() },
        )?,
        form @ Form::Jsonl => {
            lines.iter().try_for_each(|counter| print_json(form, &Line::Counter(counter)))?;
            totals.iter().try_for_each(|total| print_json(form, &Line::Total(&TotalJson::from(total))))?;
        }
    }
    if counters.is_empty() {
        return Ok(not_found("there are no such counters"));
    }
    Ok(ExitCode::SUCCESS)
}

fn record(of: &CounterRecord) -> Counter {
    Counter {
        channel: of.channel.clone(),
        bucket: of.bucket.clone(),
        counts: counts(of),
        revision: of.revision,
        updated_at: of.updated_at,
    }
}

#[derive(Serialize)]
struct Document<'a> {
    counters: Vec<CounterJson<'a>>,
    totals: Vec<TotalJson<'a>>,
}

/// What a line of `jsonl` is.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
enum Line<'a> {
    Counter(&'a CounterJson<'a>),
    Total(&'a TotalJson<'a>),
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct TotalJson<'a> {
    scope: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    manager_id: Option<&'a str>,
    measured: i64,
    achieved: i64,
    missed: i64,
    ended: i64,
    closes: i64,
    achieved_of_ended: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    achievement_rate: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ended_achievement_rate: Option<f64>,
}

impl<'a> From<&'a Total> for TotalJson<'a> {
    fn from(Total { manager, counts }: &'a Total) -> Self {
        Self {
            scope: if manager.is_some() { "MANAGER" } else { "CHANNEL" },
            manager_id: manager.as_deref().filter(|manager| !manager.is_empty()),
            measured: counts.measured,
            achieved: counts.achieved,
            missed: counts.missed,
            ended: counts.ended,
            closes: counts.closes,
            achieved_of_ended: counts.achieved_of_ended,
            achievement_rate: rate(counts.achieved, counts.ended),
            ended_achievement_rate: rate(counts.achieved_of_ended, counts.ended),
        }
    }
}

/// E4: absent where nothing has ended.
fn rate(part: i64, ended: i64) -> Option<f64> {
    (ended > 0).then(|| part as f64 / ended as f64)
}

const HEADS: [&str; 12] = [
    "channel",
    "manager",
    "date",
    "measured",
    "achieved",
    "missed",
    "ended",
    "closes",
    "achieved of ended",
    "rate",
    "ended rate",
    "updated",
];

fn page(counters: &[CounterRecord], totals: &[Total]) -> String {
    let manager = |manager: Option<&str>| manager.map_or_else(|| "*".to_owned(), id);
    let mut rows: Vec<Vec<String>> = Vec::new();
    for of in counters {
        let date = of.bucket.date.map_or_else(|| "total".to_owned(), |date| date.to_string());
        let mut row = vec![of.channel.to_string(), manager(of.bucket.manager.as_deref()), date];
        row.extend(cells(&counts(of)));
        row.push(super::table::time(Some(Time(of.updated_at).0)));
        rows.push(row);
    }
    for total in totals {
        let mut row = vec!["sum".to_owned(), manager(total.manager.as_deref()), NOTHING.to_owned()];
        row.extend(cells(&total.counts));
        rows.push(row);
    }
    table(&HEADS, &rows)
}

fn cells(counts: &Counts) -> Vec<String> {
    let Counts { measured, achieved, missed, ended, closes, achieved_of_ended } = *counts;
    let percent =
        |part| rate(part, ended).map_or_else(|| NOTHING.to_owned(), |rate| format!("{:.1} %", rate * 100.0));
    let counts = [measured, achieved, missed, ended, closes, achieved_of_ended];
    counts.iter().map(i64::to_string).chain([percent(achieved), percent(achieved_of_ended)]).collect()
}

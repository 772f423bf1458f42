//! `chat-goals goals`: the settings of channels, past, present and to come.

use super::table::{NOTHING, table};
use super::{AskArgs, Form, Reading, not_found, print_json, print_text};
use crate::answers::settings::{self, ChannelAnswer};
use crate::answers::words::WhenWord;
use crate::contract::json::output::Time;
use crate::domain::time::Timestamp;
use crate::explain::words;
use crate::inspect::Deployment;
use serde::Serialize;
use std::process::ExitCode;

/// The settings of channels: goals, subscriptions and time zones, past, present and to come
///
/// What is present is told by the clock of this machine.
#[derive(clap::Args)]
pub struct Args {
    /// Only this channel
    #[arg(long, value_name = "ID")]
    channel: Option<String>,
    #[command(flatten)]
    ask: AskArgs,
}

pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let (config, log) = args.ask.connect()?;
    let watch = Reading::new();
    let deployment = Deployment::find(&log, &config, &watch)?;
    let read = deployment.settings()?;
    if read.bad > 0 {
        eprintln!("chat-goals: {} bad records were passed over; they are in the dead letters", read.bad);
    }
    let now = Timestamp(chrono::Utc::now().timestamp_millis());
    let channels = settings::channels(&read.settings, args.channel.as_deref(), now);
    match args.ask.output {
        Form::Table => print_text(&page(&channels))?,
        form @ Form::Json => print_json(form, &Document { at: Time(now), channels: &channels })?,
        form @ Form::Jsonl => channels.iter().try_for_each(|channel| print_json(form, channel))?,
    }
    if channels.is_empty() {
        return Ok(not_found("there are no settings of such a channel"));
    }
    Ok(ExitCode::SUCCESS)
}

#[derive(Serialize)]
struct Document<'a> {
    at: Time,
    channels: &'a [ChannelAnswer],
}

fn page(channels: &[ChannelAnswer]) -> String {
    let mut rows = Vec::new();
    for channel in channels {
        let goal = channel.goal.as_ref().map_or_else(|| NOTHING.to_owned(), |goal| goal.words.clone());
        let tracked = match (channel.goal.is_some(), channel.tracked) {
            (true, true) => "tracked",
            (true, false) => "not tracked: not subscribed",
            (false, _) => "no goal",
        };
        rows.push(vec![
            channel.channel_id.clone(),
            "now".to_owned(),
            goal,
            if channel.subscribed { "subscribed" } else { "not subscribed" }.to_owned(),
            channel.time_zone.clone(),
            tracked.to_owned(),
        ]);
        let mut entries: Vec<(Timestamp, WhenWord, Vec<String>)> = Vec::new();
        let dash = || NOTHING.to_owned();
        for entry in &channel.goals {
            let goal =
                entry.value.as_ref().map_or_else(|| "goal removed".to_owned(), |goal| goal.words.clone());
            entries.push((entry.from.0, entry.when, vec![goal, dash(), dash()]));
        }
        for entry in &channel.subscriptions {
            let active = if entry.value { "subscribes" } else { "unsubscribes" };
            entries.push((entry.from.0, entry.when, vec![dash(), active.to_owned(), dash()]));
        }
        for entry in &channel.time_zones {
            entries.push((entry.from.0, entry.when, vec![dash(), dash(), entry.value.clone()]));
        }
        entries.sort_by_key(|(at, ..)| *at);
        for (at, when, cells) in entries {
            let note = if when == WhenWord::Future { "to come" } else { "" };
            let mut row = vec![String::new(), words::moment(at)];
            row.extend(cells);
            row.push(note.to_owned());
            rows.push(row);
        }
    }
    table(&["channel", "from", "goal", "subscription", "time zone", ""], &rows)
}

//! `chat-goals goals`: the settings of channels, past, present and to come.

use super::table::{NOTHING, table};
use super::{AskArgs, Form, Reading, not_found, print_json, print_text};
use crate::contract::json::output::{GoalJson, Time};
use crate::domain::settings::Channel;
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
    let mut channels: Vec<ChannelJson<'_>> = read
        .settings
        .channels()
        .filter(|(id, _)| args.channel.as_deref().is_none_or(|wanted| wanted == &***id))
        .map(|(id, channel)| channel_json(id, channel, now))
        .collect();
    channels.sort_by_key(|channel| channel.channel_id);
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
    channels: &'a [ChannelJson<'a>],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ChannelJson<'a> {
    channel_id: &'a str,
    /// The goal that is set, tracked or not.
    #[serde(skip_serializing_if = "Option::is_none")]
    goal: Option<GoalJson<'a>>,
    /// Whether it is tracked: the channel is subscribed, or needs no subscription (A2, A4).
    tracked: bool,
    subscribed: bool,
    time_zone: String,
    goals: Vec<Entry<Option<GoalJson<'a>>>>,
    subscriptions: Vec<Entry<bool>>,
    time_zones: Vec<Entry<String>>,
}

/// One value of a history (A1).
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Entry<T> {
    from: Time,
    when: When,
    value: T,
}

#[derive(Clone, Copy, Serialize, PartialEq, Eq)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum When {
    Past,
    Present,
    Future,
}

fn channel_json<'a>(channel_id: &'a str, channel: &'a Channel, now: Timestamp) -> ChannelJson<'a> {
    let goal = |id| GoalJson(channel.goal(id));
    let zones = history(channel.time_zone_history(), now, |zone| zone.name().to_owned());
    let zone = zones.iter().find(|entry| entry.when == When::Present).map(|entry| entry.value.clone());
    ChannelJson {
        channel_id,
        goal: channel.goal_as_of(now).map(goal),
        tracked: channel.tracked_goal(now).is_some(),
        subscribed: channel.subscribed(now),
        time_zone: zone.unwrap_or_else(|| "UTC".to_owned()),
        goals: history(channel.goal_history(), now, |id| id.map(goal)),
        subscriptions: history(channel.subscription_history(), now, |active| *active),
        time_zones: zones,
    }
}

fn history<T, V>(entries: &[(Timestamp, T)], now: Timestamp, value: impl Fn(&T) -> V) -> Vec<Entry<V>> {
    let begun = entries.partition_point(|(at, _)| *at <= now);
    let when = |index: usize| match (index + 1).cmp(&begun) {
        std::cmp::Ordering::Less => When::Past,
        std::cmp::Ordering::Equal => When::Present,
        std::cmp::Ordering::Greater => When::Future,
    };
    let entry = |(index, (at, of)): (usize, &(Timestamp, T))| Entry {
        from: Time(*at),
        when: when(index),
        value: value(of),
    };
    entries.iter().enumerate().map(entry).collect()
}

fn page(channels: &[ChannelJson<'_>]) -> String {
    let mut rows = Vec::new();
    for channel in channels {
        let goal = channel.goal.as_ref().map_or_else(|| NOTHING.to_owned(), |goal| words::goal(goal.0));
        let tracked = match (channel.goal.is_some(), channel.tracked) {
            (true, true) => "tracked",
            (true, false) => "not tracked: not subscribed",
            (false, _) => "no goal",
        };
        rows.push(vec![
            channel.channel_id.to_owned(),
            "now".to_owned(),
            goal,
            if channel.subscribed { "subscribed" } else { "not subscribed" }.to_owned(),
            channel.time_zone.clone(),
            tracked.to_owned(),
        ]);
        let mut entries: Vec<(Timestamp, When, Vec<String>)> = Vec::new();
        let dash = || NOTHING.to_owned();
        for entry in &channel.goals {
            let goal =
                entry.value.as_ref().map_or_else(|| "goal removed".to_owned(), |goal| words::goal(goal.0));
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
            let note = if when == When::Future { "to come" } else { "" };
            let mut row = vec![String::new(), words::moment(at)];
            row.extend(cells);
            row.push(note.to_owned());
            rows.push(row);
        }
    }
    table(&["channel", "from", "goal", "subscription", "time zone", ""], &rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_history_knows_what_is_past_present_and_to_come() {
        let entries = [(Timestamp(1), 'a'), (Timestamp(5), 'b'), (Timestamp(5), 'c'), (Timestamp(6), 'd')];
        let when = |now| {
            history(&entries, Timestamp(now), |value| *value).iter().map(|e| e.when).collect::<Vec<_>>()
        };
        assert!(when(0) == [When::Future; 4]);
        assert!(when(5) == [When::Past, When::Past, When::Present, When::Future]);
        assert!(when(9) == [When::Past, When::Past, When::Past, When::Present]);
    }
}

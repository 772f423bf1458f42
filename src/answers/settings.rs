//! The settings of channels as data: the answer of `chat-goals goals`, and a part of that of `/api/v1/goals`.

use super::goal::GoalAnswer;
use super::words::WhenWord;
use crate::contract::json::output::Time;
use crate::domain::settings::{Channel, Settings};
use crate::domain::time::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

/// The settings of a channel: what holds now, and the histories (A1).
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ChannelSettings)]
pub struct ChannelAnswer {
    pub channel_id: String,
    /// The goal that is set, tracked or not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub goal: Option<GoalAnswer>,
    /// Whether it is tracked: the channel is subscribed, or needs no subscription (A2, A4).
    pub tracked: bool,
    pub subscribed: bool,
    pub time_zone: String,
    pub goals: Vec<GoalEntry>,
    pub subscriptions: Vec<SubscriptionEntry>,
    pub time_zones: Vec<TimeZoneEntry>,
}

/// From when on a goal stands; without a value none does.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct GoalEntry {
    pub from: Time,
    pub when: WhenWord,
    pub value: Option<GoalAnswer>,
}

/// From when on the channel is subscribed, or not.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct SubscriptionEntry {
    pub from: Time,
    pub when: WhenWord,
    pub value: bool,
}

/// From when on a time zone stands.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct TimeZoneEntry {
    pub from: Time,
    pub when: WhenWord,
    pub value: String,
}

/// All channels that ever had a setting, or the one asked for, by id. `now` tells what is present.
pub fn channels(settings: &Settings, only: Option<&str>, now: Timestamp) -> Vec<ChannelAnswer> {
    let wanted = settings.channels().filter(|(id, _)| only.is_none_or(|wanted| wanted == &***id));
    let mut channels: Vec<ChannelAnswer> = wanted.map(|(id, of)| channel(id, of, now)).collect();
    channels.sort_by(|a, b| a.channel_id.cmp(&b.channel_id));
    channels
}

/// The settings of one channel.
pub fn channel(channel_id: &str, channel: &Channel, now: Timestamp) -> ChannelAnswer {
    let goal = |id| GoalAnswer::from(channel.goal(id));
    let zones = history(channel.time_zone_history(), now, |from, when, zone| TimeZoneEntry {
        from,
        when,
        value: zone.name().to_owned(),
    });
    let zone = zones.iter().find(|entry| entry.when == WhenWord::Present).map(|entry| entry.value.clone());
    ChannelAnswer {
        channel_id: channel_id.to_owned(),
        goal: channel.goal_as_of(now).map(goal),
        tracked: channel.tracked_goal(now).is_some(),
        subscribed: channel.subscribed(now),
        time_zone: zone.unwrap_or_else(|| "UTC".to_owned()),
        goals: history(channel.goal_history(), now, |from, when, id| GoalEntry {
            from,
            when,
            value: id.map(goal),
        }),
        subscriptions: history(channel.subscription_history(), now, |from, when, active| SubscriptionEntry {
            from,
            when,
            value: *active,
        }),
        time_zones: zones,
    }
}

fn history<T, E>(
    entries: &[(Timestamp, T)],
    now: Timestamp,
    entry: impl Fn(Time, WhenWord, &T) -> E,
) -> Vec<E> {
    let begun = entries.partition_point(|(at, _)| *at <= now);
    let when = |index: usize| match (index + 1).cmp(&begun) {
        std::cmp::Ordering::Less => WhenWord::Past,
        std::cmp::Ordering::Equal => WhenWord::Present,
        std::cmp::Ordering::Greater => WhenWord::Future,
    };
    entries.iter().enumerate().map(|(index, (at, of))| entry(Time(*at), when(index), of)).collect()
}

#[cfg(test)]
mod tests {
    use super::WhenWord::{Future, Past, Present};
    use super::*;

    #[test]
    fn a_history_knows_what_is_past_present_and_to_come() {
        let entries = [(Timestamp(1), 'a'), (Timestamp(5), 'b'), (Timestamp(5), 'c'), (Timestamp(6), 'd')];
        let when = |now| history(&entries, Timestamp(now), |_, when, _| when);
        assert!(when(0) == [Future; 4]);
        assert!(when(5) == [Past, Past, Present, Future]);
        assert!(when(9) == [Past, Past, Past, Present]);
    }
}

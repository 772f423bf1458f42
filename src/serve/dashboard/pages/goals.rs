//! The goals of each channel, past, present and to come, with how many chats show each; and what else is set.

use super::statuses::StatusChoice;
use crate::answers::goal::GoalAnswer;
use crate::answers::settings::{GoalEntry, SubscriptionEntry, TimeZoneEntry};
use crate::answers::words::WhenWord;
use crate::serve::dashboard::frame::{Frame, Linked, Screen};
use crate::serve::dashboard::links::{self, Link};
use crate::serve::dashboard::query::Query;
use crate::serve::dashboard::words::{Exactly, Mark};
use crate::serve::dashboard::{Dashboard, Failure, Html};
use crate::serve::model::answers::{ChannelGoals, GoalTally};
use askama::Template;

#[derive(Template)]
#[template(path = "goals.html")]
struct Goals {
    frame: Frame,
    only: Option<String>,
    statuses: Vec<Mark>,
    channels: Vec<Channel>,
}

struct Channel {
    /// For anchors.
    number: usize,
    id: String,
    now: String,
    all: Linked,
    link: String,
    managers: String,
    goals: Vec<GoalRow>,
    counts: Vec<CountRow>,
    /// The subscription and the time zone, each with its history.
    settings: Vec<(&'static str, Vec<SettingRow>)>,
}

/// From when to when a goal stood, or none did.
struct GoalRow {
    when: &'static str,
    event: String,
    filter: String,
    days: String,
    from: Exactly,
    /// `None`: until something else is set.
    to: Option<Exactly>,
}

/// How the chats stand that show a goal.
struct CountRow {
    goal: Linked,
    counts: Vec<Linked>,
}

struct SettingRow {
    when: &'static str,
    value: String,
    from: Exactly,
    to: Option<Exactly>,
}

pub fn page(dashboard: &Dashboard, query: &Query) -> Html {
    let only = query.owned("channel");
    let answer = dashboard.model().goals(only.as_deref())?;
    if let (Some(only), true) = (&only, answer.channels.is_empty()) {
        return Err(Failure::missing(format!("No channel {only} has any settings or chats.")));
    }
    let page = Goals {
        frame: dashboard.frame("Goals", Some(Screen::Goals)),
        only,
        statuses: StatusChoice::ALL.iter().map(|status| status.mark()).collect(),
        channels: answer.channels.iter().enumerate().map(channel).collect(),
    };
    Ok(page.render()?)
}

fn channel((number, of): (usize, &ChannelGoals)) -> Channel {
    let settings = &of.settings;
    let id = &settings.channel_id;
    let in_channel = || links::chats().with("channel", id);
    let count = |row: &GoalTally| CountRow {
        goal: match &row.goal {
            Some(goal) => Linked::to(&goal.words, &of_goal(in_channel(), goal)),
            None => Linked::text("no goal shown"),
        },
        counts: StatusChoice::ALL.iter().map(|status| cell(row, *status, &in_channel)).collect(),
    };
    Channel {
        number,
        id: id.clone(),
        now: now(of),
        all: Linked::count(of.chats.all(), &in_channel()),
        link: Link::to("/goals").with("channel", id).to_string(),
        managers: Link::to("/managers").with("channel", id).to_string(),
        goals: goal_rows(&settings.goals),
        counts: of.by_goal.iter().map(count).collect(),
        settings: [
            ("Subscription", subscription_rows(&settings.subscriptions)),
            ("Time zone", zone_rows(&settings.time_zones)),
        ]
        .into_iter()
        .filter(|(_, rows)| !rows.is_empty())
        .collect(),
    }
}

fn cell(row: &GoalTally, status: StatusChoice, in_channel: &dyn Fn() -> Link) -> Linked {
    let link = status.link(in_channel());
    let link = match &row.goal {
        Some(goal) => of_goal(link, goal),
        None => link,
    };
    Linked::count(status.of(&row.chats), &link)
}

/// A filter of chats goes by the event of their goal.
fn of_goal(link: Link, goal: &GoalAnswer) -> Link {
    link.with("goal", &goal.event_name).with("about", "goal")
}

/// What holds now, in a sentence.
fn now(of: &ChannelGoals) -> String {
    let settings = &of.settings;
    let goal = match (&settings.goal, settings.tracked) {
        (Some(goal), true) => format!("Tracks {}", goal.words),
        (Some(goal), false) => {
            format!("Has the goal {}, which is not tracked, as it is not subscribed", goal.words)
        }
        (None, _) => "Has no goal".to_owned(),
    };
    format!("{goal}. Its dates are those of {}.", settings.time_zone)
}

fn when(word: WhenWord) -> &'static str {
    match word {
        WhenWord::Past => "past",
        WhenWord::Present => "now",
        WhenWord::Future => "to come",
    }
}

/// Newest first; each stands until the next begins.
fn goal_rows(entries: &[GoalEntry]) -> Vec<GoalRow> {
    let row = |(index, entry): (usize, &GoalEntry)| {
        let (event, filter, days) = match &entry.value {
            Some(goal) => (goal.event_name.clone(), filter(goal), goal.days.to_string()),
            None => ("no goal".to_owned(), String::new(), String::new()),
        };
        let to = entries.get(index + 1).map(|next| next.from.into());
        GoalRow { when: when(entry.when), event, filter, days, from: entry.from.into(), to }
    };
    entries.iter().enumerate().map(row).rev().collect()
}

/// The part of a goal's words that tells its filter.
fn filter(goal: &GoalAnswer) -> String {
    match goal.words.split_once(", where ") {
        Some((_, filter)) if goal.filter.is_some() => filter.to_owned(),
        _ => "any such event".to_owned(),
    }
}

fn subscription_rows(entries: &[SubscriptionEntry]) -> Vec<SettingRow> {
    let row = |(index, entry): (usize, &SubscriptionEntry)| SettingRow {
        when: when(entry.when),
        value: if entry.value { "subscribed" } else { "not subscribed" }.to_owned(),
        from: entry.from.into(),
        to: entries.get(index + 1).map(|next| next.from.into()),
    };
    entries.iter().enumerate().map(row).rev().collect()
}

fn zone_rows(entries: &[TimeZoneEntry]) -> Vec<SettingRow> {
    let row = |(index, entry): (usize, &TimeZoneEntry)| SettingRow {
        when: when(entry.when),
        value: entry.value.clone(),
        from: entry.from.into(),
        to: entries.get(index + 1).map(|next| next.from.into()),
    };
    entries.iter().enumerate().map(row).rev().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::json::output::Time;
    use crate::domain::time::Timestamp;

    fn goal(event: &str) -> GoalAnswer {
        GoalAnswer {
            event_name: event.into(),
            days: 7,
            filter: None,
            words: format!("{event} within 7 days"),
        }
    }

    #[test]
    fn a_goal_stands_until_the_next_begins_and_the_newest_comes_first() {
        let entry = |from, when, value| GoalEntry { from: Time(Timestamp(from)), when, value };
        let rows = goal_rows(&[
            entry(0, WhenWord::Past, Some(goal("A"))),
            entry(1_000, WhenWord::Present, None),
            entry(2_000, WhenWord::Future, Some(goal("B"))),
        ]);
        let told: Vec<_> = rows.iter().map(|row| (row.when, row.event.as_str(), row.to.is_some())).collect();
        assert_eq!(told, [("to come", "B", false), ("now", "no goal", true), ("past", "A", true)]);
        assert_eq!(rows[2].filter, "any such event");
    }
}

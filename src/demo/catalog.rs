//! Who takes part in the simulated chat platform: channels with their goals, and managers of different skill. Only
//! constants; nothing here happens.

use super::drafts::{ClauseDraft, ConditionDraft, FilterDraft, SettingBody};
use crate::domain::time::{DAY, Millis, SECOND};
use chrono_tz::Tz;

pub const MINUTE: Millis = 60 * SECOND;
pub const HOUR: Millis = 60 * MINUTE;

/// 2026-03-02T08:00:00Z, a Monday: a fixed start, so that the same seed gives the same bytes.
pub const START_MS: i64 = 1_772_438_400_000;

pub struct Channel {
    pub id: &'static str,
    pub name: &'static str,
    pub zone: Tz,
    /// What a customer does in the end, if all goes well.
    pub trade: Trade,
    /// The period that customers keep or miss.
    pub days: i64,
    pub chats_per_day: f64,
    /// How likely a customer who was answered by an average manager buys.
    pub appeal: f64,
    pub managers: &'static [&'static Manager],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trade {
    Purchase,
    Booking,
    Appointment,
    Enrolment,
}

impl Trade {
    pub fn event_name(self) -> &'static str {
        match self {
            Trade::Purchase => "Purchase",
            Trade::Booking => "Booking",
            Trade::Appointment => "Appointment",
            Trade::Enrolment => "Enrolment",
        }
    }
}

pub struct Manager {
    pub id: &'static str,
    pub name: &'static str,
    /// How long a customer waits on average.
    pub reply: Millis,
    /// The share of questions that are answered at all.
    pub answers: f64,
    /// Multiplies the appeal of what the channel offers.
    pub persuasion: f64,
}

const fn manager(
    id: &'static str,
    name: &'static str,
    reply: Millis,
    answers: f64,
    persuasion: f64,
) -> Manager {
    Manager { id, name, reply, answers, persuasion }
}

static MIA: Manager = manager("mia", "Mia", 3 * MINUTE, 0.98, 1.45);
static JONAS: Manager = manager("jonas", "Jonas", 14 * MINUTE, 0.93, 0.95);
static OLGA: Manager = manager("olga", "Olga", 40 * MINUTE, 0.84, 0.6);
static LUCAS: Manager = manager("lucas", "Lucas", 9 * MINUTE, 0.95, 1.1);
static GRACE: Manager = manager("grace", "Grace", 25 * MINUTE, 0.9, 1.25);
static YUKI: Manager = manager("yuki", "Yuki", 5 * MINUTE, 0.97, 1.3);
static KENJI: Manager = manager("kenji", "Kenji", 60 * MINUTE, 0.8, 0.7);
static RAFAEL: Manager = manager("rafael", "Rafael", 18 * MINUTE, 0.92, 0.85);

pub static MANAGERS: [&Manager; 8] = [&MIA, &JONAS, &OLGA, &LUCAS, &GRACE, &YUKI, &KENJI, &RAFAEL];

pub static CHANNELS: [Channel; 4] = [
    Channel {
        id: "web-shop",
        name: "Web shop",
        zone: Tz::Europe__Berlin,
        trade: Trade::Purchase,
        days: 1,
        chats_per_day: 45.0,
        appeal: 0.5,
        managers: &[&MIA, &JONAS, &OLGA],
    },
    Channel {
        id: "travel-desk",
        name: "Travel desk",
        zone: Tz::America__New_York,
        trade: Trade::Booking,
        days: 3,
        chats_per_day: 30.0,
        appeal: 0.42,
        managers: &[&LUCAS, &GRACE, &MIA],
    },
    Channel {
        id: "clinic",
        name: "Clinic",
        zone: Tz::Asia__Tokyo,
        trade: Trade::Appointment,
        days: 1,
        chats_per_day: 36.0,
        appeal: 0.55,
        managers: &[&YUKI, &KENJI],
    },
    Channel {
        id: "language-school",
        name: "Language school",
        zone: Tz::America__Sao_Paulo,
        trade: Trade::Enrolment,
        days: 7,
        chats_per_day: 24.0,
        appeal: 0.48,
        managers: &[&RAFAEL, &GRACE],
    },
];

/// What is set in the channels, and how long after the start. The travel desk changes its goal, and back.
pub fn settings() -> Vec<(Millis, usize, SettingBody)> {
    let mut settings = Vec::new();
    for (index, channel) in CHANNELS.iter().enumerate() {
        settings.push((0, index, SettingBody::TimeZoneSet { time_zone: channel.zone.name() }));
        // The school takes the add-on a few hours later: until then its chats are not measured.
        let subscribes = if channel.trade == Trade::Enrolment { 6 * HOUR } else { 0 };
        settings.push((subscribes, index, SettingBody::SubscriptionSet { active: true }));
        let filter = (channel.trade == Trade::Purchase).then(|| at_least("amount", 50.0));
        settings.push((0, index, goal(channel, filter, channel.days)));
    }
    let travel = CHANNELS.iter().position(|channel| channel.trade == Trade::Booking).expect("it is above");
    settings.push((20 * HOUR, travel, goal(&CHANNELS[travel], Some(at_least("total", 300.0)), 1)));
    settings.push((6 * DAY, travel, goal(&CHANNELS[travel], None, CHANNELS[travel].days)));
    settings
}

pub fn channel_name(id: &str) -> &str {
    CHANNELS.iter().find(|channel| channel.id == id).map_or(id, |channel| channel.name)
}

/// The empty id is nobody.
pub fn manager_name(id: &str) -> &str {
    match id {
        "" => "(none)",
        id => MANAGERS.iter().find(|manager| manager.id == id).map_or(id, |manager| manager.name),
    }
}

fn goal(channel: &Channel, filter: Option<FilterDraft>, days: i64) -> SettingBody {
    SettingBody::GoalSet { event_name: channel.trade.event_name(), filter, days }
}

fn at_least(property: &'static str, value: f64) -> FilterDraft {
    let condition = ConditionDraft { property, operator: "GREATER_OR_EQUAL", values: vec![value] };
    FilterDraft { all_of: vec![ClauseDraft { any_of: vec![condition] }] }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_start_is_the_monday_it_says() {
        let start = chrono::DateTime::from_timestamp_millis(START_MS).unwrap();
        assert_eq!(start.to_rfc2822(), "Mon, 2 Mar 2026 08:00:00 +0000");
    }
}

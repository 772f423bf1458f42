//! Made-up records of a platform, the same for the same seed: every kind, on a coarse grid of times so that many are
//! equal, some late, early or twice. Nothing here knows what the rules make of them.

use super::dice::Dice;
use crate::config::Config;
use chrono::{DateTime, SecondsFormat};
use serde_json::{Value, json};

pub const HOUR: i64 = 3_600_000;
pub const DAY: i64 = 24 * HOUR;
/// The first of January 2026.
pub const START: i64 = 1_767_225_600_000;

/// The input topics.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Input {
    /// First, so that of records at the same time the setting leads.
    GoalChanges,
    ChatEvents,
    CustomerEvents,
}

impl Input {
    pub fn topic(self, config: &Config) -> &str {
        match self {
            Input::GoalChanges => &config.topics.goal_changes,
            Input::ChatEvents => &config.topics.chat_events,
            Input::CustomerEvents => &config.topics.customer_events,
        }
    }
}

/// One record: where it goes, when the log says it came, and what it says.
#[derive(Clone, Debug)]
pub struct Entry {
    pub to: Input,
    pub key: String,
    pub logged: i64,
    pub json: String,
    pub channel: String,
    /// The same record came before.
    pub is_repeated: bool,
    /// It is dated later than it came.
    pub is_early: bool,
}

impl Entry {
    fn new(to: Input, logged: i64, key_name: &str, record: &Value) -> Self {
        let text = |name: &str| record[name].as_str().expect("a record has its ids").to_owned();
        let (key, channel, json) = (text(key_name), text("channelId"), record.to_string());
        Self { to, key, logged, json, channel, is_repeated: false, is_early: false }
    }

    /// A record of a channel's settings.
    pub fn setting(channel: &str, logged: i64, at: i64, body: Value) -> Self {
        let record = with_body(json!({"channelId": channel, "at": time(at)}), body);
        Self { is_early: at > logged, ..Self::new(Input::GoalChanges, logged, "channelId", &record) }
    }

    /// A record of a chat.
    pub fn chat(channel: &str, chat: &str, at: i64, body: Value) -> Self {
        let record = with_body(json!({"channelId": channel, "chatId": chat, "at": time(at)}), body);
        Self::new(Input::ChatEvents, at, "chatId", &record)
    }

    /// A record of a customer.
    pub fn customer(channel: &str, customer: &str, at: i64, body: Value) -> Self {
        let record = with_body(json!({"channelId": channel, "customerId": customer, "at": time(at)}), body);
        Self::new(Input::CustomerEvents, at, "customerId", &record)
    }

    pub fn logged_at(self, logged: i64) -> Self {
        Self { logged, ..self }
    }

    /// As `fold` reads it.
    pub fn line(&self) -> String {
        let name = match self.to {
            Input::GoalChanges => "goalChange",
            Input::ChatEvents => "chatEvent",
            Input::CustomerEvents => "customerEvent",
        };
        format!("{{\"{name}\":{}}}", self.json)
    }
}

/// A time as JSON has it.
pub fn time(at: i64) -> String {
    let time = DateTime::from_timestamp_millis(at).expect("a time of our days");
    time.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

fn with_body(mut record: Value, body: Value) -> Value {
    let Value::Object(body) = body else { unreachable!("a body is an object") };
    record.as_object_mut().expect("a record is an object").extend(body);
    record
}

/// How many different log timestamps a workload has.
const SLOTS: i64 = 288;

const CHANNELS: [&str; 4] = ["shop", "hotel", "clinic", "школа"];
const MANAGERS: [&str; 5] = ["anna", "boris", "clara", "d/e%f*", "emil"];
const EVENTS: [&str; 3] = ["Purchase", "Booking", "Visit"];
/// A chat for so many records, so that a short workload, too, has chats that reach their goals.
const RECORDS_A_CHAT: i64 = 8;
const CHATS_MAX: i64 = 160;
const CHATS_A_CUSTOMER: u64 = 3;

/// Records in the order of the log, their times `step` apart.
pub fn workload(seed: u64, records: i64, step: i64) -> Vec<Entry> {
    let chats = (records / RECORDS_A_CHAT).clamp(CHANNELS.len() as i64, CHATS_MAX) as u64;
    let mut maker = Maker { dice: Dice(seed), step, chats, entries: Vec::new() };
    for (index, channel) in CHANNELS.into_iter().enumerate() {
        maker.push(Entry::setting(channel, START, START, json!({"subscriptionSet": {"active": true}})));
        let zone = ["Asia/Tokyo", "America/New_York", "Asia/Kolkata", "UTC"][index % 4];
        maker.push(Entry::setting(channel, START, START, json!({"timeZoneSet": {"timeZone": zone}})));
        let goal = maker.goal();
        maker.push(Entry::setting(channel, START, START, json!({"goalSet": goal})));
    }
    for index in 0..records {
        let now = START + (1 + index * SLOTS / records) * step;
        maker.record(now);
    }
    // Stable: what was made first of equal times came first.
    maker.entries.sort_by_key(|entry| (entry.logged, entry.to));
    maker.entries
}

struct Maker {
    dice: Dice,
    step: i64,
    chats: u64,
    entries: Vec<Entry>,
}

impl Maker {
    fn push(&mut self, entry: Entry) {
        self.entries.push(entry);
    }

    fn record(&mut self, now: i64) {
        let at = match self.dice.below(24) {
            0 => now - (1 + self.dice.below(8) as i64) * self.step.min(2 * DAY),
            1 => now + (1 + self.dice.below(3) as i64) * (self.step.min(DAY / 3)),
            _ => now,
        };
        let chat_number = self.dice.below(self.chats);
        let chat = format!("chat-{chat_number}");
        let channel = CHANNELS[chat_number as usize % CHANNELS.len()];
        let customer = self.customer();
        let manager = self.dice.pick(&MANAGERS);
        let entry = match self.dice.below(100) {
            0..4 => Entry::chat(
                channel,
                &chat,
                at,
                json!({"chatOpened": {"customerId": customer, "openedBy": "MANAGER"}}),
            ),
            4..28 => Entry::chat(channel, &chat, at, json!({"customerMessage": {"customerId": customer}})),
            28..48 => Entry::chat(channel, &chat, at, json!({"managerReply": {"managerId": manager}})),
            48..59 => Entry::chat(channel, &chat, at, json!({"chatClosed": {"managerId": manager}})),
            59..62 => Entry::chat(channel, &chat, at, json!({"chatReopened": {}})),
            62..66 => Entry::chat(channel, &chat, at, json!({"chatAssigned": {"managerId": manager}})),
            66..67 => Entry::chat(channel, &chat, at, json!({"chatAssigned": {}})),
            67..72 => Entry::chat(channel, &chat, at, json!({"goalEvent": self.event()})),
            72..73 => Entry::chat(channel, &chat, at, json!({"chatDeleted": {}})),
            73..93 => Entry::customer(channel, &customer, at, json!({"tracked": self.event()})),
            93..96 => {
                let into = self.customer();
                Entry::customer(channel, &customer, at, json!({"merged": {"intoCustomerId": into}}))
            }
            96..98 => return self.change(channel, now),
            _ => {
                // Again, sooner or later.
                let copies = self.entries.len() as u64;
                let copied = self.entries[self.dice.below(copies) as usize].clone();
                // Not again and again, or it would be too late in the end (H1).
                let young = now - copied.logged < 20 * DAY && !copied.is_repeated;
                let young = young && copied.to != Input::GoalChanges;
                return if young {
                    self.push(Entry { is_repeated: true, ..copied.logged_at(now) })
                };
            }
        };
        let entry = if self.dice.one_in(2) { self.with_id(&entry) } else { entry };
        self.push(Entry { is_early: at > now, ..entry.logged_at(now) });
    }

    fn customer(&mut self) -> String {
        format!("u{}", self.dice.below(self.chats.div_ceil(CHATS_A_CUSTOMER)))
    }

    fn with_id(&mut self, entry: &Entry) -> Entry {
        let mut record: Value = serde_json::from_str(&entry.json).expect("it was just written");
        record["id"] = format!("r{}", self.entries.len()).into();
        Entry { json: record.to_string(), ..entry.clone() }
    }

    fn event(&mut self) -> Value {
        let name = self.dice.pick(&EVENTS);
        match self.dice.below(3) {
            0 => json!({"name": name}),
            _ => json!({"name": name, "properties": {"order": {"total": self.dice.below(100)}}}),
        }
    }

    fn goal(&mut self) -> Value {
        let days = self.dice.pick(&[1, 1, 3, 7, 15]);
        let name = self.dice.pick(&EVENTS[..2]);
        let rich = json!({"property": "order.total", "operator": "GREATER_OR_EQUAL", "values": [50]});
        match self.dice.below(3) {
            0 => json!({"eventName": name, "days": days, "filter": {"allOf": [{"anyOf": [rich]}]}}),
            _ => json!({"eventName": name, "days": days}),
        }
    }

    /// A setting: a goal at once or announced ahead, anything else also after the fact.
    fn change(&mut self, channel: &str, now: i64) {
        let slots = self.dice.below(12) as i64 * self.step;
        let (late, ahead) = (now - slots, now + slots);
        let entry = match self.dice.below(8) {
            0 => Entry::setting(channel, now, ahead, json!({"goalRemoved": {}})),
            1 => Entry::setting(channel, now, late, json!({"subscriptionSet": {"active": false}})),
            2 | 3 => Entry::setting(channel, now, late, json!({"subscriptionSet": {"active": true}})),
            4 => Entry::setting(channel, now, late, json!({"timeZoneSet": {"timeZone": "Europe/Moscow"}})),
            5 => Entry::setting(channel, now, ahead, json!({"goalSet": self.goal()})),
            _ => Entry::setting(channel, now, now, json!({"goalSet": self.goal()})),
        };
        self.push(entry);
    }
}

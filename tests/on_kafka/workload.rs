//! Made-up chats of a platform, the same for the same seed: every kind of record, with whatever real topics do to
//! them (late, early, twice, merged, deleted). Nothing here knows what the rules make of them.
//!
//! Every record is dated between three and twenty-one hours before the same time of some day, so that no deadline,
//! which comes whole days later, lies near the end: whatever the clock allows for, all agree on what has passed.

use chat_goals::contract::json::input::{Line, LineJson, parse};
use chat_goals::contract::protobuf::input::{encode_chat_event, encode_customer_event, encode_goal_change};
use chat_goals::simulate::dice::Dice;
use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};

pub const SECOND: i64 = 1_000;
pub const HOUR: i64 = 3_600 * SECOND;
pub const DAY: i64 = 24 * HOUR;

/// The input topics.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Input {
    /// First, so that of records at the same time the setting leads.
    GoalChanges,
    ChatEvents,
    CustomerEvents,
}

impl Input {
    pub const ALL: [Input; 3] = [Input::GoalChanges, Input::ChatEvents, Input::CustomerEvents];

    /// What the offline form calls its records.
    fn line_name(self) -> &'static str {
        match self {
            Input::GoalChanges => "goalChange",
            Input::ChatEvents => "chatEvent",
            Input::CustomerEvents => "customerEvent",
        }
    }

    fn key_name(self) -> &'static str {
        match self {
            Input::GoalChanges => "channelId",
            Input::ChatEvents => "chatId",
            Input::CustomerEvents => "customerId",
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
}

impl Entry {
    pub fn new(to: Input, logged: i64, record: &Value) -> Self {
        let key = record[to.key_name()].as_str().expect("a record has its id").to_owned();
        Self { to, key, logged, json: record.to_string() }
    }

    /// As `fold` reads it.
    pub fn line(&self) -> String {
        format!("{{\"{}\":{}}}", self.to.line_name(), self.json)
    }

    /// As a topic of the protobuf form holds it.
    pub fn protobuf(&self) -> Vec<u8> {
        let line = self.line();
        let line: LineJson<'_> = parse(line.as_bytes()).expect("the workload is well formed");
        match line.line().expect("the workload has no bad records") {
            Line::Chat(event) => encode_chat_event(&event),
            Line::Customer(event) => encode_customer_event(&event),
            Line::Goal(change) => encode_goal_change(&change),
        }
    }
}

/// A time as JSON has it.
pub fn time(at: i64) -> String {
    let time = DateTime::from_timestamp_millis(at).expect("a time of our days");
    time.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

pub fn wall() -> i64 {
    Utc::now().timestamp_millis()
}

/// The records in the order of the log.
pub fn workload(seed: u64, chats: u64, until: i64) -> Vec<Entry> {
    let mut maker = Maker { dice: Dice(seed), until, entries: Vec::new(), numbered: 0 };
    maker.settings();
    for chat in 0..chats {
        maker.chat(chat, 2 + chats / 30);
    }
    // Stable: what was made first of equal times came first.
    maker.entries.sort_by_key(|entry| (entry.logged, entry.to));
    maker.entries
}

/// The office is open for 18 hours of each of these days.
const DAYS: i64 = 25;
const OPEN: i64 = 18 * HOUR;
const ALL_OPEN: i64 = DAYS * OPEN;

const CHANNELS: [&str; 7] = ["shop", "hotel", "clinic", "unpaid", "aimless", "slow/payer%*", "школа"];
const EVENTS: [&str; 3] = ["Purchase", "Booking", "Visit"];
const MANAGERS: [&str; 6] = ["anna", "boris", "clara", "d/e%f*", "emil", "fatima"];

struct Maker {
    dice: Dice,
    until: i64,
    entries: Vec<Entry>,
    numbered: u64,
}

impl Maker {
    /// The time of a moment of opening hours.
    fn at(&self, open: i64) -> i64 {
        let open = open.clamp(0, ALL_OPEN - 1);
        self.until - DAYS * DAY + (open / OPEN) * DAY + 3 * HOUR + open % OPEN
    }

    fn settings(&mut self) {
        for (index, channel) in CHANNELS.into_iter().enumerate() {
            let start = HOUR + index as i64;
            if channel != "unpaid" {
                // Somebody pays on the second day, and the platform hears of it on the fourth.
                let heard = if channel == "slow/payer%*" { 3 * OPEN } else { start };
                self.setting(channel, start, heard, json!({"subscriptionSet": {"active": true}}));
            }
            let zone = ["Asia/Tokyo", "America/New_York", "Europe/Moscow", "UTC"][index % 4];
            self.setting(channel, start, start, json!({"timeZoneSet": {"timeZone": zone}}));
            if channel == "aimless" {
                continue;
            }
            let changes = 2 + self.dice.below(4) as i64;
            for change in 0..changes {
                let at = start + change * ALL_OPEN / changes + self.dice.below(HOUR as u64) as i64;
                let goal = match self.dice.below(8) {
                    0 if change > 0 => json!({"goalRemoved": {}}),
                    _ => json!({"goalSet": self.goal()}),
                };
                // Some are announced before they take effect.
                let heard = if self.dice.one_in(3) { at - 2 * HOUR } else { at };
                self.setting(channel, at, heard.max(0), goal);
            }
            if self.dice.one_in(2) {
                let from = self.dice.below(ALL_OPEN as u64 / 2) as i64 + 2 * OPEN;
                for (at, active) in [(from, false), (from + 2 * OPEN, true)] {
                    let heard = at + self.dice.below(OPEN as u64) as i64;
                    self.setting(channel, at, heard, json!({"subscriptionSet": {"active": active}}));
                }
                self.setting(channel, from, from, json!({"timeZoneSet": {"timeZone": "Asia/Kolkata"}}));
            }
        }
    }

    fn goal(&mut self) -> Value {
        let days = self.dice.pick(&[1, 1, 3, 7, 15, 30]);
        let name = self.dice.pick(&EVENTS);
        let condition = |property: &str, operator: &str, values: Value| json!({"property": property, "operator": operator, "values": values});
        let filter = match self.dice.below(4) {
            0 => json!({"allOf": [{"anyOf": [condition("order.total", "GREATER_OR_EQUAL", json!([50]))]}]}),
            1 => json!({"allOf": [
                {"anyOf": [condition("currency", "EQUALS", json!(["EUR"])), condition("vip", "EXISTS", json!([]))]},
                {"anyOf": [condition("tags", "CONTAINS", json!(["new", "sale"]))]},
            ]}),
            _ => return json!({"eventName": name, "days": days}),
        };
        json!({"eventName": name, "days": days, "filter": filter})
    }

    fn setting(&mut self, channel: &str, open: i64, heard: i64, body: Value) {
        let record = with_body(json!({"channelId": channel, "at": time(self.at(open))}), body);
        self.entries.push(Entry::new(Input::GoalChanges, self.at(heard), &record));
    }

    /// One chat from its first record on, with what its customers do meanwhile.
    fn chat(&mut self, number: u64, customers: u64) {
        let chat = format!("chat-{number}");
        let channel = self.dice.pick(&CHANNELS);
        // The same ids in every channel: a customer is known within one.
        let mut customer = format!("u{}", self.dice.below(customers));
        let mut now = self.dice.below(ALL_OPEN as u64) as i64;
        if self.dice.one_in(2) {
            let body = if self.dice.one_in(3) {
                json!({})
            } else {
                json!({"customerId": customer, "openedBy": "MANAGER"})
            };
            self.say(channel, &chat, now, json!({"chatOpened": body}));
        }
        for _ in 0..=self.dice.below(3) {
            if self.dice.one_in(10) {
                customer = format!("u{}", self.dice.below(customers));
            }
            let manager = self.dice.pick(&MANAGERS);
            if self.dice.one_in(8) {
                self.say(channel, &chat, now, json!({"managerReply": {"managerId": manager}}));
                now += self.dice.below(HOUR as u64) as i64;
            }
            self.say(channel, &chat, now, json!({"customerMessage": {"customerId": customer}}));
            now += self.dice.below(2 * HOUR as u64) as i64;
            if self.dice.one_in(4) {
                let assigned = if self.dice.one_in(4) {
                    json!({})
                } else {
                    json!({"managerId": self.dice.pick(&MANAGERS)})
                };
                self.say(channel, &chat, now, json!({"chatAssigned": assigned}));
            }
            if !self.dice.one_in(5) {
                self.say(channel, &chat, now, json!({"managerReply": {"managerId": manager}}));
            }
            for _ in 0..self.dice.below(4) {
                let at = now + self.dice.below(4 * OPEN as u64) as i64 - HOUR;
                let name = if self.dice.one_in(3) { "PageView" } else { self.dice.pick(&EVENTS) };
                let event = json!({"name": name, "properties": self.properties()});
                if self.dice.one_in(3) {
                    self.say(channel, &chat, at, json!({"goalEvent": event}));
                } else {
                    self.does(channel, &customer, at, json!({"tracked": event}));
                }
            }
            if self.dice.one_in(25) {
                let other = format!("u{}", self.dice.below(customers));
                self.does(channel, &customer, now, json!({"merged": {"intoCustomerId": other}}));
            }
            now += self.dice.below(6 * HOUR as u64) as i64;
            if self.dice.one_in(3) {
                continue;
            }
            let by = if self.dice.one_in(3) { json!({}) } else { json!({"managerId": manager}) };
            self.say(channel, &chat, now, json!({"chatClosed": by}));
            now += self.dice.below(3 * OPEN as u64) as i64;
            if self.dice.one_in(4) {
                self.say(channel, &chat, now, json!({"chatReopened": {}}));
            }
        }
        if self.dice.one_in(30) {
            self.say(channel, &chat, now, json!({"chatDeleted": {}}));
            if self.dice.one_in(2) {
                now += HOUR;
                self.say(channel, &chat, now, json!({"customerMessage": {"customerId": customer}}));
            }
        }
    }

    fn properties(&mut self) -> Value {
        match self.dice.below(4) {
            0 => {
                json!({"order": {"total": self.dice.below(100), "lines": [1, 2.5]}, "currency": "EUR", "tags": ["new"]})
            }
            1 => {
                json!({"order": {"total": 49.99 + self.dice.below(2) as f64}, "currency": "USD", "tags": "a sale"})
            }
            2 => json!({"vip": true, "tags": ["sale", 7], "order": null}),
            _ => json!({}),
        }
    }

    fn say(&mut self, channel: &str, chat: &str, open: i64, body: Value) {
        self.add(Input::ChatEvents, open, json!({"channelId": channel, "chatId": chat}), body);
    }

    fn does(&mut self, channel: &str, customer: &str, open: i64, body: Value) {
        self.add(Input::CustomerEvents, open, json!({"channelId": channel, "customerId": customer}), body);
    }

    /// Adds a record, with what may happen to it on its way.
    fn add(&mut self, to: Input, open: i64, mut record: Value, body: Value) {
        // Dated as told, cut to seconds now and then as some platforms do.
        let at = self.at(open);
        let at = if self.dice.one_in(4) { at - at % SECOND } else { at };
        record["at"] = if self.dice.one_in(4) { at.into() } else { time(at).into() };
        if self.dice.one_in(2) {
            self.numbered += 1;
            record["id"] = format!("r{}", self.numbered).into();
        }
        let (late, early) =
            (self.dice.below(3 * OPEN as u64) as i64, self.dice.below(8 * HOUR as u64) as i64);
        let logged = match self.dice.below(40) {
            0 => self.at(open + late),
            1 => self.at(open - early),
            _ => at,
        };
        let entry = Entry::new(to, logged, &with_body(record, body));
        if self.dice.one_in(30) {
            let later = if self.dice.one_in(2) { 0 } else { self.dice.below(2 * OPEN as u64) as i64 };
            self.entries.push(Entry { logged: logged.max(self.at(open + later)), ..entry.clone() });
        }
        self.entries.push(entry);
    }
}

fn with_body(mut record: Value, body: Value) -> Value {
    let Value::Object(body) = body else { unreachable!("a body is an object") };
    record.as_object_mut().expect("a record is an object").extend(body);
    record
}

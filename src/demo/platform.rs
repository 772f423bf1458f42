//! The simulated chat platform: everything that happens follows from the seed. It knows no log and no clock of its
//! own; time is told to it.

use super::catalog::{self, CHANNELS};
use super::drafts::{ChatBody, Customer, Draft, Record};
use super::story::{Step, Story, exponential};
use crate::domain::time::{DAY, SECOND, Timestamp};
use chrono::{TimeZone as _, Timelike as _};
use fastrand::Rng;
use std::collections::{BTreeMap, HashSet};

/// How many customers of a channel are remembered, to come back or to be logged in as.
const KNOWN_CUSTOMERS_MAX: usize = 200;

/// The mean of [`activity`] over a day.
const ACTIVITY_MEAN: f64 = 0.69;

pub struct Platform {
    random: Rng,
    /// What is to happen, in order. The second part of the key keeps the order of what comes at the same moment.
    ahead: BTreeMap<(Timestamp, u64), Step>,
    steps: u64,
    records: u64,
    chats: u32,
    customers: u32,
    /// Customers to come back, by channel.
    known: Vec<Vec<Customer>>,
    /// Nothing happens in these any more.
    deleted: HashSet<u32>,
}

impl Platform {
    pub fn new(seed: u64, start: Timestamp) -> Self {
        let mut platform = Self {
            random: Rng::with_seed(seed),
            ahead: BTreeMap::new(),
            steps: 0,
            records: 0,
            chats: 4000,
            customers: 100,
            known: vec![Vec::new(); CHANNELS.len()],
            deleted: HashSet::new(),
        };
        for (after, channel, body) in catalog::settings() {
            platform.plan(start.plus(after), Step::Write(Draft::Setting { channel, body }));
        }
        for channel in 0..CHANNELS.len() {
            platform.plan(start.plus(SECOND), Step::Arrival(channel));
        }
        platform
    }

    /// Everything that happens until `to` (that millisecond included), in the order of its times. How far each call
    /// goes makes no difference to what happens.
    pub fn advance(&mut self, to: Timestamp, emit: &mut impl FnMut(Record)) {
        while let Some(entry) = self.ahead.first_entry()
            && entry.key().0 <= to
        {
            let ((at, _), step) = entry.remove_entry();
            match step {
                Step::Arrival(channel) => self.arrive(at, channel),
                Step::Return { channel, chat, customer } => {
                    if !self.deleted.contains(&chat) {
                        self.tell(channel, chat, |story| story.come_back(at, customer));
                    }
                }
                Step::Write(draft) => self.write(at, &draft, emit),
            }
        }
    }

    fn write(&mut self, at: Timestamp, draft: &Draft, emit: &mut impl FnMut(Record)) {
        if let Draft::Chat { chat, body, .. } = draft {
            if self.deleted.contains(chat) {
                return;
            }
            if let ChatBody::ChatDeleted {} = body {
                self.deleted.insert(*chat);
            }
        }
        self.records += 1;
        let record = draft.encode(at, self.records);
        // Platforms send again what they are not sure has arrived.
        if self.random.f64() < 0.005 {
            emit(record.clone());
        }
        emit(record);
    }

    /// Somebody comes, if the hour is right for it; and the next arrival is planned.
    fn arrive(&mut self, at: Timestamp, channel: usize) {
        let plan = &CHANNELS[channel];
        let mean = DAY as f64 / plan.chats_per_day * ACTIVITY_MEAN;
        let next = at.plus(1 + exponential(&mut self.random, mean as i64));
        self.plan(next, Step::Arrival(channel));
        let local = plan.zone.timestamp_millis_opt(at.0).single();
        let hour = local.expect("a moment has one local time").hour();
        if self.random.f64() >= activity(hour) {
            return;
        }
        self.chats += 1;
        let chat = self.chats;
        let (customer, login) = match self.acquaintance(channel, 0.25) {
            Some(known) => (known, None),
            None => {
                let visitor = Customer::Visitor(self.number());
                let logs_in = self.random.f64() < 0.3;
                (visitor, logs_in.then(|| self.account(channel)))
            }
        };
        self.remember(channel, login.unwrap_or(customer));
        self.tell(channel, chat, |story| story.visit(at, customer, login));
    }

    /// Somebody who was there before, with this probability.
    fn acquaintance(&mut self, channel: usize, probability: f64) -> Option<Customer> {
        let known = &self.known[channel];
        if known.is_empty() || self.random.f64() >= probability {
            return None;
        }
        Some(known[self.random.usize(..known.len())])
    }

    /// Who a visitor turns out to be: often somebody who was there before.
    fn account(&mut self, channel: usize) -> Customer {
        match self.acquaintance(channel, 0.4) {
            Some(account @ Customer::Account(_)) => account,
            Some(Customer::Visitor(_)) | None => Customer::Account(self.number()),
        }
    }

    fn remember(&mut self, channel: usize, customer: Customer) {
        let known = &mut self.known[channel];
        if known.contains(&customer) {
            return;
        }
        if known.len() < KNOWN_CUSTOMERS_MAX {
            known.push(customer);
        } else {
            let index = self.random.usize(..known.len());
            known[index] = customer;
        }
    }

    fn tell(&mut self, index: usize, chat: u32, tell: impl FnOnce(&mut Story<'_>)) {
        let mut steps = Vec::new();
        let channel = &CHANNELS[index];
        tell(&mut Story { random: &mut self.random, index, channel, chat, steps: &mut steps });
        for (at, step) in steps {
            self.plan(at, step);
        }
    }

    fn plan(&mut self, at: Timestamp, step: Step) {
        self.steps += 1;
        self.ahead.insert((at, self.steps), step);
    }

    fn number(&mut self) -> u32 {
        self.customers += 1;
        self.customers
    }
}

/// How busy an hour of the day is.
fn activity(hour: u32) -> f64 {
    match hour {
        0..6 => 0.2,
        6..8 => 0.5,
        8..20 => 1.0,
        _ => 0.6,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::json::input;
    use crate::demo::catalog::START_MS;
    use crate::demo::drafts::Topic;

    const START: Timestamp = Timestamp(START_MS);

    fn records(seed: u64, until: Timestamp, step: i64) -> Vec<Record> {
        let (mut platform, mut records) = (Platform::new(seed, START), Vec::new());
        let mut now = START;
        while now < until {
            now = now.plus(step).min(until);
            platform.advance(now, &mut |record| records.push(record));
        }
        records
    }

    #[test]
    fn the_same_seed_gives_the_same_bytes_however_time_is_told() {
        let until = START.plus(2 * DAY);
        assert_eq!(records(7, until, 2 * DAY), records(7, until, 77_777));
        assert_ne!(records(7, until, 2 * DAY), records(8, until, 2 * DAY));
    }

    #[test]
    fn records_come_in_the_order_of_their_times_and_none_is_ahead() {
        let mut platform = Platform::new(1, START);
        let mut last = START.0;
        for minute in 1..2_000 {
            let now = START.plus(minute * 60_000);
            platform.advance(now, &mut |record| {
                assert!(last <= record.timestamp_ms && record.timestamp_ms <= now.0);
                last = record.timestamp_ms;
            });
        }
    }

    #[test]
    fn every_record_is_a_good_one() {
        for record in records(3, START.plus(10 * DAY), DAY) {
            let text = String::from_utf8_lossy(&record.value);
            let (key, at) = match record.topic {
                Topic::ChatEvents => {
                    let parsed: input::ChatEventJson<'_> = input::parse(&record.value).unwrap();
                    let event = parsed.event().unwrap_or_else(|reason| panic!("{text}: {reason}"));
                    (event.chat.to_owned(), event.at)
                }
                Topic::CustomerEvents => {
                    let parsed: input::CustomerEventJson<'_> = input::parse(&record.value).unwrap();
                    let event = parsed.event().unwrap_or_else(|reason| panic!("{text}: {reason}"));
                    (event.customer.to_owned(), event.at)
                }
                Topic::GoalChanges => {
                    let parsed: input::GoalChangeJson<'_> = input::parse(&record.value).unwrap();
                    let change = parsed.change().unwrap_or_else(|reason| panic!("{text}: {reason}"));
                    (change.channel.to_string(), change.at)
                }
            };
            assert_eq!((key, at.0), (record.key, record.timestamp_ms), "{text}");
        }
    }

    #[test]
    fn each_channel_has_a_few_dozen_chats_a_day() {
        let records = records(5, START.plus(10 * DAY), DAY);
        for channel in &CHANNELS {
            let opened = |record: &&Record| {
                let text = String::from_utf8_lossy(&record.value);
                text.contains("chatOpened") && text.contains(channel.id)
            };
            let a_day = records.iter().filter(opened).count() / 10;
            assert!((15..=65).contains(&a_day), "{}: {a_day} a day", channel.name);
        }
    }
}

//! `status`: a sequence of good records, whatever they say and however they are dated, is folded without a panic; each
//! view that is published can be printed and read in both forms; revisions have no gap; and every row comes back.

use super::source::Source;
use super::spoken::Given;
use chat_goals::contract::json::output;
use chat_goals::contract::protobuf::output::{decode_counter, decode_status, encode_counter, encode_status};
use chat_goals::contract::protobuf::rows::{
    decode_chat, decode_counter as decode_counter_row, decode_customer, encode_chat,
    encode_counter as encode_counter_row, encode_customer,
};
use chat_goals::domain::conversation::Said;
use chat_goals::domain::ids::{ChannelId, ChatId};
use chat_goals::domain::settings::{Change, Channel, GoalChange, Settings};
use chat_goals::domain::time::Timestamp;
use chat_goals::pipeline::outlet::Outlet;
use chat_goals::pipeline::{Partitions, Pipeline};
use chat_goals::stages::chats::StatusChange;
use chat_goals::stages::managers::Counter;
use chat_goals::stages::messages::{
    ChatBody, ChatEvent, CustomerBody, CustomerEvent, ToChat, ToCustomer, ToManager,
};
use std::collections::HashMap;

const RECORDS_MAX: usize = 64;
const CHANNELS: [&str; 2] = ["c1", "c2"];
const CHATS: [&str; 3] = ["k1", "k2", "k3"];
const CUSTOMERS: [&str; 3] = ["u1", "u2", "u3"];
const MANAGERS: [&str; 3] = ["m1", "m2", "a manager whose id does not fit into a small string"];
const ZONES: [&str; 6] =
    ["UTC", "Pacific/Kiritimati", "Pacific/Pago_Pago", "Europe/Berlin", "Africa/Monrovia", "Etc/GMT+12"];

pub fn run(data: &[u8]) {
    let mut source = Source(data);
    // Offline there is no log timestamp; live there is, and what can not change any more is sealed.
    let live = source.yes();
    let mut world = World {
        pipeline: if live { live_pipeline() } else { Pipeline::offline() },
        settings: Settings::new(source.yes()),
        heard: Heard::default(),
    };
    for _ in 0..RECORDS_MAX {
        if source.is_empty() {
            break;
        }
        let at = source.time();
        let logged = live.then(|| match source.below(8) {
            0 => Timestamp(source.i64()),
            1 => source.time(),
            _ => at,
        });
        world.record(&mut source, at, logged);
    }
    world.end();
}

fn live_pipeline() -> Pipeline {
    let mut pipeline = Pipeline::new(Partitions { chats: 1, customers: 1, managers: 1 }, true);
    pipeline.assign_chats(0, None, usize::MAX);
    pipeline.assign_customers(0, None, usize::MAX);
    pipeline.assign_managers(0, None, usize::MAX);
    pipeline
}

struct World {
    pipeline: Pipeline,
    settings: Settings,
    heard: Heard,
}

impl World {
    fn record(&mut self, source: &mut Source<'_>, at: Timestamp, logged: Option<Timestamp>) {
        let id = source.yes().then(|| source.one_of(&["e1", "e2", "e3"]));
        let channel = source.one_of(&CHANNELS);
        match source.below(16) {
            0 => self.setting(source, id, channel, at, logged),
            1 => {
                let change = Change::GoalSet(source.goal());
                self.change(id, channel, at, logged, change);
            }
            2..=4 => {
                let (customer, into) = (source.one_of(&CUSTOMERS), source.one_of(&CUSTOMERS));
                let (name, properties) = (source.event_name(), Given(source.properties(2)));
                let body = match source.below(3) {
                    0 => CustomerBody::Merged { into },
                    _ => CustomerBody::Tracked { name: &name, properties: &properties },
                };
                self.pass(at);
                let event = CustomerEvent { id, channel, customer, at, body };
                let _ = self
                    .pipeline
                    .customer_event(0, &event, logged, &self.settings, &mut self.heard)
                    .expect("nothing fails in memory");
            }
            kind => {
                let (chat, customer) = (source.one_of(&CHATS), source.one_of(&CUSTOMERS));
                let manager = source.one_of(&MANAGERS);
                let given = source.yes();
                let (name, properties) = (source.event_name(), Given(source.properties(2)));
                let body = match kind {
                    5 => ChatBody::Deleted,
                    6 | 7 => ChatBody::GoalEvent { name: &name, properties: &properties },
                    8 => ChatBody::Said(Said::Opened { customer: given.then_some(customer) }),
                    9 => ChatBody::Said(Said::Assigned { manager: given.then_some(manager) }),
                    10 => ChatBody::Said(Said::Reopened),
                    11 => ChatBody::Said(Said::Closed { by: given.then_some(manager) }),
                    12 | 13 => ChatBody::Said(Said::ManagerReply { manager }),
                    _ => ChatBody::Said(Said::CustomerMessage { customer }),
                };
                self.pass(at);
                let event = ChatEvent { id, channel, chat, at, body };
                let _ = self
                    .pipeline
                    .chat_event(0, &event, logged, &self.settings, &mut self.heard)
                    .expect("nothing fails in memory");
            }
        }
    }

    fn setting(
        &mut self,
        source: &mut Source<'_>,
        id: Option<&str>,
        channel: &str,
        at: Timestamp,
        logged: Option<Timestamp>,
    ) {
        let change = match source.below(4) {
            0 => Change::GoalRemoved,
            1 => Change::TimeZoneSet(source.one_of(&ZONES).parse().expect("a time zone")),
            _ => Change::SubscriptionSet(source.yes()),
        };
        self.change(id, channel, at, logged, change);
    }

    fn change(
        &mut self,
        id: Option<&str>,
        channel: &str,
        at: Timestamp,
        logged: Option<Timestamp>,
        change: Change,
    ) {
        self.pass(at);
        let change = GoalChange { id: id.map(Into::into), channel: channel.into(), at, change };
        if let Some(effect) = self.settings.add(change, logged) {
            self.pipeline.setting_read(&effect);
            self.pipeline
                .sweep(0, &mut usize::MAX.clone(), &self.settings, &mut self.heard)
                .expect("nothing fails in memory");
        }
    }

    /// The clock passes everything before the record that moves it.
    fn pass(&mut self, at: Timestamp) {
        self.pipeline
            .tick(0, at, &mut usize::MAX.clone(), &self.settings, &mut self.heard)
            .expect("nothing fails in memory");
        self.pipeline.time_is(at);
    }

    fn end(mut self) {
        let clock = self.pipeline.chats[&0].clock();
        self.pass(clock.plus(400 * chat_goals::domain::time::DAY));
        self.pipeline.flush(clock.max(Timestamp(0)), &mut self.heard).expect("nothing fails in memory");
        for (_, row) in self.pipeline.chats[&0].table.rows() {
            assert_eq!(decode_chat(&encode_chat(row)).as_ref(), Ok(row));
            let channel = self.settings.channel(&row.channel);
            if let Some(published) = row.live.as_ref().and_then(|live| live.published.as_ref()) {
                let rounds = row.rounds(channel, clock);
                let status = output::status(&row.channel, &row.chat, &published.view, &rounds, channel);
                status.expect("a status can be printed");
            }
        }
        for (_, row) in self.pipeline.customers[&0].table.rows() {
            assert_eq!(decode_customer(&encode_customer(row)).as_ref(), Ok(row));
        }
        for (_, row) in self.pipeline.managers[&0].table.rows() {
            assert_eq!(decode_counter_row(&encode_counter_row(row)).as_ref(), Ok(row));
            let counts = row.counts;
            let all = [
                counts.measured,
                counts.achieved,
                counts.missed,
                counts.ended,
                counts.closes,
                counts.achieved_of_ended,
            ];
            assert!(all.iter().all(|count| *count >= 0), "{row:?}");
        }
    }
}

/// What is published, checked as it comes.
#[derive(Default)]
struct Heard {
    revisions: HashMap<ChatId, u32>,
}

impl Heard {
    fn revision(&mut self, chat: &ChatId, revision: u32) {
        let before = self.revisions.insert(chat.clone(), revision).unwrap_or(0);
        assert_eq!(revision, before + 1, "revisions of {chat}");
    }
}

impl Outlet for Heard {
    fn status_changed(&mut self, change: StatusChange, channel: &Channel) -> anyhow::Result<()> {
        self.revision(&change.chat, change.revision);
        let json = serde_json::from_slice::<serde_json::Value>(&output::status_changed(&change, channel)?)?;
        for time in ["at", "startedAt", "deadline", "achievedAt"] {
            // RFC 3339 has years of four digits.
            let time = json.get(time).map(|time| time.as_str().expect("a time is a string"));
            assert!(time.is_none_or(|time| time.as_bytes()[4] == b'-'), "{json}");
        }
        let read = decode_status(&encode_status(&change, channel)).expect("what is published can be read");
        assert_eq!(read.revision, change.revision);
        assert_eq!(read.status, change.view.status);
        assert_eq!(read.shown.is_some(), change.view.shown.is_some());
        Ok(())
    }

    fn chat_deleted(&mut self, _: &ChannelId, chat: &ChatId, revision: u32) -> anyhow::Result<()> {
        self.revision(chat, revision);
        Ok(())
    }

    fn counter(&mut self, _: &str, counter: Counter) -> anyhow::Result<()> {
        output::counter(&counter).to_bytes()?;
        let read = decode_counter(&encode_counter(&counter)).expect("what is published can be read");
        assert_eq!((read.bucket, read.revision), (counter.bucket, counter.revision));
        Ok(())
    }

    fn to_chat(&mut self, _: ToChat) -> anyhow::Result<()> {
        unreachable!("every chat is here")
    }

    fn to_customer(&mut self, _: i32, _: ToCustomer) -> anyhow::Result<()> {
        unreachable!("every customer is here")
    }

    fn to_manager(&mut self, _: i32, _: ToManager) -> anyhow::Result<()> {
        unreachable!("every counter is here")
    }
}

//! Histories dense in equal and boundary times: few chats, customers and managers, and times a millisecond around the
//! multiples of a day. Nothing here folds them.

use crate::world::{ChatSays, Did, Object, Record, Says};
use chat_goals::domain::goal::{Clause, Condition, Days, Filter, Goal, Operator, Property, Scalar};
use chat_goals::domain::settings::Change;
use chat_goals::domain::time::{DAY, Millis, Timestamp};
use proptest::prelude::*;

/// 2026-03-20: summer time begins in between.
pub const START: Timestamp = Timestamp(1_773_964_800_000);

/// Every record of a history, with all deadlines, lies before this.
pub const END: Timestamp = Timestamp(START.0 + 400 * DAY);

/// The chats and the channels that they belong to.
const CHATS: [(&str, &str); 4] = [("k1", "c1"), ("k2", "c1"), ("k3", "c1"), ("k4", "c2")];
const CHANNELS: [&str; 2] = ["c1", "c2"];
const CUSTOMERS: [&str; 3] = ["u1", "u2", "u3"];
const MANAGERS: [&str; 2] = ["m1", "m2"];
const ZONES: [&str; 4] = ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata"];

/// A history in the order of its log. All goals that it sets are known from the first record on, so that every event
/// is judged alike wherever it stands (A6).
pub fn history(records: std::ops::Range<usize>) -> impl Strategy<Value = Vec<Record>> {
    log(records, offline_time).prop_map(known_goals_first)
}

/// A history whose records bear log timestamps: up to 31 days late and up to 1 day early, over more than half a year.
pub fn logged_history(records: std::ops::Range<usize>) -> impl Strategy<Value = Vec<Record>> {
    let lateness = prop_oneof![
        6 => Just(0),
        2 => Just(1),
        2 => Just(DAY),
        1 => Just(30 * DAY),
        1 => Just(31 * DAY - 1),
        1 => Just(31 * DAY),
        1 => Just(-DAY),
    ];
    let times = (0..40i64, offset(), lateness).prop_map(|(step, offset, late)| {
        let logged = START.plus(step * 5 * DAY + offset);
        (logged.minus(late), logged)
    });
    proptest::collection::vec((record(), times), records).prop_map(|mut records| {
        records.sort_by_key(|(_, (_, logged))| *logged);
        let records =
            records.into_iter().map(|(record, (at, logged))| Record { at, logged: Some(logged), ..record });
        known_goals_first(records.collect())
    })
}

fn log<T: Strategy<Value = (Timestamp, Timestamp)> + 'static>(
    records: std::ops::Range<usize>,
    time: fn() -> T,
) -> impl Strategy<Value = Vec<Record>> {
    proptest::collection::vec((record(), time()), records).prop_map(|mut records| {
        records.sort_by_key(|(_, (_, place))| *place);
        records.into_iter().map(|(record, (at, _))| Record { at, ..record }).collect()
    })
}

/// When it happened, and when it came into the log: mostly at once.
fn offline_time() -> impl Strategy<Value = (Timestamp, Timestamp)> {
    let late = prop_oneof![4 => Just(0), 1 => 0..4 * DAY, 1 => -2 * DAY..0];
    (0..12i64, offset(), late).prop_map(|(day, offset, late)| {
        let at = START.plus(day * DAY + offset);
        (at, at.plus(late))
    })
}

fn offset() -> impl Strategy<Value = Millis> {
    prop_oneof![2 => Just(-1), 4 => Just(0), 2 => Just(1), 1 => Just(DAY / 24), 1 => Just(DAY / 2)]
}

fn record() -> impl Strategy<Value = Record> {
    let says = prop_oneof![
        14 => chat_record(),
        6 => customer_record(),
        4 => setting(),
    ];
    (says, any::<bool>(), 0..1_000_000u32).prop_map(|((channel, says), has_id, id)| {
        let id = has_id.then(|| format!("r{id}"));
        Record { id, channel: channel.into(), at: START, logged: None, says }
    })
}

fn chat_record() -> impl Strategy<Value = (&'static str, Says)> {
    let customer = || prop::sample::select(&CUSTOMERS[..]).prop_map(String::from);
    let manager = || prop::sample::select(&MANAGERS[..]).prop_map(String::from);
    let said = prop_oneof![
        1 => prop::option::of(customer()).prop_map(|customer| ChatSays::Opened { customer }),
        6 => customer().prop_map(|customer| ChatSays::CustomerMessage { customer }),
        7 => manager().prop_map(|manager| ChatSays::ManagerReply { manager }),
        4 => prop::option::of(manager()).prop_map(|by| ChatSays::Closed { by }),
        1 => Just(ChatSays::Reopened),
        2 => prop::option::of(manager()).prop_map(|manager| ChatSays::Assigned { manager }),
        1 => Just(ChatSays::Deleted),
        3 => event().prop_map(|(name, properties)| ChatSays::GoalEvent { name, properties }),
    ];
    (prop::sample::select(&CHATS[..]), said)
        .prop_map(|((chat, channel), said)| (channel, Says::Chat { chat: chat.into(), said }))
}

fn customer_record() -> impl Strategy<Value = (&'static str, Says)> {
    let customer = || prop::sample::select(&CUSTOMERS[..]).prop_map(String::from);
    let did = prop_oneof![
        3 => event().prop_map(|(name, properties)| Did::Tracked { name, properties }),
        1 => customer().prop_map(|into| Did::Merged { into }),
    ];
    // Most of it is of the first channel, where most chats are.
    let channel = prop_oneof![3 => Just(CHANNELS[0]), 1 => Just(CHANNELS[1])];
    (channel, customer(), did)
        .prop_map(|(channel, customer, did)| (channel, Says::Customer { customer, did }))
}

fn event() -> impl Strategy<Value = (String, Object)> {
    let properties = prop::option::of(1..4i32).prop_map(|sum| {
        Object(sum.map(|sum| ("sum".to_owned(), Property::Number(f64::from(sum)))).into_iter().collect())
    });
    (
        prop::sample::select(&["Purchase", "Purchase", "Booking", "Other"][..]).prop_map(String::from),
        properties,
    )
}

fn setting() -> impl Strategy<Value = (&'static str, Says)> {
    let change = prop_oneof![
        4 => prop::sample::select(goals()).prop_map(Change::GoalSet),
        1 => Just(Change::GoalRemoved),
        2 => prop::bool::weighted(0.7).prop_map(Change::SubscriptionSet),
        1 => prop::sample::select(&ZONES[..]).prop_map(|zone| Change::TimeZoneSet(zone.parse().unwrap())),
    ];
    (prop::sample::select(&CHANNELS[..]), change)
        .prop_map(|(channel, change)| (channel, Says::Setting(change)))
}

fn goals() -> Vec<Goal> {
    let at_least = |sum: f64| Filter {
        all_of: vec![Clause {
            any_of: vec![Condition {
                property: "sum".into(),
                operator: Operator::GreaterOrEqual,
                values: vec![Scalar::Number(sum)],
            }],
        }],
    };
    let goal = |name: &str, filter: Filter, days: u32| Goal {
        event_name: name.into(),
        filter,
        days: Days::new(days).expect("legal"),
    };
    vec![
        goal("Purchase", Filter::default(), 1),
        goal("Purchase", Filter::default(), 3),
        goal("Purchase", at_least(2.0), 1),
        goal("Booking", Filter::default(), 1),
        goal("Booking", Filter::default(), 7),
    ]
}

/// Long before anything else every channel subscribes and has had every goal; the first one stands.
fn known_goals_first(records: Vec<Record>) -> Vec<Record> {
    let long_ago = START.minus(100 * DAY);
    let mut first = Vec::new();
    for channel in CHANNELS {
        let changes = goals().into_iter().rev().map(Change::GoalSet);
        for change in [Change::SubscriptionSet(true)].into_iter().chain(changes) {
            first.push(Record {
                id: None,
                channel: channel.into(),
                at: long_ago,
                logged: records.first().and_then(|record| record.logged).map(|_| long_ago),
                says: Says::Setting(change),
            });
        }
    }
    first.extend(records);
    first
}

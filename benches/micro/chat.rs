//! A typical chat: two cycles, and a purchase after the deadline of the first. What it shows is derived, published and kept.

use super::Operation;
use super::topics::{CHANNEL, START, settings, topics};
use chat_goals::contract::protobuf::rows;
use chat_goals::domain::conversation::Said;
use chat_goals::domain::goal::NoProperties;
use chat_goals::domain::settings::Settings;
use chat_goals::domain::time::{DAY, Millis, Timestamp};
use chat_goals::runtime::outbox;
use chat_goals::stages::chats::{self, ChatRow, StatusChange, judged};
use chat_goals::stages::messages::{Cause, CauseKind, ChatBody, ChatEvent, ToChat};
use std::hint::black_box;

const CUSTOMER: &str = "u5210";
const MINUTE: Millis = 60_000;
const DEADLINE_PASSED: Cause = Cause { kind: CauseKind::Deadline, at: START };

/// Derives all of it. The clock is before the deadline of the second round and after it in turn, so that something is
/// different each time.
pub fn derive() -> Operation {
    let settings = settings();
    let mut row = chat(&settings);
    let mut clocks = [false, true].map(clock).into_iter().cycle();
    Box::new(move || {
        let clock = clocks.next().expect("it begins again");
        let settled = black_box(&mut row).settle(settings.channel(CHANNEL), clock, DEADLINE_PASSED, false);
        assert!(settled.changed);
        black_box(settled);
    })
}

pub fn encode_status() -> Operation {
    let (_, topology) = topics();
    let settings = settings();
    let (_, change) = settled(&settings);
    Box::new(move || {
        let channel = settings.channel(CHANNEL);
        let value = outbox::encode_status(&topology.status_changed, black_box(&change), channel);
        black_box(value).expect("it can be written");
    })
}

pub fn encode_row() -> Operation {
    let (row, _) = settled(&settings());
    Box::new(move || drop(black_box(rows::encode_chat(black_box(&row)))))
}

pub fn decode_row() -> Operation {
    let (row, _) = settled(&settings());
    let bytes = rows::encode_chat(&row);
    Box::new(move || drop(black_box(rows::decode_chat(black_box(&bytes)).expect("a good row"))))
}

/// The chat, and the change that its second deadline made.
pub fn settled(settings: &Settings) -> (ChatRow, StatusChange) {
    let mut row = chat(settings);
    let mut settle = |late| row.settle(settings.channel(CHANNEL), clock(late), DEADLINE_PASSED, false);
    settle(false);
    let change = settle(true).change.expect("the second round was missed");
    (row, change)
}

fn clock(late: bool) -> Timestamp {
    START.plus(if late { 18 * DAY } else { 11 * DAY })
}

/// All facts of the chat, still to be settled.
fn chat(settings: &Settings) -> ChatRow {
    let channel = settings.channel(CHANNEL);
    let mut row = None;
    let mut say = |at: Timestamp, said: Said<'_>| {
        let body = ChatBody::Said(said);
        let event = ChatEvent { id: None, channel: CHANNEL, chat: "c10421", at, body };
        chats::fold(&mut row, &event, 0, channel, None).expect("a good record");
    };
    say(START, Said::Opened { customer: Some(CUSTOMER) });
    for (day, manager) in [(0, "m17"), (10, "m42")] {
        let at = |minutes: Millis| START.plus(day * DAY + minutes * MINUTE);
        say(at(1), Said::CustomerMessage { customer: CUSTOMER });
        say(at(3), Said::ManagerReply { manager });
        say(at(5), Said::CustomerMessage { customer: CUSTOMER });
        say(at(20), Said::Closed { by: Some(manager) });
    }
    let mut row = row.expect("it was opened");
    let at = START.plus(8 * DAY);
    let purchase = judged(Some("t10421-9"), "Purchase", &NoProperties, at, channel, Some(at));
    let cause = Cause { kind: CauseKind::GoalEvent, at };
    let message = ToChat {
        channel: CHANNEL.into(),
        chat: "c10421".into(),
        partition: 0,
        customer: CUSTOMER.into(),
        events: vec![purchase.expect("it is what the goal wants")],
        cause,
    };
    assert!(row.customer_events(&message));
    row
}

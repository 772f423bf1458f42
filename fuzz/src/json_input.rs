//! `json_input`: a record or line in JSON is read or refused with a short reason, and what is read survives being sent on
//! in protobuf; a goal survives being printed.

use super::spoken;
use chat_goals::contract::json::input::{
    ChatEventJson, CustomerEventJson, GoalChangeJson, Line, LineJson, parse, time_argument,
};
use chat_goals::contract::json::output;
use chat_goals::contract::protobuf::input::{
    ProtoChatEvent, ProtoCustomerEvent, decode_goal_change, encode_chat_event, encode_customer_event,
    encode_goal_change,
};
use chat_goals::domain::goal::{Goal, Properties};
use chat_goals::domain::settings::{Change, GoalChange};
use chat_goals::stages::messages::{ChatBody, ChatEvent, CustomerBody, CustomerEvent};

/// A reason stands in a header beside the record.
const REASON_BYTES_MAX: usize = 2_048;
/// Deeper objects are beyond what protobuf libraries read.
const DEPTH_MAX: usize = 30;

pub fn run(data: &[u8]) {
    read(parse::<ChatEventJson<'_>>(data), |record| record.event().map(|event| chat(&event)));
    read(parse::<CustomerEventJson<'_>>(data), |record| record.event().map(|event| customer(&event)));
    read(parse::<GoalChangeJson<'_>>(data), |record| record.change().map(|change| goal_change(&change)));
    read(parse::<LineJson<'_>>(data), |line| {
        line.line().map(|line| match line {
            Line::Chat(event) => chat(&event),
            Line::Customer(event) => customer(&event),
            Line::Goal(change) => goal_change(&change),
        })
    });
    if let Ok(text) = std::str::from_utf8(data) {
        read(time_argument(text), |_| Ok(()));
    }
}

fn read<T>(parsed: Result<T, String>, judge: impl FnOnce(&T) -> Result<(), String>) {
    let reason = match parsed {
        Ok(parsed) => judge(&parsed).err().unwrap_or_default(),
        Err(reason) => reason,
    };
    assert!(reason.len() <= REASON_BYTES_MAX, "a reason of {} bytes", reason.len());
}

fn chat(event: &ChatEvent<'_>) {
    if let ChatBody::GoalEvent { properties, .. } = event.body
        && !sayable(properties)
    {
        return;
    }
    let sent = ProtoChatEvent::decode(&encode_chat_event(event)).expect("what is read can be sent");
    assert_eq!(spoken::chat_event(&sent.event()), spoken::chat_event(event));
}

fn customer(event: &CustomerEvent<'_>) {
    if let CustomerBody::Tracked { properties, .. } = event.body
        && !sayable(properties)
    {
        return;
    }
    let sent = ProtoCustomerEvent::decode(&encode_customer_event(event)).expect("what is read can be sent");
    assert_eq!(spoken::customer_event(&sent.event()), spoken::customer_event(event));
}

fn sayable(properties: &dyn Properties) -> bool {
    spoken::depth(&properties.read()) <= DEPTH_MAX
}

fn goal_change(change: &GoalChange) {
    let sent = decode_goal_change(&encode_goal_change(change)).expect("what is read can be sent");
    assert_eq!(format!("{sent:?}"), format!("{change:?}"));
    if let Change::GoalSet(goal) = &change.change {
        assert_eq!(printed_and_read(goal), *goal);
    }
}

/// A goal as it is published, read again as if it were set.
pub fn printed_and_read(goal: &Goal) -> Goal {
    let goal = String::from_utf8(output::goal(goal)).expect("JSON is text");
    let record = format!(r#"{{"channelId":"c","at":0,"goalSet":{goal}}}"#);
    let read: GoalChangeJson<'_> = parse(record.as_bytes()).expect("a printed goal can be read");
    let Change::GoalSet(goal) = read.change().expect("a printed goal is a goal").change else {
        unreachable!("a goal was set")
    };
    goal
}

//! What one record costs in a chat, a customer or a channel that hostile records have made large: in proportion to what is
//! there already, never more.

use crate::measure::is_linear;
use chat_goals::contract::protobuf::rows::encode_chat;
use chat_goals::domain::conversation::{Conversation, JudgedEvent, Said};
use chat_goals::domain::goal::{Days, Filter, Goal, NoProperties};
use chat_goals::domain::ids::{ChannelId, ChatId, EventId};
use chat_goals::domain::settings::{Change, Channel, GoalChange, GoalId, Settings};
use chat_goals::domain::time::{DAY, SECOND, Timestamp};
use chat_goals::pipeline::Pipeline;
use chat_goals::pipeline::outlet::Outlet;
use chat_goals::stages::chats::{ChatRow, LiveChat, StatusChange};
use chat_goals::stages::customers::{CustomerRow, Link, Told};
use chat_goals::stages::managers::Counter;
use chat_goals::stages::messages::{
    Cause, CauseKind, ChatBody, ChatEvent, CustomerBody, CustomerEvent, CustomerNews, ToChat, ToCustomer,
    ToManager,
};

const START: Timestamp = Timestamp(1_767_225_600_000);
const CAUSE: Cause = Cause { kind: CauseKind::GoalEvent, at: START };

/// Settings with a goal (0), and an hour later another (1), and an hour later the first again.
fn settings() -> Settings {
    let mut settings = Settings::new(false);
    for (hour, name) in ["Purchase", "Booking", "Purchase"].into_iter().enumerate() {
        let goal = Goal { event_name: name.into(), filter: Filter::default(), days: Days::new(30).unwrap() };
        let at = START.plus(hour as i64 * 3_600 * SECOND);
        settings.add(GoalChange { id: None, channel: "c".into(), at, change: Change::GoalSet(goal) }, None);
    }
    settings
}

fn row(conversation: Conversation) -> ChatRow {
    let live = LiveChat { conversation, ..LiveChat::default() };
    ChatRow { channel: "c".into(), chat: "k".into(), deleted: None, revision: 0, live: Some(Box::new(live)) }
}

/// n cycles, each asked, answered and closed, by `manager(cycle)`, `step` apart and from two hours after the start on.
fn cycles(n: usize, step: i64, manager: impl Fn(usize) -> String) -> Conversation {
    let mut conversation = Conversation::default();
    for cycle in 0..n {
        let at = START.plus(2 * 3_600 * SECOND + cycle as i64 * step);
        let manager = manager(cycle);
        conversation.fold(at, Said::CustomerMessage { customer: "u" });
        conversation.fold(at.plus(1), Said::ManagerReply { manager: &manager });
        conversation.fold(at.plus(2), Said::Closed { by: Some(&manager) });
    }
    conversation
}

fn settling_is_linear(what: &str, n: usize, conversation: impl Fn(usize) -> Conversation) {
    let settings = settings();
    is_linear(what, n, |n| {
        let mut row = row(conversation(n));
        let settings = &settings;
        move || {
            let settled = row.settle(settings.channel("c"), START.plus(5_000 * DAY), CAUSE, false);
            assert!(settled.change.is_some());
            encode_chat(&row);
        }
    });
}

#[test]
fn a_chat_that_ten_thousand_managers_closed_is_settled_in_linear_time() {
    settling_is_linear("closes by as many managers", 1_000, |n| cycles(n, 10, |cycle| format!("m{cycle}")));
    // The managers in the order opposite to that of their names.
    settling_is_linear("closes by managers in turn", 1_000, |n| {
        cycles(n, 10, |cycle| format!("m{:09}", 1_000_000 - cycle))
    });
    settling_is_linear("closes on as many days", 1_000, |n| {
        cycles(n, DAY, |cycle| format!("m{}", cycle % 2))
    });
}

#[test]
fn a_round_that_runs_on_over_many_replies_looks_at_each_event_once() {
    // The first goal is achieved, a round for the second runs, and back under the first no reply starts another (C2).
    settling_is_linear("replies and events of a round that runs on", 1_000, |n| {
        let mut conversation = Conversation::default();
        for (hour, reply) in [(0, "m"), (1, "m")] {
            let at = START.plus(hour * 3_600 * SECOND + SECOND);
            conversation.fold(at, Said::CustomerMessage { customer: "u" });
            conversation.fold(at.plus(1), Said::ManagerReply { manager: reply });
            conversation.fold(at.plus(2), Said::Closed { by: None });
        }
        let id = |n: usize| Some(EventId::new(&format!("e{n}")));
        conversation.event(JudgedEvent { at: START.plus(2 * SECOND), id: id(n), goals: vec![GoalId(0)] });
        let later = cycles(n, 10, |_| "m".to_owned());
        conversation.replies.extend(later.replies);
        // Events that no running round wants lie among them, in their order.
        for i in 0..n {
            let at = START.plus(2 * 3_600 * SECOND + i as i64 * 10);
            conversation.event(JudgedEvent { at, id: id(i), goals: vec![GoalId(7)] });
        }
        conversation
    });
}

fn events(n: usize, from: usize) -> Vec<JudgedEvent> {
    let event = |i: usize| JudgedEvent {
        at: START.plus(((i * 7_919) % n.max(1)) as i64),
        id: i.is_multiple_of(2).then(|| EventId::new(&format!("e{}", from + i))),
        goals: vec![GoalId((from + i) as u32)],
    };
    (0..n).map(event).collect()
}

#[test]
fn a_message_of_ten_thousand_events_to_a_chat_that_has_as_many_takes_linear_time() {
    is_linear("events to a chat", 1_000, |n| {
        let mut conversation = cycles(1, 10, |_| "m".to_owned());
        let message = |from| ToChat {
            channel: "c".into(),
            chat: "k".into(),
            partition: 0,
            customer: "u".into(),
            events: events(n, from),
            cause: CAUSE,
        };
        conversation.events = events(n, 0).into_iter().collect();
        let mut row = row(conversation);
        let message = message(n / 2);
        move || {
            assert!(row.customer_events(&message));
            assert!(!row.customer_events(&message), "a second time nothing is new (B10)");
        }
    });
}

#[test]
fn a_message_of_ten_thousand_events_to_a_customer_takes_linear_time() {
    is_linear("events to a customer", 1_000, |n| {
        let mut row = CustomerRow::new("c".into(), "u".into());
        row.chats.push(Link { chat: "k".into(), partition: 0 });
        let mut told = Told::default();
        row.news(CustomerNews::Events { events: events(n, 0), depth: 1 }, CAUSE, &mut told);
        let more = events(n, n / 2);
        move || {
            row.news(CustomerNews::Events { events: more.clone(), depth: 1 }, CAUSE, &mut Told::default());
        }
    });
}

#[test]
fn an_event_of_a_customer_whom_ten_thousand_chats_name_takes_linear_time() {
    let settings = settings();
    is_linear("chats of a customer", 1_000, |n| {
        let mut pipeline = Pipeline::offline();
        for chat in 0..n {
            let body = ChatBody::Said(Said::CustomerMessage { customer: "u" });
            let event = ChatEvent { id: None, channel: "c", chat: &format!("k{chat}"), at: START, body };
            pipeline.chat_event(0, &event, None, &settings, &mut Deaf).unwrap().unwrap();
        }
        let settings = &settings;
        move || {
            let body = CustomerBody::Tracked { name: "Purchase", properties: &NoProperties };
            let event = CustomerEvent { id: None, channel: "c", customer: "u", at: START.plus(1), body };
            pipeline.customer_event(0, &event, None, settings, &mut Deaf).unwrap().unwrap();
        }
    });
}

#[test]
fn an_event_in_a_channel_of_ten_thousand_goals_is_judged_in_linear_time() {
    is_linear("goals of one name", 500, |n| {
        let mut settings = Settings::new(false);
        for number in 0..n {
            let mut goal = Goal {
                event_name: "Purchase".into(),
                filter: Filter::default(),
                days: Days::new(1).unwrap(),
            };
            goal.filter = crate::fuzz::source::Source(&[0, 1, 0, 9]).goal().filter;
            if number.is_multiple_of(2) {
                goal.event_name = format!("Purchase{number}");
            }
            let at = START.plus(number as i64);
            let id = Some(EventId::new(&format!("g{number}")));
            settings.add(GoalChange { id, channel: "c".into(), at, change: Change::GoalSet(goal) }, None);
        }
        move || {
            settings.channel("c").judge("Purchase", START, None, &NoProperties);
        }
    });
}

/// Where nobody asks for changes, a subscription has to find the chats that were touched since the last one, and no more.
#[test]
fn subscriptions_in_turn_with_the_messages_of_a_long_chat_take_linear_time() {
    let goal = |name: &str| Goal {
        event_name: name.into(),
        filter: Filter::default(),
        days: Days::new(30).unwrap(),
    };
    is_linear("subscriptions and messages", 500, |n| {
        let (mut pipeline, mut settings) = (Pipeline::offline(), Settings::new(true));
        pipeline.put_off();
        let changes = [
            Change::SubscriptionSet(true),
            Change::GoalSet(goal("Booking")),
            Change::GoalSet(goal("Purchase")),
        ];
        for (number, change) in changes.into_iter().enumerate() {
            let at = START.minus(3 - number as i64);
            settings.add(GoalChange { id: None, channel: "c".into(), at, change }, None);
        }
        let said = |pipeline: &mut Pipeline, settings: &Settings, at: Timestamp, body: ChatBody<'_>| {
            let event = ChatEvent { id: None, channel: "c", chat: "k", at, body };
            pipeline.chat_event(0, &event, None, settings, &mut Deaf).unwrap().unwrap();
        };
        let asked = ChatBody::Said(Said::CustomerMessage { customer: "u" });
        said(&mut pipeline, &settings, START, asked);
        said(&mut pipeline, &settings, START, ChatBody::Said(Said::ManagerReply { manager: "m" }));
        // Whoever settles the round looks at all these events, which want another goal.
        for event in 0..n as i64 {
            let body = ChatBody::GoalEvent { name: "Booking", properties: &NoProperties };
            said(&mut pipeline, &settings, START.plus(10 * DAY + event), body);
        }
        move || {
            for later in 1..n as i64 {
                let at = START.plus(later);
                said(&mut pipeline, &settings, at, asked);
                let change = Change::SubscriptionSet(later % 2 == 0);
                let change = GoalChange { id: None, channel: "d".into(), at, change };
                let effect = settings.add(change, None).expect("it is new");
                pipeline.setting_read(&effect);
                pipeline.sweep(0, &mut usize::MAX.clone(), &settings, &mut Deaf).unwrap();
            }
        }
    });
}

struct Deaf;

impl Outlet for Deaf {
    fn status_changed(&mut self, _: StatusChange, _: &Channel) -> anyhow::Result<()> {
        Ok(())
    }
    fn chat_deleted(&mut self, _: &ChannelId, _: &ChatId, _: u32) -> anyhow::Result<()> {
        Ok(())
    }
    fn counter(&mut self, _: &str, _: Counter) -> anyhow::Result<()> {
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

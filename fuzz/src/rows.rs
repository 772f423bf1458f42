//! `rows`: a stored row is read or refused; what is read comes back when it is written; and it can be folded on, whatever
//! it holds.

use super::source::Source;
use chat_goals::contract::protobuf::rows::{
    decode_chat, decode_counter, decode_customer, encode_chat, encode_counter, encode_customer,
};
use chat_goals::domain::conversation::{JudgedEvent, Said};
use chat_goals::domain::settings::{Change, GoalChange, GoalId, Settings};
use chat_goals::domain::time::{DAY, Timestamp};
use chat_goals::stages::chats::{self, ChatRow};
use chat_goals::stages::customers::Told;
use chat_goals::stages::messages::{Cause, CauseKind, ChatBody, ChatEvent, CustomerNews};

/// The row's channel has a goal from this time on, and its records are folded after it.
const START: Timestamp = Timestamp(1_767_225_600_000);

pub fn run(data: &[u8]) {
    if let Ok(row) = decode_chat(data) {
        assert_eq!(decode_chat(&encode_chat(&row)), Ok(row.clone()));
        fold_on(row);
    }
    if let Ok(mut row) = decode_customer(data) {
        assert_eq!(decode_customer(&encode_customer(&row)), Ok(row.clone()));
        let cause = Cause { kind: CauseKind::GoalEvent, at: START };
        let event = JudgedEvent { at: START, id: None, goals: vec![GoalId(0)] };
        let mut told = Told::default();
        row.tracked(event.clone(), &mut told);
        row.news(CustomerNews::Events { events: vec![event; 20], depth: u32::MAX }, cause, &mut told);
        row.news(CustomerNews::SameAs { customer: "u".into(), merged_at: START }, cause, &mut told);
        row.forget(START.plus(100 * DAY));
        assert_eq!(decode_customer(&encode_customer(&row)), Ok(row));
    }
    if let Ok(mut row) = decode_counter(data) {
        assert_eq!(decode_counter(&encode_counter(&row)), Ok(row.clone()));
        let before = row.counts;
        row.add(&before);
        row.settle(START);
        row.counts.add(&before, -1);
        assert_eq!(row.counts, before, "what was added can be taken back");
        assert_eq!(decode_counter(&encode_counter(&row)), Ok(row));
    }
}

fn fold_on(row: ChatRow) {
    let mut settings = Settings::new(false);
    let goal = Change::GoalSet(Source(&[]).goal());
    settings.add(GoalChange { id: None, channel: row.channel.clone(), at: START, change: goal }, None);
    let (channel_id, chat) = (row.channel.clone(), row.chat.clone());
    let channel = settings.channel(&channel_id);
    let mut row = Some(row);
    for (step, said) in [
        Said::CustomerMessage { customer: "u" },
        Said::ManagerReply { manager: "m" },
        Said::Closed { by: None },
        Said::Reopened,
    ]
    .into_iter()
    .enumerate()
    {
        let at = START.plus(step as i64 * DAY);
        let event = ChatEvent { id: None, channel: &channel_id, chat: &chat, at, body: ChatBody::Said(said) };
        let _ = chats::fold(&mut row, &event, 0, channel, None);
        for clock in [Timestamp::MIN, at, START.plus(400 * DAY), Timestamp::MAX] {
            let mut row = row.clone().expect("a row stays");
            let cause = Cause { kind: event.body.cause(), at };
            row.settle(channel, clock, cause, step % 2 == 0);
            let _ = (row.index(), row.rounds(channel, clock));
            assert_eq!(decode_chat(&encode_chat(&row)), Ok(row));
        }
    }
}

//! Rows that no fold would write: read or refused, and folded on without a panic.

use crate::fuzz;
use crate::measure::is_linear;
use chat_goals::contract::protobuf::rows::{decode_chat, decode_counter, encode_chat, encode_counter};
use chat_goals::domain::conversation::{Close, Conversation};
use chat_goals::domain::credit::{Bucket, Counts};
use chat_goals::domain::time::Timestamp;
use chat_goals::stages::chats::{ChatRow, LiveChat};
use chat_goals::stages::managers::CounterRow;

#[test]
fn a_counter_at_the_end_of_its_range_is_read_and_what_is_added_can_be_taken_back() {
    for end in [i64::MIN, i64::MAX] {
        let counts = Counts {
            measured: end,
            achieved: end,
            missed: end,
            ended: end,
            closes: end,
            achieved_of_ended: end,
        };
        let bucket = Bucket { manager: None, date: None };
        let row = CounterRow { counts, revision: u32::MAX, ..CounterRow::new("c".into(), bucket) };
        let mut read = decode_counter(&encode_counter(&row)).unwrap();
        assert_eq!(read, row);
        for sign in [1, -1] {
            read.counts.add(&counts, sign);
            read.counts.add(&counts, -sign);
            assert_eq!(read.counts, counts);
        }
        read.add(&counts);
        if let Some(counter) = read.settle(Timestamp(0)) {
            assert_eq!(counter.revision, u32::MAX, "it does not begin anew");
        }
        fuzz::rows::run(&encode_counter(&row));
    }
}

#[test]
fn a_chat_row_at_the_ends_of_time_is_read_and_folded_on() {
    for at in [i64::MIN, -8_334_632_937_600_000, 8_210_266_876_799_999, 8_210_266_876_800_000, i64::MAX] {
        let mut conversation = Conversation::default();
        conversation.closes.push(Close { at: Timestamp(at), by: None });
        conversation.cycle.asked = Some(Timestamp(at));
        conversation.cycle.last = Some(Timestamp(at));
        let live = LiveChat { conversation, ..LiveChat::default() };
        let row = ChatRow {
            channel: "c".into(),
            chat: "k".into(),
            deleted: None,
            revision: u32::MAX,
            live: Some(Box::new(live)),
        };
        fuzz::rows::run(&encode_chat(&row));
    }
}

#[test]
fn a_row_that_names_ten_thousand_managers_is_written_and_read_in_linear_time() {
    is_linear("names in a row", 1_000, |n| {
        let mut conversation = Conversation::default();
        let close = |i: usize| Close { at: Timestamp(i as i64), by: Some(format!("m{i}").as_str().into()) };
        conversation.closes = (0..n).map(close).collect();
        let live = LiveChat { conversation, ..LiveChat::default() };
        let row = ChatRow {
            channel: "c".into(),
            chat: "k".into(),
            deleted: None,
            revision: 1,
            live: Some(Box::new(live)),
        };
        move || assert_eq!(decode_chat(&encode_chat(&row)).as_ref(), Ok(&row))
    });
}

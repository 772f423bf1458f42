//! `protobuf_input`: a record in protobuf, framed or not, is read or refused with a short reason, and what is read
//! survives being sent on. Published records are read or refused.

use super::spoken;
use chat_goals::contract::protobuf::framing::unframe;
use chat_goals::contract::protobuf::input::{
    ProtoChatEvent, ProtoCustomerEvent, decode_goal_change, encode_chat_event, encode_customer_event,
    encode_goal_change,
};
use chat_goals::contract::protobuf::output::{decode_counter, decode_status};

const REASON_BYTES_MAX: usize = 2_048;

pub fn run(data: &[u8]) {
    match ProtoChatEvent::decode(data) {
        Ok(read) => {
            let sent = encode_chat_event(&read.event());
            let again = ProtoChatEvent::decode(&sent).expect("what is read can be sent");
            assert_eq!(spoken::chat_event(&again.event()), spoken::chat_event(&read.event()));
        }
        Err(reason) => short(&reason),
    }
    match ProtoCustomerEvent::decode(data) {
        Ok(read) => {
            let sent = encode_customer_event(&read.event());
            let again = ProtoCustomerEvent::decode(&sent).expect("what is read can be sent");
            assert_eq!(spoken::customer_event(&again.event()), spoken::customer_event(&read.event()));
        }
        Err(reason) => short(&reason),
    }
    match decode_goal_change(data) {
        Ok(read) => {
            let again = decode_goal_change(&encode_goal_change(&read)).expect("what is read can be sent");
            assert_eq!(format!("{again:?}"), format!("{read:?}"));
        }
        Err(reason) => short(&reason),
    }
    framing(data);
    let _ = decode_status(data);
    let _ = decode_counter(data);
}

fn framing(data: &[u8]) {
    match unframe(data) {
        Ok(message) => assert!(data.ends_with(message)),
        Err(reason) => short(&reason),
    }
    let framed = [&[0, 0, 0, 1, 7, 2, 4], data].concat();
    assert_eq!(unframe(&framed), Ok(data), "the third message of its schema");
}

fn short(reason: &str) {
    assert!(reason.len() <= REASON_BYTES_MAX, "a reason of {} bytes", reason.len());
}

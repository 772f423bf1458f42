//! Plain chats through the whole pipeline in memory, as `fold` has it: read already, and told to nobody.

use super::Operation;
use super::load;
use chat_goals::contract::json::input::{Line, LineJson, parse};
use chat_goals::domain::ids::{ChannelId, ChatId};
use chat_goals::domain::settings::Channel;
use chat_goals::pipeline::offline::{Changes, Offline};
use chat_goals::stages::chats::StatusChange;
use std::hint::black_box;

/// About ten records each.
const CHATS: u64 = 1_000;

/// One record. After the last one everything begins again with an empty state.
pub fn record() -> Operation {
    let mut text = Vec::new();
    load::write_lines(CHATS, &mut text).expect("it is in memory");
    let parsed = text.leak().trim_ascii().split(|byte| *byte == b'\n');
    let parsed: Vec<LineJson<'static>> = parsed.map(|line| parse(line).expect("a record")).collect();
    let lines = parsed.leak().iter().map(|line| line.line().expect("a record"));
    let (goals, records): (Vec<_>, Vec<_>) = lines.partition(|line| matches!(line, Line::Goal(_)));
    let begin = move || {
        let mut offline = Offline::new(true, None);
        for line in &goals {
            let Line::Goal(change) = line else { continue };
            offline.goal(change.clone(), &mut Nobody).expect("it is in memory");
        }
        offline
    };
    let (mut offline, mut next) = (begin(), 0);
    Box::new(move || {
        if next == records.len() {
            (offline, next) = (begin(), 0);
        }
        let folded = match &records[next] {
            Line::Chat(event) => offline.chat(event, &mut Nobody),
            Line::Customer(event) => offline.customer(event, &mut Nobody),
            Line::Goal(_) => unreachable!("they came first"),
        };
        folded.expect("it is in memory").expect("a good record");
        next += 1;
    })
}

struct Nobody;

impl Changes for Nobody {
    fn status_changed(&mut self, change: StatusChange, _: &Channel) -> anyhow::Result<()> {
        black_box(change);
        Ok(())
    }

    fn chat_deleted(&mut self, _: &ChannelId, _: &ChatId, _: u32) -> anyhow::Result<()> {
        Ok(())
    }
}

//! What may be published of a few chats, and what looking at all of them finds: by itself it knows nothing of the model.

use chat_goals::answers::words::{CauseWord, PhaseWord, StatusWord};
use chat_goals::domain::time::Timestamp;
use chat_goals::log::Header;
use chat_goals::serve::model::answers::Tally;
use chat_goals::serve::model::questions::{ChatFilter, ChatOrder};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::BTreeMap;

pub const CHANNELS: [&str; 3] = ["shop", "hotel", "школа"];
const MANAGERS: [&str; 3] = ["", "anna", "d/e%f*"];
const CUSTOMERS: [&str; 3] = ["", "u1", "U2"];
const EVENTS: [&str; 2] = ["Purchase", "Booking"];
const CHATS: usize = 14;

/// A record of a test: key, value, headers.
pub type Sent = (String, Option<String>, Vec<Header>);

/// What happens to a chat.
#[derive(Clone, Debug)]
pub enum Step {
    Shown {
        chat: usize,
        status: usize,
        manager: usize,
        customer: usize,
        goal: usize,
        cause: usize,
        at: i64,
        open: bool,
    },
    Deleted {
        chat: usize,
    },
    /// Its newest change once more.
    Again {
        chat: usize,
    },
}

pub fn steps() -> impl Strategy<Value = Vec<Step>> {
    let shown = (0..CHATS, 0..5usize, 0..3usize, 0..3usize, 0..2usize, 0..11usize, 0..20i64, any::<bool>())
        .prop_map(|(chat, status, manager, customer, goal, cause, at, open)| Step::Shown {
            chat,
            status,
            manager,
            customer,
            goal,
            cause,
            at,
            open,
        });
    let step = prop_oneof![
        8 => shown,
        1 => (0..CHATS).prop_map(|chat| Step::Deleted { chat }),
        1 => (0..CHATS).prop_map(|chat| Step::Again { chat }),
    ];
    prop::collection::vec(step, 1..60)
}

/// What is published in the course of these steps, and what readers have in the end.
pub fn published(steps: &[Step]) -> (Vec<Sent>, BTreeMap<String, Value>) {
    let (mut sent, mut newest, mut revisions) = (Vec::<Sent>::new(), BTreeMap::new(), [0u32; CHATS]);
    for step in steps {
        match *step {
            Step::Shown { chat, status, manager, customer, goal, cause, at, open } => {
                revisions[chat] += 1;
                let id = format!("Chat-{chat}");
                let goal = json!({"eventName": EVENTS[goal], "days": 7});
                let word = ["NONE", "IN_PROCESS", "IN_PROCESS", "MISSED", "ACHIEVED"][status];
                let mut view = json!({
                    "channelId": CHANNELS[chat % 3], "chatId": id, "revision": revisions[chat],
                    "status": word,
                    "at": time(at), "cause": CauseWord::ALL[cause].as_str(),
                });
                let mut put = |name: &str, value: Value| {
                    if value != "" {
                        view[name] = value;
                    }
                };
                put("customerId", CUSTOMERS[customer].into());
                match status {
                    1 => put("phase", "AWAITING_REPLY".into()),
                    2 => put("phase", "MEASURING".into()),
                    _ => {}
                }
                if status >= 2 {
                    put("goal", goal.clone());
                    put("startedAt", time(at).into());
                    put("deadline", time(at + 7).into());
                    put("managerId", MANAGERS[manager].into());
                }
                if open {
                    let deadline = time(100 - at);
                    put(
                        "round",
                        json!({"number": 1, "outcome": "OPEN", "goal": goal, "startedAt": time(at), "deadline": deadline}),
                    );
                }
                newest.insert(id.clone(), view.clone());
                sent.push((id, Some(view.to_string()), Vec::new()));
            }
            Step::Deleted { chat } => {
                let id = format!("Chat-{chat}");
                if newest.remove(&id).is_some() {
                    revisions[chat] += 1;
                    let revision = revisions[chat].to_string().into_bytes();
                    sent.push((id, None, vec![Header { name: "revision".into(), value: Some(revision) }]));
                }
            }
            Step::Again { chat } => {
                if let Some(view) = newest.get(&format!("Chat-{chat}")) {
                    sent.push((format!("Chat-{chat}"), Some(view.to_string()), Vec::new()));
                }
            }
        }
    }
    (sent, newest)
}

pub fn time(second: i64) -> String {
    chrono::DateTime::from_timestamp(1_772_323_200 + second, 0)
        .unwrap()
        .format("%Y-%m-%dT%H:%M:%SZ")
        .to_string()
}

pub fn filters() -> impl Strategy<Value = ChatFilter> {
    let one = |of: &'static [&'static str]| {
        prop::option::weighted(0.3, prop::sample::select(of).prop_map(str::to_owned))
    };
    let second =
        || prop::option::weighted(0.2, (0..20i64).prop_map(|at| Timestamp((1_772_323_200 + at) * 1_000)));
    (
        (one(&CHANNELS), one(&MANAGERS), one(&["u1", "U2"]), one(&EVENTS)),
        (
            prop::option::weighted(0.3, prop::sample::select(StatusWord::ALL)),
            prop::option::weighted(0.2, prop::sample::select(PhaseWord::ALL)),
            prop::option::weighted(0.1, prop::sample::select(CauseWord::ALL)),
        ),
        (second(), second(), one(&["chat-1", "u", "ANNA", "/"])),
    )
        .prop_map(|((channel, manager, customer, goal), (status, phase, cause), (from, to, text))| {
            ChatFilter { channel, manager, customer, goal, status, phase, cause, from, to, text }
        })
}

/// What the filter says, on a chat as it was published.
fn holds(filter: &ChatFilter, view: &Value) -> bool {
    let text = |name: &str| view[name].as_str().unwrap_or_default();
    let is = |wanted: &Option<String>, found: &str| wanted.as_ref().is_none_or(|wanted| wanted == found);
    let at = Timestamp(chrono::DateTime::parse_from_rfc3339(text("at")).unwrap().timestamp_millis());
    let goal = view["goal"]["eventName"].as_str().or(view["round"]["goal"]["eventName"].as_str());
    is(&filter.channel, text("channelId"))
        && is(&filter.manager, text("managerId"))
        // With no round there is nothing that nobody could be credited with.
        && (filter.manager.as_deref() != Some("") || view.get("startedAt").is_some())
        && is(&filter.customer, text("customerId"))
        && is(&filter.goal, goal.unwrap_or_default())
        && filter.status.is_none_or(|status| status.as_str() == text("status"))
        && filter.phase.is_none_or(|phase| phase.as_str() == text("phase"))
        && filter.cause.is_none_or(|cause| cause.as_str() == text("cause"))
        && filter.from.is_none_or(|from| from <= at)
        && filter.to.is_none_or(|to| at <= to)
        && filter.text.as_ref().is_none_or(|wanted| {
            let ids = ["chatId", "customerId", "managerId"].map(|name| text(name).to_lowercase());
            ids.iter().any(|id| id.contains(&wanted.to_lowercase()))
        })
}

/// The ids of the chats that are to be found, in their order.
pub fn expected(filter: &ChatFilter, order: ChatOrder, newest: &BTreeMap<String, Value>) -> Vec<String> {
    let wanted = newest.values().filter(|view| holds(filter, view));
    let mut found: Vec<(String, String)> = match order {
        ChatOrder::DeadlineFirst => wanted
            .filter(|view| view["round"]["outcome"] == "OPEN")
            .map(|view| (string(&view["round"]["deadline"]), string(&view["chatId"])))
            .collect(),
        ChatOrder::NewestFirst | ChatOrder::OldestFirst => {
            wanted.map(|view| (string(&view["at"]), string(&view["chatId"]))).collect()
        }
    };
    found.sort();
    if order == ChatOrder::NewestFirst {
        found.reverse();
    }
    found.into_iter().map(|(_, chat)| chat).collect()
}

fn string(of: &Value) -> String {
    of.as_str().unwrap().to_owned()
}

pub fn tallied(newest: &BTreeMap<String, Value>, channel: &str) -> Tally {
    let mut tally = Tally::default();
    for view in newest.values().filter(|view| view["channelId"] == channel) {
        *match (view["status"].as_str().unwrap(), view["phase"].as_str()) {
            ("NONE", _) => &mut tally.none,
            ("IN_PROCESS", Some("MEASURING")) => &mut tally.measuring,
            ("IN_PROCESS", _) => &mut tally.awaiting_reply,
            ("MISSED", _) => &mut tally.missed,
            _ => &mut tally.achieved,
        } += 1;
    }
    tally
}

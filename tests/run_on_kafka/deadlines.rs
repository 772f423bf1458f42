//! Time passes while nobody writes: deadlines and settings take effect by themselves, on time and not before.

use crate::broker::Partitioner;
use crate::expectation::Expectation;
use crate::outputs::{Chat, Outputs};
use crate::process::Deployment;
use crate::workload::{DAY, Entry, HOUR, Input, SECOND, time, wall};
use chat_goals::config::WireForm;
use serde_json::{Value, json};

#[test]
fn a_deadline_and_a_setting_take_effect_on_idle_topics() {
    let _turn = crate::turn();
    let mut deployment = Deployment::new("idle", WireForm::Json);
    deployment.set("clock.allowance_ms", "500");
    deployment.set("clock.interval_ms", "100");
    deployment.create_topics();

    let now = wall();
    let (deadline, starts) = (now + 8 * SECOND, now + 10 * SECOND);
    let goal = json!({"eventName": "Purchase", "days": 1});
    let entries = [
        setting("shop", now - 2 * DAY, now - 2 * DAY, json!({"subscriptionSet": {"active": true}})),
        setting("shop", now - 2 * DAY, now - 2 * DAY, json!({"goalSet": goal})),
        setting("hotel", now - 2 * DAY, now - 2 * DAY, json!({"subscriptionSet": {"active": true}})),
        said("shop", "answered", now - DAY - HOUR, json!({"customerMessage": {"customerId": "u1"}})),
        said("shop", "answered", deadline - DAY, json!({"managerReply": {"managerId": "anna"}})),
        said("hotel", "waiting", now - 5 * SECOND, json!({"customerMessage": {"customerId": "u2"}})),
        setting("hotel", starts, now, json!({"goalSet": goal})),
    ];
    deployment.feed(Partitioner::Java).produce(&entries);

    let mut process = deployment.start("state");
    let mut outputs = Outputs::of(&deployment);
    outputs.until(&mut [&mut process], |outputs| {
        let missed = newest(outputs, "answered").is_some_and(|(_, view)| view["status"] == "MISSED");
        let waits = newest(outputs, "waiting").is_some_and(|(_, view)| view["status"] == "IN_PROCESS");
        (!missed || !waits).then(|| format!("missed: {missed}, waits: {waits}"))
    });

    let (chat, missed) = newest(&outputs, "answered").expect("it is there");
    assert_eq!((missed["cause"].as_str(), missed["at"].as_str()), (Some("DEADLINE"), Some(&*time(deadline))));
    assert_eq!(missed["deadline"], time(deadline));
    assert!(chat.written > deadline, "written at {}, with the deadline at {deadline}", chat.written);
    let (chat, waits) = newest(&outputs, "waiting").expect("it is there");
    assert_eq!((waits["cause"].as_str(), waits["at"].as_str()), (Some("GOAL_CHANGED"), Some(&*time(starts))));
    assert_eq!(waits["phase"], "AWAITING_REPLY");
    assert!(chat.written >= starts, "written at {}, with the goal from {starts} on", chat.written);

    process.stop();
    outputs.assert_final(&Expectation::of(&entries, wall()), 0);
}

fn newest<'a>(outputs: &'a Outputs, chat: &str) -> Option<(&'a Chat, &'a Value)> {
    let chat = outputs.chats.get(chat)?;
    Some((chat, chat.newest.as_ref()?))
}

fn setting(channel: &str, at: i64, logged: i64, body: Value) -> Entry {
    let record = merged(json!({"channelId": channel, "at": time(at)}), body);
    Entry::new(Input::GoalChanges, logged, &record)
}

fn said(channel: &str, chat: &str, at: i64, body: Value) -> Entry {
    let record = merged(json!({"channelId": channel, "chatId": chat, "at": time(at)}), body);
    Entry::new(Input::ChatEvents, at, &record)
}

fn merged(mut record: Value, body: Value) -> Value {
    let Value::Object(body) = body else { unreachable!("a body is an object") };
    record.as_object_mut().expect("a record is an object").extend(body);
    record
}

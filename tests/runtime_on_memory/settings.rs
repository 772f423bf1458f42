//! Settings that take effect later than they are read, or earlier: they reach the chats that they change.

use crate::world::World;
use chat_goals::log::Log as _;
use chat_goals::runtime::topology::Topology;
use chat_goals::simulate::workload::{DAY, Entry, HOUR, START, time};
use serde_json::json;

fn subscribed(logged: i64) -> Entry {
    Entry::setting("shop", logged, START, json!({"subscriptionSet": {"active": true}}))
}

fn goal(logged: i64, at: i64) -> Entry {
    Entry::setting("shop", logged, at, json!({"goalSet": {"eventName": "Purchase", "days": 3}}))
}

#[test]
fn d3_an_announced_goal_reaches_the_waiting_chats_when_the_clock_passes_it() {
    announced(false);
}

#[test]
fn d3_an_announced_goal_is_not_forgotten_over_a_restart() {
    announced(true);
}

fn announced(restarts: bool) {
    const CHATS: usize = 200;
    let world = World::new(3);
    let effective = START + 2 * DAY;
    let mut entries = vec![subscribed(START), goal(START, effective)];
    for number in 0..CHATS {
        let message = json!({"customerMessage": {"customerId": format!("u{number}")}});
        entries.push(Entry::chat("shop", &format!("chat-{number}"), START + HOUR, message));
    }
    world.append_all(&entries);
    let mut running = world.start("a");
    world.clock_may_reach(effective - 1);
    world.until_clock(&[&running], effective - 1);
    world.until_all_had_a_turn("before", &[&running]);
    assert_eq!(world.outputs().of("chat-"), ["NONE"; CHATS]);
    if restarts {
        running.stop().unwrap();
        std::fs::remove_dir_all(world.dir("a")).unwrap();
        running = world.start("a");
    }
    world.clock_may_reach(effective);
    world.until(&[&running], || {
        let outputs = world.outputs();
        let waiting = outputs.of("chat-").iter().filter(|status| **status == "IN_PROCESS").count();
        (waiting < CHATS).then(|| format!("only {waiting} chats wait"))
    });
    running.stop().unwrap();
    let outputs = world.outputs();
    let statuses = outputs.statuses().filter(|status| status["channelId"] == "shop");
    let changed: Vec<_> = statuses.filter(|status| status["status"] != "NONE").collect();
    assert_eq!(changed.len(), CHATS);
    for status in changed {
        assert_eq!(
            (&status["at"], &status["cause"]),
            (&json!(time(effective)), &json!("GOAL_CHANGED")),
            "{status}"
        );
    }
}

/// Answered, closed and for some part achieved, while nobody knew of the subscription.
fn unpaid(chats: usize) -> Vec<Entry> {
    let mut entries = vec![goal(START, START)];
    for number in 0..chats {
        let (chat, at) = (format!("chat-{number}"), START + HOUR + (number as i64 / 50) * 60_000);
        entries.push(Entry::chat(
            "shop",
            &chat,
            at,
            json!({"customerMessage": {"customerId": format!("u{number}")}}),
        ));
        entries.push(Entry::chat("shop", &chat, at, json!({"managerReply": {"managerId": "anna"}})));
        if number % 3 != 0 {
            let event = json!({"name": "Purchase"});
            entries.push(match number % 2 {
                0 => Entry::chat("shop", &chat, at, json!({"goalEvent": event})),
                _ => Entry::customer("shop", &format!("u{number}"), at, json!({"tracked": event})),
            });
        }
        entries.push(Entry::chat("shop", &chat, at, json!({"chatClosed": {"managerId": "anna"}})));
    }
    entries
}

#[test]
fn f1_a_late_subscription_reaches_closed_chats() {
    late_subscription(3, 400, false);
}

/// More chats of a partition than are shown a setting at a time.
#[test]
fn f1_a_late_subscription_reaches_thousands_of_closed_chats() {
    late_subscription(1, 2_600, false);
}

#[test]
fn f1_a_late_subscription_goes_on_after_a_restart() {
    late_subscription(1, 2_600, true);
}

fn late_subscription(partitions: i32, chats: usize, restarts: bool) {
    let world = World::new(partitions);
    let mut entries = unpaid(chats);
    world.append_all(&entries);
    let mut running = world.start("a");
    world.until_as_folded(&entries, START + 5 * DAY, &[&running]);
    let late = subscribed(START + 5 * DAY);
    world.append(&late);
    entries.push(late);
    if restarts {
        running.stop().unwrap();
        running = world.start("a");
    }
    let expectation = world.until_as_folded(&entries, START + 6 * DAY, &[&running]);
    println!("{}", expectation.summary());
    running.stop().unwrap();
    assert_eq!(expectation.difference(&world.outputs()), None);
}

/// A worker that is thrown out while it shows a setting to many chats publishes nothing more, though no position of its
/// partitions moves meanwhile.
#[test]
fn f1_a_setting_reaches_many_chats_though_workers_are_thrown_out() {
    let world = World::new(1);
    let mut entries = unpaid(7_000);
    world.append_all(&entries);
    let running = world.start("a");
    world.until_as_folded(&entries, START + 5 * DAY, &[&running]);
    let statuses = Topology::all(&world.topology.status_changed.topic, 1);
    for (day, active) in [(6, true), (7, false), (8, true)] {
        let body = json!({"subscriptionSet": {"active": active}});
        let end = world.log.ends(&statuses).unwrap();
        let setting = Entry::setting("shop", START + day * DAY, START + day, body);
        world.append(&setting);
        entries.push(setting);
        world.until(&[&running], || {
            let unmoved = world.log.ends(&statuses).unwrap() == end;
            unmoved.then(|| "no chat has seen the setting yet".to_owned())
        });
        world.throw_out_all("a");
        world.until_as_folded(&entries, START + day * DAY, &[&running]);
    }
    running.stop().unwrap();
}

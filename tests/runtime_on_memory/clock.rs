//! G: deadlines fire when they have passed and not a millisecond before, and nothing is missed that a record in the log
//! achieves.

use crate::watched::Watched;
use crate::world::{World, hold_back};
use chat_goals::log::Member as _;
use chat_goals::runtime::Runtime;
use chat_goals::runtime::topology::Topology;
use chat_goals::simulate::workload::{DAY, Entry, HOUR, START, time};
use serde_json::json;
use std::sync::{Arc, Mutex};

const CHATS: usize = 300;
const PARTITIONS: i32 = 4;

/// A channel with a goal of one day, and chats that were replied to at `replied`.
fn replied(replied: i64) -> Vec<Entry> {
    let goal = json!({"goalSet": {"eventName": "Purchase", "days": 1}});
    let mut entries = vec![
        Entry::setting("shop", START, START, json!({"subscriptionSet": {"active": true}})),
        Entry::setting("shop", START, START, goal),
    ];
    for number in 0..CHATS {
        let (chat, customer) = (format!("chat-{number}"), format!("visitor-{number}"));
        let message = json!({"customerMessage": {"customerId": customer}});
        entries.push(Entry::chat("shop", &chat, START + HOUR, message));
        entries.push(Entry::chat("shop", &chat, replied, json!({"managerReply": {"managerId": "anna"}})));
    }
    entries
}

/// What the customers of these chats did in time, under names that lead from partition to partition.
fn purchases(at: i64) -> Vec<Entry> {
    let mut entries = Vec::new();
    for number in 0..CHATS {
        let names = ["visitor", "member", "payer", "patron"].map(|name| format!("{name}-{number}"));
        for pair in names[..1 + number % 4].windows(2) {
            let merged = json!({"merged": {"intoCustomerId": pair[1]}});
            entries.push(Entry::customer("shop", &pair[0], START + HOUR, merged));
        }
        let purchase = json!({"tracked": {"name": "Purchase"}});
        entries.push(Entry::customer("shop", &names[number % 4], at, purchase));
    }
    entries
}

fn assert_never_missed(world: &World) {
    for status in world.outputs().statuses() {
        let missed = status["status"] == "MISSED" || status["round"]["outcome"] == "MISSED";
        assert!(!missed && status.get("correction").is_none(), "{status}");
    }
}

fn until_achieved(world: &World, running: &Runtime) {
    world.until(&[running], || {
        let outputs = world.outputs();
        let achieved = outputs.of("chat-").iter().filter(|status| **status == "ACHIEVED").count();
        (achieved < CHATS).then(|| format!("only {achieved} chats are achieved"))
    });
}

#[test]
fn g2_after_a_stop_nothing_is_missed_that_the_log_achieves() {
    let world = World::new(PARTITIONS);
    world.append_all(&replied(START + 2 * HOUR));
    world.append_all(&purchases(START + 2 * HOUR + DAY));
    world.clock_may_reach(START + 20 * DAY);
    let running = world.start("a");
    until_achieved(&world, &running);
    world.until_clock(&[&running], START + 20 * DAY);
    world.until_all_had_a_turn("after", &[&running]);
    running.stop().unwrap();
    assert_never_missed(&world);
}

#[test]
fn g1_the_clock_waits_for_what_chats_have_not_read() {
    let world = World::new(PARTITIONS);
    let (log, chats) = (world.log.clone(), world.topology.chats_inbox.clone());
    let customers_held_back = hold_back(&log, &world.topology.customers_inbox, PARTITIONS);
    let chats_held_back = Arc::new(Mutex::new(None));
    world.append_all(&replied(START + 2 * HOUR));
    world.append_all(&purchases(START + 2 * HOUR + DAY));
    world.clock_may_reach(START + 20 * DAY);
    // Customers read on only when chats cannot any more: what they tell the chats is all held back.
    let turn_over = {
        let (log, chats, held_back) = (log.clone(), chats.clone(), chats_held_back.clone());
        move || {
            *held_back.lock().unwrap() = Some(hold_back(&log, &chats, PARTITIONS));
            customers_held_back.leave().unwrap();
        }
    };
    let before_tails: Box<dyn FnOnce() + Send> = Box::new(turn_over);
    let topic = world.topology.customers_inbox.clone();
    let on = Watched { log, topic, before_tails: Mutex::new(Some(before_tails)) };
    let running = world.start_on(on, "a");
    // The moment is granted, but only to those who have read their inbox.
    world.until_clock(&[&running], START + 20 * DAY);
    world.until_all_had_a_turn("meanwhile", &[&running]);
    assert_never_missed(&world);
    chats_held_back.lock().unwrap().take().expect("the clock has looked").leave().unwrap();
    until_achieved(&world, &running);
    running.stop().unwrap();
    assert_never_missed(&world);
}

#[test]
fn g1_the_clock_waits_for_what_customers_have_not_read() {
    waits_for(|topology| &topology.customers_inbox);
}

/// Records that came to a foreign partition lie there on their way home.
#[test]
fn g1_the_clock_waits_for_chats_that_have_not_come_home() {
    waits_for(|topology| &topology.chats_inbox);
}

fn waits_for(inbox: impl Fn(&Topology) -> &Arc<str>) {
    let world = World::new(PARTITIONS);
    let held_back = hold_back(&world.log, inbox(&world.topology), PARTITIONS);
    world.append_all(&replied(START + 2 * HOUR));
    world.append_all(&purchases(START + 2 * HOUR + DAY));
    world.clock_may_reach(START + 20 * DAY);
    let running = world.start("a");
    world.until_all_had_a_turn("meanwhile", &[&running]);
    assert_eq!(running.clock(), None);
    held_back.leave().unwrap();
    until_achieved(&world, &running);
    world.until_clock(&[&running], START + 20 * DAY);
    world.until_all_had_a_turn("after", &[&running]);
    running.stop().unwrap();
    assert_never_missed(&world);
}

#[test]
fn c6_deadlines_pass_on_an_idle_log_and_not_a_millisecond_early() {
    let world = World::new(PARTITIONS);
    let replied_at = START + 2 * HOUR;
    let deadline = replied_at + DAY;
    world.append_all(&replied(replied_at));
    let running = world.start("a");
    for (name, clock) in [("before", deadline - 1), ("at", deadline)] {
        world.clock_may_reach(clock);
        world.until_clock(&[&running], clock);
        world.until_all_had_a_turn(name, &[&running]);
        assert_eq!(world.outputs().of("chat-"), ["IN_PROCESS"; CHATS], "{name} the deadline");
    }
    world.clock_may_reach(deadline + 1);
    world.until(&[&running], || {
        let outputs = world.outputs();
        let missed = outputs.of("chat-").iter().filter(|status| **status == "MISSED").count();
        (missed < CHATS).then(|| format!("only {missed} chats are missed"))
    });
    for status in world.outputs().newest.values().flatten().filter(|view| view["status"] == "MISSED") {
        assert_eq!(
            (&status["at"], &status["cause"]),
            (&json!(time(deadline)), &json!("DEADLINE")),
            "{status}"
        );
    }
    running.stop().unwrap();
}

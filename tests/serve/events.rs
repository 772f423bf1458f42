//! Server-sent events: what is heard, and that nothing is missed by who comes back.

use crate::client::{Heard, Listener};
use crate::world::{World, until};
use chat_goals::simulate::workload::Entry;
use serde_json::json;

fn at(n: i64) -> i64 {
    1_767_225_600_000 + n * 60_000
}

fn asks(channel: &str, chat: &str, n: i64) -> Entry {
    Entry::chat(channel, chat, at(n), json!({"customerMessage": {"customerId": "u"}}))
}

/// The ids of the chats that are told of next.
fn chats(listener: &mut Listener, count: usize) -> Vec<String> {
    (0..count).map(|_| listener.next_change().unwrap().data["chatId"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn who_comes_back_hears_what_was_missed() {
    let world = World::new();
    let running = world.run();
    let served = world.serve("model");
    let mut listener = served.client.listen("?channel=shop", None);
    let first = listener.next().unwrap();
    assert_eq!(
        (first.event.as_str(), first.data["model"].is_u64()),
        ("lag", true),
        "at first the lag is told"
    );
    // One after the other: they lie in several partitions, which have no order among each other.
    let publish = |entry: Entry| {
        let path = format!("/api/v1/chats/{}", entry.key);
        world.append(&[entry]);
        until(|| (served.client.get(&path).status != 200).then(|| format!("{path} is to come")));
    };
    publish(asks("shop", "a", 1));
    publish(asks("hotel", "x", 2));
    publish(asks("shop", "b", 3));
    let a: Heard = listener.next_change().unwrap();
    assert_eq!(
        (a.event.as_str(), &a.data["chatId"], &a.data["status"]),
        ("status", &json!("a"), &json!("NONE"))
    );
    let told = served.client.json("/api/v1/chats/a");
    assert_eq!(told["latest"], a.data, "what is heard is there to be asked for");
    let b = listener.next_change().unwrap();
    assert_eq!(b.data["chatId"], "b");
    drop(listener);

    publish(asks("shop", "c", 4));
    publish(asks("shop", "d", 5));
    let mut back = served.client.listen("?channel=shop", Some(&a.id));
    assert_eq!(chats(&mut back, 3), ["b", "c", "d"]);
    let mut of_one = served.client.listen("?chat=x", Some(&a.id));
    assert_eq!(chats(&mut of_one, 1), ["x"]);
    world.append(&[Entry::chat("hotel", "x", at(6), json!({"chatDeleted": {}}))]);
    let deleted = of_one.next_change().unwrap();
    assert_eq!((deleted.event.as_str(), &deleted.data["deleted"]), ("status", &json!(true)));

    let mut letters = served.client.listen("", Some(&deleted.id));
    world.dead_letter(7, "not JSON", b"{");
    loop {
        let heard = letters.next_change().unwrap();
        if heard.event == "dead-letter" {
            assert_eq!(heard.data["offset"], 7);
            break;
        }
    }

    // The server ends, and with it every stream.
    served.stop();
    assert_eq!(back.next_change(), None);
    running.stop().unwrap();
}

#[test]
fn counters_are_told_to_who_asks_for_their_manager() {
    let world = World::new();
    let running = world.run();
    let served = world.serve("model");
    let mut listener = served.client.listen("?manager=anna", None);
    listener.next().unwrap();
    world.append(&[
        Entry::setting("shop", at(0), at(0), json!({"subscriptionSet": {"active": true}})),
        Entry::setting("shop", at(0), at(0), json!({"goalSet": {"eventName": "Purchase", "days": 1}})),
        asks("shop", "a", 1),
        Entry::chat("shop", "a", at(2), json!({"managerReply": {"managerId": "anna"}})),
    ]);
    let mut heard = Vec::new();
    while heard.len() < 3 {
        heard.push(listener.next_change().unwrap());
    }
    assert!(heard.iter().all(|of| of.data["managerId"] == "anna"), "{heard:?}");
    let counters = heard.iter().filter(|of| of.event == "counter");
    assert_eq!(counters.map(|of| of.data["measured"].as_u64()).collect::<Vec<_>>(), [Some(1), Some(1)]);
    served.stop();
    running.stop().unwrap();
}

#[test]
fn who_was_away_for_too_long_is_told_to_ask_anew() {
    let world = World::new();
    let running = world.run();
    let served = world.serve_with("model", |config| config.serve.events_kept = 16);
    let mut listener = served.client.listen("", None);
    let first = listener.next().unwrap();
    drop(listener);
    world.append(&(0..60).map(|n| asks("shop", &format!("c{n}"), n)).collect::<Vec<_>>());
    until(|| {
        let count = served.client.pages("/api/v1/chats?limit=200", "chats").len();
        (count < 60).then(|| format!("{count} chats"))
    });
    let mut back = served.client.listen("", Some(&first.id));
    let reset = back.next_change().unwrap();
    assert_eq!(reset.event, "reset");
    // Of another life of the server nothing is known either.
    let mut other = served.client.listen("", Some("1-1"));
    assert_eq!(other.next_change().unwrap().event, "reset");
    world.append(&[asks("shop", "after", 100)]);
    assert_eq!(back.next_change().unwrap().data["chatId"], "after", "from there it goes on");
    served.stop();
    running.stop().unwrap();
}

#[test]
fn there_are_only_so_many_readers() {
    let world = World::new();
    let served = world.serve_with("model", |config| config.serve.event_readers_max = 2);
    let mut readers = [served.client.listen("", None), served.client.listen("", None)];
    readers.iter_mut().for_each(|reader| drop(reader.next().unwrap()));
    served.client.get("/events").problem(503);
    served.stop();
}

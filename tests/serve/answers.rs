//! What is answered equals what `fold` makes of the same records, and what `chat-goals chat` says.

use crate::world::{Served, World, until};
use chat_goals::answers::chat::{Asked, answer};
use chat_goals::domain::time::Timestamp;
use chat_goals::inspect::Deployment;
use chat_goals::inspect::chat::What;
use chat_goals::inspect::scan::Unwatched;
use chat_goals::simulate::expectation::Expectation;
use chat_goals::simulate::outputs::Outputs;
use chat_goals::simulate::workload::{DAY, Entry, HOUR, workload};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// What the API says of all chats, as if it were what was published; the counters come from the log.
fn told(world: &World, served: &Served) -> Outputs {
    let chats = served.client.pages("/api/v1/chats?limit=17&sort=oldest", "chats");
    let newest =
        chats.into_iter().map(|chat| (chat["chatId"].as_str().unwrap().to_owned(), Some(chat))).collect();
    Outputs { newest, ..world.outputs() }
}

#[test]
fn statuses_rounds_and_counters_are_those_of_fold() {
    let world = World::new();
    let entries = workload(7, 2_500, 2 * HOUR);
    let running = world.run();
    let served = world.serve("early");
    // It follows while all this is published, a second one reads it afterwards.
    world.append(&entries);
    let last = entries.last().unwrap().logged;
    world.until_folded(&entries, last, &running);
    served.until_level(&world);
    let expectation = world.until_folded(&entries, last + 40 * DAY, &running);
    let late = world.serve("late");
    for served in [&served, &late] {
        served.until_level(&world);
        assert_eq!(expectation.difference(&told(&world, served)), None);
        counters_are_those_of_fold(&world, served);
        every_chat_is_explained_as_by_the_command(&world, served, &expectation);
        every_goal_counts_its_chats(served, &told(&world, served));
    }
    served.stop();
    late.stop();
    running.stop().unwrap();
}

/// For some periods of some channels: the sums over the buckets that were published.
fn counters_are_those_of_fold(world: &World, served: &Served) {
    let outputs = world.outputs();
    let days = [("2026-01-01", "2026-01-31"), ("2026-01-03", "2026-01-03"), ("2026-01-10", "2026-03-31")];
    for (from, to) in days {
        for channel in ["shop", "школа"] {
            let wanted = outputs.counters.values().filter(|of| {
                let date = of["date"].as_str().unwrap_or_default();
                of["channelId"] == channel && (from..=to).contains(&date)
            });
            let mut sums: BTreeMap<Option<String>, [u64; 6]> = BTreeMap::new();
            for of in wanted {
                let manager = (of["scope"] == "MANAGER")
                    .then(|| of["managerId"].as_str().unwrap_or_default().to_owned());
                let counts = ["measured", "achieved", "missed", "ended", "closes", "achievedOfEnded"];
                let sum = sums.entry(manager).or_default();
                counts.iter().zip(sum).for_each(|(name, sum)| *sum += of[name].as_u64().unwrap_or(0));
            }
            let path = format!("/api/v1/managers?channel={}&from={from}&to={to}", encoded(channel));
            let told = served.client.json(&path);
            let counts = |of: &Value| {
                ["measured", "achieved", "missed", "ended", "closes", "achievedOfEnded"]
                    .map(|name| of[name].as_u64().unwrap())
            };
            assert_eq!(counts(&told["total"]), sums.remove(&None).unwrap_or_default(), "{path}");
            sums.retain(|_, counts| *counts != [0; 6]);
            let managers = told["managers"].as_array().unwrap().iter();
            let found: BTreeMap<Option<String>, [u64; 6]> = managers
                .map(|of| (Some(of["managerId"].as_str().unwrap().to_owned()), counts(of)))
                .filter(|(_, counts)| *counts != [0; 6])
                .collect();
            assert_eq!(found, sums, "{path}");
            for of in told["managers"].as_array().unwrap() {
                let rate = of["ended"]
                    .as_f64()
                    .filter(|ended| *ended > 0.0)
                    .map(|ended| of["achieved"].as_f64().unwrap() / ended);
                assert_eq!(of["achievementRate"].as_f64(), rate);
            }
        }
    }
}

fn encoded(id: &str) -> String {
    id.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

/// The whole document of each chat, now and as of some earlier moments.
fn every_chat_is_explained_as_by_the_command(world: &World, served: &Served, expectation: &Expectation) {
    let deployment = Deployment::find(&world.log, &world.config, &Unwatched).unwrap();
    let settings = deployment.settings().unwrap().settings;
    let chats: Vec<String> = expectation.changes.keys().cloned().collect();
    assert!(chats.len() > 100);
    for (index, chat) in chats.iter().enumerate() {
        let published = deployment.published(chat).unwrap();
        // The log keeps for a while what a delete takes away (B8).
        let delete = published.iter().rposition(|change| matches!(change.what, What::Deleted { .. }));
        let published = &published[delete.unwrap_or(0)..];
        let moment = (index % 3 == 0).then(|| Timestamp(1_767_225_600_000 + index as i64 * 3 * HOUR));
        let as_of = moment.map_or(String::new(), |at| format!("?as_of={}", at.0));
        let path = format!("/api/v1/chats/{}{as_of}", encoded(chat));
        // The clock is told by the last look: it may be a moment until that was there.
        until(|| {
            let found = deployment.chat(chat).unwrap().unwrap();
            let channel = settings.channel(&found.row.channel);
            let asked = Asked { why: true, as_of: moment, published: Some(published) };
            let said =
                answer(&found, channel, &asked).map(|document| serde_json::to_value(document).unwrap());
            let served = served.client.get(&path);
            let told = (served.status == 200).then(|| {
                let mut told = served.json();
                told.as_object_mut().unwrap().remove("latest");
                told
            });
            (told != said).then(|| format!("{path}\n  is told as {told:?}\n  but is     {said:?}"))
        });
        if moment.is_none() && expectation.view(chat).is_some() {
            let told = served.client.json(&path);
            assert_eq!(
                (&told["status"]["status"], &told["revision"]),
                (&told["latest"]["status"], &told["latest"]["revision"])
            );
        }
    }
    assert_eq!(served.client.get("/api/v1/chats/nobody").problem(404), "the chat nobody is not known");
    let before =
        served.client.get(&format!("/api/v1/chats/{}?as_of=2000-01-01T00:00:00Z", encoded(&chats[0])));
    assert!(before.problem(404).contains("is dated up to 2000-01-01T00:00:00Z"));
}

fn every_goal_counts_its_chats(served: &Served, told: &Outputs) {
    let goals = served.client.json("/api/v1/goals");
    let mut chats = 0;
    for channel in goals["channels"].as_array().unwrap() {
        let all: u64 =
            channel["chats"].as_object().unwrap().values().map(|count| count.as_u64().unwrap()).sum();
        let by_goal = channel["byGoal"].as_array().unwrap().iter();
        let sum: u64 = by_goal
            .clone()
            .flat_map(|of| of["chats"].as_object().unwrap().values())
            .map(|count| count.as_u64().unwrap())
            .sum();
        assert_eq!(sum, all, "{channel}");
        chats += all;
        for of in by_goal {
            let achieved = told.newest.values().flatten().filter(|chat| {
                chat["channelId"] == channel["channelId"]
                    && chat["status"] == "ACHIEVED"
                    && chat["goal"] == of["goal"]
            });
            assert_eq!(of["chats"]["achieved"].as_u64(), Some(achieved.count() as u64));
        }
        assert!(!channel["goals"].as_array().unwrap().is_empty());
    }
    let newest = told.newest.values().flatten().count() as u64;
    assert_eq!(chats, newest);
    assert_eq!(served.client.json("/api/v1/status")["model"]["chats"].as_u64(), Some(newest));
}

#[test]
fn of_a_moment_before_a_delete_it_is_said_that_everything_went() {
    let world = World::new();
    let running = world.run();
    let served = world.serve("model");
    let at = |n: i64| 1_767_225_600_000 + n * 60_000;
    let append = |n: i64, what: Value| world.append(&[Entry::chat("shop", "c", at(n), what)]);
    let until_it_has = |name: &str| {
        until(|| {
            let answer = served.client.get("/api/v1/chats/c");
            let is_there = answer.status == 200 && answer.json().get(name).is_some();
            (!is_there).then(|| format!("the chat is to have {name}: {}", answer.body))
        });
    };
    let as_of = |n: i64| served.client.json(&format!("/api/v1/chats/c?as_of={}", at(n)));
    let says_that_it_went = |answer: Value| {
        assert!(answer["unknown"][0].as_str().unwrap().contains("was deleted at"), "{answer}");
        assert_eq!((answer.get("status"), &answer["asOf"]), (None, &json!(true)));
    };
    append(1, json!({"customerMessage": {"customerId": "u"}}));
    append(5, json!({"chatDeleted": {}}));
    until_it_has("deletedAt");
    says_that_it_went(as_of(3));
    assert_eq!(as_of(6)["unknown"], json!([]));
    append(10, json!({"customerMessage": {"customerId": "u"}}));
    until_it_has("status");
    says_that_it_went(as_of(3));
    assert!(as_of(10).get("status").is_some());
    served.stop();
    running.stop().unwrap();
}

#[test]
fn pages_that_are_read_while_chats_change_show_none_twice_and_miss_none_that_stays() {
    let world = World::new();
    let running = world.run();
    let served = world.serve("model");
    let at = |n: i64| 1_767_225_600_000 + n * 60_000;
    let asks = |chat: usize, n: i64| {
        Entry::chat("shop", &format!("c{chat:03}"), at(n), json!({"customerMessage": {"customerId": "u"}}))
    };
    let mut entries = vec![
        Entry::setting("shop", at(0), at(0), json!({"subscriptionSet": {"active": true}})),
        Entry::setting("shop", at(0), at(0), json!({"goalSet": {"eventName": "Purchase", "days": 1}})),
    ];
    entries.extend((0..90).map(|chat| asks(chat, 1 + chat as i64)));
    world.append(&entries);
    until(|| {
        let count = served.client.pages("/api/v1/chats?status=IN_PROCESS&limit=200", "chats").len();
        (count < 90).then(|| format!("{count} chats"))
    });
    let (mut seen, mut cursor, mut turn) = (Vec::new(), String::new(), 0);
    loop {
        let page = served.client.json(&format!("/api/v1/chats?channel=shop&limit=20{cursor}"));
        seen.extend(
            page["chats"].as_array().unwrap().iter().map(|chat| chat["chatId"].as_str().unwrap().to_owned()),
        );
        let Some(next) = page["next"].as_str() else { break };
        cursor = format!("&cursor={next}");
        // A chat of the page that comes next is replied to.
        let reply = Entry::chat(
            "shop",
            &seen[seen.len() - 1],
            at(200 + turn),
            json!({"managerReply": {"managerId": "anna"}}),
        );
        let moved = format!("c{:03}", 90 - seen.len() - 5);
        let moves =
            Entry::chat("shop", &moved, at(201 + turn), json!({"managerReply": {"managerId": "anna"}}));
        world.append(&[reply, moves]);
        turn += 2;
        until(|| {
            let measuring =
                served.client.pages("/api/v1/chats?phase=MEASURING&limit=200", "chats").len() as i64;
            (measuring < turn).then(|| format!("{measuring} are measured"))
        });
    }
    let mut once = seen.clone();
    once.sort();
    once.dedup();
    assert_eq!(once.len(), seen.len(), "none twice: {seen:?}");
    assert_eq!(seen.len() as i64, 90 - turn / 2, "only those that moved ahead are missing");
    served.stop();
    running.stop().unwrap();
}

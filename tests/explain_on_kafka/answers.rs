//! Chats, counters, settings and progress, asked of a deployment at work.

use crate::broker::Partitioner;
use crate::expectation::{Expectation, key_of, plain, without};
use crate::outputs::Outputs;
use crate::process::{Deployment, PARTITIONS};
use crate::shape::{
    CHAT, CHAT_OTHERS, GOALS, GOALS_OTHERS, MANAGERS, MANAGERS_OTHERS, STATUS, STATUS_OTHERS, assert_shape,
};
use crate::workload::{DAY, Entry, Input, time, wall, workload};
use crate::{ask, ask_lines, assert_not_found, broker};
use chat_goals::config::WireForm;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

#[test]
fn json_is_answered_as_fold_says() {
    answers("answers", WireForm::Json);
}

#[test]
fn protobuf_is_answered_as_fold_says() {
    answers("answers-protobuf", WireForm::Protobuf);
}

fn answers(name: &str, form: WireForm) {
    let deployment = Deployment::created(name, form);
    let now = wall();
    let mut entries = workload(11, 600, now);
    let to_come = json!({"channelId": "shop", "at": time(now + 10 * DAY), "goalSet": {"eventName": "Later", "days": 3}});
    entries.push(Entry::new(Input::GoalChanges, now, &to_come));
    deployment.feed(Partitioner::Java).produce(&entries);
    let expectation = Expectation::of(&entries, now);
    println!("{}", expectation.summary());

    let mut process = deployment.start("state");
    let mut outputs = Outputs::of(&deployment);
    outputs.until_equal(&expectation, &mut [&mut process]);

    chats(&deployment, &expectation, &outputs, now);
    counters(&deployment, &expectation);
    goals(&deployment, &entries);
    progress(&deployment);
    watched(&deployment);
    process.stop();
    assert_eq!(ask(&deployment, &["status"])["members"], json!([]), "nobody is there any more");
    // Whoever only asks is in no group and writes nothing.
    outputs.assert_final(&expectation, 0);
}

fn chats(deployment: &Deployment, expectation: &Expectation, outputs: &Outputs, now: i64) {
    const OF_EACH: usize = 3;
    let mut looked: BTreeMap<(String, String), usize> = BTreeMap::new();
    let text = |of: &Value, name: &str| of.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    for (id, view) in expectation.views() {
        let status = (text(view, "status"), text(view, "phase"));
        let so_far = looked.entry(status.clone()).or_default();
        *so_far += 1;
        if *so_far > OF_EACH {
            continue;
        }
        let chat = ask(deployment, &["chat", id, "--why"]);
        assert_shape(id, &chat, &CHAT, &CHAT_OTHERS);
        for shown in ["status", "publishedStatus"] {
            assert_eq!(
                (text(&chat[shown], "status"), text(&chat[shown], "phase")),
                status,
                "{shown} of {id}: {chat}"
            );
        }
        let steps = chat["why"].as_array().unwrap();
        let holds = steps.iter().filter(|step| step["holds"] == true).count();
        assert_eq!((holds, &steps[steps.len() - 1]["holds"]), (1, &json!(true)), "{chat}");
        let round = chat["rounds"].as_array().unwrap().last().map(|last| last["outcome"].clone());
        assert_eq!(round, view.get("round").map(|round| round["outcome"].clone()), "{id}: {chat}");
        let (published, newest) = (chat["published"].as_array().unwrap(), &outputs.chats[id]);
        let last = published.last().expect("every chat is published");
        assert_eq!(
            (last["revision"].as_u64(), text(last, "status")),
            (Some(newest.revision), status.0.clone())
        );
        assert_eq!(chat["revision"].as_u64(), Some(newest.revision));
        if let Some(achieved) = view.get("achievedBy") {
            let counts: Vec<&Value> =
                chat["events"].as_array().unwrap().iter().filter(|event| event["counts"] == true).collect();
            assert!(counts.iter().any(|event| event["id"] == *achieved), "{id}: {chat}");
        }
        // Nothing is dated later, so it was the same a moment later.
        let then = ask(deployment, &["chat", id, "--as-of", &now.to_string()]);
        assert_eq!((&then["status"], &then["asOf"]), (&chat["status"], &json!(true)), "{id}: {then}");
        assert_not_found(deployment, &["chat", id, "--as-of", "2001-01-01T00:00:00Z", "-o", "json"]);
        let page = deployment.say(&["chat", id, "--why"]);
        let page = String::from_utf8(page.stdout).unwrap();
        assert!(page.starts_with(&format!("chat {id} of channel ")) && page.contains("=>"), "{page}");
    }
    println!("looked at {looked:?}");
    assert!(looked.len() >= 5, "there are chats of every status: {looked:?}");
    assert_not_found(deployment, &["chat", "no-such-chat"]);
    let output = deployment.say(&["chat", "no-such-chat", "-o", "json"]);
    assert!(output.stdout.is_empty(), "{output:?}");
    let deleted = outputs.chats.iter().find(|(_, chat)| chat.newest.is_none()).map(|(id, _)| id);
    let chat = ask(deployment, &["chat", deleted.expect("one was deleted"), "--why"]);
    assert!(chat.get("deletedAt").is_some() && chat.get("status").is_none(), "{chat}");
    assert_eq!(chat["published"].as_array().unwrap().last().unwrap()["deleted"], true);
}

fn counters(deployment: &Deployment, expectation: &Expectation) {
    let mut found = BTreeMap::new();
    let total = ask(deployment, &["managers"]);
    assert_shape("managers", &total, &MANAGERS, &MANAGERS_OTHERS);
    let by_date = ask(deployment, &["managers", "--from", "2000-01-01"]);
    assert_shape("managers by date", &by_date, &MANAGERS, &MANAGERS_OTHERS);
    for of in [&total, &by_date] {
        for counter in of["counters"].as_array().unwrap() {
            let counter = plain(without(counter, &["revision", "updatedAt"]));
            assert_eq!(found.insert(key_of(&counter), counter), None);
        }
    }
    assert_eq!(&found, expectation.counters());

    let whole: f64 = expectation
        .counters()
        .values()
        .filter(|counter| counter["scope"] == "CHANNEL" && counter.get("date").is_none())
        .filter_map(|counter| counter.get("closes")?.as_f64())
        .sum();
    let totals = total["totals"].as_array().unwrap();
    let sum = totals.iter().find(|total| total["scope"] == "CHANNEL").expect("there are channels");
    assert_eq!(sum["closes"].as_f64(), Some(whole));

    let shop = ask_lines(deployment, &["managers", "--channel", "shop", "--manager", "anna"]);
    assert_eq!(shop.len(), 2, "{shop:?}");
    assert_eq!(
        (&shop[0]["counter"]["channelId"], &shop[0]["counter"]["managerId"]),
        (&json!("shop"), &json!("anna"))
    );
    assert_eq!(shop[1]["total"]["closes"], shop[0]["counter"]["closes"]);
    assert_not_found(deployment, &["managers", "--channel", "no-such-channel", "-o", "jsonl"]);
}

fn goals(deployment: &Deployment, entries: &[Entry]) {
    let goals = ask(deployment, &["goals"]);
    assert_shape("goals", &goals, &GOALS, &GOALS_OTHERS);
    let channels = goals["channels"].as_array().unwrap();
    let found: BTreeSet<&str> =
        channels.iter().map(|channel| channel["channelId"].as_str().unwrap()).collect();
    let settings = || entries.iter().filter(|entry| entry.to == Input::GoalChanges);
    assert_eq!(found, settings().map(|entry| entry.key.as_str()).collect());
    for channel in channels {
        let of = settings().filter(|entry| entry.key == channel["channelId"].as_str().unwrap());
        let set =
            of.filter(|entry| entry.json.contains("goalSet") || entry.json.contains("goalRemoved")).count();
        assert_eq!(channel["goals"].as_array().unwrap().len(), set, "{channel}");
        let present = |list: &str| {
            channel[list].as_array().unwrap().iter().filter(|entry| entry["when"] == "PRESENT").count()
        };
        assert!(["goals", "subscriptions", "timeZones"].iter().all(|list| present(list) <= 1), "{channel}");
    }
    let shop = &ask_lines(deployment, &["goals", "--channel", "shop"])[0];
    let last = shop["goals"].as_array().unwrap().last().unwrap();
    assert_eq!((&last["when"], &last["value"]["eventName"]), (&json!("FUTURE"), &json!("Later")));
    assert_not_found(deployment, &["goals", "--channel", "no-such-channel"]);
}

/// Others rely on it, so it is written down where they look.
#[test]
fn the_exit_codes_are_in_the_help() {
    for words in [
        &["chat"][..],
        &["managers"],
        &["goals"],
        &["status"],
        &["dead-letters", "list"],
        &["dead-letters", "show"],
        &["dead-letters", "resend"],
    ] {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_chat-goals"));
        let output = command.args(words).arg("--help").output().unwrap();
        let help = String::from_utf8(output.stdout).unwrap();
        assert!(
            help.contains("Exit codes: 0 found, 1 failed, 2 wrong usage, 3 not found"),
            "{words:?}: {help}"
        );
    }
}

fn progress(deployment: &Deployment) {
    let limit = Instant::now() + broker::LIMIT;
    let status = loop {
        let status = ask(deployment, &["status"]);
        assert_shape("status", &status, &STATUS, &STATUS_OTHERS);
        let stages = status["stages"].as_array().unwrap();
        if stages.iter().all(|stage| stage["lag"] == 0) {
            break status;
        }
        assert!(Instant::now() < limit, "it is behind: {status}");
        std::thread::sleep(Duration::from_millis(200));
    };
    assert_eq!(status["group"], deployment.group().as_str());
    let count = PARTITIONS as usize;
    let inputs: Vec<usize> = status["stages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|stage| stage["partitions"].as_array().unwrap().len())
        .collect();
    assert_eq!(inputs, [2 * count, 2 * count, count]);
    assert_eq!(status["clocks"].as_array().unwrap().len(), count);
    for clock in status["clocks"].as_array().unwrap() {
        assert!(clock["behindSeconds"].as_f64().is_some_and(|behind| behind >= 0.0), "{status}");
    }
    let told = |clock: &Value| clock["nextDeadline"].is_string();
    assert!(
        status["clocks"].as_array().unwrap().iter().any(told),
        "some chat waits for its deadline: {status}"
    );
    assert_eq!(status["deadLetters"], 0);
    let members = status["members"].as_array().unwrap();
    assert_eq!(members.len(), 1, "{status}");
    assert_eq!(members[0]["partitions"].as_array().unwrap().len(), 5 * count, "{status}");
    let page = deployment.say(&["status"]);
    assert!(page.stderr.is_empty(), "{page:?}");
    println!("{}", String::from_utf8(page.stdout).unwrap());
}

/// Until it is stopped a document follows the other, each in a line.
fn watched(deployment: &Deployment) {
    let mut child = deployment.saying(&["status", "--watch", "-o", "jsonl"]);
    let lines = std::io::BufRead::lines(std::io::BufReader::new(child.stdout.take().unwrap()));
    let two: Vec<Value> = lines.take(2).map(|line| serde_json::from_str(&line.unwrap()).unwrap()).collect();
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(two[0]["at"].as_str() < two[1]["at"].as_str(), "{two:?}");
}

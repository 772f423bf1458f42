//! What `chat-goals serve` answers while the processor runs is what `fold` says, and a server that was killed goes on where
//! it was.

use crate::broker::{LIMIT, Partitioner};
use crate::expectation::{Expectation, plain, without};
use crate::process::{Deployment, Process};
use crate::workload::{wall, workload};
use chat_goals::config::WireForm;
use serde_json::Value;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

#[test]
fn what_is_served_is_what_fold_says() {
    let _turn = crate::turn();
    let mut deployment = Deployment::new("served", WireForm::Protobuf);
    deployment.set("serve.listen", "127.0.0.1:0");
    deployment.create_topics();
    let now = wall();
    let entries = workload(17, 3_000, now);
    let expectation = Expectation::of(&entries, now);
    let mut processor = deployment.start("state");
    let mut early = deployment.start_as(&["serve"], "early");
    let address = listens_at(&mut early);
    deployment.feed(Partitioner::Java).produce(&entries);
    until_equal(&address, &expectation, &mut [&mut processor, &mut early]);
    // One that is killed goes on where it was.
    until(|| {
        (ask(&address, "/api/v1/status")["model"]["lag"] != 0).then(|| "it has not read all".to_owned())
    });
    early.kill();
    let mut early = deployment.start_as(&["serve"], "early");
    let address = listens_at(&mut early);
    early.until_it_says("the read model has caught up");
    assert_eq!(ask(&address, "/api/v1/status")["model"]["recordsRead"], 0);
    until_equal(&address, &expectation, &mut [&mut early]);
    // One that comes late reads it all.
    let mut late = deployment.start_as(&["serve"], "late");
    let address = listens_at(&mut late);
    until_equal(&address, &expectation, &mut [&mut late]);
    explains(&address, &deployment, &expectation);
    late.stop();
    early.stop();
    processor.stop();
}

/// A chat is explained as the command explains it.
fn explains(address: &str, deployment: &Deployment, expectation: &Expectation) {
    let chat = expectation
        .views()
        .iter()
        .find(|(_, view)| view["status"] == "ACHIEVED")
        .expect("some are achieved")
        .0;
    until(|| {
        let said = deployment.say(&["chat", chat, "--why", "--output", "json"]);
        let said: Value = serde_json::from_slice(&said.stdout).unwrap();
        let told = ask(address, &format!("/api/v1/chats/{chat}"));
        let differs = ["status", "conversation", "rounds", "why", "events", "revision", "published"]
            .into_iter()
            .find(|part| said[part] != told[part]);
        differs
            .map(|part| format!("{part} of {chat}\n  is told as {}\n  but is     {}", told[part], said[part]))
    });
}

fn listens_at(process: &mut Process) -> String {
    process.until_it_says("serving at http://");
    let said = process.stderr();
    let address = said.split("serving at ").nth(1).and_then(|rest| rest.split_whitespace().next());
    address.expect("it has just said so").to_owned()
}

fn until_equal(address: &str, expectation: &Expectation, processes: &mut [&mut Process]) {
    until(|| {
        processes.iter_mut().for_each(|process| process.assert_running());
        let told = views(address);
        let wrong: Vec<&String> = expectation
            .views()
            .iter()
            .filter(|(chat, view)| told.get(*chat) != Some(view))
            .map(|(chat, _)| chat)
            .collect();
        let same = wrong.is_empty() && told.len() == expectation.views().len();
        (!same).then(|| {
            let first = wrong
                .first()
                .map(|chat| format!("{:?} instead of {}", told.get(*chat), expectation.views()[*chat]));
            format!("{} chats, {} are wrong: {first:?}", told.len(), wrong.len())
        })
    });
}

/// The views of all chats, as pages tell them.
fn views(address: &str) -> BTreeMap<String, Value> {
    let (mut views, mut cursor) = (BTreeMap::new(), String::new());
    loop {
        let page = ask(address, &format!("/api/v1/chats?limit=200{cursor}"));
        for chat in page["chats"].as_array().unwrap() {
            let view = without(chat, &["revision", "previousStatus", "at", "cause", "correction"]);
            views.insert(chat["chatId"].as_str().unwrap().to_owned(), plain(view));
        }
        match page["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return views,
        }
    }
}

fn ask(address: &str, path: &str) -> Value {
    ureq::get(format!("{address}{path}")).call().unwrap().body_mut().read_json().unwrap()
}

fn until(mut missing: impl FnMut() -> Option<String>) {
    let limit = Instant::now() + LIMIT;
    while let Some(missing) = missing() {
        assert!(Instant::now() < limit, "after {LIMIT:?}: {missing}");
        std::thread::sleep(Duration::from_millis(200));
    }
}

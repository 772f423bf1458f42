//! Topics that are not as they must be: `run` says so with a hint, and starts nothing.

use crate::broker::{log, topic};
use crate::process::{Deployment, PARTITIONS};
use chat_goals::config::WireForm;
use chat_goals::log::Log as _;
use std::time::{Duration, Instant};

#[test]
fn topics_that_do_not_exist() {
    refuses(
        &Deployment::new("missing", WireForm::Json),
        &[
            "chats.inbox does not exist; hint: chat-goals topics create",
            "dead-letters does not exist; hint: chat-goals topics create",
        ],
    );
}

#[test]
fn an_inbox_with_another_count_of_partitions() {
    let deployment = Deployment::new("partitions", WireForm::Json);
    log().create_topics(&[topic(&deployment.internal("chats.inbox"), PARTITIONS - 1, &[])]).unwrap();
    deployment.say(&["topics", "create"]);
    refuses(&deployment, &["chats.inbox has 3 partitions and ", "hint: start a new generation"]);
}

#[test]
fn a_changelog_that_forgets() {
    let deployment = Deployment::new("forgets", WireForm::Json);
    let changelog = deployment.internal("customers.changelog");
    log().create_topics(&[topic(&changelog, PARTITIONS, &[("cleanup.policy", "delete")])]).unwrap();
    deployment.say(&["topics", "create"]);
    refuses(
        &deployment,
        &["customers.changelog has cleanup.policy=delete", "--add-config cleanup.policy=compact"],
    );
}

#[test]
fn an_input_that_is_compacted() {
    let deployment = Deployment::new("compacted", WireForm::Json);
    let input = deployment.topic("customer.events");
    log().create_topics(&[topic(&input, PARTITIONS, &[("cleanup.policy", "compact")])]).unwrap();
    deployment.say(&["topics", "create"]);
    refuses(
        &deployment,
        &["customer.events has cleanup.policy=compact", "--add-config cleanup.policy=delete"],
    );
}

fn refuses(deployment: &Deployment, sentences: &[&str]) {
    let _turn = crate::turn();
    let began = Instant::now();
    let mut process = deployment.start("state");
    let status = process.wait();
    assert!(began.elapsed() < Duration::from_secs(30), "it took {:?}", began.elapsed());
    let stderr = process.stderr();
    assert_eq!(status.code(), Some(1), "{stderr}");
    for sentence in sentences.iter().chain(&["the topics are not right, so nothing was started"]) {
        assert!(stderr.contains(sentence), "{sentence:?} is not in\n{stderr}");
    }
    let checked = deployment.say(&["topics", "check"]);
    assert_eq!(checked.status.code(), Some(1), "{checked:?}");
}

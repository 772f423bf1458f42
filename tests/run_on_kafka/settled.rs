//! Nothing goes wrong: the outputs come to what `fold` says, in either form and on whatever partitions the records are.

use crate::broker::{Partitioner, ends};
use crate::expectation::Expectation;
use crate::outputs::Outputs;
use crate::process::Deployment;
use crate::workload::{wall, workload};
use chat_goals::config::WireForm;

#[test]
fn json_comes_to_what_fold_says() {
    settles(Deployment::new("json", WireForm::Json), Partitioner::Java, 20_000);
}

/// By two workers, so that most of what chats, customers and managers say to each other goes through the inboxes.
#[test]
fn protobuf_comes_to_what_fold_says() {
    let mut deployment = Deployment::new("protobuf", WireForm::Protobuf);
    deployment.set("workers.count", "2");
    settles(deployment, Partitioner::Java, 20_000);
}

#[test]
fn records_on_foreign_partitions_come_home() {
    let deployment = Deployment::new("foreign", WireForm::Json);
    let inbox = deployment.internal("chats.inbox");
    settles(deployment, Partitioner::Librdkafka, 4_000);
    // A single worker has no other reason to write there.
    assert!(ends(&inbox).iter().all(|end| *end > 0), "nothing was forwarded");
}

fn settles(deployment: Deployment, partitioner: Partitioner, chats: u64) {
    let _turn = crate::turn();
    deployment.create_topics();
    let check = deployment.say(&["topics", "check"]);
    assert_eq!(check.status.code(), Some(0), "{check:?}");

    let now = wall();
    let entries = workload(chats, chats, now);
    deployment.feed(partitioner).produce(&entries);
    let expectation = Expectation::of(&entries, now);
    println!("{} records, {}", entries.len(), expectation.summary());

    let mut process = deployment.start("state");
    let mut outputs = Outputs::of(&deployment);
    outputs.until_equal(&expectation, &mut [&mut process]);
    process.stop();
    outputs.assert_final(&expectation, 0);
}

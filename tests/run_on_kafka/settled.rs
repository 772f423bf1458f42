//! Nothing goes wrong: the outputs come to what `fold` says, in either form and on whatever partitions the records are.

use crate::broker::Partitioner;
use crate::expectation::Expectation;
use crate::outputs::Outputs;
use crate::process::Deployment;
use crate::workload::{Entry, wall, workload};
use chat_goals::config::WireForm;

#[test]
fn json_comes_to_what_fold_says() {
    let now = wall();
    settles(WireForm::Json, Partitioner::Java, &workload(1, 20_000, now), now);
}

#[test]
fn protobuf_comes_to_what_fold_says() {
    let now = wall();
    settles(WireForm::Protobuf, Partitioner::Java, &workload(2, 20_000, now), now);
}

#[test]
fn records_on_foreign_partitions_come_home() {
    let now = wall();
    settles(WireForm::Json, Partitioner::Librdkafka, &workload(3, 4_000, now), now);
}

fn settles(form: WireForm, partitioner: Partitioner, entries: &[Entry], now: i64) {
    let _turn = crate::turn();
    let deployment = Deployment::created("settled", form);
    let check = deployment.say(&["topics", "check"]);
    assert_eq!(check.status.code(), Some(0), "{check:?}");
    deployment.feed(partitioner).produce(entries);
    let expectation = Expectation::of(entries, now);
    println!("{} records, {}", entries.len(), expectation.summary());

    let mut process = deployment.start("state");
    let mut outputs = Outputs::of(&deployment);
    outputs.until_equal(&expectation, &mut [&mut process]);
    process.stop();
    outputs.assert_final(&expectation, 0);
}

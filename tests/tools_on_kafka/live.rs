//! Beside a process that works.

use crate::broker::Partitioner;
use crate::expectation::Expectation;
use crate::outputs::Outputs;
use crate::process::{Deployment, PARTITIONS};
use crate::said::{audit, say, verify};
use crate::workload::{wall, workload};
use chat_goals::config::WireForm;

#[test]
fn the_tools_read_what_a_process_is_writing() {
    let deployment = Deployment::created("tools", WireForm::Protobuf);
    let now = wall();
    let entries = workload(41, 6_000, now);
    let mut process = deployment.start("state");
    let mut outputs = Outputs::of(&deployment);
    let feed = deployment.feed(Partitioner::Java);
    let (first, rest) = entries.split_at(entries.len() / 4);
    feed.produce(first);
    outputs.until(&mut [&mut process], |outputs| (outputs.records < 100).then(|| "it begins".to_owned()));

    std::thread::scope(|scope| {
        let feeding = scope.spawn(|| rest.chunks(500).for_each(|part| feed.produce(part)));
        let mut looks = 0;
        while !feeding.is_finished() || looks < 2 {
            verify(&deployment, "state").is_good(0);
            let audited = audit(&deployment, "state");
            audited.is_good(0);
            assert_eq!(audited.lines.len() as i32, 3 * PARTITIONS);
            looks += 1;
        }
        println!("{looks} looks");
    });
    process.assert_running();
    outputs.until_equal(&Expectation::of(&entries, now), &mut [&mut process]);

    let info = say(&deployment, &["state", "info", "-o", "jsonl"], "state");
    info.is_good(0);
    let rows = |stage: &str| -> u64 {
        let of = info.lines.iter().filter(|line| line["stage"] == stage);
        of.map(|line| line["rows"].as_u64().unwrap()).sum()
    };
    let made_by: Vec<_> =
        info.lines.iter().filter(|line| line["kind"] == "task").map(|line| &line["madeBy"]).collect();
    assert!(made_by.iter().all(|made_by| *made_by == "format 1, rules 1"), "{made_by:?}");
    let dumped = say(&deployment, &["state", "dump", "--stage", "chats"], "state");
    dumped.is_good(0);
    assert_eq!(dumped.lines.len() as u64, rows("chats"));
    assert_eq!(dumped.lines.len(), outputs.chats.len());
    let key = dumped.lines[0]["key"].as_str().unwrap();
    let one = say(&deployment, &["state", "dump", "--key", key], "state");
    assert_eq!(one.lines.iter().filter(|line| line["stage"] == "chats").count(), 1);
    process.stop();
    verify(&deployment, "state").is_good(0);
    audit(&deployment, "state").is_good(0);
}

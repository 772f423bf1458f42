//! A process that is behind folds while another of its threads sends and commits what came before.

use crate::world::World;
use chat_goals::simulate::outputs::Outputs;
use chat_goals::simulate::workload::{HOUR, workload};

/// Each pass takes twenty batches, so that it is behind from the start, and stays so while deadlines pass.
#[test]
fn a_backlog_comes_to_what_fold_says_though_commits_fail_beside_it() {
    for seed in 41..44 {
        let world = World::new(3);
        world.log.let_batches_hold(1);
        let entries = workload(seed, 3_000, HOUR);
        world.append_all(&entries);
        world.mischief.plan(seed, 12, 4);
        let running = world.start("a");
        let expectation = world.until_settled(&entries, &[&running]);
        assert!(world.mischief.is_managed());
        running.stop().unwrap();
        assert_eq!(expectation.difference(&world.outputs()), None);
    }
}

/// Records that nobody can read are sent on whole: so many are more than may wait to be sent, in one pass.
#[test]
fn more_than_may_wait_to_be_sent_is_sent_in_parts() {
    const BAD: usize = 90;
    let mut world = World::new(1);
    world.config.workers.count = 1;
    world.config.commit.records_max = 1_000;
    world.log.let_batches_hold(10);
    let topic = world.config.topics.chat_events.clone();
    let garbage = vec![b'?'; 900_000];
    for number in 0..BAD {
        world.log.append(&topic, format!("c{number}").as_bytes(), Some(&garbage), 0);
    }
    let good = r#"{"channelId":"ch","chatId":"good","at":"1970-01-01T00:00:00Z","chatOpened":{}}"#;
    world.log.append(&topic, b"good", Some(good.as_bytes()), 0);
    let running = world.start("a");
    world.until_folded(&[&running]);
    running.stop().unwrap();
    let outputs = Outputs::read(&world.log, &world.config, "\0").unwrap();
    let keys: Vec<_> = outputs.dead_letters.iter().filter_map(|record| record.key.clone()).collect();
    let expected: Vec<_> = (0..BAD).map(|number| format!("c{number}").into_bytes()).collect();
    assert_eq!(keys, expected);
    assert_eq!(outputs.newest.keys().collect::<Vec<_>>(), ["good"]);
}

//! A partition that cannot be read on: what was folded of it is committed with where it stood, by a process that is
//! stepped here, while its clock stands still.

use crate::world::World;
use chat_goals::log::{Log as _, TopicPartition};
use chat_goals::runtime::clocks::Clocks;
use chat_goals::runtime::process::{Pace, Process};
use chat_goals::state::store::Store;
use std::sync::Arc;
use std::time::Duration;

#[test]
fn what_was_folded_before_a_gap_is_committed_with_its_position() {
    let mut world = World::new(1);
    world.config.workers.count = 1;
    world.config.commit.records_max = 1_000;
    let append = |chat: usize| {
        let at = "1970-01-01T00:00:00Z";
        let record = format!(r#"{{"channelId":"ch","chatId":"c{chat}","at":"{at}","chatOpened":{{}}}}"#);
        let key = format!("c{chat}");
        world.log.append(&world.config.topics.chat_events, key.as_bytes(), Some(record.as_bytes()), 0);
    };
    (0..5).for_each(append);
    let store = Store::open(&world.dir("rows"), world.config.state.memory_bytes_max).unwrap();
    // No commit is due because of the time.
    let clocks = Clocks::moved(Arc::new(|| 0), Arc::new(|| Duration::ZERO));
    let (pace, topology) = (Pace::of(&world.config), world.topology.clone());
    let process =
        Process::new(world.log.clone(), &world.config, pace, topology, clocks, store, "slot".to_owned());
    let (mut goals, mut seat) = (process.goals(), process.seat(0));
    let mut step_until = |is_done: &dyn Fn() -> bool, what: &str| {
        for _ in 0..1_000 {
            goals.step().unwrap();
            seat.step().unwrap();
            if is_done() {
                return;
            }
        }
        panic!("{what}");
    };

    let statuses = TopicPartition::new(world.topology.status_changed.topic.clone(), 0);
    let (statuses, input) = ([statuses], [TopicPartition::new(world.topology.chat_events.clone(), 0)]);
    step_until(&|| world.log.tails(&statuses).unwrap() == [5], "nothing is folded");
    assert_eq!(world.log.ends(&statuses).unwrap(), [0], "nothing is committed yet");
    (5..10).for_each(append);
    world.log.truncate(&world.config.topics.chat_events, 0, 8);
    step_until(&|| world.log.ends(&statuses).unwrap()[0] > 0, "nothing is committed");

    let position = world.log.committed(&world.topology.group, &input).unwrap().remove(0);
    // 5 and not "none": the gap is told as what it is, whoever has the partition next.
    assert_eq!(position.next, Some(5));
}

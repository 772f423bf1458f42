//! Deadlines that pass in many partitions of one worker at once.

use crate::stepped::Stepped;
use crate::world::World;
use chat_goals::log::Log as _;
use chat_goals::log::partitioner::partition_of;
use chat_goals::runtime::note::Note;
use chat_goals::runtime::topology::Topology;
use chat_goals::simulate::workload::{DAY, Entry};
use serde_json::json;

/// Of a partition.
const CHATS: usize = 20;
/// Of a partition in one pass.
const SLICE: usize = 5;
/// A row of time counts as so many of `commit.records_max`.
const RECORDS_A_ROW: usize = 8;

/// A commit holds as much for sixteen partitions as for two, and none of them waits until another one is done.
#[test]
fn a_commit_has_a_measure_whatever_the_partitions_and_each_has_its_turn() {
    all_pass_in_turn(16, 2 * SLICE);
}

/// Two slices and the beginning of a third fill a commit: it is not always the same partition that gets no more than that.
#[test]
fn a_slice_that_was_cut_short_comes_first_next_time() {
    all_pass_in_turn(3, 2 * SLICE + 1);
}

/// A slice is more than a commit holds.
#[test]
fn a_commit_of_less_than_a_slice_is_for_another_partition_each_time() {
    all_pass_in_turn(3, SLICE - 1);
}

fn all_pass_in_turn(partitions: i32, rows_max: usize) {
    let mut world = World::new(partitions);
    world.config.commit.records_max = RECORDS_A_ROW * rows_max;
    let goal = json!({"goalSet": {"eventName": "Purchase", "days": 1}});
    world.append(&Entry::setting("ch", 0, 0, json!({"subscriptionSet": {"active": true}})));
    world.append(&Entry::setting("ch", 0, 0, goal));
    for partition in 0..partitions {
        let at_home = |chat: &String| partition_of(chat.as_bytes(), partitions) == partition;
        for chat in (0..).map(|number| format!("c{number}")).filter(at_home).take(CHATS) {
            let asked = json!({"customerMessage": {"customerId": format!("u{chat}")}});
            world.append(&Entry::chat("ch", &chat, 1_000, asked));
            world.append(&Entry::chat("ch", &chat, 2_000, json!({"managerReply": {"managerId": "m"}})));
        }
    }
    let mut stepped = Stepped::at(&world, |pace| pace.chats_a_pass = SLICE);
    let count_of = |status: &str| {
        let mut counts = vec![0; partitions as usize];
        for view in world.outputs().statuses().filter(|view| view["status"] == status) {
            let chat = view["chatId"].as_str().expect("it has an id");
            counts[partition_of(chat.as_bytes(), partitions) as usize] += 1;
        }
        counts
    };
    stepped.until("all have begun", |_| count_of("IN_PROCESS") == vec![CHATS; partitions as usize]);

    world.clock_may_reach(2 * DAY);
    let written = || world.log.read_all(&world.config.topics.goal_status_changed).len();
    // How many goal changes each partition has noted to have shown.
    let inboxes = Topology::all(&world.topology.chats_inbox, partitions);
    let shown = || -> Vec<i64> {
        let positions = world.log.committed(&world.topology.group, &inboxes).unwrap();
        positions.iter().map(|position| Note::decode(&position.note).goals.iter().sum()).collect()
    };
    let (mut before, mut commits) = (0, 0);
    while before < CHATS * partitions as usize {
        let so_far = written();
        stepped.until("more come", |_| written() > so_far);
        let missed = count_of("MISSED");
        let all: usize = missed.iter().sum();
        assert!(all - before <= rows_max, "{} in one commit instead of {rows_max}", all - before);
        let (least, most) = (missed.iter().min().unwrap(), missed.iter().max().unwrap());
        assert!(most - least < 2 * SLICE, "they have come as far as {missed:?}");
        before = all;
        commits += 1;
        if commits == 3 {
            world.append(&Entry::setting("other", 0, 0, json!({"subscriptionSet": {"active": true}})));
        }
        let shown = shown();
        assert!(shown.iter().all(|changes| changes == &shown[0]), "some lag behind: {shown:?}");
    }
    assert_eq!(shown()[0], 3, "the last change came while they waited");
}

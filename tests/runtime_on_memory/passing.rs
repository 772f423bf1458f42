//! Deadlines that pass in many partitions of one worker at once.

use crate::stepped::Stepped;
use crate::world::World;
use chat_goals::log::Log as _;
use chat_goals::log::partitioner::partition_of;
use chat_goals::runtime::note::Note;
use chat_goals::runtime::topology::Topology;
use chat_goals::simulate::workload::{DAY, Entry};
use serde_json::json;

const PARTITIONS: i32 = 16;
const CHATS: usize = 20;
/// Of a partition in one pass.
const SLICE: usize = 5;
/// As much as two slices: a row of time counts as eight records.
const RECORDS_MAX: usize = 80;

/// A commit holds as much for sixteen partitions as for two, and none of them waits until another one is done.
#[test]
fn a_commit_has_a_measure_whatever_the_partitions_and_each_has_its_turn() {
    let mut world = World::new(PARTITIONS);
    world.config.commit.records_max = RECORDS_MAX;
    let goal = json!({"goalSet": {"eventName": "Purchase", "days": 1}});
    world.append(&Entry::setting("ch", 0, 0, json!({"subscriptionSet": {"active": true}})));
    world.append(&Entry::setting("ch", 0, 0, goal));
    for partition in 0..PARTITIONS {
        let at_home = |chat: &String| partition_of(chat.as_bytes(), PARTITIONS) == partition;
        for chat in (0..).map(|number| format!("c{number}")).filter(at_home).take(CHATS) {
            let asked = json!({"customerMessage": {"customerId": format!("u{chat}")}});
            world.append(&Entry::chat("ch", &chat, 1_000, asked));
            world.append(&Entry::chat("ch", &chat, 2_000, json!({"managerReply": {"managerId": "m"}})));
        }
    }
    let mut stepped = Stepped::at(&world, |pace| pace.chats_a_pass = SLICE);
    let count_of = |status: &str| {
        let mut counts = [0; PARTITIONS as usize];
        for view in world.outputs().statuses().filter(|view| view["status"] == status) {
            let chat = view["chatId"].as_str().expect("it has an id");
            counts[partition_of(chat.as_bytes(), PARTITIONS) as usize] += 1;
        }
        counts
    };
    stepped.until("all have begun", |_| count_of("IN_PROCESS") == [CHATS; PARTITIONS as usize]);

    world.clock_may_reach(2 * DAY);
    let written = || world.log.read_all(&world.config.topics.goal_status_changed).len();
    // How many goal changes each partition has noted to have shown.
    let inboxes = Topology::all(&world.topology.chats_inbox, PARTITIONS);
    let shown = || -> Vec<i64> {
        let positions = world.log.committed(&world.topology.group, &inboxes).unwrap();
        positions.iter().map(|position| Note::decode(&position.note).goals.iter().sum()).collect()
    };
    let (mut before, mut commits) = (0, 0);
    while before < CHATS * PARTITIONS as usize {
        let so_far = written();
        stepped.until("more come", |_| written() > so_far);
        let missed = count_of("MISSED");
        let all: usize = missed.iter().sum();
        let most = RECORDS_MAX / 8;
        assert!(all - before <= most, "{} in one commit instead of {most}", all - before);
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
    assert!(commits >= 30, "{commits} commits: nobody had to wait");
    assert_eq!(shown()[0], 3, "the last change came while they waited");
}

//! The audit beside a deployment that goes on, after it, and with one thing altered by hand.

use crate::world::{World, feed};
use chat_goals::at_rest::audit::{Audit, Compared, TaskAudit};
use chat_goals::at_rest::disk::Disk;
use chat_goals::log::{Log as _, Position};
use chat_goals::runtime::Runtime;
use chat_goals::runtime::note::Note;
use chat_goals::runtime::topology::Stage;
use chat_goals::simulate::dice::Dice;
use chat_goals::simulate::workload::{HOUR, workload};
use chat_goals::state::store::{Family, Store};
use chat_goals::state::table::row_key;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

fn audit(world: &World, disk: Option<&Disk>) -> Vec<TaskAudit> {
    let mut tasks = Vec::new();
    let (log, topology) = (world.log.clone(), world.topology.clone());
    Audit::new(log, &world.config, topology, Arc::new(|| 0), disk)
        .run(|task| {
            tasks.push(task);
            Ok(())
        })
        .unwrap();
    tasks
}

fn differing(tasks: &[TaskAudit]) -> Vec<&TaskAudit> {
    tasks.iter().filter(|task| task.differs()).collect()
}

fn disk_of(world: &World, name: &str) -> Disk {
    let mut config = world.config.clone();
    config.state.dir = world.dir(name);
    Disk::open(&Disk::dir_of(&config)).unwrap()
}

#[test]
fn nothing_differs_while_everything_moves() {
    let world = World::new(3);
    let entries = workload(31, 3_000, HOUR);
    let running = world.start("a");
    feed(&world, &entries[..500], &mut Dice(1), &[&running]);
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let auditing = scope.spawn(|| {
            let (disk, mut audits) = (disk_of(&world, "a"), 0);
            while !done.load(Ordering::Relaxed) || audits < 2 {
                let tasks = audit(&world, Some(&disk));
                assert_eq!(differing(&tasks).len(), 0, "{:#?}", differing(&tasks));
                audits += 1;
            }
            audits
        });
        feed(&world, &entries[500..], &mut Dice(2), &[&running]);
        done.store(true, Ordering::Relaxed);
        println!("{} audits", auditing.join().unwrap());
    });
    stop(&world, running);
    let tasks = audit(&world, Some(&disk_of(&world, "a")));
    assert_eq!(differing(&tasks).len(), 0, "{:#?}", differing(&tasks));
    assert_eq!(tasks.len(), 9);
    assert!(tasks.iter().all(|task| task.note == Compared::Same && task.noted == Some(task.digest)));
    assert!(tasks.iter().all(|task| task.disk == Compared::Same), "{tasks:#?}");
    assert_eq!(tasks.iter().filter(|task| task.published == Compared::Same).count(), 6);
}

/// Stops for good. A process that starts notes how far its disk reaches: what it reads again anyway would not count.
fn stop(world: &World, running: Runtime) {
    running.stop().unwrap();
    let running = world.start("a");
    world.until_all_had_a_turn("last", &[&running]);
    running.stop().unwrap();
}

/// A deployment that has stopped, and a chat of it that is there.
fn stopped() -> (World, i32, String) {
    let world = World::new(2);
    let entries = workload(32, 1_500, HOUR);
    let running = world.start("a");
    feed(&world, &entries, &mut Dice(3), &[&running]);
    world.until_folded(&[&running]);
    stop(&world, running);
    let tasks = audit(&world, Some(&disk_of(&world, "a")));
    assert_eq!(differing(&tasks).len(), 0, "{:#?}", differing(&tasks));
    let newest = world.outputs().newest;
    let (chat, _) = newest.iter().find(|(_, view)| view.is_some()).expect("there is one");
    let partition = chat_goals::log::partitioner::partition_of(chat.as_bytes(), 2);
    (world, partition, chat.clone())
}

#[track_caller]
fn one(tasks: &[TaskAudit], stage: Stage, partition: i32, chat: &str) {
    let differing = differing(tasks);
    let [task] = differing[..] else { panic!("{differing:#?}") };
    assert_eq!((task.stage, task.partition), (stage.family().name(), partition), "{task:#?}");
    assert_eq!(task.first().map(|first| first.key.as_str()), Some(chat), "{task:#?}");
}

#[test]
fn a_published_view_that_somebody_edited() {
    let (world, partition, chat) = stopped();
    let topic = &world.config.topics.goal_status_changed;
    let records = world.log.read_all(topic);
    let newest = records.iter().rfind(|record| record.key.as_deref() == Some(chat.as_bytes())).unwrap();
    let edited = String::from_utf8(newest.value.clone().unwrap()).unwrap().replacen(
        "\"revision\":",
        "\"revision\":1",
        1,
    );
    let (key, value) = (Some(chat.as_bytes()), Some(edited.as_bytes()));
    world.log.append_to(topic, newest.partition, key, value, None, &[]);
    let tasks = audit(&world, None);
    one(&tasks, Stage::Chats, partition, &chat);
    assert!(tasks[partition as usize].first().unwrap().how.contains("revision is 1"));
}

#[test]
fn a_changelog_record_that_somebody_overwrote() {
    let (world, partition, chat) = stopped();
    let changelog = world.topology.changelog(Stage::Chats, partition);
    let records = world.log.read_all(&changelog.topic);
    let oldest = records.iter().find(|record| record.key.as_deref() == Some(chat.as_bytes())).unwrap();
    let (key, value) = (Some(chat.as_bytes()), oldest.value.as_deref());
    world.log.append_to(&changelog.topic, partition, key, value, None, &[]);
    let tasks = audit(&world, None);
    one(&tasks, Stage::Chats, partition, &chat);
    let task = &tasks[partition as usize];
    assert!(matches!(task.note, Compared::Differs { .. }) && task.noted != Some(task.digest), "{task:#?}");
}

#[test]
fn a_row_that_somebody_edited_on_a_disk() {
    let (world, partition, chat) = stopped();
    let dir = disk_of(&world, "a").dir.clone();
    let store = Store::open(&dir, 8 << 20).unwrap();
    let key = row_key(partition, chat.as_bytes());
    let mut row = store.get(Family::Chats, &key).unwrap().unwrap().to_vec();
    row.extend([0x28, 99]); // The revision once more: the last one counts.
    let mut changes = store.changes();
    changes.put(Family::Chats, &key, &row);
    changes.write().unwrap();
    drop(store);
    let tasks = audit(&world, Some(&disk_of(&world, "a")));
    one(&tasks, Stage::Chats, partition, &chat);
    let task = &tasks[partition as usize];
    assert_eq!((&task.note, &task.published), (&Compared::Same, &Compared::Same));
}

/// The digest is made from the rows, and goes on from there.
#[test]
fn a_note_without_a_digest_is_taken_up() {
    let (world, partition, _) = stopped();
    let inbox = world.topology.inputs(Stage::Chats, partition).pop().unwrap();
    let group = &world.topology.group;
    let position = world.log.committed(group, &[inbox]).unwrap().remove(0);
    let note = Note { digest: None, ..Note::decode(&position.note) }.encode();
    let mut member = world.log.join(group, "an older binary", &world.topology.subscribed()).unwrap();
    while !matches!(
        chat_goals::log::Member::poll(&mut member, std::time::Duration::ZERO).unwrap(),
        chat_goals::log::Polled::Assigned(_)
    ) {}
    chat_goals::log::Member::commit(&mut member, &[Position { note, ..position }]).unwrap();
    chat_goals::log::Member::leave(member).unwrap();
    let tasks = audit(&world, None);
    assert_eq!(tasks[partition as usize].note, Compared::Not("no digest is noted yet"));
    assert_eq!(differing(&tasks).len(), 0);
    let running = world.start("a");
    world.until_all_had_a_turn("again", &[&running]);
    running.stop().unwrap();
    let tasks = audit(&world, None);
    assert!(tasks.iter().all(|task| task.note == Compared::Same), "{tasks:#?}");
    assert_eq!(differing(&tasks).len(), 0, "{tasks:#?}");
}

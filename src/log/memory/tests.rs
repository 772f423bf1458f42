//! What the in-memory log promises, one sentence a test. Every poll has a zero timeout, but for the one about
//! waiting.

use super::*;
use crate::log::{Batch, Member, Outgoing, Polled, Reader};

const GROUP: &str = "group";
const NOW: Duration = Duration::ZERO;

fn log(partitions: i32) -> MemoryLog {
    let log = MemoryLog::with_clock(|| 1_000);
    let plan = |name: &str| TopicPlan { name: name.into(), partitions, replication: -1, settings: vec![] };
    log.create_topics(&[plan("in"), plan("also"), plan("out")]).unwrap();
    log
}

fn join(log: &MemoryLog, slot: &str) -> MemoryMember {
    log.join(GROUP, slot, &["in".into(), "also".into()]).unwrap()
}

/// Joins and starts everything that it is assigned at once.
fn started(log: &MemoryLog, slot: &str) -> MemoryMember {
    let mut member = join(log, slot);
    start_all(&mut member);
    member
}

fn start_all(member: &mut MemoryMember) {
    let Polled::Assigned(partitions) = member.poll(NOW).unwrap() else { panic!("nothing was assigned") };
    for position in member.committed(&partitions).unwrap() {
        member.start(&position.of, position.next).unwrap();
    }
}

fn input(partition: i32) -> TopicPartition {
    TopicPartition::new("in", partition)
}

fn at(partition: i32, next: Offset) -> Position {
    Position { of: input(partition), next: Some(next), note: format!("at {next}") }
}

fn put(log: &MemoryLog, partition: i32, value: &str) {
    log.append_to("in", partition, Some(b"k"), Some(value.as_bytes()), Some(7), &[]);
}

fn send(member: &mut MemoryMember, topic: &str, value: &str) -> LogResult<()> {
    let value = Some(value.as_bytes());
    member.send(Outgoing { topic, partition: 0, key: Some(b"k"), value, headers: &[], timestamp: None })
}

fn values(batch: &impl Batch) -> Vec<String> {
    (0..batch.len()).map(|i| String::from_utf8(batch.get(i).value.unwrap().to_vec()).unwrap()).collect()
}

fn polled(member: &mut MemoryMember) -> Vec<String> {
    match member.poll(NOW).unwrap() {
        Polled::Records(batch) => values(&batch),
        Polled::Nothing => Vec::new(),
        other => panic!("neither records nor nothing: {other:?}"),
    }
}

fn visible(log: &MemoryLog, topic: &str) -> Vec<String> {
    log.read_all(topic).into_iter().map(|record| String::from_utf8(record.value.unwrap()).unwrap()).collect()
}

#[test]
fn records_of_a_transaction_are_seen_when_it_commits_and_not_before() {
    let log = log(1);
    let mut worker = started(&log, "0");
    send(&mut worker, "out", "a").unwrap();
    assert_eq!(visible(&log, "out"), [""; 0]);
    worker.commit(&[]).unwrap();
    assert_eq!(visible(&log, "out"), ["a"]);
}

#[test]
fn records_of_an_aborted_transaction_are_never_seen() {
    let log = log(1);
    let mut worker = started(&log, "0");
    send(&mut worker, "out", "thrown away").unwrap();
    worker.abort().unwrap();
    send(&mut worker, "out", "kept").unwrap();
    worker.commit(&[]).unwrap();
    assert_eq!(visible(&log, "out"), ["kept"]);
}

#[test]
fn records_wait_behind_an_open_transaction_of_somebody_else() {
    let log = log(1);
    let mut worker = started(&log, "0");
    send(&mut worker, "out", "first").unwrap();
    log.append_to("out", 0, None, Some(b"second"), None, &[]);
    assert_eq!(visible(&log, "out"), [""; 0]);
    assert_eq!(log.ends(&[TopicPartition::new("out", 0)]).unwrap(), [0]);
    worker.abort().unwrap();
    assert_eq!(visible(&log, "out"), ["second"]);
}

#[test]
fn a_position_passes_markers_and_reaches_the_end() {
    let log = log(1);
    let of = TopicPartition::new("out", 0);
    let mut worker = started(&log, "0");
    let mut reader = log.reader().unwrap();
    reader.assign(&[(of.clone(), 0)]).unwrap();
    send(&mut worker, "out", "a").unwrap();
    worker.commit(&[]).unwrap();
    send(&mut worker, "out", "b").unwrap();
    worker.abort().unwrap();
    assert_eq!(values(&reader.poll(NOW).unwrap().unwrap()), ["a"]);
    assert_eq!(reader.position(&of), Some(4));
    assert_eq!(log.ends(&[of]).unwrap(), [4]);
}

#[test]
fn committed_positions_come_back_with_their_notes() {
    let log = log(2);
    let mut worker = started(&log, "0");
    worker.commit(&[at(0, 5)]).unwrap();
    let never = Position { of: input(1), next: None, note: String::new() };
    assert_eq!(worker.committed(&[input(0), input(1)]).unwrap(), [at(0, 5), never]);
    assert_eq!(log.committed("another group", &[input(0)]).unwrap()[0].next, None);
}

#[test]
fn nothing_is_delivered_before_start_nor_after_pause() {
    let log = log(1);
    put(&log, 0, "a");
    let mut worker = join(&log, "0");
    assert!(matches!(worker.poll(NOW).unwrap(), Polled::Assigned(_)));
    assert!(matches!(worker.poll(NOW).unwrap(), Polled::Nothing));
    worker.start(&input(0), None).unwrap();
    assert_eq!(polled(&mut worker), ["a"]);
    worker.pause(&input(0)).unwrap();
    put(&log, 0, "b");
    assert_eq!(polled(&mut worker), [""; 0]);
    worker.start(&input(0), Some(0)).unwrap();
    assert_eq!(polled(&mut worker), ["a", "b"]);
}

#[test]
fn equal_partitions_of_both_topics_come_to_the_same_worker() {
    let log = log(5);
    let (mut one, mut two) = (join(&log, "1"), join(&log, "2"));
    let assigned = |member: &mut MemoryMember| match member.poll(NOW).unwrap() {
        Polled::Assigned(partitions) => partitions,
        other => panic!("not assigned: {other:?}"),
    };
    let named = |partitions: Vec<TopicPartition>, topic: &str| -> Vec<i32> {
        partitions.iter().filter(|of| &*of.topic == topic).map(|of| of.partition).collect()
    };
    let (first, second) = (assigned(&mut one), assigned(&mut two));
    assert_eq!(named(first.clone(), "in"), [0, 1, 2]);
    assert_eq!(named(first, "also"), [0, 1, 2]);
    assert_eq!(named(second.clone(), "in"), [3, 4]);
    assert_eq!(named(second, "also"), [3, 4]);
}

#[test]
fn a_partition_is_given_up_before_the_next_one_gets_it() {
    let log = log(2);
    let mut one = started(&log, "1");
    let mut two = join(&log, "2");
    assert!(matches!(two.poll(NOW).unwrap(), Polled::Nothing));

    let Polled::Revoked(revoked) = one.poll(NOW).unwrap() else { panic!("not revoked") };
    assert_eq!(revoked, [TopicPartition::new("also", 1), input(1)]);
    assert!(matches!(two.poll(NOW).unwrap(), Polled::Nothing));
    one.commit(&[at(1, 3)]).unwrap();

    assert!(matches!(one.poll(NOW).unwrap(), Polled::Nothing));
    let Polled::Assigned(assigned) = two.poll(NOW).unwrap() else { panic!("not assigned") };
    assert_eq!(assigned, revoked);
    assert_eq!(two.committed(&[input(1)]).unwrap(), [at(1, 3)]);
}

#[test]
fn kept_partitions_go_on_while_others_move() {
    let log = log(2);
    let mut one = started(&log, "1");
    let _two = join(&log, "2");
    assert!(matches!(one.poll(NOW).unwrap(), Polled::Revoked(_)));
    put(&log, 0, "kept");
    put(&log, 1, "moved");
    assert_eq!(polled(&mut one), ["kept"]);
}

#[test]
fn a_worker_that_was_thrown_out_is_refused_and_learns_what_it_lost() {
    let log = log(1);
    let mut worker = started(&log, "0");
    log.expel(GROUP, "0");
    send(&mut worker, "out", "too late").unwrap();
    assert!(matches!(worker.commit(&[at(0, 1)]), Err(LogError::Refused(_))));
    assert!(matches!(worker.poll(NOW).unwrap(), Polled::Lost(lost) if lost.len() == 2));
    start_all(&mut worker);
    worker.commit(&[at(0, 1)]).unwrap();
    assert_eq!(visible(&log, "out"), [""; 0]);
}

#[test]
fn an_heir_of_the_slot_ends_what_was_left_open_and_fences_the_older_one() {
    let log = log(1);
    let mut older = started(&log, "0");
    send(&mut older, "out", "left open").unwrap();
    let mut heir = join(&log, "0");
    assert_eq!(log.ends(&[TopicPartition::new("out", 0)]).unwrap(), [2]);
    assert!(matches!(older.commit(&[at(0, 1)]), Err(LogError::Unclear(_))));
    assert!(matches!(send(&mut older, "out", "no"), Err(LogError::Unclear(_))));
    send(&mut heir, "out", "yes").unwrap();
    heir.commit(&[]).unwrap();
    assert_eq!(visible(&log, "out"), ["yes"]);
}

#[test]
fn a_crashed_worker_keeps_its_partitions_until_it_is_expelled() {
    let log = log(1);
    let mut dead = started(&log, "0");
    send(&mut dead, "out", "left open").unwrap();
    dead.crash();
    let mut heir = join(&log, "0");
    assert!(matches!(heir.poll(NOW).unwrap(), Polled::Nothing));
    log.expel(GROUP, "0");
    assert!(matches!(heir.poll(NOW).unwrap(), Polled::Assigned(_)));
}

#[test]
fn a_worker_that_leaves_frees_its_partitions_at_once() {
    let log = log(1);
    let one = started(&log, "1");
    let mut two = join(&log, "2");
    one.leave().unwrap();
    assert!(matches!(two.poll(NOW).unwrap(), Polled::Assigned(partitions) if partitions.len() == 2));
}

#[test]
#[should_panic(expected = "Kafka would not notice")]
fn committing_a_partition_that_was_given_up_is_a_mistake_worth_a_panic() {
    let log = log(2);
    let mut one = started(&log, "1");
    let _two = join(&log, "2");
    assert!(matches!(one.poll(NOW).unwrap(), Polled::Revoked(_)));
    one.poll(NOW).unwrap();
    let _ = one.commit(&[at(1, 1)]);
}

#[test]
fn a_commit_whose_answer_is_lost_has_happened() {
    let log = log(1);
    let mut worker = started(&log, "0");
    send(&mut worker, "out", "a").unwrap();
    log.fail_next_commit(GROUP, "0", Fault::AnswerLost);
    assert!(matches!(worker.commit(&[at(0, 1)]), Err(LogError::Unclear(_))));
    worker.recover().unwrap();
    assert_eq!(worker.committed(&[input(0)]).unwrap(), [at(0, 1)]);
    assert_eq!(visible(&log, "out"), ["a"]);
}

#[test]
fn a_late_commit_does_nothing_once_the_worker_has_recovered() {
    let log = log(1);
    let mut worker = started(&log, "0");
    send(&mut worker, "out", "a").unwrap();
    log.fail_next_commit(GROUP, "0", Fault::RequestLate);
    assert!(matches!(worker.commit(&[at(0, 1)]), Err(LogError::Unclear(_))));
    worker.recover().unwrap();
    log.deliver_late_commit(GROUP, "0");
    assert_eq!(worker.committed(&[input(0)]).unwrap()[0].next, None);
    assert_eq!(visible(&log, "out"), [""; 0]);
}

#[test]
fn a_late_commit_counts_if_it_comes_before_the_recovery() {
    let log = log(1);
    let mut worker = started(&log, "0");
    send(&mut worker, "out", "a").unwrap();
    log.fail_next_commit(GROUP, "0", Fault::RequestLate);
    assert!(matches!(worker.commit(&[at(0, 1)]), Err(LogError::Unclear(_))));
    log.deliver_late_commit(GROUP, "0");
    worker.recover().unwrap();
    assert_eq!(worker.committed(&[input(0)]).unwrap(), [at(0, 1)]);
    assert_eq!(visible(&log, "out"), ["a"]);
}

#[test]
fn a_late_commit_ends_a_later_transaction_of_a_producer_that_went_on() {
    let log = log(1);
    let mut worker = started(&log, "0");
    send(&mut worker, "out", "a").unwrap();
    log.fail_next_commit(GROUP, "0", Fault::RequestLate);
    assert!(matches!(worker.commit(&[at(0, 1)]), Err(LogError::Unclear(_))));
    worker.abort().unwrap();
    send(&mut worker, "out", "b").unwrap();
    log.deliver_late_commit(GROUP, "0");
    assert_eq!(visible(&log, "out"), ["b"], "without its positions, which is why nobody may go on");
    assert_eq!(worker.committed(&[input(0)]).unwrap()[0].next, None);
}

#[test]
fn asking_for_positions_ends_the_transaction_that_holds_new_ones() {
    let log = log(1);
    let mut worker = started(&log, "0");
    log.fail_next_commit(GROUP, "0", Fault::RequestLate);
    assert!(matches!(worker.commit(&[at(0, 1)]), Err(LogError::Unclear(_))));
    assert_eq!(log.committed(GROUP, &[input(0)]).unwrap()[0].next, None);
    log.deliver_late_commit(GROUP, "0");
    assert_eq!(log.committed(GROUP, &[input(0)]).unwrap()[0].next, None);
}

#[test]
fn a_refused_transaction_has_no_effect_and_the_worker_goes_on() {
    let log = log(1);
    let mut worker = started(&log, "0");
    send(&mut worker, "out", "no").unwrap();
    log.fail_next_commit(GROUP, "0", Fault::Refused);
    assert!(matches!(worker.commit(&[at(0, 1)]), Err(LogError::Refused(_))));
    send(&mut worker, "out", "yes").unwrap();
    worker.commit(&[at(0, 1)]).unwrap();
    assert_eq!(visible(&log, "out"), ["yes"]);
}

#[test]
fn a_partition_truncated_below_its_position_stops_and_the_others_go_on() {
    let log = log(2);
    for _ in 0..5 {
        put(&log, 0, "lost");
    }
    put(&log, 1, "there");
    log.truncate("in", 0, 3);
    let mut worker = join(&log, "0");
    assert!(matches!(worker.poll(NOW).unwrap(), Polled::Assigned(_)));
    worker.start(&input(0), Some(1)).unwrap();
    worker.start(&input(1), None).unwrap();
    let (mut stopped, mut read) = (Vec::new(), Vec::new());
    for _ in 0..3 {
        match worker.poll(NOW).unwrap() {
            Polled::Stopped(of, why) => stopped.push((of, why)),
            Polled::Records(batch) => read.extend(values(&batch)),
            _ => {}
        }
    }
    assert_eq!(read, ["there"]);
    let why = "in[0] cannot be read on: the position is 1, but the log begins at 3: 2 records were lost";
    assert_eq!(stopped, [(input(0), why.to_owned())]);
    assert_eq!(worker.position(&input(0)), Some(1), "what came before can be committed");
    worker.pause(&input(0)).unwrap();
    assert_eq!(worker.position(&input(0)), None);
}

#[test]
fn a_reader_does_not_skip_what_was_truncated() {
    let log = log(1);
    put(&log, 0, "lost");
    log.truncate("in", 0, 1);
    let mut reader = log.reader().unwrap();
    reader.assign(&[(input(0), 0)]).unwrap();
    assert!(matches!(reader.poll(NOW), Err(LogError::Setup(_))));
    reader.assign(&[(input(0), log.begins(&[input(0)]).unwrap()[0])]).unwrap();
    assert!(reader.poll(NOW).unwrap().is_none());
}

#[test]
fn a_record_is_appended_to_the_partition_of_its_key() {
    let log = log(8);
    let (partition, offset) = log.append("in", b"foobar", Some(b"v"), 42);
    assert_eq!((partition, offset), (partition_of(b"foobar", 8), 0));
    let record = &log.read_all("in")[0];
    assert_eq!((record.partition, record.timestamp), (partition, Some(42)));
}

#[test]
fn a_busy_partition_does_not_starve_the_others() {
    let log = log(2);
    for _ in 0..2 * cluster::BATCH_RECORDS_MAX {
        put(&log, 0, "busy");
        put(&log, 1, "busy too");
    }
    let mut worker = started(&log, "0");
    let read: Vec<String> = (0..4).flat_map(|_| polled(&mut worker)).collect();
    assert!(read.contains(&"busy".to_owned()) && read.contains(&"busy too".to_owned()));
}

#[test]
fn a_waiting_worker_wakes_when_a_record_comes() {
    let log = log(1);
    let mut worker = started(&log, "0");
    let waiting = std::thread::spawn(move || match worker.poll(Duration::from_secs(60)).unwrap() {
        Polled::Records(batch) => values(&batch),
        other => panic!("no records: {other:?}"),
    });
    put(&log, 0, "a");
    assert_eq!(waiting.join().unwrap(), ["a"]);
}

#[test]
fn a_topic_is_created_once_and_told_with_the_settings_asked_for() {
    let log = log(3);
    let settings =
        vec![("cleanup.policy".to_owned(), "compact".to_owned()), ("other".to_owned(), "1".to_owned())];
    let plan = TopicPlan { name: "rows".into(), partitions: 2, replication: -1, settings };
    log.create_topics(std::slice::from_ref(&plan)).unwrap();
    assert!(matches!(log.create_topics(&[plan]), Err(LogError::Setup(_))));
    let settings = vec![("cleanup.policy".to_owned(), "compact".to_owned())];
    let expected = TopicInfo { name: "rows".into(), partitions: 2, settings };
    assert_eq!(log.topics(&["rows", "missing"], &["cleanup.policy"]).unwrap(), [expected]);
}

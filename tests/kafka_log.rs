//! What the log promises, held against a real Kafka broker:
//! `dev/kafka run -- cargo test --release --test kafka_log`.
//! Every test has topics and a group of its own. Waiting is polling, up to a limit that means failure.

#[path = "kafka_log/world.rs"]
mod world;

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use chat_goals::log::kafka::{KafkaLog, KafkaTuning};
use chat_goals::log::{
    Batch, Header, Log, LogError, Member, NOTE_BYTES_MAX, Offset, Outgoing, Polled, Position, Reader,
    TopicInfo, TopicPartition, TopicPlan,
};
use world::*;

#[test]
fn a_transaction_is_seen_when_it_commits_and_never_if_it_aborts() {
    let world = world(1);
    let mut worker = world.sole("0", 1);
    send(&mut worker, &world.out(), "thrown away");
    worker.abort().unwrap();
    send(&mut worker, &world.out(), "kept");
    worker.commit(&[]).unwrap();
    send(&mut worker, &world.out(), "left open");
    assert_eq!(world.read_out(1), ["kept"]);
}

#[test]
fn a_position_passes_markers_and_reaches_the_end() {
    let world = world(1);
    let mut worker = world.sole("0", 1);
    let mut reader = world.log.reader().unwrap();
    reader.assign(&[(world.out(), 0)]).unwrap();
    assert_eq!(reader.position(&world.out()), Some(0));
    for value in ["a", "b"] {
        send(&mut worker, &world.out(), value);
        send(&mut worker, &world.input(0), value);
        worker.commit(&[]).unwrap();
    }
    send(&mut worker, &world.out(), "thrown away");
    send(&mut worker, &world.input(0), "thrown away");
    // Meanwhile they are sent: what is thrown away before that leaves no trace.
    assert_eq!(records(&mut worker, 2), ["a", "b"]);
    assert_quiet(&mut worker);
    worker.abort().unwrap();

    // Three records and three markers, the last of which is written only after the abort has returned.
    let limit = Instant::now() + LIMIT;
    while world.log.ends(&[world.out(), world.input(0)]).unwrap() != [6, 6] {
        assert!(Instant::now() < limit, "the last marker is missing");
    }
    while reader.position(&world.out()) != Some(6) || worker.position(&world.input(0)) != Some(6) {
        assert!(
            Instant::now() < limit,
            "{:?}, {:?}",
            reader.position(&world.out()),
            worker.position(&world.input(0))
        );
        reader.poll(STEP).unwrap();
        worker.poll(STEP).unwrap();
    }
}

#[test]
fn positions_come_back_with_their_notes_and_without_records_beside_them() {
    let world = world(2);
    let mut worker = world.sole("0", 2);
    let longest = "ä".repeat(NOTE_BYTES_MAX / 2);
    let positions = [world.at(0, 5, &longest), world.at(1, 7, "")];
    worker.commit(&positions).unwrap();
    assert_eq!(worker.committed(&[world.input(0), world.input(1)]).unwrap(), positions);
    let never = TopicPartition::new(world.also.clone(), 1);
    let answer = world.log.committed(&world.group, &[never.clone(), world.input(1)]).unwrap();
    assert_eq!(answer, [Position { of: never, next: None, note: String::new() }, positions[1].clone()]);
}

#[test]
fn positions_of_an_aborted_or_recovered_transaction_do_not_count() {
    let world = world(1);
    let mut worker = world.sole("0", 1);
    worker.commit(&[world.at(0, 1, "first")]).unwrap();
    send(&mut worker, &world.out(), "thrown away");
    worker.recover().unwrap();
    assert_eq!(worker.committed(&[world.input(0)]).unwrap(), [world.at(0, 1, "first")]);
    send(&mut worker, &world.out(), "kept");
    worker.commit(&[world.at(0, 2, "second")]).unwrap();
    assert_eq!(worker.committed(&[world.input(0)]).unwrap(), [world.at(0, 2, "second")]);
    assert_eq!(world.read_out(1), ["kept"]);
}

#[test]
fn a_partition_moves_after_a_last_commit_and_comes_back_to_its_owner() {
    let world = world(2);
    world.fill(0, 5);
    world.fill(1, 5);
    let mut one = world.sole("1", 2);
    records(&mut one, 10);

    // The second worker gets nothing before the first has answered.
    let mut two = world.join("2");
    let revoked = loop {
        assert!(matches!(two.poll(STEP).unwrap(), Polled::Nothing));
        match one.poll(STEP).unwrap() {
            Polled::Nothing => {}
            Polled::Revoked(partitions) => break partitions,
            other => panic!("not revoked: {other:?}"),
        }
    };
    let numbers: BTreeSet<i32> = revoked.iter().map(|of| of.partition).collect();
    assert_eq!(
        (revoked.len(), numbers.len()),
        (2, 1),
        "equal numbers of both topics go together: {revoked:?}"
    );
    let moved = *numbers.first().unwrap();
    let kept = 1 - moved;
    send(&mut one, &world.out(), "the last word");
    one.commit(&[world.at(moved, 3, "handed over")]).unwrap();

    one.poll(STEP).unwrap();
    let assigned = until_assigned(&mut two, 2);
    assert_eq!(assigned, revoked.into_iter().collect());
    assert_eq!(two.committed(&[world.input(moved)]).unwrap(), [world.at(moved, 3, "handed over")]);
    start(&mut two, &assigned.into_iter().collect::<Vec<_>>());
    assert_eq!(records(&mut two, 2), ["3", "4"]);

    // What was kept was neither interrupted nor repeated.
    world.fill(kept, 2);
    assert_eq!(records(&mut one, 2), ["0", "1"]);

    two.commit(&[world.at(moved, 4, "handed back")]).unwrap();
    two.leave().unwrap();
    let back: Vec<_> = until_assigned(&mut one, 2).into_iter().collect();
    start(&mut one, &back);
    assert_eq!(records(&mut one, 1), ["4"]);
    assert_quiet(&mut one);
}

#[test]
fn a_worker_that_was_thrown_out_is_refused_and_learns_what_it_lost() {
    let impatient = KafkaTuning { poll_interval_max: Duration::from_millis(1_500), ..KafkaTuning::default() };
    let world = world_tuned(1, impatient);
    let mut stale = world.sole("1", 1);
    send(&mut stale, &world.out(), "too late");
    std::thread::sleep(Duration::from_secs(3));
    let mut heir = world.join("2");
    until_assigned(&mut heir, 2);
    heir.commit(&[world.at(0, 9, "the heir's")]).unwrap();

    assert_refused(stale.commit(&[world.at(0, 1, "the stale one's")]));
    assert_eq!(world.log.committed(&world.group, &[world.input(0)]).unwrap(), [world.at(0, 9, "the heir's")]);
    match event(&mut stale) {
        Polled::Lost(lost) => assert_eq!(lost.len(), 2),
        other => panic!("not lost: {other:?}"),
    }
    heir.leave().unwrap();
    until_assigned(&mut stale, 2);
    send(&mut stale, &world.out(), "back again");
    stale.commit(&[world.at(0, 10, "")]).unwrap();
    assert_eq!(world.read_out(1), ["back again"]);
}

#[test]
fn a_worker_that_slept_through_a_revocation_can_be_replaced() {
    let impatient = KafkaTuning { poll_interval_max: Duration::from_millis(1_500), ..KafkaTuning::default() };
    let world = world_tuned(2, impatient);
    let mut asleep = world.sole("1", 2);
    let mut heir = world.join("2");
    let assigned = until_assigned(&mut heir, 4);
    assert_refused(asleep.commit(&[world.at(0, 1, ""), world.at(1, 1, "")]));

    // librdkafka may be broken by this for good; then a new member takes the place of the old one.
    let limit = Instant::now() + LIMIT;
    let mut told = Vec::new();
    let broken = loop {
        assert!(Instant::now() < limit, "neither lost nor broken: {told:?}");
        match asleep.poll(STEP) {
            Ok(Polled::Nothing) => {}
            Ok(Polled::Lost(lost)) => break lost.is_empty(),
            Ok(other) => told.push(other),
            Err(LogError::Broken(_)) => break true,
            Err(other) => panic!("not broken: {other}"),
        }
    };
    println!("told {told:?}, broken: {broken}");
    drop(asleep);
    start(&mut heir, &assigned.into_iter().collect::<Vec<_>>());
    let mut again = world.join("1");
    let limit = Instant::now() + LIMIT;
    while matches!(again.poll(STEP).unwrap(), Polled::Nothing) {
        assert!(Instant::now() < limit, "nothing was assigned again");
        heir.poll(STEP).unwrap();
    }
}

#[test]
fn an_heir_of_the_slot_fences_the_older_worker() {
    let world = world(1);
    let mut older = world.sole("0", 1);
    send(&mut older, &world.out(), "left open");
    let mut heir = world.join("0");
    let outcome = older.commit(&[world.at(0, 1, "")]);
    assert!(matches!(outcome, Err(LogError::Unclear(_))), "{outcome:?}");
    assert!(matches!(older.abort(), Err(LogError::Unclear(_))));
    send(&mut heir, &world.out(), "the heir's");
    heir.commit(&[]).unwrap();
    assert_eq!(world.read_out(1), ["the heir's"]);
}

#[test]
fn nothing_fetched_before_a_start_or_a_pause_is_delivered_after_it() {
    let world = world(1);
    world.fill(0, 20_000);
    let mut worker = world.join("0");
    until_assigned(&mut worker, 2);
    assert_quiet(&mut worker);

    let of = world.input(0);
    let mut from = 0;
    for round in 0..60 {
        worker.start(&of, Some(from)).unwrap();
        let mut next = from;
        for _ in 0..round % 4 {
            match event(&mut worker) {
                Polled::Records(batch) => {
                    for index in 0..batch.len() {
                        assert_eq!(batch.get(index).offset, next, "round {round} from {from}");
                        next += 1;
                    }
                }
                other => panic!("not records: {other:?}"),
            }
        }
        if round % 3 == 0 {
            worker.pause(&of).unwrap();
            assert_eq!(worker.position(&of), None);
            assert!(matches!(worker.poll(STEP).unwrap(), Polled::Nothing));
        } else {
            assert!(worker.position(&of).unwrap() >= next);
        }
        from = (from * 31 + 7_919) % 15_000;
    }
    worker.pause(&of).unwrap();
    assert_quiet(&mut worker);
}

#[test]
fn a_truncated_partition_stops_alone_and_can_be_started_again() {
    let world = world(2);
    world.fill(0, 10);
    world.fill(1, 3);
    delete_records(&world.input(0), 6);
    let mut worker = world.join("0");
    until_assigned(&mut worker, 4);
    worker.start(&world.input(0), Some(2)).unwrap();
    worker.start(&world.input(1), None).unwrap();
    let (mut read, mut stopped) = (Vec::new(), None);
    while read.len() < 3 || stopped.is_none() {
        match event(&mut worker) {
            Polled::Records(batch) => read.extend(values(&batch)),
            Polled::Stopped(of, why) => stopped = Some((of, why)),
            other => panic!("neither records nor a stop: {other:?}"),
        }
    }
    assert_eq!(read, ["0", "1", "2"]);
    let of = world.input(0);
    let why =
        format!("{of} cannot be read on: the position is 2, but the log begins at 6: 4 records were lost");
    assert_eq!(stopped, Some((of.clone(), why)));
    assert_eq!(worker.position(&of), Some(2), "what came before can be committed");

    worker.start(&of, None).unwrap();
    assert_eq!(records(&mut worker, 4), ["6", "7", "8", "9"]);
    worker.commit(&[world.at(0, 10, "")]).unwrap();
    world.fill(1, 1);
    assert_eq!(records(&mut worker, 1), ["0"]);

    let mut reader = world.log.reader().unwrap();
    reader.assign(&[(of, 0)]).unwrap();
    let refused = std::iter::repeat_with(|| reader.poll(STEP)).find_map(Result::err).unwrap();
    assert!(refused.to_string().contains("begins at 6"), "{refused}");
}

#[test]
fn a_reader_is_moved_back_and_forth_and_reads_each_record_once() {
    let world = world(2);
    world.fill(0, 300);
    world.fill(1, 300);
    let mut reader = world.log.reader().unwrap();
    for from in [0, 100, 299, 0, 50] {
        reader.assign(&[(world.input(0), from), (world.input(1), from)]).unwrap();
        let mut next = [from; 2];
        let limit = Instant::now() + LIMIT;
        while next != [300; 2] {
            assert!(Instant::now() < limit, "stuck at {next:?}");
            let Some(batch) = reader.poll(STEP).unwrap() else { continue };
            for index in 0..batch.len() {
                let record = batch.get(index);
                let next = &mut next[record.partition as usize];
                assert_eq!(record.offset, *next);
                *next += 1;
            }
        }
    }
}

#[test]
fn a_record_comes_back_as_it_was_sent_and_outlives_its_reader() {
    let world = world(1);
    let mut worker = world.sole("0", 1);
    let headers = [
        Header { name: "reason".into(), value: Some(b"poison".to_vec()) },
        Header { name: "none".into(), value: None },
    ];
    let (topic, partition) = (&*world.out, 0);
    let timestamp = Some(1_700_000_000_123);
    worker
        .send(Outgoing { topic, partition, key: Some(b"k"), value: None, headers: &headers, timestamp })
        .unwrap();
    worker
        .send(Outgoing { topic, partition, key: Some(b""), value: Some(b""), headers: &[], timestamp: None })
        .unwrap();
    worker.commit(&[]).unwrap();

    let mut reader = world.log.reader().unwrap();
    reader.assign(&[(world.out(), 0)]).unwrap();
    let batch = std::iter::repeat_with(|| reader.poll(STEP).unwrap()).flatten().next().unwrap();
    drop(reader);
    let (first, second) = (batch.get(0), batch.get(1));
    assert_eq!((first.topic, first.partition, first.offset, first.timestamp), (topic, 0, 0, timestamp));
    assert_eq!((first.key, first.value), (Some(&b"k"[..]), None));
    assert_eq!(first.headers.to_vec(), headers);
    assert_eq!((second.key, second.value), (Some(&b""[..]), Some(&b""[..])));
    assert_eq!(second.headers.to_vec(), []);
    assert!(second.timestamp.unwrap() > 1_700_000_000_123);
}

/// Twice as much as a producer keeps: it waits for the broker in between.
#[test]
fn records_keep_their_order_whatever_is_sent_with_them() {
    let world = world(1);
    let mut worker = world.sole("0", 1);
    let headers = [Header { name: "some".into(), value: None }];
    let said: Vec<String> = (0..1_000).map(|number| format!("{number:060000}")).collect();
    for (number, text) in said.iter().enumerate() {
        let timestamp = (number % 5 == 0).then_some(1_700_000_000_000);
        let (key, value) = (None, Some(text.as_bytes()));
        let headers = if number % 3 == 0 { &headers[..] } else { &[] };
        let record = Outgoing { topic: &world.out, partition: 0, key, value, headers, timestamp };
        worker.send(record).unwrap();
    }
    worker.commit(&[]).unwrap();
    assert!(world.read_out(said.len()) == said);
}

#[test]
fn a_worker_that_leaves_frees_its_partitions_at_once() {
    let world = world(1);
    let one = world.sole("1", 1);
    let mut two = world.join("2");
    one.leave().unwrap();
    let left = Instant::now();
    until_assigned(&mut two, 2);
    assert!(left.elapsed() < Duration::from_secs(10), "it took {:?}", left.elapsed());
}

#[test]
fn topics_are_created_once_and_told_with_the_settings_asked_for() {
    let world = world(1);
    let name = format!("{}-rows", world.group);
    let settings = vec![("cleanup.policy".to_owned(), "compact".to_owned())];
    let plan = TopicPlan { name: name.clone(), partitions: 3, replication: -1, settings: settings.clone() };
    world.log.create_topics(std::slice::from_ref(&plan)).unwrap();
    let again = world.log.create_topics(&[plan]);
    assert!(matches!(&again, Err(LogError::Setup(why)) if why.contains(&name)), "{again:?}");
    let expected = TopicInfo { name: name.clone(), partitions: 3, settings };
    assert_eq!(
        world.log.topics(&["missing", &name], &["cleanup.policy", "no.such.setting"]).unwrap(),
        [expected]
    );
    let joined = world.log.join(&world.group, "0", &["missing".into()]);
    assert!(matches!(joined, Err(LogError::Broken(_))));
}

#[test]
fn every_input_is_answered_once_while_workers_come_and_go() {
    const PARTITIONS: i32 = 4;
    const ROUNDS: u32 = 12;
    const RECORDS: u32 = 500;
    let world = world(PARTITIONS);
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| answer_until(&world, "steady", || done.load(Ordering::Relaxed)));
        scope.spawn(|| {
            for round in 0.. {
                let until = Instant::now() + Duration::from_millis(1_200 + 300 * (round % 3));
                let slot = format!("passing-{}", round % 2);
                answer_until(&world, &slot, || done.load(Ordering::Relaxed) || Instant::now() > until);
                if done.load(Ordering::Relaxed) {
                    break;
                }
            }
        });
        for _ in 0..ROUNDS {
            (0..PARTITIONS).for_each(|partition| world.fill(partition, RECORDS));
        }
        let inputs: Vec<_> = (0..PARTITIONS).map(|partition| world.input(partition)).collect();
        let limit = Instant::now() + LIMIT;
        // Not the ends: the last commits may not be seen in them yet, and all would seem to be done.
        let behind = || -> Vec<Offset> {
            let ends = world.log.tails(&inputs).unwrap();
            let committed = world.log.committed(&world.group, &inputs).unwrap();
            ends.iter().zip(committed).map(|(end, position)| end - position.next.unwrap_or(0)).collect()
        };
        while behind() != [0; PARTITIONS as usize] && Instant::now() < limit {
            std::thread::sleep(STEP);
        }
        let left = behind();
        done.store(true, Ordering::Relaxed);
        assert_eq!(left, [0; PARTITIONS as usize], "the inputs are not read to their ends");
    });
    let mut answers = world.read_out((PARTITIONS as u32 * ROUNDS * RECORDS) as usize);
    assert_eq!(answers.len(), (PARTITIONS as u32 * ROUNDS * RECORDS) as usize);
    answers.sort();
    answers.dedup();
    assert_eq!(answers.len(), (PARTITIONS as u32 * ROUNDS * RECORDS) as usize, "some were answered twice");
}

/// Answers every input with its place, as a worker of the group: the whole protocol in one loop.
fn answer_until(world: &World, slot: &str, done: impl Fn() -> bool) {
    let mut member = world.join(slot);
    let mut own: BTreeSet<TopicPartition> = BTreeSet::new();
    let mut committed = Instant::now();
    while !done() {
        let polled = member.poll(Duration::from_millis(10)).unwrap();
        let moved = !matches!(polled, Polled::Records(_) | Polled::Nothing);
        match &polled {
            Polled::Records(batch) => {
                for index in 0..batch.len() {
                    let record = batch.get(index);
                    send(&mut member, &world.out(), &format!("{}:{}", record.partition, record.offset));
                }
            }
            Polled::Assigned(partitions) => {
                start(&mut member, partitions);
                own.extend(partitions.iter().cloned());
            }
            Polled::Nothing | Polled::Revoked(_) => {}
            other => panic!("{slot}: {other:?}"),
        }
        if moved || committed.elapsed() > Duration::from_millis(20) {
            let positions: Vec<_> = own
                .iter()
                .filter(|of| of.topic == world.input)
                .filter_map(|of| {
                    Some(Position { of: of.clone(), next: Some(member.position(of)?), note: String::new() })
                })
                .collect();
            member.commit(&positions).unwrap();
            committed = Instant::now();
        }
        if let Polled::Revoked(partitions) = &polled {
            own.retain(|of| !partitions.contains(of));
        }
    }
    member.leave().unwrap();
}

#[test]
fn a_mistake_in_the_address_is_told() {
    let outcome = KafkaLog::connect("127.0.0.1:1", &[], KafkaTuning::default());
    assert!(matches!(outcome, Err(LogError::Broken(_))));
}

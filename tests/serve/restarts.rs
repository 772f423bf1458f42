//! A read model goes on where it was, whatever became of it, and is built anew where it cannot.

use crate::world::{World, until};
use chat_goals::domain::time::Timestamp;
use chat_goals::log::Log as _;
use chat_goals::runtime::topology::{self, Topology};
use chat_goals::serve::model::ReadModel;
use chat_goals::serve::model::answers::{ChatSummary, ChatsPage, NotReadYet};
use chat_goals::serve::model::follower::Follower;
use chat_goals::serve::model::questions::{
    ChatFilter, ChatOrder, CountersQuestion, Cursor, LetterFilter, Page,
};
use chat_goals::serve::service::Service;
use chat_goals::simulate::workload::{Entry, HOUR, workload};
use serde_json::{Value, json};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// Everything that a model answers, but for what tells of itself.
fn everything(model: &ReadModel) -> Value {
    let mut chats = Vec::new();
    for order in [ChatOrder::NewestFirst, ChatOrder::OldestFirst, ChatOrder::DeadlineFirst] {
        let mut cursor = None;
        loop {
            let page = Page { limit: 50, cursor };
            let ChatsPage { chats: some, next } = model.chats(&ChatFilter::default(), order, &page).unwrap();
            chats.extend(some);
            match next {
                Some(next) => cursor = Cursor::parse(&next),
                None => break,
            }
        }
    }
    let details = |as_of: Option<Timestamp>| {
        let details =
            |chat: &ChatSummary| model.chat(&chat.chat_id, as_of).map_err(|error| error.to_string());
        chats.iter().map(details).collect::<Vec<_>>()
    };
    let date = |day| chrono::NaiveDate::from_ymd_opt(2026, 1, day).unwrap();
    let managers = CountersQuestion { channel: None, manager: None, from: date(10), to: date(20) };
    let letters = model.dead_letters(&LetterFilter::default(), &Page { limit: 200, cursor: None }).unwrap();
    json!({
        "chats": chats, "details": details(None), "past": details(Some(Timestamp(1_767_225_600_000 + 90 * HOUR))),
        "goals": model.goals(None).unwrap(), "managers": model.managers(&managers).unwrap(), "letters": letters,
    })
}

/// Without what moves when the processor is looked at, which a service does now and then.
fn whatever_the_clock(model: &ReadModel) -> Value {
    let mut answers = everything(model);
    answers.as_object_mut().unwrap().remove("details");
    answers
}

/// A model of this name that has read everything, step by step in this thread.
fn built(world: &World, name: &str) -> ReadModel {
    let config = world.serving(name);
    let model = ReadModel::open(&config, &world.topology, world.wall()).unwrap();
    read_on(world, &model, name, usize::MAX);
    model
}

/// Lets a model read so many batches, or all that there are.
fn read_on(world: &World, model: &ReadModel, name: &str, batches: usize) {
    let mut follower = Follower::new(Arc::new(world.log.clone()), model.clone(), world.serving(name));
    follower.step(Duration::ZERO).unwrap();
    for _ in 0..batches {
        if !follower.step(Duration::ZERO).unwrap() {
            assert!(model.health().caught_up);
            break;
        }
    }
}

/// A world in which a good deal was published.
pub fn published() -> (World, Vec<Entry>) {
    let world = World::new();
    let entries = workload(11, 1_200, 3 * HOUR);
    let running = world.run();
    world.append(&entries);
    world.until_folded(&entries, entries.last().unwrap().logged, &running);
    world.dead_letter(3, "not JSON", b"{");
    world.dead_letter(4, "TOO_LATE: …", b"{}");
    running.stop().unwrap();
    (world, entries)
}

#[test]
fn a_restart_reads_nothing_again() {
    let (world, _) = published();
    let served = world.serve("model");
    let (read, answers) = (served.model().health().records_read, whatever_the_clock(served.model()));
    assert!(read > 1_000, "{read} records were read");
    served.stop();
    let served = world.serve("model");
    assert_eq!(served.model().health().records_read, 0);
    assert_eq!(whatever_the_clock(served.model()), answers);
    // What comes then is read, and nothing else.
    world.dead_letter(5, "not JSON", b"[");
    until(|| (served.model().health().records_read < 1).then(|| "a letter was sent".to_owned()));
    assert_eq!(served.model().health().records_read, 1);
    served.stop();
}

#[test]
fn two_instances_say_the_same() {
    let (world, _) = published();
    let (a, b) = (world.serve("a"), world.serve("b"));
    for path in ["/api/v1/chats?limit=200", "/api/v1/goals", "/api/v1/managers?from=2026-01-01&to=2026-02-01"]
    {
        let (a, b) = (a.client.get(path), b.client.get(path));
        assert_eq!((a.body.as_str(), a.header("etag")), (b.body.as_str(), b.header("etag")), "{path}");
    }
    a.stop();
    b.stop();
}

#[test]
fn after_a_crash_anywhere_the_answers_are_those_of_a_new_model() {
    let (world, _) = published();
    let fresh = everything(&built(&world, "fresh"));
    let config = world.serving("crashing");
    let model = ReadModel::open(&config, &world.topology, world.wall()).unwrap();
    let mut follower = Follower::new(Arc::new(world.log.clone()), model.clone(), config);
    let mut crashes = 0;
    for step in 0.. {
        let went_on = follower.step(Duration::ZERO).unwrap();
        if step % 3 == 1 || !went_on {
            // As a kill leaves it, and as a power cut does that takes a part of the log with it.
            for cut in [false, true] {
                crashes += 1;
                let name = format!("crash-{crashes}");
                copy(&world.dir("crashing"), &world.dir(&name));
                if cut {
                    cut_short(&world.dir(&name).join("model"));
                }
                assert_eq!(everything(&built(&world, &name)), fresh, "crash {crashes} at step {step}");
            }
        }
        if !went_on {
            break;
        }
    }
    assert!(crashes >= 4, "there were {crashes} crashes");
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => copy(&entry.path(), &target),
            false => drop(std::fs::copy(entry.path(), target).unwrap()),
        }
    }
}

/// Takes a third of the newest write-ahead log away.
fn cut_short(database: &Path) {
    let files = std::fs::read_dir(database).unwrap().map(|entry| entry.unwrap().path());
    let log =
        files.filter(|path| path.extension().is_some_and(|extension| extension == "log")).max().unwrap();
    let bytes = std::fs::read(&log).unwrap();
    std::fs::write(&log, &bytes[..bytes.len() * 2 / 3]).unwrap();
}

#[test]
fn a_topic_that_was_made_anew_makes_the_model_anew() {
    let (world, _) = published();
    let model = built(&world, "model");
    assert!(!model.chats(&ChatFilter::default(), ChatOrder::NewestFirst, &first()).unwrap().chats.is_empty());
    let topic = world.config.topics.goal_status_changed.clone();
    let length = world.log.read_all(&topic).len();
    world.log.delete_topics(std::slice::from_ref(&topic)).unwrap();
    world.log.create_topics(&topology::missing(&world.config, &world.log).unwrap()).unwrap();
    // It is longer than it was: only what lies in it tells.
    for n in 0..2 * length {
        let view = json!({
            "channelId": "shop", "chatId": format!("n{n}"), "revision": 1, "status": "NONE",
            "at": "2026-03-01T00:00:00Z", "cause": "CHAT_OPENED",
        });
        world.log.append(&topic, format!("n{n}").as_bytes(), Some(view.to_string().as_bytes()), n as i64 + 5);
    }
    read_on(&world, &model, "model", usize::MAX);
    let chats = model.chats(
        &ChatFilter { text: Some("chat-".into()), ..ChatFilter::default() },
        ChatOrder::NewestFirst,
        &first(),
    );
    assert_eq!(chats.unwrap().chats, [], "what is no longer published is forgotten");
    assert_eq!(everything(&model), everything(&built(&world, "fresh")));
}

fn first() -> Page {
    Page { limit: 50, cursor: None }
}

#[test]
fn records_that_are_gone_before_they_were_read_make_the_model_anew() {
    let (world, entries) = published();
    let model = built(&world, "model");
    let before = model.health().records_read;
    let running = world.run();
    let more = [Entry::chat(
        "shop",
        "late",
        entries.last().unwrap().logged,
        json!({"customerMessage": {"customerId": "u"}}),
    )];
    world.append(&more);
    until(|| (!world.outputs().newest.contains_key("late")).then(|| "it is to be published".to_owned()));
    running.stop().unwrap();
    for partition in 0..world.topology.status_changed.partitions {
        let of = chat_goals::log::TopicPartition::new(world.topology.status_changed.topic.clone(), partition);
        let end = world.log.ends(&[of]).unwrap()[0];
        world.log.truncate(&world.topology.status_changed.topic, partition, end);
    }
    read_on(&world, &model, "model", usize::MAX);
    assert!(model.health().records_read > before + 100, "the rest was read again");
    assert_eq!(everything(&model), everything(&built(&world, "fresh")));
}

#[test]
fn another_generation_brings_another_changelog() {
    let (mut world, _) = published();
    let model = built(&world, "model");
    let chat =
        model.chats(&ChatFilter::default(), ChatOrder::NewestFirst, &first()).unwrap().chats[0].clone();
    assert!(model.chat(&chat.chat_id, None).unwrap().unwrap().document.conversation.is_some());
    drop(model);
    world.config.group.generation = 2;
    world.log.create_topics(&topology::missing(&world.config, &world.log).unwrap()).unwrap();
    world.topology = Topology::load(&world.log, &world.config).unwrap().unwrap();
    let model = built(&world, "model");
    let answer = model.chat(&chat.chat_id, None).unwrap().unwrap();
    assert_eq!(answer.latest.unwrap(), chat, "what was published is still there");
    assert_eq!(
        (answer.document.conversation, answer.document.unknown.len()),
        (None, 1),
        "its facts are to come"
    );
    assert_eq!(model.health().records_read, 0, "nothing that was published was read again");
    // Only the facts could tell what was the case earlier: that it was nothing is not said.
    let error = model.chat(&chat.chat_id, Some(Timestamp(0))).unwrap_err();
    assert!(error.is::<NotReadYet>(), "{error:#}");
    drop(model);
    let served = world.serve("model");
    let path = format!("chats/{}?as_of=2026-01-02T00:00:00Z", chat.chat_id);
    let problem = served.client.get(&format!("/api/v1/{path}")).problem(503);
    assert!(problem.contains("have not been read yet"), "{problem}");
    assert_eq!(served.client.get(&format!("/{path}")).status, 503);
    served.stop();
}

#[test]
fn a_model_that_panics_is_seen_to_run_no_more() {
    let world = World::new();
    let wall = || {
        assert_ne!(std::thread::current().name(), Some("follower"), "this is to happen");
        0
    };
    let config = world.serving("model");
    let service = Service::start(world.log.clone(), &config, Arc::new(wall), |_, router| router).unwrap();
    until(|| service.is_running().then(|| "it is to end".to_owned()));
    let error = service.stop().unwrap_err().to_string();
    assert!(error.contains("panicked"), "{error}");
}

#[test]
fn after_a_stop_that_is_longer_than_deletes_are_kept_the_model_is_made_anew() {
    let (world, _) = published();
    let model = built(&world, "model");
    let read = model.health().records_read;
    let stopped = |hours: i64, model: ReadModel| {
        drop(model);
        world.pass(hours * HOUR);
        built(&world, "model")
    };
    let model = stopped(22, model);
    assert_eq!(model.health().records_read, 0, "within a day no delete is gone");
    // It was level again at the end of that.
    let model = stopped(22, model);
    assert_eq!(model.health().records_read, 0);
    let model = stopped(24, model);
    assert_eq!(model.health().records_read, read, "deletes may be gone unseen");
    assert_eq!(everything(&model), everything(&built(&world, "fresh")));
    let model = stopped(22, model);
    assert_eq!(model.health().records_read, 0, "the new model is level");
}

#[test]
fn how_long_deletes_are_kept_is_asked_of_the_topic() {
    let (mut world, _) = published();
    let chats = world.config.topics.goal_status_changed.clone();
    world.log.delete_topics(std::slice::from_ref(&chats)).unwrap();
    let mut plans = topology::missing(&world.config, &world.log).unwrap();
    plans[0].settings.push(("delete.retention.ms".to_owned(), (10 * HOUR).to_string()));
    world.log.create_topics(&plans).unwrap();
    world.topology = Topology::load(&world.log, &world.config).unwrap().unwrap();
    drop(built(&world, "model"));
    world.pass(8 * HOUR);
    assert_eq!(built(&world, "model").health().records_read, 0);
    world.pass(10 * HOUR);
    assert!(built(&world, "model").health().records_read > 0);
}

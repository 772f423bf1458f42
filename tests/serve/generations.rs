//! A model goes over to the generation that takes over, for good.

use crate::restarts::published;
use crate::world::{LIMIT, Served, World, until};
use chat_goals::config::Config;
use chat_goals::log::Log as _;
use chat_goals::log::memory::MemoryLog;
use chat_goals::runtime::handover::fence::fence;
use chat_goals::runtime::topology::{self, Topology};
use chat_goals::serve::model::ReadModel;
use chat_goals::serve::model::follower::Follower;
use chat_goals::serve::model::look::Looks;
use chat_goals::serve::model::questions::{ChatFilter, ChatOrder, Page};
use std::sync::Arc;
use std::time::Duration;

/// Lets the second generation take over from the first one. Returns what it reads and writes.
fn hand_over(world: &World) -> Topology {
    let mut second = Config::clone(&world.config);
    second.group.generation = 2;
    world.log.create_topics(&topology::missing(&second, &world.log).unwrap()).unwrap();
    fence(&world.log, &world.topology, 2, LIMIT, |_, _| ()).unwrap();
    Topology::load(&world.log, &second).unwrap().unwrap()
}

fn follows(served: &Served, changelog: &str) -> bool {
    served.model().status().unwrap().model.partitions.iter().any(|of| of.topic == changelog)
}

fn until_it_follows(served: &Served, changelog: &str) {
    until(|| (!follows(served, changelog)).then(|| format!("{changelog} is to be followed")));
}

#[test]
fn nothing_that_was_noted_of_a_generation_holds_for_the_one_that_takes_over() {
    let (world, _) = published();
    let (config, log) = (world.serving("model"), Arc::new(world.log.clone()));
    let model = ReadModel::open(&config, &world.topology, world.wall()).unwrap();
    let mut follower = Follower::new(log.clone(), model.clone(), config);
    let looks = Looks::new(log, model.clone());
    let mut read = || while Follower::<MemoryLog>::step(&mut follower, Duration::ZERO).unwrap() {};
    read();
    looks.look().unwrap();
    read();
    let page = Page { limit: 1, cursor: None };
    let chats = model.chats(&ChatFilter::default(), ChatOrder::NewestFirst, &page).unwrap().chats;
    let clock = || model.chat(&chats[0].chat_id, None).unwrap().unwrap().document.clock;
    assert!(clock().is_some() && model.status().unwrap().processor.is_some());
    let seen_before = looks.see().unwrap();
    hand_over(&world);
    looks.look().unwrap();
    read();
    // A look that began at the first one ends only now.
    looks.note(seen_before).unwrap();
    read();
    assert_eq!(clock(), None, "the second generation has not reached any");
    assert!(model.status().unwrap().processor.is_none(), "it was not looked at yet");
    looks.look().unwrap();
    assert!(model.status().unwrap().processor.is_some());
}

#[test]
fn a_generation_that_has_taken_over_is_followed_after_a_restart_too() {
    let (world, _) = published();
    let second = hand_over(&world);
    let served = world.serve("model");
    until_it_follows(&served, &second.chats_changelog);
    world.log.append(&second.chats_changelog, b"key", Some(b"row"), 5);
    served.until_level(&world);
    served.stop();
    let served = world.serve("model");
    assert!(follows(&served, &second.chats_changelog));
    assert_eq!(served.model().health().records_read, 0, "its facts were read before");
    served.stop();
    // The first generation is retired, and the configuration still names it.
    world.log.delete_topics(&[world.topology.chats_changelog.to_string()]).unwrap();
    let served = world.serve("model");
    assert!(follows(&served, &second.chats_changelog));
    served.stop();
}

#[test]
fn a_generation_that_took_over_elsewhere_is_not_waited_for() {
    let (world, _) = published();
    let second = hand_over(&world);
    let served = world.serve("model");
    until_it_follows(&served, &second.chats_changelog);
    served.stop();
    let other = World::new();
    let served = other.serve_with("other", |config| config.serve.state_dir = world.dir("model"));
    assert!(follows(&served, &other.topology.chats_changelog));
    served.stop();
}

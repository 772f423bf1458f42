//! A worker that has nothing: how long it has had nothing is told by a clock that the test moves.

use crate::stepped::Stepped;
use crate::world::World;
use chat_goals::log::{Log, Member as _, Polled};
use chat_goals::runtime::figures::pulse::Doing;
use chat_goals::telemetry::processor::health;
use std::sync::atomic::Ordering;
use std::time::Duration;

fn tasks(stepped: &Stepped) -> usize {
    stepped.insight.figures.desks[0].report().tasks.len()
}

fn is_ready(stepped: &Stepped) -> bool {
    health::of(stepped.insight.clone(), Duration::from_secs(60), Duration::ZERO).ready().ok
}

#[test]
fn a_worker_that_has_lost_everything_is_not_ready_until_it_has_had_nothing_for_a_while() {
    let world = World::new(1);
    let mut stepped = Stepped::new(&world);
    stepped.until("it is ready", is_ready);
    assert_eq!(tasks(&stepped), 3);
    stepped.pass(Duration::from_secs(60));

    // The group throws it out, and somebody else takes all and never gives it back.
    let group = &world.topology.group;
    let mut other = world.log.join(group, "other", &world.topology.subscribed()).unwrap();
    world.log.expel(group, "stepped-0");
    assert!(matches!(other.poll(Duration::ZERO).unwrap(), Polled::Assigned(_)));
    stepped.until("all is lost", |stepped| tasks(stepped) == 0);
    // What it went back for is forgiven, so that only the worker's membership can say no.
    stepped.pass(Duration::from_secs(9));
    assert!(!is_ready(&stepped), "it has had nothing for 9 s only");
    stepped.pass(Duration::from_secs(2));
    stepped.until("it is ready for more", is_ready);

    drop(other);
    world.log.expel(group, "other");
    stepped.until("it has all again", |stepped| tasks(stepped) == 3);
    stepped.until("it is ready", is_ready);
}

#[test]
fn a_worker_that_has_left_is_not_waited_for() {
    let world = World::new(1);
    let mut stepped = Stepped::new(&world);
    stepped.until("it is ready", is_ready);
    stepped.process.shared.stop.store(true, Ordering::Relaxed);
    stepped.step();
    assert!(stepped.seat.has_left());
    let doing = stepped.insight.figures.desks[0].pulse.feel(Duration::ZERO).0;
    assert_eq!(doing, Doing::Nothing);
}

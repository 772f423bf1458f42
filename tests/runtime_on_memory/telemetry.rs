//! What a processor tells of itself: figures that are right, and health that says no when it should. Asked over HTTP.

use crate::blocked::{Blocked, Gate};
use crate::world::{ALLOWANCE, World, hold_back};
use chat_goals::http::server::Server;
use chat_goals::log::{Log, Member as _};
use chat_goals::runtime::Runtime;
use chat_goals::simulate::workload::{Entry, HOUR, START};
use chat_goals::telemetry::processor::{Processor, health};
use chat_goals::telemetry::{Health, Registry, router};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// A thread is stuck after this.
const STUCK_AFTER: Duration = Duration::from_secs(1);

/// A runtime with its endpoints.
struct Told {
    runtime: Runtime,
    health: Health,
    server: Server,
}

impl Told {
    fn start(world: &World, on: impl Log, name: &str) -> Self {
        let runtime = world.start_on(on, name);
        let health = health::of(runtime.insight().clone(), STUCK_AFTER, Duration::ZERO);
        let registry = Registry::default().with(Processor(runtime.insight().clone())).with(health.clone());
        let router = router(registry, health.clone());
        let server = Server::start("127.0.0.1:0".parse().unwrap(), |_| router).unwrap();
        Self { runtime, health, server }
    }

    fn get(&self, path: &str) -> (u16, String) {
        let url = format!("http://{}{path}", self.server.address());
        let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
        let mut response = agent.get(&url).call().unwrap();
        (response.status().as_u16(), response.body_mut().read_to_string().unwrap())
    }

    /// The status, and the checks that say no, each with why.
    fn health(&self, path: &str) -> (u16, String) {
        let (status, body) = self.get(path);
        let answer: Value = serde_json::from_str(&body).unwrap();
        assert_eq!(status == 200, answer["ok"].as_bool().unwrap(), "{body}");
        let checks = answer["checks"].as_array().unwrap();
        assert!(
            checks.iter().all(|check| check["why"].as_str().is_some_and(|why| !why.is_empty())),
            "{body}"
        );
        let wrong = checks.iter().filter(|check| check["ok"] == false);
        (status, wrong.map(|check| format!("{}: {}", check["name"], check["why"])).collect())
    }

    fn until(&self, world: &World, what: &str, mut holds: impl FnMut(&Self) -> bool) {
        world.until(&[&self.runtime], || (!holds(self)).then(|| what.to_owned()));
    }

    /// The sum of a metric's samples whose labels hold this.
    fn sum(&self, metric: &str, labels: &str) -> f64 {
        let (_, text) = self.get("/metrics");
        let samples = text.lines().filter(|line| {
            line.strip_prefix(metric).is_some_and(|rest| rest.starts_with([' ', '{']))
                && line.contains(labels)
        });
        samples.map(|line| line.rsplit_once(' ').unwrap().1.parse::<f64>().unwrap()).sum()
    }

    /// Whether all samples of a metric whose labels hold this, of which there are some, have this value.
    fn all_are(&self, value: f64, metric: &str, labels: &str) -> bool {
        let (_, text) = self.get("/metrics");
        let mut samples = text
            .lines()
            .filter(|line| line.strip_prefix(metric).is_some_and(|rest| rest.starts_with([' ', '{'])))
            .filter(|line| line.contains(labels))
            .map(|line| line.rsplit_once(' ').unwrap().1.parse::<f64>().unwrap())
            .peekable();
        samples.peek().is_some() && samples.all(|sample| sample == value)
    }

    fn stop(self) {
        self.server.stop();
        self.runtime.stop().unwrap();
    }
}

fn new_world(partitions: i32) -> World {
    let mut world = World::new(partitions);
    world.config.telemetry.survey_interval_ms = 100;
    // None of them without a partition.
    world.config.workers.count = partitions.min(2) as usize;
    world
}

fn chats(count: usize) -> Vec<Entry> {
    let at = START + HOUR;
    let open = |number: usize| {
        Entry::chat("shop", &format!("chat-{number}"), at, json!({"customerMessage": {"customerId": "u"}}))
    };
    (0..count).map(open).collect()
}

#[test]
fn the_figures_are_those_of_what_was_folded() {
    let world = new_world(2);
    let entries = chats(50);
    world.append_all(&entries);
    let bad = world.config.topics.chat_events.clone();
    world.log.append(&bad, b"chat-1", Some(b"[]"), START + HOUR);
    world.log.append(&world.config.topics.goal_changes.clone(), b"shop", Some(b"{}"), START + HOUR);
    let setting = Entry::setting("shop", START, START, json!({"subscriptionSet": {"active": true}}));
    world.append(&setting);
    let told = Told::start(&world, world.log.clone(), "a");
    world.until_folded(&[&told.runtime]);

    let dead = |told: &Told| told.sum("chat_goals_dead_letters_total", "");
    told.until(&world, "two dead letters", |told| dead(told) == 2.0);
    for topic in [&bad, &world.config.topics.goal_changes] {
        assert_eq!(told.sum("chat_goals_bad_records_total", &format!("topic=\"{topic}\"")), 1.0, "{topic}");
    }
    // Each record once, at its home or on its way there, where the inbox has it again.
    let at_home = |key: &str| key.bytes().map(u32::from).sum::<u32>() % 5 != 0;
    let astray = entries.iter().filter(|entry| !at_home(&entry.key)).count();
    let folded = |told: &Told| told.sum("chat_goals_records_folded_total", "stage=\"chats\"");
    told.until(&world, "every record is counted", |told| folded(told) == (50 + 1 + astray) as f64);
    assert_eq!(told.sum("chat_goals_goal_changes_known", ""), 1.0);
    told.until(&world, "commits hold what was folded", |told| {
        told.sum("chat_goals_commit_records_sum", "") == told.sum("chat_goals_records_folded_total", "")
    });
    let committed = told.sum("chat_goals_commits_total", "outcome=\"committed\"");
    assert!(committed > 0.0 && committed <= told.sum("chat_goals_commit_duration_seconds_count", ""));
    told.until(&world, "no lag", |told| told.all_are(0.0, "chat_goals_lag_records", ""));
    assert_eq!(told.sum("chat_goals_lag_seconds", ""), 0.0);
    assert_eq!(told.sum("chat_goals_tasks", "state=\"running\""), 6.0);
    assert_eq!(told.sum("chat_goals_tasks", ""), 6.0);
    told.until(&world, "rows are in memory", |told| {
        told.sum("chat_goals_cache_rows", "stage=\"chats\"") > 0.0
    });
    told.stop();
}

#[test]
fn a_lag_shows_while_nothing_is_folded_and_goes_when_it_is() {
    let world = new_world(1);
    world.append_all(&chats(20));
    let gate = Gate::default();
    let told = Told::start(&world, Blocked { log: world.log.clone(), gate: gate.clone() }, "a");
    world.until_folded(&[&told.runtime]);
    told.until(&world, "no lag", |told| told.all_are(0.0, "chat_goals_lag_records", "topic=\"chat.events\""));
    gate.close_commits();
    world.append_all(&chats(7));
    // The last record that was read is an hour old, but everything had been read just now.
    world.clock_may_reach(START + 2 * HOUR);
    let lag = |told: &Told| told.sum("chat_goals_lag_records", "topic=\"chat.events\"");
    told.until(&world, "a lag of seven", |told| lag(told) == 7.0);
    told.until(&world, "it gets older", |told| {
        told.sum("chat_goals_lag_seconds", "topic=\"chat.events\"") > 0.3
    });
    assert!(told.sum("chat_goals_lag_seconds", "topic=\"chat.events\"") < 3_600.0);
    gate.open();
    told.until(&world, "no lag again", |told| lag(told) == 0.0);
    assert_eq!(told.sum("chat_goals_lag_seconds", "topic=\"chat.events\""), 0.0);
    told.stop();
}

#[test]
fn it_is_ready_when_all_is_restored_and_not_before() {
    let world = new_world(2);
    world.append_all(&chats(30));
    let running = world.start("a");
    world.until_folded(&[&running]);
    running.stop().unwrap();
    // With an empty disk everything is restored, and that does not get on.
    let gate = Gate::default();
    gate.close_changelogs();
    let told = Told::start(&world, Blocked { log: world.log.clone(), gate: gate.clone() }, "b");
    told.until(&world, "it says that it restores", |told| {
        let (status, wrong) = told.health("/health/ready");
        status == 503 && wrong.contains("is restored") && wrong.contains("offsets left")
    });
    assert_eq!(told.health("/health/live").0, 200);
    assert!(told.sum("chat_goals_restore_left_records", "stage=\"chats\"") > 0.0);
    assert!(told.sum("chat_goals_tasks", "state=\"restoring\"") > 0.0);
    gate.open();
    told.until(&world, "it is ready", |told| told.health("/health/ready").0 == 200);
    assert_eq!(told.sum("chat_goals_restore_left_records", ""), 0.0);
    told.until(&world, "the metric says so, too", |told| told.sum("chat_goals_ready", "") == 1.0);

    // It says that it leaves before it does.
    told.health.leave();
    let (status, wrong) = told.health("/health/ready");
    assert!(status == 503 && wrong.contains("told to stop"), "{wrong}");
    assert!(told.runtime.is_running());
    assert_eq!(told.health("/health/live").0, 200);
    told.stop();
}

/// The brokers may take long to say where it goes on: an earlier owner may have something open.
#[test]
fn partitions_that_are_given_show_before_it_is_known_where_they_go_on() {
    let mut world = new_world(2);
    world.config.workers.count = 1;
    world.append_all(&chats(30));
    let other = world.start("b");
    world.until_folded(&[&other]);
    let gate = Gate::default();
    let told = Told::start(&world, Blocked { log: world.log.clone(), gate: gate.clone() }, "a");
    let tasks = |told: &Told| told.sum("chat_goals_tasks", "");
    told.until(&world, "each has a half", |told| tasks(told) == 3.0 && told.health("/health/ready").0 == 200);
    gate.close_positions();
    other.stop().unwrap();
    told.until(&world, "it has all, and says that it waits", |told| {
        let (status, wrong) = told.health("/health/ready");
        tasks(told) == 6.0 && status == 503 && wrong.contains("3 of 6 partitions do not run")
    });
    gate.open();
    told.until(&world, "it is ready", |told| told.health("/health/ready").0 == 200);
    told.stop();
}

#[test]
fn going_back_shows_before_it_is_known_where_to() {
    let world = new_world(1);
    world.append_all(&chats(30));
    let gate = Gate::default();
    let told = Told::start(&world, Blocked { log: world.log.clone(), gate: gate.clone() }, "a");
    told.until(&world, "it is ready", |told| told.health("/health/ready").0 == 200);
    gate.refuse_commits();
    gate.close_positions();
    world.append_all(&chats(5));
    told.until(&world, "it says that nothing runs", |told| {
        let (status, wrong) = told.health("/health/ready");
        status == 503 && wrong.contains("3 of 3 partitions do not run")
    });
    told.until(&world, "positions are still known", |told| told.sum("chat_goals_lag_records", "") >= 5.0);
    gate.open();
    told.until(&world, "it is ready", |told| told.health("/health/ready").0 == 200);
    told.stop();
}

/// Nothing comes that would have to wait for goal changes.
#[test]
fn a_reader_of_goal_changes_that_gave_up_ends_an_idle_process() {
    let world = new_world(1);
    let gate = Gate::default();
    let told = Told::start(&world, Blocked { log: world.log.clone(), gate: gate.clone() }, "a");
    told.until(&world, "it is ready", |told| told.health("/health/ready").0 == 200);
    gate.lose_goals();
    let setting = Entry::setting("shop", START, START, json!({"subscriptionSet": {"active": true}}));
    world.append(&setting);
    let limit = Instant::now() + Duration::from_secs(60);
    while told.runtime.is_running() {
        assert!(Instant::now() < limit, "it goes on without goal changes");
        std::thread::sleep(Duration::from_millis(5));
    }
    let Told { runtime, server, .. } = told;
    server.stop();
    let reason = format!("{:#}", runtime.stop().unwrap_err());
    assert!(reason.contains("the goal changes are gone"), "{reason}");
}

#[test]
fn a_worker_that_makes_no_step_is_not_live() {
    let world = new_world(1);
    let gate = Gate::default();
    let told = Told::start(&world, Blocked { log: world.log.clone(), gate: gate.clone() }, "a");
    told.until(&world, "it is ready", |told| told.health("/health/ready").0 == 200);
    told.until(&world, "it lives", |told| told.health("/health/live").0 == 200);
    gate.close_polls();
    told.until(&world, "it is found stuck", |told| {
        let (status, wrong) = told.health("/health/live");
        status == 503 && wrong.contains("a worker has made no step")
    });
    assert!(told.sum("chat_goals_worker_step_age_seconds", "") > 1.0);
    gate.open();
    told.until(&world, "it lives again", |told| told.health("/health/live").0 == 200);
    told.stop();
}

/// A new process would wait for the brokers, too.
#[test]
fn a_commit_that_waits_for_the_brokers_is_live_but_not_ready() {
    let world = new_world(1);
    let gate = Gate::default();
    let told = Told::start(&world, Blocked { log: world.log.clone(), gate: gate.clone() }, "a");
    told.until(&world, "it is ready", |told| told.health("/health/ready").0 == 200);
    gate.close_commits();
    world.append_all(&chats(5));
    told.until(&world, "it waits for longer than a step may take, and lives", |told| {
        let (status, wrong) = told.health("/health/ready");
        let waits = status == 503 && wrong.contains("waiting for the brokers");
        waits && told.health("/health/live").0 == 200
    });
    gate.open();
    told.until(&world, "it is ready again", |told| told.health("/health/ready").0 == 200);
    told.stop();
}

#[test]
fn a_commit_that_failed_is_told_until_one_succeeds() {
    let world = new_world(1);
    let gate = Gate::default();
    let told = Told::start(&world, Blocked { log: world.log.clone(), gate: gate.clone() }, "a");
    told.until(&world, "it is ready", |told| told.health("/health/ready").0 == 200);
    gate.refuse_commits();
    world.append_all(&chats(5));
    told.until(&world, "it says that commits fail", |told| {
        let (status, wrong) = told.health("/health/ready");
        status == 503 && wrong.contains("the last commit failed") && wrong.contains("refused on purpose")
    });
    told.until(&world, "several", |told| told.sum("chat_goals_commits_total", "outcome=\"refused\"") > 2.0);
    assert!(told.sum("chat_goals_rollbacks_total", "") > 1.0);
    gate.open();
    told.until(&world, "it is ready again", |told| told.health("/health/ready").0 == 200);
    // What was folded in vain does not count.
    assert_eq!(told.sum("chat_goals_records_folded_total", "stage=\"chats\""), 5.0);
    told.stop();
}

/// Somebody else's transaction holds the clock.
#[test]
fn a_clock_that_stands_shows_with_the_deadlines_that_wait_for_it() {
    const DAY: i64 = 24 * HOUR;
    let world = new_world(1);
    let at = START + HOUR;
    let mut entries = vec![
        Entry::setting("shop", START, START, json!({"subscriptionSet": {"active": true}})),
        Entry::setting("shop", START, START, json!({"goalSet": {"eventName": "Purchase", "days": 1}})),
    ];
    for chat in ["one", "two"] {
        entries.push(Entry::chat("shop", chat, at, json!({"customerMessage": {"customerId": chat}})));
        entries.push(Entry::chat("shop", chat, at, json!({"managerReply": {"managerId": "mia"}})));
    }
    world.append_all(&entries);
    let told = Told::start(&world, world.log.clone(), "a");
    world.until_folded(&[&told.runtime]);
    world.clock_may_reach(at + HOUR);
    world.until_clock(&[&told.runtime], at + HOUR);
    told.until(&world, "the deadline is known", |told| {
        told.sum("chat_goals_next_deadline_timestamp_seconds", "partition=\"0\"")
            == ((at + DAY) / 1_000) as f64
    });
    told.until(&world, "none is overdue", |told| {
        told.sum("chat_goals_survey_age_seconds", "") < 1.0
            && told.sum("chat_goals_deadlines_overdue", "") == 0.0
    });

    // Two days pass, and what somebody has yet to commit holds the clock.
    let held_back = hold_back(&world.log, &world.topology.customers_inbox, 1);
    world.clock_may_reach(at + 2 * DAY);
    told.until(&world, "both are overdue", |told| {
        told.sum("chat_goals_deadlines_overdue", "partition=\"0\"") == 2.0
    });
    // A chat is due a millisecond after its deadline.
    let overdue = (DAY - 1) as f64 / 1e3;
    assert_eq!(told.sum("chat_goals_deadline_overdue_seconds", "partition=\"0\""), overdue);
    let behind = (2 * DAY - HOUR + ALLOWANCE) as f64 / 1e3;
    assert_eq!(told.sum("chat_goals_clock_lag_seconds", "partition=\"0\""), behind);

    held_back.leave().unwrap();
    told.until(&world, "none is overdue any more", |told| {
        told.sum("chat_goals_deadlines_overdue", "") == 0.0
    });
    told.until(&world, "the clock is as far behind as it is allowed", |told| {
        told.sum("chat_goals_clock_lag_seconds", "") == told.sum("chat_goals_clock_allowance_seconds", "")
    });
    told.stop();
}

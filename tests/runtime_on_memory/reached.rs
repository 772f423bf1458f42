//! How much a restart has to read again after a crash: a process that is stepped here, while its clock stands still.

use crate::world::World;
use chat_goals::log::Log as _;
use chat_goals::runtime::clocks::Clocks;
use chat_goals::runtime::process::{Pace, Process};
use chat_goals::runtime::restore::reached;
use chat_goals::runtime::topology::Stage;
use chat_goals::state::store::Store;
use std::sync::Arc;
use std::time::Duration;

const CHATS: usize = 20_000;

#[test]
fn what_a_crash_makes_a_restart_read_again_has_a_bound_however_fast_rows_come() {
    let mut world = World::new(1);
    world.config.workers.count = 1;
    world.config.commit.records_max = 1_000;
    let at = "2026-03-01T00:00:00Z";
    for chat in 0..CHATS {
        let record = format!(
            r#"{{"channelId":"ch","chatId":"c{chat}","at":"{at}","customerMessage":{{"customerId":"u{chat}"}}}}"#
        );
        let key = format!("c{chat}");
        world.log.append(&world.config.topics.chat_events, key.as_bytes(), Some(record.as_bytes()), LOGGED);
    }
    let store = Store::open(&world.dir("rows"), world.config.state.memory_bytes_max).unwrap();
    // No commit is due and nothing is noted because of the time.
    let clocks = Clocks::moved(Arc::new(|| LOGGED), Arc::new(|| Duration::ZERO));
    let (pace, topology) = (Pace::of(&world.config), world.topology.clone());
    let process =
        Process::new(world.log.clone(), &world.config, pace, topology, clocks, store, "slot".to_owned());
    let (mut goals, mut seat) = (process.goals(), process.seat(0));

    let changelog = world.topology.changelog(Stage::Chats, 0);
    let end = || world.log.ends(std::slice::from_ref(&changelog)).unwrap()[0];
    let mut passes = 0;
    while end() < CHATS as i64 {
        goals.step().unwrap();
        seat.step().unwrap();
        passes += 1;
        assert!(passes < 10_000, "only {} of {CHATS} rows are committed", end());
    }

    let reached = reached(&process.shared.store, (Stage::Chats, 0)).unwrap().unwrap_or_default();
    // 5,000 rows, and two commits of what is fetched at once.
    assert!(end() - reached < 13_000, "{} rows of {} would be read again", end() - reached, end());
}

/// 2026-03-01T00:00:00Z.
const LOGGED: i64 = 1_772_323_200_000;

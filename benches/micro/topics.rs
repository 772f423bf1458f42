//! A log in memory with every topic of one partition, and the settings of a channel.

use chat_goals::config::Config;
use chat_goals::domain::goal::{Days, Filter, Goal};
use chat_goals::domain::settings::{Change, GoalChange, Settings};
use chat_goals::domain::time::{DAY, Timestamp};
use chat_goals::log::Log as _;
use chat_goals::log::memory::MemoryLog;
use chat_goals::runtime::topology::{self, Topology};

pub const CHANNEL: &str = "ch7";
pub const START: Timestamp = Timestamp(1_772_323_200_000); // 2026-03-01T00:00:00Z

pub fn topics() -> (MemoryLog, Topology) {
    let log = MemoryLog::with_clock(|| START.0);
    let mut config = Config::default();
    config.create.partitions = 1;
    log.create_topics(&topology::plans(&config)).expect("new topics");
    let topology = Topology::load(&log, &config).expect("the log works").expect("good topics");
    (log, topology)
}

/// One goal of seven days, long subscribed.
pub fn settings() -> Settings {
    let mut settings = Settings::new(true);
    let days = Days::new(7).expect("legal");
    let goal = Goal { event_name: "Purchase".into(), filter: Filter::default(), days };
    for change in [Change::SubscriptionSet(true), Change::GoalSet(goal)] {
        let at = START.minus(DAY);
        settings.add(GoalChange { id: None, channel: CHANNEL.into(), at, change }, Some(at));
    }
    settings
}

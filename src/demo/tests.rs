//! The demo without threads: the platform's records through the pipeline that `fold` drives, its changes onto the board,
//! the board into a picture.

use super::board::{Board, Output, OutputTopic, STATUSES};
use super::catalog::{CHANNELS, MANAGERS, START_MS};
use super::changes::Change;
use super::drafts::{Record, Topic};
use super::platform::Platform;
use super::summary::{self, Run};
use super::view::{self, Picture};
use crate::contract::json::{input, output};
use crate::domain::ids::{ChannelId, ChatId};
use crate::domain::settings::{Channel, Settings};
use crate::domain::time::{DAY, Timestamp};
use crate::pipeline::Pipeline;
use crate::pipeline::outlet::Outlet;
use crate::stages::chats::StatusChange;
use crate::stages::managers::Counter;
use crate::stages::messages::{ToChat, ToCustomer, ToManager};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use std::collections::VecDeque;
use std::time::Duration;

const START: Timestamp = Timestamp(START_MS);
const HOUR: i64 = DAY / 24;
const MINUTE: i64 = HOUR / 60;

#[test]
fn after_fifteen_seconds_every_status_has_been_seen() {
    let world = World::after(30 * HOUR);
    for status in STATUSES {
        assert!(world.board.chats(status) > 0, "{status:?}");
    }
    assert_eq!(world.board.gaps, 0);
    assert_eq!(world.board.corrections, 0);
}

#[test]
fn managers_differ_and_the_goal_has_changed_midway() {
    let world = World::after(6 * DAY);
    let managers = world.board.managers();
    let rate = |name: &str| {
        let (_, counters) = managers.iter().find(|(known, _)| *known == name).unwrap();
        counters.achievement_rate().unwrap()
    };
    assert!(managers.len() >= MANAGERS.len());
    assert!(rate("Mia") > rate("Olga") + 0.1 && rate("Yuki") > rate("Kenji") + 0.1);
    let changed = |change: &Change| change.to_string().contains("Travel desk: the goal is now Booking (1 d)");
    assert!(world.changes.iter().any(changed));
    assert!(world.changes.iter().any(|change| change.to_string().contains("deleted")));
    assert_eq!(world.board.gaps, 0);
}

#[test]
fn the_picture_shows_channels_managers_changes_and_health() {
    let world = World::after(30 * HOUR);
    let shown = world.drawn(100, 30);
    let words = [
        "chat-goals demo",
        "seed 42",
        "Tue 3 Mar 14:00 UTC · 2 h a second · 0:15 of 1:00 · clock 12 min behind",
        "revision gaps 0",
        "Web shop        Purchase (1 d), amount ≥ 50",
        "Booking (1 d), total ≥ 300",
        "█ achieved ▓ measuring ▒ waiting ░ missed · none ╯",
        "Managers by achievement rate",
        "achieved ended  rate",
        "Latest changes, a sample",
        "→ Achieved · ",
        "q or Ctrl-C ends it and prints a summary · dashboard http://127.0.0.1:4000/",
    ];
    for word in words {
        assert!(shown.contains(word), "no {word:?} in\n{shown}");
    }
    for name in CHANNELS.iter().map(|channel| channel.name).chain(MANAGERS.iter().map(|manager| manager.name))
    {
        assert!(shown.contains(name), "no {name:?} in\n{shown}");
    }
}

#[test]
fn a_small_terminal_shows_every_manager_and_a_tiny_one_does_not_panic() {
    let world = World::after(30 * HOUR);
    let shown = world.drawn(80, 24);
    for name in
        MANAGERS.iter().map(|manager| manager.name).chain(["revision gaps 0", "ended  rate", "none ╯"])
    {
        assert!(shown.contains(name), "no {name:?} in\n{shown}");
    }
    for (width, height) in [(1, 1), (10, 3), (40, 12), (79, 10), (300, 80)] {
        world.drawn(width, height);
    }
    World::after(0).drawn(80, 24);
}

#[test]
fn the_summary_names_everybody_and_says_that_nothing_is_missing() {
    let world = World::after(30 * HOUR);
    let run = Run {
        seed: 42,
        hours_a_second: 2.0,
        running: Duration::from_secs(15),
        simulated: 30 * HOUR,
        records_in: world.records_in,
        dashboard: Some("http://127.0.0.1:4000/".to_owned()),
    };
    let text = summary::summary(&run, &world.board);
    for word in ["30.0 h simulated in 15.0 s (2 h a second), seed 42", "revision gaps and repeats 0"] {
        assert!(text.contains(word), "no {word:?} in\n{text}");
    }
    for name in CHANNELS.iter().map(|channel| channel.name).chain(MANAGERS.iter().map(|manager| manager.name))
    {
        assert!(text.contains(name), "no {name:?} in\n{text}");
    }
    let line = summary::line(world.now, Some(5 * MINUTE), world.records_in, &world.board);
    assert!(line.starts_with("Tue 14:00  in ") && line.ends_with("clock 5 min behind  gaps 0"), "{line}");
}

#[test]
fn times_on_the_command_line() {
    let read = |text| super::duration(text).ok();
    assert_eq!(read("60s"), Some(Duration::from_secs(60)));
    assert_eq!(read("2m"), Some(Duration::from_secs(120)));
    assert_eq!(read("1.5h"), Some(Duration::from_secs(5400)));
    assert_eq!(read("45"), Some(Duration::from_secs(45)));
    assert_eq!(["", "s", "-1s", "2 weeks", "1e30h"].map(read), [None; 5]);
    assert!(super::speed("2").is_ok() && super::speed("0").is_err() && super::speed("NaN").is_err());
}

/// The platform of seed 42 after a span of time.
struct World {
    board: Board,
    changes: Vec<Change>,
    now: Timestamp,
    records_in: u64,
}

impl World {
    fn after(span: i64) -> Self {
        let now = START.plus(span);
        let mut records = Vec::new();
        Platform::new(42, START).advance(now, &mut |record| records.push(record));
        let mut world = World { board: Board::default(), changes: Vec::new(), now, records_in: 0 };
        let (mut pipeline, mut settings) = (Pipeline::offline(), Settings::new(true));
        for record in &records {
            world.fold(&mut pipeline, &mut settings, record);
        }
        pipeline.tick(0, now, &mut usize::MAX.clone(), &settings, &mut world).unwrap();
        pipeline.flush(now, &mut world).unwrap();
        world
    }

    fn fold(&mut self, pipeline: &mut Pipeline, settings: &mut Settings, record: &Record) {
        let at = Timestamp(record.timestamp_ms);
        pipeline.tick(0, at, &mut usize::MAX.clone(), settings, self).unwrap();
        self.records_in += 1;
        match record.topic {
            Topic::ChatEvents => {
                let json: input::ChatEventJson<'_> = input::parse(&record.value).unwrap();
                pipeline.chat_event(0, &json.event().unwrap(), None, settings, self).unwrap().unwrap();
            }
            Topic::CustomerEvents => {
                let json: input::CustomerEventJson<'_> = input::parse(&record.value).unwrap();
                pipeline.customer_event(0, &json.event().unwrap(), None, settings, self).unwrap().unwrap();
            }
            Topic::GoalChanges => {
                let json: input::GoalChangeJson<'_> = input::parse(&record.value).unwrap();
                if let Some(effect) = settings.add(json.change().unwrap(), None) {
                    pipeline.setting_read(&effect);
                    pipeline.sweep(0, &mut usize::MAX.clone(), settings, self).unwrap();
                }
                self.take(OutputTopic::GoalChanges, &record.key, Some(&record.value), None);
            }
        }
    }

    fn take(&mut self, topic: OutputTopic, key: &str, value: Option<&[u8]>, revision: Option<u32>) {
        let output = Output { topic, key: key.as_bytes(), value, revision, timestamp: self.now };
        self.board.take(&output).unwrap();
        self.changes.extend(self.board.take_changes());
    }

    fn drawn(&self, width: u16, height: u16) -> String {
        let latest = |change: &&Change| change.to_string().contains("→ Achieved");
        let changes: VecDeque<Change> = self.changes.iter().rev().filter(latest).take(20).cloned().collect();
        let picture = Picture {
            board: &self.board,
            changes: &changes,
            now: self.now,
            lag: Some(12 * MINUTE),
            seed: 42,
            hours_a_second: 2.0,
            running: Duration::from_secs(15),
            run_for: Some(Duration::from_secs(60)),
            records_in: self.records_in,
            dashboard: Some("http://127.0.0.1:4000/".to_owned()),
            in_a_second: 142.3,
            out_a_second: 201.0,
        };
        let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        terminal.draw(|frame| view::draw(frame, &picture)).unwrap();
        terminal.backend().to_string()
    }
}

/// As the runtime publishes it.
impl Outlet for World {
    fn status_changed(&mut self, change: StatusChange, channel: &Channel) -> anyhow::Result<()> {
        let value = output::status_changed(&change, channel)?;
        self.take(OutputTopic::StatusChanged, &change.chat, Some(&value), None);
        Ok(())
    }

    fn chat_deleted(&mut self, _: &ChannelId, chat: &ChatId, revision: u32) -> anyhow::Result<()> {
        self.take(OutputTopic::StatusChanged, chat, None, Some(revision));
        Ok(())
    }

    fn counter(&mut self, key: &str, counter: Counter) -> anyhow::Result<()> {
        let value = output::counter(&counter).to_bytes()?;
        self.take(OutputTopic::ManagerCounters, key, Some(&value), None);
        Ok(())
    }

    fn to_chat(&mut self, _: ToChat) -> anyhow::Result<()> {
        unreachable!("every chat is here")
    }

    fn to_customer(&mut self, _: i32, _: ToCustomer) -> anyhow::Result<()> {
        unreachable!("every customer is here")
    }

    fn to_manager(&mut self, _: i32, _: ToManager) -> anyhow::Result<()> {
        unreachable!("every counter is here")
    }
}

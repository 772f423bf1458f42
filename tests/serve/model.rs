//! The model against a naive one: whatever was published, every filter, order and page finds what looking at all chats
//! finds.

use crate::naive::{CHANNELS, Sent, expected, filters, published, steps, tallied, time};
use crate::world::World;
use chat_goals::domain::time::Timestamp;
use chat_goals::log::Header;
use chat_goals::log::memory::MemoryLog;
use chat_goals::serve::model::ReadModel;
use chat_goals::serve::model::answers::ChatSummary;
use chat_goals::serve::model::follower::Follower;
use chat_goals::serve::model::look::Looks;
use chat_goals::serve::model::questions::{
    ChangeFilter, ChatFilter, ChatOrder, CountersQuestion, Cursor, LetterFilter, Page,
};
use chat_goals::serve::model::ring::Heard;
use proptest::prelude::*;
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;

/// A model of a deployment in which nothing happens by itself: what is published is what a test writes.
struct Published {
    world: World,
    model: Option<ReadModel>,
    follower: Option<Follower<MemoryLog>>,
}

impl Published {
    fn new() -> Self {
        let mut of = Self { world: World::new(), model: None, follower: None };
        of.reopen();
        of
    }

    fn reopen(&mut self) {
        (self.model, self.follower) = (None, None);
        let config = self.world.serving("model");
        let model = ReadModel::open(&config, &self.world.topology, self.world.wall()).unwrap();
        self.follower = Some(Follower::new(Arc::new(self.world.log.clone()), model.clone(), config));
        self.model = Some(model);
    }

    fn model(&self) -> &ReadModel {
        self.model.as_ref().unwrap()
    }

    /// Writes records into one topic and lets the model read them together.
    fn send(&mut self, topic: &str, sent: &[Sent]) {
        for (at, (key, value, headers)) in (1..).zip(sent) {
            let (key, value) = (Some(key.as_bytes()), value.as_ref().map(|value| value.as_bytes()));
            self.world.log.append_to(topic, 0, key, value, Some(at), headers);
        }
        while self.follower.as_mut().unwrap().step(Duration::ZERO).unwrap() {}
    }

    fn publish(&mut self, sent: &[Sent]) {
        let topic = self.world.config.topics.goal_status_changed.clone();
        self.send(&topic, sent);
    }

    /// The revisions of the changes of a chat that are kept.
    fn history(&self, chat: &str) -> Vec<u32> {
        let published = self.model().chat(chat, None).unwrap().unwrap().document.published.unwrap();
        published.iter().filter_map(|change| change.revision).collect()
    }

    /// All chats that are found, by pages of a few.
    fn walk(&self, filter: &ChatFilter, order: ChatOrder) -> Vec<ChatSummary> {
        let (mut found, mut cursor) = (Vec::new(), None);
        loop {
            let page = self.model().chats(filter, order, &Page { limit: 3, cursor }).unwrap();
            assert!(page.chats.len() == 3 || page.next.is_none(), "only the last page is shorter");
            found.extend(page.chats);
            match page.next {
                Some(next) => cursor = Some(Cursor::parse(&next).unwrap()),
                None => return found,
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn every_filter_finds_what_looking_at_all_chats_finds(
        steps in steps(),
        sizes in prop::collection::vec(1..12usize, 60),
        filters in prop::collection::vec(filters(), 12),
        reopened_after in 0..60usize,
    ) {
        let (sent, newest) = published(&steps);
        let mut world = Published::new();
        let (mut rest, mut sizes) = (&sent[..], sizes.into_iter());
        while !rest.is_empty() {
            let (now, later) = rest.split_at(sizes.next().unwrap_or(5).min(rest.len()));
            world.publish(now);
            if (rest.len()..rest.len() + now.len()).contains(&reopened_after) {
                world.reopen();
            }
            rest = later;
        }
        let all = [ChatFilter::default()];
        for filter in filters.iter().chain(&all) {
            for order in [ChatOrder::NewestFirst, ChatOrder::OldestFirst, ChatOrder::DeadlineFirst] {
                let found: Vec<String> = world.walk(filter, order).into_iter().map(|chat| chat.chat_id).collect();
                prop_assert_eq!(&found, &expected(filter, order, &newest), "{:?} {:?}", filter, order);
            }
        }
        for chat in world.walk(&ChatFilter::default(), ChatOrder::NewestFirst) {
            let mut told = serde_json::to_value(&chat).unwrap();
            prop_assert_eq!(told["correction"].take(), false);
            told.as_object_mut().unwrap().remove("correction");
            prop_assert_eq!(&told, &newest[&chat.chat_id], "a chat is told as it was published");
        }
        for channel in CHANNELS {
            let goals = world.model().goals(Some(channel)).unwrap();
            let chats = goals.channels.first().map(|channel| channel.chats).unwrap_or_default();
            prop_assert_eq!(chats, tallied(&newest, channel));
        }
    }
}

fn shown(chat: &str, revision: u32, at: i64) -> Sent {
    let view = json!({
        "channelId": "shop", "chatId": chat, "revision": revision, "status": "NONE", "at": time(at),
        "cause": "CHAT_OPENED",
    });
    (chat.to_owned(), Some(view.to_string()), Vec::new())
}

#[test]
fn a_cursor_stays_valid_while_chats_change() {
    let mut world = Published::new();
    world.publish(&(0..9).map(|n| shown(&format!("c{n}"), 1, n)).collect::<Vec<_>>());
    let page = |world: &Published, cursor: Option<&str>| {
        let cursor = cursor.map(|cursor| Cursor::parse(cursor).unwrap());
        let page = Page { limit: 4, cursor };
        let found = world.model().chats(&ChatFilter::default(), ChatOrder::NewestFirst, &page).unwrap();
        (found.chats.into_iter().map(|chat| chat.chat_id).collect::<Vec<_>>(), found.next)
    };
    let (first, next) = page(&world, None);
    assert_eq!(first, ["c8", "c7", "c6", "c5"]);
    // The chat that the cursor names changes, one that was to come changes, one goes, one comes.
    world.publish(&[shown("c5", 2, 20), shown("c2", 2, 21), shown("new", 1, 22)]);
    // A late record dates the latest change of a chat back that was shown.
    world.publish(&[shown("c7", 2, -1)]);
    world.publish(&[("c3".to_owned(), None, Vec::new())]);
    let (second, next) = page(&world, next.as_deref());
    assert_eq!((second, next), (["c4", "c1", "c0", "c7"].map(str::to_owned).to_vec(), None));
}

#[test]
fn what_cannot_be_read_is_passed_over_and_counted() {
    let mut world = Published::new();
    world.publish(&[("c1".into(), Some("{".into()), Vec::new()), shown("c2", 1, 1)]);
    assert_eq!(world.walk(&ChatFilter::default(), ChatOrder::NewestFirst).len(), 1);
    assert_eq!(world.model().health().unreadable, 1);
}

fn deleted(chat: &str, revision: u32) -> Sent {
    let revision = Header { name: "revision".into(), value: Some(revision.to_string().into_bytes()) };
    (chat.to_owned(), None, vec![revision])
}

#[test]
fn what_is_older_than_what_was_seen_changes_nothing() {
    let mut world = Published::new();
    world.publish(&[shown("c", 2, 5)]);
    let before = world.walk(&ChatFilter::default(), ChatOrder::NewestFirst);
    let mut heard = world.model().subscribe(ChangeFilter::default(), None);
    for old in [shown("c", 2, 5), shown("c", 1, 9), deleted("c", 1), deleted("c", 2)] {
        world.publish(&[old]);
        assert_eq!(world.walk(&ChatFilter::default(), ChatOrder::NewestFirst), before);
        assert_eq!(heard.heard(), None);
        assert_eq!(world.history("c"), [2]);
    }
    world.publish(&[deleted("c", 3), shown("c", 2, 5)]);
    assert!(matches!(heard.heard(), Some(Heard::Change { .. })), "a newer one is told");
}

#[test]
fn of_the_history_of_a_chat_the_latest_part_is_kept() {
    let mut world = Published::new();
    let all = 230;
    world.publish(&(1..=all).map(|revision| shown("c", revision, 1)).collect::<Vec<_>>());
    assert_eq!(world.history("c"), (31..=all).collect::<Vec<_>>());
    // Compaction has taken those between.
    world.publish(&[shown("c", 240, 1), shown("c", 430, 1)]);
    assert_eq!(world.history("c"), [240, 430]);
    world.publish(&[shown("c", 431, 1), shown("c", 5_000, 1)]);
    assert_eq!(world.history("c"), [5_000]);
}

#[test]
fn a_delete_takes_the_history_of_the_chat_away() {
    let mut world = Published::new();
    world.publish(&[shown("c", 1, 1), shown("d", 1, 1), shown("c", 2, 2)]);
    world.publish(&[shown("c", 3, 3), deleted("c", 4), shown("c", 5, 4)]);
    assert_eq!((world.history("c"), world.history("d")), (vec![4, 5], vec![1]));
    world.publish(&[deleted("c", 6), shown("c", 205, 4)]);
    assert_eq!(world.history("c"), [6, 205]);
    world.publish(&[shown("c", 206, 5)]);
    assert_eq!(world.history("c"), [205, 206]);
    // Whoever wrote this delete says no revision.
    world.publish(&[("c".to_owned(), None, Vec::new()), shown("c", 207, 6)]);
    assert_eq!(world.history("c"), [207]);
}

#[test]
fn counters_are_summed_over_a_period_and_compared_with_the_one_before() {
    let mut world = Published::new();
    let counter = |channel: &str,
                   manager: Option<&str>,
                   date: &str,
                   achieved: u32,
                   ended: u32,
                   revision: u32| {
        let mut counter = json!({
            "channelId": channel, "scope": if manager.is_some() { "MANAGER" } else { "CHANNEL" },
            "date": date, "achieved": achieved, "ended": ended, "achievedOfEnded": achieved, "closes": ended,
            "revision": revision, "updatedAt": "2026-03-01T00:00:00Z",
        });
        if let Some(manager) = manager {
            counter["managerId"] = manager.into();
        }
        (format!("{channel}/{manager:?}/{date}"), Some(counter.to_string()), Vec::new())
    };
    let topic = world.world.config.topics.manager_goal_counters.clone();
    world.send(
        &topic,
        &[
            counter("shop", Some("anna"), "2026-03-01", 1, 4, 1),
            counter("shop", Some("anna"), "2026-03-03", 2, 4, 1),
            counter("shop", Some("anna"), "2026-03-04", 9, 9, 1),
            counter("shop", Some("anna"), "2026-03-04", 3, 4, 2),
            // It was seen before.
            counter("shop", Some("anna"), "2026-03-04", 9, 9, 1),
            counter("shop", Some(""), "2026-03-03", 0, 1, 1),
            counter("shop", None, "2026-03-03", 2, 5, 1),
            counter("hotel", Some("anna"), "2026-03-04", 1, 1, 1),
            counter("shop", Some("anna"), "2026-03-05", 7, 7, 1),
            counter("shop", Some("boris"), "2026-03-05", 0, 0, 1),
        ],
    );
    let date = |day| chrono::NaiveDate::from_ymd_opt(2026, 3, day).unwrap();
    let mut question =
        CountersQuestion { channel: Some("shop".to_owned()), manager: None, from: date(3), to: date(4) };
    let answer = world.model().managers(&question).unwrap();
    let ids: Vec<&str> = answer.managers.iter().map(|manager| manager.manager_id.as_str()).collect();
    assert_eq!(ids, ["anna", ""]);
    let anna = answer.managers[0].compared;
    assert_eq!(
        (anna.figures.achieved, anna.figures.ended, anna.figures.achievement_rate),
        (5, 8, Some(0.625))
    );
    assert_eq!((anna.previous.achieved, anna.previous.ended), (1, 4));
    assert_eq!(anna.achievement_rate_change, Some(0.375));
    assert_eq!(answer.managers[1].compared.achievement_rate_change, None);
    assert_eq!((answer.total.figures.ended, answer.days.len()), (5, 1));
    question.manager = Some("anna".to_owned());
    question.channel = None;
    let answer = world.model().managers(&question).unwrap();
    assert_eq!(answer.managers[0].compared.figures.achieved, 6);
    let days: Vec<(String, u64)> =
        answer.days.iter().map(|day| (day.date.0.to_string(), day.figures.achieved)).collect();
    assert_eq!(days, [("2026-03-03".to_owned(), 2), ("2026-03-04".to_owned(), 4)]);
}

#[test]
fn dead_letters_are_found_by_where_the_record_was_and_go_when_their_topic_is_cleared() {
    let mut world = Published::new();
    let letter = |offset: i64, reason: &str| {
        let header = |name: &str, value: String| Header {
            name: format!("dead-letter.{name}"),
            value: Some(value.into_bytes()),
        };
        let headers = vec![
            header("reason", reason.to_owned()),
            header("topic", "chat.events".to_owned()),
            header("partition", "1".to_owned()),
            header("offset", offset.to_string()),
            header("at", time(offset)),
        ];
        (format!("key-{offset}"), Some("{".to_owned()), headers)
    };
    let topic = world.world.config.topics.dead_letters.clone();
    let reason = |offset| if offset % 2 == 0 { "TOO_LATE: …" } else { "not JSON" };
    world.send(&topic, &(0..7).map(|offset| letter(offset, reason(offset))).collect::<Vec<_>>());
    let walk = |world: &Published, filter: &LetterFilter| {
        let (mut found, mut cursor) = (Vec::new(), None);
        loop {
            let page = world.model().dead_letters(filter, &Page { limit: 2, cursor }).unwrap();
            found.extend(page.dead_letters.into_iter().map(|letter| letter.offset.unwrap()));
            match page.next {
                Some(next) => cursor = Some(Cursor::parse(&next).unwrap()),
                None => return found,
            }
        }
    };
    assert_eq!(walk(&world, &LetterFilter::default()), [6, 5, 4, 3, 2, 1, 0]);
    let late = LetterFilter { reason: Some("too_late".to_owned()), ..LetterFilter::default() };
    assert_eq!(walk(&world, &late), [6, 4, 2, 0]);
    let second = |at: i64| Some(Timestamp((1_772_323_200 + at) * 1_000));
    let between = LetterFilter { from: second(2), to: second(4), ..LetterFilter::default() };
    assert_eq!(walk(&world, &between), [4, 3, 2]);
    let by_origin = world.model().dead_letter("chat.events", 1, 3).unwrap().unwrap();
    let by_place = world.model().dead_letter(&topic, 0, 3).unwrap().unwrap();
    assert_eq!(by_origin, by_place);
    assert_eq!((by_origin.letter.key.as_deref(), by_origin.value.as_deref()), (Some("key-3"), Some("{")));
    assert_eq!(world.model().dead_letter("chat.events", 1, 99).unwrap(), None);
    // Somebody clears the topic, and the next look sees it.
    world.world.log.truncate(&topic, 0, 5);
    Looks::new(Arc::new(world.world.log.clone()), world.model().clone()).look().unwrap();
    assert_eq!(walk(&world, &LetterFilter::default()), [6, 5]);
    assert_eq!(world.model().dead_letter("chat.events", 1, 3).unwrap(), None);
}

//! The law (F): whatever way a history is read, it comes to the same. Each property folds generated histories twice, in
//! two ways, and compares.

#[path = "rules/world.rs"]
#[allow(dead_code, reason = "each test target uses its part")]
mod world;
mod properties {
    pub mod history;
}

use chat_goals::domain::credit;
use chat_goals::domain::rounds::rounds;
use chat_goals::domain::status::{View, view};
use chat_goals::domain::time::Timestamp;
use chat_goals::pipeline::Partitions;
use properties::history::{END, history, logged_history};
use proptest::prelude::*;
use proptest::sample::Index;
use std::collections::BTreeMap;
use world::{ChatSays, Counters, Published, Record, Says, World};

fn cases(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

fn folded<'a>(records: impl IntoIterator<Item = &'a Record>) -> World {
    let mut world = World::offline(true);
    records.into_iter().for_each(|record| world.fold(record));
    world.tick(END);
    world
}

/// Reads the settings of a log first, while the clock stands, so that most of them are passed by the clock.
fn settings_first(records: &[Record]) -> (World, Vec<&Record>) {
    let mut world = World::offline(true);
    let (settings, others) = records.iter().partition::<Vec<_>, _>(|r| matches!(r.says, Says::Setting(_)));
    settings.iter().for_each(|record| world.read(record));
    (world, others)
}

macro_rules! same_end {
    ($a:expr, $b:expr) => {
        let (a, b) = (&mut $a, &mut $b);
        prop_assert_eq!(a.statuses(), b.statuses());
        prop_assert_eq!(a.counters(), b.counters());
    };
}

proptest! {
    #![proptest_config(cases(400))]

    #[test]
    fn b10_redelivery_changes_nothing(
        records in history(5..40),
        copies in prop::collection::vec((any::<Index>(), any::<Index>(), any::<bool>()), 1..20),
    ) {
        let mut redelivered: Vec<Record> = records.clone();
        for (which, later, at_once) in copies {
            let which = which.index(redelivered.len());
            let later = if at_once { which } else { which + later.index(redelivered.len() - which) };
            // A record that is later than a delete starts a new chat, a redelivered one too (B8).
            if !deleted_in_between(&redelivered[which], &redelivered[which + 1..=later]) {
                redelivered.insert(later + 1, redelivered[which].clone());
            }
        }
        let (mut once, mut twice) = (folded(&records), folded(&redelivered));
        prop_assert_eq!(&once.heard.published, &twice.heard.published);
        same_end!(once, twice);
    }

    #[test]
    fn f1_topics_may_be_read_in_any_interleaving(
        records in history(5..50),
        picks in prop::collection::vec(any::<Index>(), 60),
        clock_stands in any::<bool>(),
    ) {
        let (mut one, others) = settings_first(&records);
        let (mut two, _) = settings_first(&records);
        others.iter().for_each(|record| one.fold(record));
        for record in interleaved(&others, &picks) {
            if clock_stands { two.read(record) } else { two.fold(record) }
        }
        one.tick(END);
        two.tick(END);
        same_end!(one, two);
    }

    #[test]
    fn f1_settings_may_be_read_early_or_late(records in history(5..50)) {
        let (mut early, others) = settings_first(&records);
        others.iter().for_each(|record| early.fold(record));
        early.tick(END);
        let mut in_turn = folded(&records);
        let mut late = World::offline(true);
        // The goals that are known from the first record on are no part of the race.
        let known = |record: &Record| record.at < properties::history::START.minus(1);
        records.iter().filter(|record| known(record)).for_each(|record| late.fold(record));
        others.iter().for_each(|record| late.fold(record));
        late.tick(END);
        let settings = records.iter().filter(|r| !known(r) && matches!(r.says, Says::Setting(_)));
        settings.for_each(|record| late.read(record));
        same_end!(early, in_turn);
        same_end!(early, late);
    }

    #[test]
    fn f1_a_restart_changes_nothing(records in history(5..50), restarts in prop::collection::vec(any::<Index>(), 1..4)) {
        let mut whole = folded(&records);
        let mut interrupted = World::offline(true);
        for (index, record) in records.iter().enumerate() {
            if restarts.iter().any(|restart| restart.index(records.len()) == index) {
                interrupted = interrupted.restored();
            }
            interrupted.fold(record);
        }
        interrupted = interrupted.restored();
        interrupted.tick(END);
        prop_assert_eq!(&whole.heard.published, &interrupted.heard.published);
        same_end!(whole, interrupted);
    }

    #[test]
    fn f1_partitions_and_instances_change_nothing(
        records in history(5..50),
        chats in 1..4i32,
        customers in 1..4i32,
        managers in 1..4i32,
        pipelines in 1..4i32,
        hold in prop::collection::vec(0..3u8, 50),
    ) {
        let mut whole = folded(&records);
        let mut spread = World::new(Partitions { chats, customers, managers }, pipelines, false, true);
        for (index, record) in records.iter().enumerate() {
            // Letters between the instances take their time, but keep their order.
            match hold.get(index) {
                Some(0) | None => spread.fold(record),
                Some(letters) => {
                    spread.tick(record.at);
                    spread.read(record);
                    (1..*letters).for_each(|_| spread.deliver_one());
                }
            }
        }
        spread.deliver();
        spread.tick(END);
        same_end!(whole, spread);
    }

    #[test]
    fn f2_the_size_of_ticks_and_budgets_changes_nothing(
        records in history(5..40),
        budget in 1..4usize,
        steps in 2..5i64,
    ) {
        let (mut big, others) = settings_first(&records);
        let (mut small, _) = settings_first(&records);
        small.budget = budget;
        let mut before: Option<Timestamp> = None;
        let last = Record { says: Says::TimePasses, at: END, ..records[0].clone() };
        for record in others.into_iter().chain([&last]) {
            big.fold(record);
            if let Some(before) = before {
                for step in 1..steps {
                    small.tick(Timestamp(before.0 + (record.at.0 - before.0) / steps * step));
                }
                small.tick(record.at.minus(1));
            }
            small.fold(record);
            before = before.max(Some(record.at));
        }
        prop_assert_eq!(&big.heard.published, &small.heard.published);
        same_end!(big, small);
    }

    #[test]
    fn f2_after_each_record_every_chat_shows_and_adds_what_the_rules_derive(
        records in history(5..40),
        settings_lead in any::<bool>(),
    ) {
        let (mut world, log) = if settings_lead {
            settings_first(&records)
        } else {
            (World::offline(true), records.iter().collect())
        };
        for record in log {
            world.fold(record);
            for row in world.chats() {
                let Some(live) = &row.live else { continue };
                let channel = world.settings.channel(&row.channel);
                let (chat, seal) = (&live.conversation, &live.seal);
                let rounds = rounds(chat, seal, channel, world.clock());
                let published = live.published.as_ref().expect("a chat that is there was published");
                prop_assert_eq!(&published.view, &view(chat, seal, &rounds, channel, world.clock()));
                prop_assert_eq!(&published.contributions, &credit::contributions(chat, seal, &rounds, channel));
            }
        }
    }

    #[test]
    fn f2_chats_that_are_settled_in_the_end_only_come_to_the_same(records in history(5..50)) {
        let mut world = World::without_changes();
        records.iter().for_each(|record| world.fold(record));
        world.tick(END);
        world.settle_all();
        let mut settled_at_once = folded(&records);
        same_end!(settled_at_once, world);
        prop_assert_eq!(&settled_at_once.bad, &world.bad);
    }

    #[test]
    fn f2_what_is_published_replayed_gives_the_statuses_without_a_gap(records in history(5..50)) {
        let world = folded(&records);
        let mut replayed: BTreeMap<_, (u32, Option<View>)> = BTreeMap::new();
        for published in &world.heard.published {
            match published {
                Published::Changed(change) => {
                    let key = (change.channel.clone(), change.chat.clone());
                    let (revision, view) = replayed.entry(key).or_default();
                    prop_assert_eq!(change.revision, *revision + 1);
                    prop_assert_eq!(change.previous, view.as_ref().map(|view| view.status));
                    prop_assert_ne!(Some(&change.view), view.as_ref(), "a change without a difference");
                    (*revision, *view) = (change.revision, Some(change.view.clone()));
                }
                Published::Deleted { channel, chat, revision: deleted } => {
                    let (revision, view) = replayed.entry((channel.clone(), chat.clone())).or_default();
                    prop_assert_eq!(*deleted, *revision + 1);
                    prop_assert!(view.is_some(), "a tombstone for what was not there");
                    (*revision, *view) = (*deleted, None);
                }
            }
        }
        let replayed: BTreeMap<_, View> =
            replayed.into_iter().filter_map(|(key, (_, view))| Some((key, view?))).collect();
        let shown: BTreeMap<_, View> =
            world.statuses().into_iter().map(|(key, shown)| (key, shown.view)).collect();
        prop_assert_eq!(replayed, shown);
    }

    #[test]
    fn e5_counters_are_the_sum_of_what_the_chats_add(records in history(5..50)) {
        let mut world = folded(&records);
        let mut sums = Counters::new();
        for row in world.chats() {
            let Some(live) = &row.live else { continue };
            let channel = world.settings.channel(&row.channel);
            let rounds = rounds(&live.conversation, &live.seal, channel, world.clock());
            let adds = credit::contributions(&live.conversation, &live.seal, &rounds, channel);
            let achieved = rounds.iter().any(|round| round.is_achieved());
            credit::spread(&adds, achieved, 1, |bucket, counts, sign| {
                sums.entry((row.channel.clone(), bucket)).or_default().add(&counts, sign);
            });
        }
        sums.retain(|_, counts| !counts.is_zero());
        prop_assert_eq!(world.counters(), sums);
    }

    #[test]
    fn e5_the_counters_that_were_published_last_are_the_counters(records in history(5..40)) {
        let mut world = World::offline(true);
        for record in &records {
            world.fold(record);
            world.flush();
        }
        world.tick(END);
        world.flush();
        let mut latest = Counters::new();
        let mut revisions = BTreeMap::new();
        for counter in &world.heard.counters {
            let key = (counter.channel.clone(), counter.bucket.clone());
            let revision: &mut u32 = revisions.entry(key.clone()).or_default();
            *revision += 1;
            prop_assert_eq!(counter.revision, *revision);
            prop_assert_ne!(latest.insert(key, counter.counts), Some(counter.counts));
        }
        latest.retain(|_, counts| !counts.is_zero());
        prop_assert_eq!(world.counters(), latest);
    }

    #[test]
    fn h3_sealing_changes_no_result(records in logged_history(20..120)) {
        let one = Partitions { chats: 1, customers: 1, managers: 1 };
        let (mut sealed, mut kept) = (World::new(one, 1, true, true), World::new(one, 1, false, true));
        for record in &records {
            sealed.fold(record);
            kept.fold(record);
        }
        sealed.tick(END);
        kept.tick(END);
        prop_assert_eq!(&sealed.bad, &kept.bad);
        prop_assert_eq!(&sealed.heard.published, &kept.heard.published);
        prop_assert_eq!(sealed.counters(), kept.counters());
    }

    #[test]
    fn f1_what_was_sealed_may_be_restored(records in logged_history(20..120), restart in any::<Index>()) {
        let one = Partitions { chats: 1, customers: 1, managers: 1 };
        let (mut whole, mut interrupted) = (World::new(one, 1, true, true), World::new(one, 1, true, true));
        for (index, record) in records.iter().enumerate() {
            whole.fold(record);
            if restart.index(records.len()) == index {
                interrupted = interrupted.restored();
            }
            interrupted.fold(record);
        }
        whole.tick(END);
        interrupted.tick(END);
        prop_assert_eq!(&whole.heard.published, &interrupted.heard.published);
        same_end!(whole, interrupted);
    }
}

/// Whether a copy of this record after these is later than a delete that the record itself stood before.
fn deleted_in_between(record: &Record, between: &[Record]) -> bool {
    let Says::Chat { chat, .. } = &record.says else { return false };
    between.iter().any(|other| match &other.says {
        Says::Chat { chat: deleted, said: ChatSays::Deleted } => deleted == chat && other.at < record.at,
        _ => false,
    })
}

/// The records in another order, but those of each chat and of each customer in their own.
fn interleaved<'a>(records: &[&'a Record], picks: &[Index]) -> Vec<&'a Record> {
    let mut topics: BTreeMap<String, Vec<&Record>> = BTreeMap::new();
    for record in records.iter().rev() {
        let key = match &record.says {
            Says::Chat { chat, .. } => format!("chat {chat}"),
            Says::Customer { customer, .. } => format!("customer {} {customer}", record.channel),
            Says::Setting(_) | Says::TimePasses => unreachable!("settings are read first"),
        };
        topics.entry(key).or_default().push(record);
    }
    let mut picks = picks.iter().cycle();
    let mut order = Vec::new();
    while !topics.is_empty() {
        let pick = picks.next().expect("they go round").index(topics.len());
        let key = topics.keys().nth(pick).expect("an index within").clone();
        let topic = topics.get_mut(&key).expect("a key of it");
        order.extend(topic.pop());
        if topic.is_empty() {
            topics.remove(&key);
        }
    }
    order
}

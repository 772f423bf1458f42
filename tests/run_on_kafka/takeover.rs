//! One generation takes over from another while records come: `rebuild`, `diff`, `promote`, `retire`. Readers see nothing of
//! it but what was wrong before, and that once.

use crate::broker::{Feed, Partitioner, Parts, log, notice_death_soon};
use crate::expectation::Expectation;
use crate::outputs::Outputs;
use crate::process::{Deployment, PARTITIONS, Process};
use crate::workload::{Entry, Input, time, wall, workload};
use chat_goals::config::WireForm;
use chat_goals::log::Log as _;
use chat_goals::log::partitioner::partition_of;
use chat_goals::simulate::dice::Dice;
use serde_json::{Value, json};
use std::process::Output;
use std::time::Duration;

const SAME: i32 = 0;
const DIFFERENT: i32 = 4;

#[test]
fn a_healthy_generation_is_taken_over_while_records_come_and_readers_see_nothing_of_it() {
    let _turn = crate::turn();
    let mut scene = Scene::new("healthy", 6_000);
    let mut old = scene.deployment.start("old");
    scene.feed(6);
    old.until_it_says("assigned");
    notice_death_soon(&format!("{}-2", scene.deployment.name));
    let mut new = scene.deployment.start_as(&["rebuild"], "new");
    scene.feed(2);
    new.until_it_says("level with the running generation");
    scene.feed(1);
    let diff = scene.deployment.say(&["diff", "-o", "jsonl"]);
    assert_eq!((diff.status.code(), text(&diff)), (Some(SAME), String::new()), "{diff:?}");

    let audit = scene.deployment.say_about(&["audit", "--rebuild", "-o", "jsonl"], "old");
    assert_eq!(audit.status.code(), Some(SAME), "{audit:?}");
    assert!(text(&audit).contains(r#""stage":"rebuild""#), "{audit:?}");

    scene.deployment.turn_to(2);
    for words in [&["retire", "--yes"][..], &["rebuild"]] {
        let refused = scene.deployment.say(words);
        assert_eq!(refused.status.code(), Some(1), "what still publishes is not replaced: {refused:?}");
    }
    scene.deployment.turn_to(1);
    scene.feed(1);
    // What it had read and not yet passed on from stage to stage when it ends would be a difference.
    let expectation = Expectation::of(&scene.entries[..scene.fed], scene.now);
    scene.outputs.until_equal(&expectation, &mut [&mut old, &mut new]);
    let promoted = scene.deployment.say(&["promote"]);
    assert!(promoted.status.success(), "{promoted:?}\n{}", new.stderr());
    assert_eq!(old.wait().code(), Some(1), "{}", old.stderr());
    assert!(old.stderr().contains("generation 2 has taken over"), "{}", old.stderr());
    // It takes part as any other from now on, also when it is started as one.
    scene.feed(1);
    new.stop();
    scene.deployment.turn_to(2);
    let run = scene.deployment.start("new");
    let rebuilds = scene.ends_well(run);
    assert!(rebuilds.is_empty(), "nothing was wrong, but {}:\n{}", rebuilds.len(), rebuilds[0]);
    let retired = scene.deployment.say(&["retire", "--yes"]);
    assert!(retired.status.success(), "{retired:?}");
    let again = scene.deployment.say(&["retire", "--yes"]);
    assert!(again.status.success(), "broken off it is gone on with: {again:?}");
    let old_changelog = format!("{}-1.chats.changelog", scene.deployment.name);
    assert_eq!(log().topics(&[&old_changelog], &[]).unwrap(), []);
}

#[test]
fn what_was_damaged_is_found_and_mended_and_nothing_else() {
    let _turn = crate::turn();
    let mut scene = Scene::new("damaged", 3_000);
    let mut old = scene.deployment.start("old");
    scene.feed(8);
    let expectation = Expectation::of(&scene.entries[..scene.fed], scene.now);
    scene.outputs.until_equal(&expectation, &mut [&mut old]);
    // The disk is gone, and so is what it could be restored from; two records say what nobody made of the inputs, and one
    // speaks of a chat that never was.
    old.stop();
    scene.deployment.lose_state("old");
    for partition in 0..PARTITIONS {
        let changelog = scene.deployment.internal("chats.changelog");
        let of = chat_goals::log::TopicPartition::new(changelog.as_str(), partition);
        let end = log().ends(std::slice::from_ref(&of)).unwrap()[0];
        crate::broker::delete_records(&of, end);
    }
    let (damaged, channel) = scene.damage();

    let mut new = scene.deployment.start_as(&["rebuild"], "new");
    new.until_it_says("level with the running generation");
    let diff = scene.deployment.say(&["diff", "-o", "jsonl"]);
    assert_eq!(diff.status.code(), Some(DIFFERENT), "{diff:?}");
    let mut found: Vec<String> = text(&diff)
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["key"].as_str().unwrap().to_owned())
        .collect();
    found.sort();
    assert_eq!(found, damaged);

    // Whoever promotes and whoever rebuilds may be killed at any moment.
    let promoting = scene.deployment.start_as(&["promote"], "nobody");
    new.until_it_says("taking over");
    new.kill();
    drop(promoting);
    // What the new one goes by must not be deleted under its feet.
    scene.deployment.turn_to(2);
    let refused = scene.deployment.say(&["retire", "--yes"]);
    assert_eq!(refused.status.code(), Some(1), "{refused:?}");
    assert!(String::from_utf8_lossy(&refused.stderr).contains("has not"), "{refused:?}");
    scene.deployment.turn_to(1);
    let new = scene.deployment.start_as(&["rebuild"], "new");
    let promoted = scene.deployment.say(&["promote"]);
    assert!(promoted.status.success(), "{promoted:?}\n{}", new.stderr());
    let diff = scene.deployment.say(&["diff"]);
    assert_eq!(diff.status.code(), Some(SAME), "{diff:?}");
    // Should the chat that never was begin after all, readers have seen the revisions up to its tombstone.
    let record = json!({
        "channelId": channel, "chatId": "phantom", "at": time(scene.now), "customerMessage": {"customerId": "nobody"}
    });
    scene.entries.push(Entry::new(Input::ChatEvents, scene.now, &record));
    let rebuilds = scene.ends_well(new);
    assert_eq!(rebuilds.len(), 1, "one of the chats is there to be said something of");
}

#[test]
fn a_takeover_that_is_killed_at_any_point_and_begun_again_loses_and_repeats_nothing() {
    const KILLS: usize = 10;
    let _turn = crate::turn();
    let mut scene = Scene::new("killed-takeover", 6_000);
    let mut dice = Dice(scene.now as u64);
    println!("the seed of the kills is {}", scene.now);
    let old = ["old-a", "old-b"].map(|state| scene.deployment.start(state));
    scene.feed(2);
    notice_death_soon(&format!("{}-2", scene.deployment.name));
    let rebuild =
        |scene: &Scene, which: usize| scene.deployment.start_as(&["rebuild"], ["new-a", "new-b"][which]);
    let mut new = [Some(rebuild(&scene, 0)), None];
    // Its topics are made by whoever comes first.
    new[0].as_mut().expect("it runs").until_it_says("generation 2:");
    new[1] = Some(rebuild(&scene, 1));
    for kill in 0..KILLS {
        if kill % 2 == 0 && scene.fed < scene.entries.len() * 3 / 4 {
            scene.feed(1);
        }
        let promoting = (kill > 2).then(|| scene.deployment.start_as(&["promote", "--force"], "nobody"));
        scene.outputs.follow_for(Duration::from_millis(dice.below(4_000)));
        // A process that has done what it should has ended by itself.
        drop(promoting);
        let which = dice.below(2) as usize;
        new[which].take().expect("it runs").kill();
        scene.outputs.follow_for(Duration::from_millis(dice.below(1_000)));
        new[which] = Some(rebuild(&scene, which));
    }
    let promoted = scene.deployment.say(&["promote", "--force"]);
    assert!(promoted.status.success(), "{promoted:?}");
    for mut old in old {
        assert_eq!(old.wait().code(), Some(1), "{}", old.stderr());
    }
    let [a, b] = new.map(|process| process.expect("it runs"));
    b.stop();
    // What the old generation had under way when it ended is a difference, too.
    let rebuilds = scene.ends_well(a).len();
    println!("{rebuilds} changes were under way");
}

/// A rebuild reads no further than the old generation has, also when that one is down: what comes after is published for what
/// it is, its bad records among it, and not as something that was wrong.
#[test]
fn what_the_old_generation_did_not_fold_is_no_difference() {
    let _turn = crate::turn();
    let mut scene = Scene::new("behind", 3_000);
    let mut old = scene.deployment.start("old");
    scene.feed(4);
    let before = Expectation::of(&scene.entries[..scene.fed], scene.now);
    scene.outputs.until_equal(&before, &mut [&mut old]);
    old.stop();
    scene.feed(4);
    let mut new = scene.deployment.start_as(&["rebuild"], "new");
    new.until_it_says("level with the running generation");
    // What it may not read yet has come to it by now.
    scene.outputs.follow_for(Duration::from_secs(3));
    let diff = scene.deployment.say(&["diff"]);
    assert_eq!(diff.status.code(), Some(SAME), "{diff:?}");
    let promoted = scene.deployment.say(&["promote"]);
    assert!(promoted.status.success(), "{promoted:?}\n{}", new.stderr());
    let rebuilds = scene.ends_well(new);
    assert!(rebuilds.is_empty(), "nothing was wrong, but {}:\n{}", rebuilds.len(), rebuilds[0]);
}

/// Other rules, and the same records: what follows from the difference is published, and nothing else.
#[test]
fn what_other_rules_make_of_the_records_is_what_changes() {
    let _turn = crate::turn();
    let mut scene = Scene::new("rules", 3_000);
    let mut old = scene.deployment.start("old");
    scene.feed(12);
    scene.feed.produce(&scene.entries[scene.fed..]);
    scene.fed = scene.entries.len();
    let before = Expectation::of(&scene.entries, scene.now);
    scene.outputs.until_equal(&before, &mut [&mut old]);
    scene.deployment.set("rules.requires_subscription", "false");
    let mut new = scene.deployment.start_as(&["rebuild"], "new");
    new.until_it_says("level with the running generation");
    let diff = scene.deployment.say(&["diff", "-o", "jsonl"]);
    assert_eq!(diff.status.code(), Some(DIFFERENT), "{diff:?}");
    let chats = text(&diff).lines().filter(|line| line.contains("\"kind\":\"chat\"")).count();
    let promoted = scene.deployment.say(&["promote"]);
    assert!(promoted.status.success(), "{promoted:?}\n{}", new.stderr());
    let after = Expectation::with_rules(&scene.entries, scene.now, false);
    scene.outputs.until_equal(&after, &mut [&mut new]);
    new.stop();
    scene.outputs.assert_final(&after, scene.bad);
    println!("{chats} chats differ");
    assert!(chats > 0);
    assert_eq!(scene.outputs.rebuilds.len(), chats);
    drop(old);
}

struct Scene {
    deployment: Deployment,
    feed: Feed,
    outputs: Outputs,
    entries: Vec<Entry>,
    now: i64,
    fed: usize,
    bad: usize,
}

impl Scene {
    fn new(test: &str, chats: u64) -> Self {
        let deployment = Deployment::created(test, WireForm::Json);
        notice_death_soon(&deployment.group());
        let now = wall();
        let entries = workload(chats, chats, now);
        let (feed, outputs) = (deployment.feed(Partitioner::Astray(PARTITIONS)), Outputs::of(&deployment));
        Self { deployment, feed, outputs, entries, now, fed: 0, bad: 0 }
    }

    /// Produces so many of twelve pieces, with a bad record after each.
    fn feed(&mut self, pieces: usize) {
        let topic = self.deployment.topic("chat.events");
        for _ in 0..pieces {
            let until = (self.fed + self.entries.len() / 12 + 1).min(self.entries.len());
            self.feed.produce(&self.entries[self.fed..until]);
            self.fed = until;
            self.feed.produce_parts(&Parts {
                topic: &topic,
                partition: self.bad as i32 % PARTITIONS,
                logged: self.now,
                key: Some(format!("bad-{}", self.bad).as_bytes()),
                value: Some(b"{"),
                headers: &[],
            });
            self.bad += 1;
        }
    }

    /// Writes what is wrong into the outputs; returns the keys, sorted, and the channel of the chat that never was.
    fn damage(&mut self) -> (Vec<String>, Value) {
        let statuses = self.deployment.topic("goal.status-changed");
        let (chat, mut record) = self
            .outputs
            .chats
            .iter()
            .find_map(|(key, chat)| {
                let newest = chat.newest.clone()?;
                (newest["status"] == "NONE").then(|| (key.clone(), (chat.revision, newest)))
            })
            .expect("some chat has no status");
        record.1["status"] = "MISSED".into();
        record.1["previousStatus"] = "NONE".into();
        record.1["revision"] = (record.0 + 1).into();
        let phantom = json!({
            "channelId": record.1["channelId"], "chatId": "phantom", "revision": 1, "status": "NONE",
            "at": "2026-01-01T00:00:00Z", "cause": "CHAT_OPENED"
        });
        for (key, value) in [(&*chat, &record.1), ("phantom", &phantom)] {
            self.write(&statuses, key, value);
        }
        let counters = self.deployment.topic("manager.goal-counters");
        let (bucket, counter) = self.outputs.buckets.iter().next().expect("some counter");
        let (bucket, mut counter, revision) = (bucket.clone(), counter.newest.clone(), counter.revision);
        counter["closes"] = 1_000_000.into();
        counter["revision"] = (revision + 1).into();
        self.write(&counters, &bucket, &counter);
        let mut keys = vec![chat, "phantom".to_owned(), bucket];
        keys.sort();
        (keys, record.1["channelId"].clone())
    }

    fn write(&self, topic: &str, key: &str, value: &Value) {
        self.feed.produce_parts(&Parts {
            topic,
            partition: partition_of(key.as_bytes(), PARTITIONS),
            logged: self.now,
            key: Some(key.as_bytes()),
            value: Some(value.to_string().as_bytes()),
            headers: &[],
        });
    }

    /// Feeds the rest, waits for what must come of it, and returns how many changes a rebuild made.
    fn ends_well(&mut self, mut process: Process) -> &[String] {
        self.feed(1);
        self.feed.produce(&self.entries[self.fed..]);
        let expectation = Expectation::of(&self.entries, self.now);
        self.outputs.until_equal(&expectation, &mut [&mut process]);
        process.stop();
        self.outputs.assert_final(&expectation, self.bad);
        &self.outputs.rebuilds
    }
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

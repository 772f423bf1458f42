//! Processes are killed, replaced and robbed of their disks while records come in: nothing of it shows in the outputs.

use crate::broker::{Feed, LIMIT, Partitioner, left_open, log, notice_death_soon};
use crate::expectation::Expectation;
use crate::outputs::Outputs;
use crate::process::{Deployment, PARTITIONS, Process};
use crate::workload::{Entry, wall, workload};
use chat_goals::config::WireForm;
use chat_goals::log::{Log as _, TopicPartition};
use chat_goals::simulate::dice::Dice;
use rdkafka::producer::Producer as _;
use std::time::{Duration, Instant};

#[test]
fn a_process_killed_at_random_loses_and_repeats_nothing() {
    const KILLS: usize = 20;
    let _turn = crate::turn();
    // A turn takes three pieces at most: there must be something to publish until the last kill.
    let mut scene = Scene::new("killed", 16_000, 3 * KILLS);
    let mut dice = Dice(scene.now as u64);
    println!("the seed of the kills is {}", scene.now);
    let mut halfway = 0;
    for kill in 0..KILLS {
        // Where a transaction is open for a moment only, a kill at random hardly ever meets one: half of them are aimed.
        let is_aimed = kill % 2 == 0;
        scene.feed();
        let mut process = scene.deployment.start("state");
        if !is_aimed && dice.one_in(2) {
            // Perhaps before it has joined the group, or while it restores.
            scene.outputs.follow_for(Duration::from_millis(dice.below(1_500)));
        } else {
            scene.until_published(&mut [&mut process]);
            scene.feed();
            match is_aimed {
                true => scene.until_open(),
                false => scene.outputs.follow_for(Duration::from_millis(dice.below(300))),
            }
        }
        process.kill();
        halfway += usize::from(scene.is_open());
    }
    println!("{halfway} of {KILLS} kills left a transaction open");
    assert!(halfway > 0, "no kill left a transaction open, not even those that were aimed at one");
    let process = scene.deployment.start("state");
    scene.ends_well([process]);
}

/// The session of a dead member may go on for long, and until its end nobody else would get its partitions.
#[test]
fn a_killed_process_that_is_started_again_takes_its_predecessor_out_of_the_group() {
    let _turn = crate::turn();
    let deployment = Deployment::created("heir", WireForm::Json);
    let members = || log().describe_group(&deployment.group()).unwrap().members;
    let mut before = deployment.start("a");
    before.until_it_says("assigned");
    let dead: Vec<String> = members().into_iter().map(|member| member.id).collect();
    assert_eq!(dead.len(), 1);
    // So that the heir need not end an open transaction of the one before, which takes longer than a session lasts.
    let inbox = TopicPartition::new(deployment.internal("chats.inbox").as_str(), 0);
    let limit = Instant::now() + LIMIT;
    while log().committed(&deployment.group(), std::slice::from_ref(&inbox)).unwrap()[0].next.is_none() {
        assert!(Instant::now() < limit, "nothing is committed after {LIMIT:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
    before.kill();
    assert!(members().iter().any(|member| member.id == dead[0]), "it is missed only after its session");

    // A transaction that nobody ends holds up who needs the positions, but not the start.
    let open = left_open(&deployment.group(), &inbox);
    let mut heir = deployment.start("a");
    heir.until_it_says("the member before is taken out of the group");
    let so_far = log().committed_so_far(&deployment.group(), std::slice::from_ref(&inbox)).unwrap();
    assert!(so_far[0].next.is_some(), "it is still open, and can be asked about");
    open.abort_transaction(Duration::from_secs(30)).unwrap();
    heir.until_it_says("assigned");
    let now = members();
    assert_eq!(now.len(), 1, "{now:?}");
    assert_ne!(now[0].id, dead[0]);
    heir.stop();
}

#[test]
fn processes_that_come_and_go_and_lose_their_disks_lose_and_repeat_nothing() {
    let _turn = crate::turn();
    let mut scene = Scene::new("two", 10_000, 10);
    let mut a = scene.deployment.start("a");
    let mut b = scene.deployment.start("b");
    scene.feed();
    a.until_it_says("assigned");
    b.until_it_says("assigned");
    scene.until_published(&mut [&mut a, &mut b]);

    // One dies, and a third that has nothing takes over.
    scene.feed();
    a.kill();
    let mut c = scene.deployment.start("c");
    scene.feed();
    c.until_it_says("assigned");
    scene.until_published(&mut [&mut b, &mut c]);

    // One is stopped, and comes back without its disk.
    scene.feed();
    b.stop();
    scene.deployment.lose_state("b");
    scene.until_published(&mut [&mut c]);
    let mut b = scene.deployment.start("b");
    b.until_it_says("assigned");
    scene.until_published(&mut [&mut b, &mut c]);

    // The first comes back with what it knew before it died, just as another dies.
    scene.feed();
    c.kill();
    let mut a = scene.deployment.start("a");
    scene.until_published(&mut [&mut a, &mut b]);
    a.until_it_says("assigned");
    scene.ends_well([a, b]);
}

/// A deployment whose records come in piece by piece.
struct Scene {
    deployment: Deployment,
    feed: Feed,
    now: i64,
    entries: Vec<Entry>,
    piece: usize,
    fed: usize,
    outputs: Outputs,
}

impl Scene {
    fn new(test: &str, chats: u64, pieces: usize) -> Self {
        let deployment = Deployment::created(test, WireForm::Json);
        notice_death_soon(&deployment.group());
        let now = wall();
        let entries = workload(chats, chats, now);
        let piece = entries.len() / (pieces + 1);
        let (feed, outputs) = (deployment.feed(Partitioner::Java), Outputs::of(&deployment));
        Self { deployment, feed, now, entries, piece, fed: 0, outputs }
    }

    /// Produces the next piece.
    fn feed(&mut self) {
        let until = (self.fed + self.piece).min(self.entries.len());
        self.feed.produce(&self.entries[self.fed..until]);
        self.fed = until;
    }

    /// Produces one more piece, and waits until something more is published.
    fn until_published(&mut self, processes: &mut [&mut Process]) {
        assert!(self.fed < self.entries.len(), "nothing is left that could be published");
        self.feed();
        let before = self.outputs.records;
        self.outputs.until(processes, |outputs| {
            (outputs.records == before).then(|| "nothing more is published".to_owned())
        });
    }

    /// Whether an open transaction holds the outputs back.
    fn is_open(&self) -> bool {
        let topic = self.deployment.topic("goal.status-changed");
        let all: Vec<_> = (0..PARTITIONS).map(|p| TopicPartition::new(topic.as_str(), p)).collect();
        log().ends(&all).unwrap() != log().tails(&all).unwrap()
    }

    /// Waits for an open transaction, or until whatever was fed must have been committed unseen.
    fn until_open(&self) {
        let limit = Instant::now() + Duration::from_secs(5);
        while !self.is_open() && Instant::now() < limit {}
    }

    fn ends_well<const N: usize>(mut self, mut processes: [Process; N]) {
        while self.fed < self.entries.len() {
            self.feed();
        }
        let expectation = Expectation::of(&self.entries, self.now);
        self.outputs.until_equal(&expectation, &mut processes.each_mut());
        processes.into_iter().for_each(Process::stop);
        self.outputs.assert_final(&expectation, 0);
    }
}

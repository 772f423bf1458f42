//! Three processes of one deployment, a platform that writes all the time, and a reader who checks everything that comes
//! out in the end. The faults are the tests' business.

use crate::broker::{Feed, LIMIT, Partitioner, Parts, log, notice_death_soon};
use crate::expectation::Expectation;
use crate::outputs::Outputs;
use crate::process::{Deployment, PARTITIONS, Process};
use crate::server::{Server, proxy, server};
use crate::tally::Tally;
use crate::workload::{Entry, Input, wall, workload};
use chat_goals::config::WireForm;
use chat_goals::log::{Log as _, LogResult, Offset, TopicPartition};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// The names under which the processes keep their state.
pub const NAMES: [&str; 3] = ["a", "b", "c"];

/// What a scene is made of.
pub struct Shape {
    pub partitions: i32,
    pub through_proxy: bool,
    /// About nine records each.
    pub chats: u64,
}

impl Default for Shape {
    fn default() -> Self {
        Self { partitions: PARTITIONS, through_proxy: false, chats: 6_000 }
    }
}

pub struct Scene {
    pub deployment: Deployment,
    pub outputs: Outputs,
    processes: [Option<Process>; 3],
    partitions: i32,
    now: i64,
    /// What was written in earlier streams, in the order of the log.
    written: Vec<Entry>,
    bad: u64,
    stream: Option<Stream>,
    pub server: Arc<Server>,
}

impl Scene {
    /// The processes are not started yet, and nothing is written.
    pub fn new(test: &str, shape: &Shape) -> Self {
        let server = server();
        let mut deployment = Deployment::new(test, WireForm::Json);
        deployment.set("create.partitions", &shape.partitions.to_string());
        deployment.create_topics();
        notice_death_soon(&deployment.group());
        if shape.through_proxy {
            deployment.bootstrap = proxy().bootstrap();
        }
        let outputs = Outputs::of(&deployment);
        let partitions = shape.partitions;
        let (processes, written) = (NAMES.map(|_| None), Vec::new());
        Self {
            deployment,
            outputs,
            processes,
            partitions,
            now: wall(),
            written,
            bad: 0,
            stream: None,
            server,
        }
    }

    /// All three processes run and share the work, and records come.
    pub fn begun(test: &str, shape: &Shape) -> Self {
        let mut scene = Self::new(test, shape);
        scene.write(shape.chats, 1);
        (0..3).for_each(|which| scene.start(which));
        (0..3).for_each(|which| scene.process(which).until_it_says("assigned"));
        scene.until_folded();
        scene
    }

    /// Begins to write: chats that nobody has heard of, on channels of their own.
    pub fn write(&mut self, chats: u64, seed: u64) {
        assert!(self.stream.is_none(), "something is written already");
        let entries = workload(seed, chats, self.now);
        let entries = entries.into_iter().map(|entry| renamed(entry, seed)).collect();
        let feed = self.deployment.feed(Partitioner::Astray(self.partitions));
        let chat_events = self.deployment.topic("chat.events");
        self.stream = Some(Stream::begin(feed, entries, &chat_events, self.partitions));
    }

    pub fn start(&mut self, which: usize) {
        assert!(self.processes[which].is_none(), "{} runs already", NAMES[which]);
        self.processes[which] = Some(self.deployment.start(NAMES[which]));
    }

    pub fn process(&mut self, which: usize) -> &mut Process {
        self.processes[which].as_mut().expect("it runs")
    }

    pub fn take(&mut self, which: usize) -> Process {
        self.processes[which].take().expect("it runs")
    }

    /// The process that writes with this transactional id.
    pub fn of_transactional_id(&self, id: &str) -> usize {
        let has = |name: &&str| {
            let slot = self.deployment.state_dir(name).join(self.deployment.group()).join("slot");
            std::fs::read_to_string(slot).is_ok_and(|slot| id.contains(slot.trim()))
        };
        NAMES.iter().position(has).unwrap_or_else(|| panic!("nobody writes as {id}"))
    }

    /// Waits until everything that is in the inputs now has been folded, whoever does it.
    pub fn until_folded(&mut self) {
        self.assert_still_writing();
        let limit = Instant::now() + LIMIT;
        let inputs = self.inputs();
        let ends = patient(limit, || log().ends(&inputs));
        loop {
            let positions = patient(limit, || log().committed(&self.deployment.group(), &inputs));
            let behind =
                positions.iter().zip(&ends).filter(|(position, end)| position.next.unwrap_or(0) < **end);
            let behind: Vec<String> =
                behind.map(|(position, end)| format!("{position:?} of {end}")).collect();
            if behind.is_empty() {
                return;
            }
            assert!(
                Instant::now() < limit,
                "not folded: {behind:#?}\nthe group: {:#?}",
                log().describe_group(&self.deployment.group())
            );
            self.outputs.follow_for(Duration::from_millis(50));
        }
    }

    /// Waits until something holds, and reads what comes meanwhile.
    pub fn until(&mut self, what: &str, mut holds: impl FnMut(&mut Self) -> bool) {
        let limit = Instant::now() + LIMIT;
        while !holds(self) {
            assert!(Instant::now() < limit, "{what}");
            self.outputs.follow_for(Duration::from_millis(50));
        }
    }

    /// Waits until so much of the stream is written.
    pub fn until_written(&mut self, records: usize) {
        self.until("the writer does not get on", |scene| {
            scene.stream.as_ref().expect("something is written").written.lock().unwrap().0 >= records
        });
    }

    /// Reads what comes for so long.
    pub fn look_on(&mut self, span: Duration) {
        self.outputs.follow_for(span);
    }

    /// Otherwise a fault would come to processes that have nothing to do.
    fn assert_still_writing(&self) {
        let stream = self.stream.as_ref().expect("something is written");
        assert!(!stream.is_exhausted(), "the records came to an end before the faults did");
    }

    /// Stops writing, waits until all is as it should be, and says what was lost or doubled.
    pub fn settle(&mut self) -> Tally {
        self.assert_still_writing();
        let (entries, bad) = self.stream.take().expect("something is written").end();
        self.written.extend(entries);
        self.bad += bad;
        let expectation = Expectation::of(&self.written, self.now);
        let limit = Instant::now() + LIMIT;
        loop {
            let rest = Instant::now() + Duration::from_secs(2);
            while self.outputs.follow(Duration::from_millis(200)) && Instant::now() < rest {}
            let tally = self.tally(&expectation);
            if tally.is_clean() {
                return tally;
            }
            let hopeless = !self.outputs.broken.is_empty() || Instant::now() > limit;
            assert!(!hopeless, "{tally}\n{}", tally.examples.join("\n"));
            self.processes.iter_mut().flatten().for_each(Process::assert_running);
        }
    }

    fn tally(&self, expectation: &Expectation) -> Tally {
        Tally::of(&self.outputs, expectation, self.written.len() as u64 + self.bad, self.bad)
    }

    /// As [`Self::settle`]; then the processes end well, and leave no transaction open.
    pub fn ends_well(mut self) -> Tally {
        self.settle();
        for process in &mut self.processes {
            process.take().expect("it runs").stop();
        }
        self.outputs.read_to_end();
        self.assert_no_open_transaction();
        let expectation = Expectation::of(&self.written, self.now);
        let tally = self.tally(&expectation);
        println!("{tally}; {}", expectation.summary());
        assert!(tally.is_clean(), "{}", tally.examples.join("\n"));
        tally
    }

    /// No partition has anything that is neither committed nor aborted.
    fn assert_no_open_transaction(&self) {
        let internal = ["chats.inbox", "customers.inbox", "managers.inbox"].into_iter().chain([
            "chats.changelog",
            "customers.changelog",
            "managers.changelog",
        ]);
        let topics: Vec<String> = internal
            .map(|name| self.deployment.internal(name))
            .chain(
                ["goal.status-changed", "manager.goal-counters", "dead-letters"]
                    .map(|name| self.deployment.topic(name)),
            )
            .collect();
        let names: Vec<&str> = topics.iter().map(String::as_str).collect();
        let found = log().topics(&names, &[]).unwrap();
        assert_eq!(found.len(), topics.len(), "all topics are there");
        let all: Vec<TopicPartition> = found
            .iter()
            .flat_map(|topic| (0..topic.partitions).map(|p| TopicPartition::new(topic.name.as_str(), p)))
            .collect();
        let (ends, tails) = (log().ends(&all).unwrap(), log().tails(&all).unwrap());
        let open: Vec<(&TopicPartition, (Offset, Offset))> =
            all.iter().zip(ends.into_iter().zip(tails)).filter(|(_, (end, tail))| end != tail).collect();
        assert!(open.is_empty(), "a transaction was left open: {open:?}");
    }

    fn inputs(&self) -> Vec<TopicPartition> {
        ["chat.events", "customer.events"]
            .iter()
            .flat_map(|name| {
                let topic = self.deployment.topic(name);
                (0..self.partitions).map(move |p| TopicPartition::new(topic.as_str(), p))
            })
            .collect()
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.server.keep();
        }
    }
}

/// Asks again while the broker is away.
fn patient<T>(limit: Instant, ask: impl Fn() -> LogResult<T>) -> T {
    loop {
        match ask() {
            Ok(answer) => return answer,
            Err(error) => assert!(Instant::now() < limit, "{error}"),
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// The same record of another chat, on another channel.
fn renamed(mut entry: Entry, seed: u64) -> Entry {
    let mut record: serde_json::Value = serde_json::from_str(&entry.json).expect("the workload is JSON");
    for name in ["channelId", "chatId"] {
        if let Some(id) = record.get_mut(name) {
            *id = format!("{}-{seed}", id.as_str().expect("an id is text")).into();
        }
    }
    if entry.to != Input::CustomerEvents {
        entry.key = format!("{}-{seed}", entry.key);
    }
    entry.json = record.to_string();
    entry
}

/// Writes a little at a time, until it is told to end.
struct Stream {
    end: Arc<AtomicBool>,
    /// How many entries and how many bad records were written.
    written: Arc<Mutex<(usize, u64)>>,
    count: usize,
    writer: JoinHandle<Vec<Entry>>,
}

impl Stream {
    /// About 500 records a second: each piece waits until the broker has it.
    const PIECE: usize = 100;
    const PAUSE: Duration = Duration::from_millis(40);
    /// One bad record after so many pieces.
    const BAD_EVERY: usize = 3;

    fn begin(feed: Feed, entries: Vec<Entry>, chat_events: &str, partitions: i32) -> Self {
        let (end, written) = (Arc::new(AtomicBool::new(false)), Arc::<Mutex<(usize, u64)>>::default());
        let (ending, counting, topic) = (end.clone(), written.clone(), chat_events.to_owned());
        let count = entries.len();
        let writer = std::thread::spawn(move || {
            for (number, piece) in entries.chunks(Self::PIECE).enumerate() {
                if ending.load(Ordering::Relaxed) {
                    break;
                }
                feed.produce(piece);
                let bad = number % Self::BAD_EVERY == 0;
                if bad {
                    let key = format!("bad-{number}");
                    let partition = (number / Self::BAD_EVERY) as i32 % partitions;
                    feed.produce_parts(&Parts {
                        topic: &topic,
                        partition,
                        logged: piece[0].logged,
                        key: Some(key.as_bytes()),
                        value: Some(b"{"),
                        headers: &[],
                    });
                }
                {
                    let mut written = counting.lock().unwrap();
                    *written = (written.0 + piece.len(), written.1 + u64::from(bad));
                }
                std::thread::sleep(Self::PAUSE);
            }
            entries
        });
        Self { end, written, count, writer }
    }

    fn is_exhausted(&self) -> bool {
        self.written.lock().unwrap().0 == self.count
    }

    /// Returns what was written in the order of the log, and how many bad records there were besides.
    fn end(self) -> (Vec<Entry>, u64) {
        self.end.store(true, Ordering::Relaxed);
        let mut entries = self.writer.join().expect("the writer wrote everything");
        let (written, bad) = *self.written.lock().unwrap();
        entries.truncate(written);
        (entries, bad)
    }
}

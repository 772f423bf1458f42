//! Reads what the model follows, from where it was, and writes it batch by batch. It joins no group: any number of
//! models may follow the same topics.
//!
//! Where the log no longer goes on from what was read (a topic was made anew, or records are gone), the model forgets
//! everything and is built again.

use super::answers::Change;
use super::batch::Batch;
use super::progress::{Learned, Position};
use super::{ReadModel, Sources};
use crate::config::Config;
use crate::domain::settings::GoalChange;
use crate::domain::time::Timestamp;
use crate::inspect::scan;
use crate::log::{Batch as _, Log, LogError, Offset, Reader as _, Record, TopicPartition};
use crate::runtime::topology::{Stage, Topology};
use crate::runtime::wire;
use anyhow::Context as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

pub struct Follower<L: Log> {
    log: Arc<L>,
    model: ReadModel,
    config: Config,
    reading: Option<Reading<L>>,
}

struct Reading<L: Log> {
    reader: L::Reader,
    sources: Sources,
    /// Where each partition ended when reading began.
    ends: Vec<(TopicPartition, Offset)>,
    began: Learned,
}

impl<L: Log> Follower<L> {
    pub fn new(log: Arc<L>, model: ReadModel, config: Config) -> Self {
        Self { log, model, config, reading: None }
    }

    /// Reads until it is told to stop. Runs in a thread of its own. `Err`: there is no use in going on.
    pub fn run(mut self, stop: &AtomicBool) -> anyhow::Result<()> {
        const POLL: Duration = Duration::from_millis(100);
        const PAUSE: Duration = Duration::from_secs(1);
        while !stop.load(Ordering::Relaxed) {
            let Err(error) = self.step(POLL) else { continue };
            // Whatever it was: the next step looks where the model is and where the log is.
            self.reading = None;
            match error.downcast_ref::<LogError>() {
                Some(_) => tracing::warn!(
                    error = format!("{error:#}"),
                    "the topics cannot be read now; trying again"
                ),
                None => return Err(error.context("the read model cannot go on")),
            }
            std::thread::sleep(PAUSE);
        }
        Ok(())
    }

    /// Goes on for a moment; says whether something was read.
    pub fn step(&mut self, timeout: Duration) -> anyhow::Result<bool> {
        if let Some(next) = self.model.progress().next_generation.take()
            && next > self.config.group.generation
        {
            tracing::info!(
                generation = next,
                "another generation has taken over: it is followed from now on"
            );
            self.config.group.generation = next;
            self.reading = None;
        }
        let Some(reading) = &mut self.reading else {
            self.reading = Some(self.begin()?);
            return Ok(true);
        };
        let batch = reading.reader.poll(timeout)?;
        if let Some(batch) = &batch {
            let records = (0..batch.len()).map(|index| batch.get(index));
            self.model.take(&reading.sources.topology, records)?;
        }
        let position = |of: &TopicPartition| reading.reader.position(of);
        self.model.note_positions(&reading.sources.topology, reading.began, &reading.ends, position);
        Ok(batch.is_some())
    }

    fn begin(&self) -> anyhow::Result<Reading<L>> {
        let topology = Topology::load(&*self.log, &self.config)?
            .map_err(|problems| LogError::Setup(problems.join("\n")))?;
        self.model.follow(&Arc::new(topology), self.config.group.generation)?;
        let sources = self.model.sources();
        let partitions = sources.partitions();
        let began = Learned { at: self.model.now(), heard: Instant::now() };
        let (begins, ends) = (self.log.begins(&partitions)?, self.log.tails(&partitions)?);
        if let Some(why) = self.lost(&sources, &partitions, &begins, &ends)? {
            tracing::warn!(why, "the read model does not go with the log any more: it is built anew");
            self.model.wipe()?;
            self.model.inner.ring.reset();
            self.model.follow(&sources.topology, sources.generation)?;
        }
        let mut from = Vec::new();
        for (of, begin) in partitions.iter().zip(&begins) {
            let next = self.model.reached(of)?.map_or(*begin, |reached| reached.next.max(*begin));
            from.push((of.clone(), next));
        }
        let mut reader = self.log.reader()?;
        reader.assign(&from)?;
        let ends: Vec<(TopicPartition, Offset)> = partitions.into_iter().zip(ends).collect();
        let left: i64 = from.iter().zip(&ends).map(|((_, next), (_, end))| (end - next).max(0)).sum();
        tracing::info!(offsets = left, "the read model follows");
        let mut progress = self.model.progress();
        progress.followed = from
            .into_iter()
            .zip(&ends)
            .map(|((of, next), (_, end))| Position { of, next, end: *end })
            .collect();
        progress.ends = Some(began);
        progress.clocks.resize_with(sources.topology.partitions.chats as usize, Default::default);
        drop(progress);
        Ok(Reading { reader, sources, ends, began })
    }

    /// Why the model cannot go on from what it has; `None`: it can.
    fn lost(
        &self,
        sources: &Sources,
        partitions: &[TopicPartition],
        begins: &[Offset],
        ends: &[Offset],
    ) -> anyhow::Result<Option<String>> {
        let mut last = Vec::new();
        for ((of, begin), end) in partitions.iter().zip(begins).zip(ends) {
            let Some(reached) = self.model.reached(of)? else { continue };
            if reached.next > *end {
                return Ok(Some(format!("{of} ends at {end}, and had been read to {}", reached.next)));
            }
            // Dead letters are cleared away by those who have seen to them.
            if reached.next < *begin && of.topic != sources.topology.dead_letters.topic {
                return Ok(Some(format!(
                    "{of} begins at {begin}, and had been read to {} only",
                    reached.next
                )));
            }
            if let Some(timestamp) = reached.last_timestamp.filter(|_| reached.next > *begin) {
                last.push((of.clone(), reached.next - 1, timestamp));
            }
        }
        let from: Vec<(TopicPartition, Offset)> =
            last.iter().map(|(of, offset, _)| (of.clone(), *offset)).collect();
        let mut other = None;
        scan::firsts(&*self.log, &from, &mut |index, record| {
            let (of, offset, timestamp) = &last[index];
            // A record that is gone says nothing: compaction has taken it.
            if record.offset == *offset && record.timestamp != Some(*timestamp) {
                other = Some(format!("{of} has another record at {offset} than the one that was read"));
            }
        })?;
        Ok(other)
    }
}

impl ReadModel {
    /// Takes up records that were read together: all of them, or none.
    fn take<'r>(&self, topology: &Topology, records: impl Iterator<Item = Record<'r>>) -> anyhow::Result<()> {
        let mut batch = Batch::new(&self.inner.store);
        let mut goals: Vec<(GoalChange, Option<Timestamp>)> = Vec::new();
        let (mut count, mut unreadable, mut newest) = (0, 0, None);
        for record in records {
            count += 1;
            newest = newest.max(record.timestamp.map(Timestamp));
            let read = match record.topic {
                topic if *topic == *topology.status_changed.topic => {
                    batch.status(topology.status_changed.form, &record)?
                }
                topic if *topic == *topology.counters.topic => {
                    batch.counter(topology.counters.form, &record)?
                }
                topic if *topic == *topology.chats_changelog => {
                    batch.fact(&record);
                    Ok(())
                }
                topic if *topic == *topology.goal_changes => {
                    batch.goal(&record);
                    // A bad one is in the dead letters.
                    let change = wire::goal_change(topology.goal_changes_form, &record);
                    goals.extend(change.map(|change| (change, record.timestamp.map(Timestamp))));
                    Ok(())
                }
                _ => {
                    batch.letter(&record);
                    Ok(())
                }
            };
            if let Err(reason) = read {
                unreadable += 1;
                let Record { topic, partition, offset, .. } = record;
                tracing::warn!(
                    topic,
                    partition,
                    offset,
                    reason,
                    "a record cannot be read and is passed over"
                );
            }
            batch.reach(&record);
        }
        let told = batch.write().context("the read model cannot be written")?;
        if !goals.is_empty() {
            let mut settings = self.inner.settings.write().expect("nobody panics in here");
            for (change, logged) in goals {
                settings.add(change, logged);
            }
        }
        let mut progress = self.progress();
        progress.records_read += count;
        progress.unreadable += unreadable;
        progress.newest = progress.newest.max(newest);
        let caught_up = progress.caught_up;
        drop(progress);
        // While the model is being built, nobody can follow what it does.
        if caught_up {
            self.inner.ring.tell(told);
        }
        Ok(())
    }

    /// Notes how far reading has come.
    fn note_positions(
        &self,
        topology: &Topology,
        began: Learned,
        ends: &[(TopicPartition, Offset)],
        position: impl Fn(&TopicPartition) -> Option<Offset>,
    ) {
        let now = self.now();
        let mut progress = self.progress();
        for of in &mut progress.followed {
            of.next = position(&of.of).map_or(of.next, |next| next.max(of.next));
            // It may have been read on since it was looked at.
            of.end = of.end.max(of.next);
        }
        progress.at = Some(now);
        progress.note_level();
        let goals: Vec<Offset> = Topology::all(&topology.goal_changes, topology.goal_partitions)
            .iter()
            .map(|of| position(of).unwrap_or(0))
            .collect();
        for (partition, clock) in (0..).zip(&mut progress.clocks) {
            let changelog = position(&topology.changelog(Stage::Chats, partition)).unwrap_or(0);
            clock.have_read(changelog, &goals);
        }
        let is_read = |(of, end): &(TopicPartition, Offset)| position(of).is_some_and(|next| next >= *end);
        let caught_up = !progress.caught_up && ends.iter().all(is_read);
        if caught_up {
            progress.caught_up = true;
            progress.level_at = progress.level_at.max(Some(began.at));
            tracing::info!(records = progress.records_read, "the read model has caught up");
        }
        drop(progress);
        if caught_up {
            self.inner.ring.reset();
        }
    }

    /// Tells subscribers of something that is no record.
    pub(super) fn tell(&self, change: Change) {
        self.inner.ring.tell(vec![change]);
    }
}

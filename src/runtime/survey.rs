//! Looks now and then at what lies before the tasks of a process: how far each input is behind its end, and which
//! deadlines are overdue. One question to the log for all inputs, and a short scan of the disk; what it finds is kept for
//! whoever asks ([`super::figures`]). Nothing of it reaches a result.

use super::clocks::Clocks;
use super::figures::Figures;
use super::figures::report::{InputReport, Lag, Overdue, Survey, TaskReport};
use super::worker::Shared;
use crate::domain::time::{Millis, Timestamp};
use crate::log::{Log, LogResult, Offset, TopicPartition};
use crate::pipeline::chats::lookups::overdue;
use crate::state::store::Store;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

pub struct Surveyor<L: Log> {
    log: Arc<L>,
    store: Arc<Store>,
    clocks: Clocks,
    figures: Arc<Figures>,
    allowance: Millis,
    interval: Duration,
    known: BTreeMap<TopicPartition, Known>,
}

/// What earlier looks at an input have shown, by the steady clock.
#[derive(Clone, Copy)]
struct Known {
    /// When it was first looked at.
    first: Duration,
    /// When it was last found read to its end.
    level: Option<Duration>,
}

impl<L: Log> Surveyor<L> {
    pub fn new(shared: &Shared<L>, allowance: Millis, interval: Duration) -> Self {
        Self {
            log: shared.log.clone(),
            store: shared.store.clone(),
            clocks: shared.clocks.clone(),
            figures: shared.figures.clone(),
            allowance,
            interval,
            known: BTreeMap::new(),
        }
    }

    /// Looks until it is told to stop. Runs in a thread of its own.
    pub fn run(mut self, stop: &AtomicBool) {
        const STEP: Duration = Duration::from_millis(50);
        while !stop.load(Ordering::Relaxed) {
            if let Err(error) = self.look() {
                // The last survey stays, and gets older.
                tracing::debug!(error = format!("{error:#}"), "what lies before the tasks is not known now");
            }
            let next = self.clocks.elapsed() + self.interval;
            while !stop.load(Ordering::Relaxed) && self.clocks.elapsed() < next {
                std::thread::sleep(STEP);
            }
        }
    }

    /// One look.
    pub fn look(&mut self) -> anyhow::Result<()> {
        let reports: Vec<_> = self.figures.desks.iter().map(|desk| desk.report()).collect();
        // While a partition moves from one worker to another both may report it; the one that got it says more.
        let tasks: BTreeMap<_, &TaskReport> =
            reports.iter().flat_map(|report| &report.tasks).map(|task| (task.id, task)).collect();
        let lags = self.lags(tasks.values().copied())?;
        let limit = Timestamp(self.clocks.wall()).minus(self.allowance);
        let clocks = tasks.values().filter_map(|task| Some((task.id.1, task.clock?)));
        let overdue = clocks
            .map(|(partition, clock)| {
                let found = overdue(&self.store, partition, clock, limit, Overdue::MAX)?;
                let time = found.first.map_or(0, |first| limit.0 - first.0);
                Ok(Overdue { partition, deadlines: found.count as u64, time })
            })
            .collect::<anyhow::Result<_>>()?;
        self.figures.surveyed(Survey { at: Some(self.clocks.elapsed()), lags, overdue });
        Ok(())
    }

    /// The positions are those of the reports, so they are older than the ends: a lag is never understated.
    fn lags<'a>(&mut self, tasks: impl Iterator<Item = &'a TaskReport>) -> LogResult<Vec<Lag>> {
        let inputs: Vec<_> =
            tasks.flat_map(|task| task.inputs.iter().map(|input| (task.id.0, input))).collect();
        let of: Vec<TopicPartition> = inputs.iter().map(|(_, input)| input.of.clone()).collect();
        self.known.retain(|known, _| of.contains(known));
        if of.is_empty() {
            return Ok(Vec::new());
        }
        let ends = self.log.ends(&of)?;
        let unread: Vec<TopicPartition> =
            inputs.iter().filter(|(_, input)| input.committed.is_none()).map(|(_, i)| i.of.clone()).collect();
        let begins = if unread.is_empty() { Vec::new() } else { self.log.begins(&unread)? };
        let begins: BTreeMap<TopicPartition, Offset> = unread.into_iter().zip(begins).collect();
        let (now, wall) = (self.clocks.elapsed(), self.clocks.wall());
        let lag = |((stage, input), end): ((_, &InputReport), Offset)| {
            let next = input.committed.or_else(|| begins.get(&input.of).copied()).unwrap_or(end);
            let records = u64::try_from(end - next).unwrap_or(0);
            let known = self.known.entry(input.of.clone()).or_insert(Known { first: now, level: None });
            if records == 0 {
                known.level = Some(now);
            }
            let time = if records == 0 { 0 } else { known.waited(now, wall, input.newest) };
            Lag { stage, of: input.of.clone(), records, time }
        };
        Ok(inputs.into_iter().zip(ends).map(lag).collect())
    }
}

impl Known {
    /// How long the first record that was not read has been in the log, at most: it came after the last that was read, and
    /// after everything had been read. Of an input from which nothing has been read yet it is only known since when.
    fn waited(&self, now: Duration, wall: i64, newest: Option<Timestamp>) -> Millis {
        let since = |moment: Duration| now.saturating_sub(moment).as_millis() as Millis;
        let after_newest = newest.map(|newest| wall.saturating_sub(newest.0).max(0));
        let after_level = self.level.map(since);
        [after_newest, after_level].into_iter().flatten().min().unwrap_or_else(|| since(self.first))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_waits_no_longer_than_since_the_one_before_it_and_since_all_was_read() {
        let known = |level: Option<u64>| Known {
            first: Duration::from_secs(10),
            level: level.map(Duration::from_secs),
        };
        let (now, wall) = (Duration::from_secs(100), 1_000_000);
        assert_eq!(known(None).waited(now, wall, None), 90_000);
        assert_eq!(known(Some(95)).waited(now, wall, None), 5_000);
        assert_eq!(known(None).waited(now, wall, Some(Timestamp(1_000))), 999_000);
        assert_eq!(known(Some(95)).waited(now, wall, Some(Timestamp(1_000))), 5_000);
        assert_eq!(known(Some(20)).waited(now, wall, Some(Timestamp(999_000))), 1_000);
        // A producer's clock may go ahead.
        assert_eq!(known(None).waited(now, wall, Some(Timestamp(2_000_000))), 0);
    }
}

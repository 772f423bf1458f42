//! Reads partitions from somewhere to the end that they have now, record by record. It knows no record.

use crate::log::{Batch as _, Log, LogError, LogResult, Offset, Reader as _, Record, TopicPartition};
use anyhow::Context as _;
use std::time::{Duration, Instant};

/// Who is told how much of how much has been read, in offsets: on a compacted topic many of them are gone.
pub trait Watch {
    fn begins(&self, what: &str, offsets: u64);
    fn read(&self, offsets: u64);
    fn ends(&self);
}

/// Tells nobody.
pub struct Unwatched;

impl Watch for Unwatched {
    fn begins(&self, _: &str, _: u64) {}
    fn read(&self, _: u64) {}
    fn ends(&self) {}
}

/// Without a record for so long the log does not answer any more.
const PATIENCE: Duration = Duration::from_secs(60);

/// Hands out the records from where a partition begins to where it ends. Returns the ends.
pub fn all<L: Log>(
    log: &L,
    of: &[TopicPartition],
    watch: &dyn Watch,
    each: impl FnMut(&Record<'_>) -> anyhow::Result<()>,
) -> anyhow::Result<Vec<Offset>> {
    let begins = log.begins(of)?;
    from(log, of, &begins, watch, each)
}

/// As [`all`], from these offsets on.
pub fn from<L: Log>(
    log: &L,
    of: &[TopicPartition],
    from: &[Offset],
    watch: &dyn Watch,
    mut each: impl FnMut(&Record<'_>) -> anyhow::Result<()>,
) -> anyhow::Result<Vec<Offset>> {
    let ends = log.ends(of)?;
    let mut left: Vec<(TopicPartition, Offset, Offset)> = of
        .iter()
        .zip(from)
        .zip(&ends)
        .filter(|((_, from), end)| from < end)
        .map(|((of, from), end)| (of.clone(), *from, *end))
        .collect();
    if left.is_empty() {
        return Ok(ends);
    }
    watch.begins(&of[0].topic, left.iter().map(|(_, from, end)| (end - from) as u64).sum());
    let mut reader = log.reader()?;
    reader.assign(&left.iter().map(|(of, from, _)| (of.clone(), *from)).collect::<Vec<_>>())?;
    let mut heard = Instant::now();
    while !left.is_empty() {
        if let Some(batch) = reader.poll(Duration::from_millis(100))? {
            heard = Instant::now();
            for index in 0..batch.len() {
                let record = batch.get(index);
                let of = left
                    .iter()
                    .find(|(of, ..)| of.partition == record.partition && *of.topic == *record.topic);
                // What came after the end is of another moment.
                if of.is_some_and(|(.., end)| record.offset < *end) {
                    each(&record).with_context(|| {
                        format!("the record {}[{}]:{}", record.topic, record.partition, record.offset)
                    })?;
                }
            }
        }
        left.retain_mut(|(of, next, end)| {
            let position = reader.position(of).unwrap_or(*next).clamp(*next, *end);
            watch.read((position - *next) as u64);
            *next = position;
            position < *end
        });
        still_answers(heard, left.first().map(|(of, ..)| of))?;
    }
    watch.ends();
    Ok(ends)
}

/// Hands out the first record of each partition at this offset or after it, with its place in `of`. Where there is none
/// up to the end that the partition has now, nothing is handed out.
pub fn firsts<L: Log>(
    log: &L,
    of: &[(TopicPartition, Offset)],
    each: &mut dyn FnMut(usize, &Record<'_>),
) -> anyhow::Result<()> {
    let partitions: Vec<TopicPartition> = of.iter().map(|(of, _)| of.clone()).collect();
    let ends = log.ends(&partitions)?;
    let mut missing: Vec<usize> = (0..of.len()).filter(|place| of[*place].1 < ends[*place]).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let mut reader = log.reader()?;
    reader.assign(&missing.iter().map(|place| of[*place].clone()).collect::<Vec<_>>())?;
    let mut heard = Instant::now();
    while !missing.is_empty() {
        if let Some(batch) = reader.poll(Duration::from_millis(50))? {
            heard = Instant::now();
            for index in 0..batch.len() {
                let record = batch.get(index);
                missing.retain(|place| {
                    let found = &of[*place].0;
                    let is_it = found.partition == record.partition && *found.topic == *record.topic;
                    if is_it {
                        each(*place, &record);
                    }
                    !is_it
                });
            }
        }
        // What has nothing but the ends of transactions, or holes, is read to its end without a record.
        missing.retain(|place| reader.position(&of[*place].0).is_none_or(|next| next < ends[*place]));
        still_answers(heard, missing.first().map(|place| &of[*place].0))?;
    }
    Ok(())
}

/// `Err`: nothing was heard for too long, and this has not been read to its end.
fn still_answers(heard: Instant, left: Option<&TopicPartition>) -> LogResult<()> {
    match left {
        Some(of) if heard.elapsed() >= PATIENCE => {
            Err(LogError::Broken(format!("{of} could not be read to its end within {PATIENCE:?}")))
        }
        _ => Ok(()),
    }
}

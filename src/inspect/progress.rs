//! How far a deployment has got: what it has yet to read, its clocks, its dead letters. Who its members are is asked of
//! Kafka alone, elsewhere.

use super::{Deployment, scan};
use crate::domain::time::{Millis, Timestamp};
use crate::log::{Log, Offset, TopicPartition};
use crate::runtime::topology::{Stage, Topology};

/// One input of one partition of a stage.
#[derive(Clone, Debug, PartialEq)]
pub struct Input {
    pub stage: Stage,
    pub of: TopicPartition,
    /// `None`: nothing of it was ever committed.
    pub committed: Option<Offset>,
    pub end: Offset,
    /// How many offsets lie between the two; some hold no record but the end of a transaction.
    pub lag: u64,
    /// When the first record that is not committed came into the log; `None`: there is none.
    pub waits_since: Option<Timestamp>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Progress {
    pub inputs: Vec<Input>,
    /// For each chats partition.
    pub clocks: Vec<Option<Timestamp>>,
    /// For each chats partition, the time before which no deadline passes.
    pub deadlines: Vec<Option<Timestamp>>,
    /// How many offsets the dead letters span from their first to their end.
    pub dead_letters: u64,
}

impl<L: Log> Deployment<'_, L> {
    pub fn progress(&self) -> anyhow::Result<Progress> {
        let (topology, counts) = (&self.topology, self.topology.partitions);
        let partitions = |stage| match stage {
            Stage::Chats => counts.chats,
            Stage::Customers => counts.customers,
            Stage::Managers => counts.managers,
        };
        let of: Vec<(Stage, TopicPartition)> = Stage::ALL
            .into_iter()
            .flat_map(|stage| (0..partitions(stage)).map(move |partition| (stage, partition)))
            .flat_map(|(stage, partition)| {
                topology.inputs(stage, partition).into_iter().map(move |of| (stage, of))
            })
            .collect();
        let all: Vec<TopicPartition> = of.iter().map(|(_, of)| of.clone()).collect();
        // The positions first: what is committed in between makes the lag larger for a moment, never negative.
        let positions = self.log.committed(&topology.group, &all)?;
        let (begins, ends) = (self.log.begins(&all)?, self.log.ends(&all)?);
        let input =
            |((stage, of), ((position, begin), end)): (_, ((&crate::log::Position, &Offset), &Offset))| {
                let next = position.next.unwrap_or(*begin).max(*begin);
                Input {
                    stage,
                    of,
                    committed: position.next,
                    end: *end,
                    lag: u64::try_from(*end - next).unwrap_or(0),
                    waits_since: None,
                }
            };
        let mut inputs: Vec<Input> =
            of.into_iter().zip(positions.iter().zip(&begins).zip(&ends)).map(input).collect();
        self.since_when(&mut inputs)?;
        let (clocks, deadlines) = (self.clocks()?, self.deadlines()?);
        Ok(Progress { inputs, clocks, deadlines, dead_letters: self.dead_letters_count()? })
    }

    fn since_when(&self, inputs: &mut [Input]) -> anyhow::Result<()> {
        let behind: Vec<usize> = (0..inputs.len()).filter(|index| inputs[*index].lag > 0).collect();
        let first = |index: &usize| {
            let Input { of, end, lag, .. } = &inputs[*index];
            (of.clone(), end - *lag as Offset)
        };
        let firsts: Vec<(TopicPartition, Offset)> = behind.iter().map(first).collect();
        scan::firsts(self.log, &firsts, &mut |place, record| {
            inputs[behind[place]].waits_since = record.timestamp.map(Timestamp);
        })
    }

    fn dead_letters_count(&self) -> anyhow::Result<u64> {
        let to = &self.topology.dead_letters;
        let of = Topology::all(&to.topic, to.partitions);
        let (begins, ends) = (self.log.begins(&of)?, self.log.ends(&of)?);
        Ok(begins.iter().zip(ends).map(|(begin, end)| u64::try_from(end - begin).unwrap_or(0)).sum())
    }
}

impl Input {
    /// For how long the first record that is not committed has been in the log.
    pub fn lag_ms(&self, now: Timestamp) -> Option<Millis> {
        self.waits_since.map(|since| now.0.saturating_sub(since.0).max(0))
    }
}

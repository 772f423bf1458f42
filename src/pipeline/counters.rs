//! Counters at the end of a commit's worth: the differences that chats made, summed up by bucket, are added to the rows of
//! their buckets and published, or go to where those are.

use super::outlet::Outlet;
use super::{Pipeline, RowsTask};
use crate::contract::keys::counter_key;
use crate::domain::credit::{Bucket, Counts};
use crate::domain::ids::ChannelId;
use crate::domain::time::Timestamp;
use crate::log::partitioner::partition_of;
use crate::stages::managers::CounterRow;
use crate::stages::messages::ToManager;

/// What is to be added to a bucket.
struct Sum {
    partition: i32,
    key: String,
    channel: ChannelId,
    bucket: Bucket,
    difference: Counts,
}

impl Pipeline {
    /// Ends a commit's worth: counters that are here are published, differences for others go out.
    pub fn flush(&mut self, now: Timestamp, out: &mut dyn Outlet) -> anyhow::Result<()> {
        let mut sums: Vec<Sum> = Vec::with_capacity(self.sums.len());
        for ((channel, bucket), difference) in self.sums.drain().filter(|(_, sum)| !sum.is_zero()) {
            let key = counter_key(&channel, &bucket);
            let partition = partition_of(key.as_bytes(), self.partitions.managers);
            sums.push(Sum { partition, key, channel, bucket, difference });
        }
        // Rows lie in the store in this order, too.
        sums.sort_unstable_by(|a, b| (a.partition, &a.key).cmp(&(b.partition, &b.key)));
        for sums in sums.chunk_by(|a, b| a.partition == b.partition) {
            let partition = sums[0].partition;
            match self.managers.get_mut(&partition) {
                Some(task) => publish(task, sums, now, out)?,
                None => {
                    for Sum { channel, bucket, difference, .. } in sums {
                        let (channel, bucket) = (channel.clone(), bucket.clone());
                        out.to_manager(partition, ToManager { channel, bucket, difference: *difference })?;
                    }
                }
            }
        }
        Ok(())
    }
}

fn publish(
    task: &mut RowsTask<CounterRow>,
    sums: &[Sum],
    now: Timestamp,
    out: &mut dyn Outlet,
) -> anyhow::Result<()> {
    let keys: Vec<&[u8]> = sums.iter().map(|sum| sum.key.as_bytes()).collect();
    let slots = task.table.slots(&keys)?;
    for (Sum { key, channel, bucket, difference, .. }, at) in sums.iter().zip(slots) {
        let mut slot = task.table.held(at);
        let row = slot.row.get_or_insert_with(|| CounterRow::new(channel.clone(), bucket.clone()));
        row.add(difference);
        let counter = row.settle(now);
        slot.mark();
        if let Some(counter) = counter {
            out.counter(key, counter)?;
        }
    }
    Ok(())
}

//! A counter's row to bytes and back: there are few of them, and a message in between costs nothing that shows.

use super::versions::{self, OURS};
use crate::contract::protobuf::convert::{date_from, date_to, decoded};
use crate::contract::protobuf::generated as pb;
use crate::contract::protobuf::generated::counter_row;
use crate::domain::credit::{Bucket, Counts};
use crate::domain::ids::{ChannelId, ManagerId};
use crate::stages::managers::CounterRow;
use prost::Message;

pub fn encode_counter(row: &CounterRow) -> Vec<u8> {
    let CounterRow { channel, bucket, counts, published, revision } = row;
    let row = pb::CounterRow {
        versions: OURS.versions.number(),
        channel_id: channel.as_str().into(),
        manager_id: bucket.manager.as_deref().map(str::to_owned),
        date: bucket.date.map(date_to),
        counts: counts_to(counts),
        unpublished: counts_to(&less(counts, published)),
        revision: *revision,
    };
    row.encode_to_vec()
}

pub fn decode_counter(row: &[u8]) -> Result<CounterRow, String> {
    let row = decoded::<pb::CounterRow>(row)?;
    versions::check(row.versions)?;
    let counts = counts_from(row.counts);
    Ok(CounterRow {
        channel: ChannelId::new(&row.channel_id),
        bucket: Bucket {
            manager: row.manager_id.as_deref().map(ManagerId::new),
            date: row.date.map(date_from).transpose()?,
        },
        counts,
        published: less(&counts, &counts_from(row.unpublished)),
        revision: row.revision,
    })
}

/// `a - b`, exact for all numbers when it is taken from `a` again.
fn less(a: &Counts, b: &Counts) -> Counts {
    Counts {
        measured: a.measured.wrapping_sub(b.measured),
        achieved: a.achieved.wrapping_sub(b.achieved),
        missed: a.missed.wrapping_sub(b.missed),
        ended: a.ended.wrapping_sub(b.ended),
        closes: a.closes.wrapping_sub(b.closes),
        achieved_of_ended: a.achieved_of_ended.wrapping_sub(b.achieved_of_ended),
    }
}

/// Zeros are left out.
fn counts_to(counts: &Counts) -> Option<counter_row::Counts> {
    let Counts { measured, achieved, missed, ended, closes, achieved_of_ended } = *counts;
    (!counts.is_zero()).then_some(counter_row::Counts {
        measured,
        achieved,
        missed,
        ended,
        closes,
        achieved_of_ended,
    })
}

fn counts_from(counts: Option<counter_row::Counts>) -> Counts {
    let counter_row::Counts { measured, achieved, missed, ended, closes, achieved_of_ended } =
        counts.unwrap_or_default();
    Counts { measured, achieved, missed, ended, closes, achieved_of_ended }
}

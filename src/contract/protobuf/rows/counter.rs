//! A counter's row to bytes and back.
//!
//! The messages are those of `state.proto`, written and read field by field.

use super::fields::{Fields, Writer};
use super::versions::{self, OURS};
use crate::contract::protobuf::convert::{date_from, date_to};
use crate::domain::credit::{Bucket, Counts};
use crate::domain::ids::{ChannelId, ManagerId};
use crate::stages::managers::CounterRow;

pub fn encode_counter(row: &CounterRow) -> Vec<u8> {
    let CounterRow { channel, bucket, counts, published, revision } = row;
    let mut to = Writer::with_capacity(128);
    to.number(1, OURS.versions.number().into());
    to.text(2, channel);
    if let Some(manager) = &bucket.manager {
        to.text_anyway(3, manager);
    }
    if let Some(date) = bucket.date {
        to.number_anyway(4, i64::from(date_to(date)) as u64);
    }
    counts_to(&mut to, 5, counts);
    counts_to(&mut to, 6, &less(counts, published));
    to.number(7, (*revision).into());
    to.into_bytes()
}

pub fn decode_counter(row: &[u8]) -> Result<CounterRow, String> {
    let (mut made_by, mut channel, mut revision) = (0, ChannelId::default(), 0);
    let (mut manager, mut date) = (None, None);
    let (mut counts, mut unpublished) = (Counts::default(), Counts::default());
    let mut fields = Fields::of(row);
    while let Some((field, value)) = fields.next()? {
        match field {
            1 => made_by = value.uint32()?,
            2 => channel = ChannelId::new(value.text()?),
            3 => manager = Some(ManagerId::new(value.text()?)),
            4 => date = Some(date_from(value.int32()?)?),
            5 => counts = counts_from(value.bytes()?)?,
            6 => unpublished = counts_from(value.bytes()?)?,
            7 => revision = value.uint32()?,
            _ => {}
        }
    }
    versions::check(made_by)?;
    let published = less(&counts, &unpublished);
    Ok(CounterRow { channel, bucket: Bucket { manager, date }, counts, published, revision })
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
fn counts_to(to: &mut Writer, field: u32, counts: &Counts) {
    if counts.is_zero() {
        return;
    }
    let Counts { measured, achieved, missed, ended, closes, achieved_of_ended } = *counts;
    let counts = to.open(field);
    to.sint(1, measured);
    to.sint(2, achieved);
    to.sint(3, missed);
    to.sint(4, ended);
    to.sint(5, closes);
    to.sint(6, achieved_of_ended);
    to.close(counts);
}

fn counts_from(counts: &[u8]) -> Result<Counts, String> {
    let mut to = Counts::default();
    let mut fields = Fields::of(counts);
    while let Some((field, value)) = fields.next()? {
        match field {
            1 => to.measured = value.sint64()?,
            2 => to.achieved = value.sint64()?,
            3 => to.missed = value.sint64()?,
            4 => to.ended = value.sint64()?,
            5 => to.closes = value.sint64()?,
            6 => to.achieved_of_ended = value.sint64()?,
            _ => {}
        }
    }
    Ok(to)
}

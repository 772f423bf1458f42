//! A bucket of the counters in JSON: a record, or what stands in a longer answer. Both forms have the same fields in the same
//! order; it decides nothing about what is counted.

use super::bytes::{BeyondCalendar, Bytes};
use super::{Date, Time};
use crate::domain::credit::{Bucket, Counts};
use crate::stages::managers::Counter;
use serde::Serialize;

/// What most counters fit into.
const COUNTER_BYTES: usize = 320;

/// A `manager.goal-counters` record.
pub fn counter(counter: &Counter) -> CounterJson<'_> {
    CounterJson {
        revision: Some(counter.revision),
        updated_at: Some(Time(counter.updated_at)),
        ..totals(&counter.channel, &counter.bucket, &counter.counts)
    }
}

/// The values of a bucket (offline, without revision and time).
pub fn totals<'a>(channel_id: &'a str, bucket: &'a Bucket, counts: &Counts) -> CounterJson<'a> {
    let count = |number: i64| u32::try_from(number.max(0)).unwrap_or(u32::MAX);
    let rate = |part: i64| (counts.ended > 0).then(|| part.max(0) as f64 / counts.ended as f64);
    CounterJson {
        channel_id,
        scope: match bucket.manager {
            Some(_) => "MANAGER",
            None => "CHANNEL",
        },
        manager_id: bucket.manager.as_deref().filter(|manager| !manager.is_empty()),
        date: bucket.date.map(Date),
        measured: count(counts.measured),
        achieved: count(counts.achieved),
        missed: count(counts.missed),
        ended: count(counts.ended),
        closes: count(counts.closes),
        achieved_of_ended: count(counts.achieved_of_ended),
        achievement_rate: rate(counts.achieved),
        ended_achievement_rate: rate(counts.achieved_of_ended),
        revision: None,
        updated_at: None,
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CounterJson<'a> {
    channel_id: &'a str,
    scope: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    manager_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    date: Option<Date>,
    measured: u32,
    achieved: u32,
    missed: u32,
    ended: u32,
    closes: u32,
    achieved_of_ended: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    achievement_rate: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ended_achievement_rate: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    revision: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    updated_at: Option<Time>,
}

impl CounterJson<'_> {
    /// As serde writes it, and sooner: a channel's counters may be as many as its chats.
    pub fn to_bytes(&self) -> Result<Vec<u8>, BeyondCalendar> {
        let mut to = Bytes::with_capacity(COUNTER_BYTES);
        to.text(r#"{"channelId":"#, self.channel_id);
        to.word(r#","scope":"#, self.scope);
        if let Some(manager) = self.manager_id {
            to.text(r#","managerId":"#, manager);
        }
        if let Some(date) = &self.date {
            to.put(r#","date":"#);
            to.other(date);
        }
        to.whole(r#","measured":"#, self.measured);
        to.whole(r#","achieved":"#, self.achieved);
        to.whole(r#","missed":"#, self.missed);
        to.whole(r#","ended":"#, self.ended);
        to.whole(r#","closes":"#, self.closes);
        to.whole(r#","achievedOfEnded":"#, self.achieved_of_ended);
        let rates = [
            (r#","achievementRate":"#, self.achievement_rate),
            (r#","endedAchievementRate":"#, self.ended_achievement_rate),
        ];
        for (before, rate) in rates {
            if let Some(rate) = rate {
                to.put(before);
                to.other(&rate);
            }
        }
        if let Some(revision) = self.revision {
            to.whole(r#","revision":"#, revision);
        }
        if let Some(Time(updated_at)) = self.updated_at {
            to.time(r#","updatedAt":"#, updated_at)?;
        }
        to.put("}");
        Ok(to.finish())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::arbitrary::any_counts;
    use crate::domain::ids::{ChannelId, ManagerId};
    use crate::domain::time::Timestamp;
    use chrono::NaiveDate;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_counter_is_written_as_serde_writes_it(
            channel: String,
            manager in proptest::option::of(any::<String>()),
            day in proptest::option::of(-1_000_000..2_000_000),
            counts in any_counts(),
            revision: u32,
            updated_at in -70_000_000_000_000..260_000_000_000_000_i64,
        ) {
            let bucket = Bucket {
                manager: manager.as_deref().map(ManagerId::new),
                date: day.and_then(NaiveDate::from_num_days_from_ce_opt),
            };
            let (channel, updated_at) = (ChannelId::new(&channel), Timestamp(updated_at));
            let record = Counter { channel, bucket, counts, revision, updated_at };
            for json in [counter(&record), totals(&record.channel, &record.bucket, &record.counts)] {
                let written = String::from_utf8(json.to_bytes().unwrap()).unwrap();
                prop_assert_eq!(written, serde_json::to_string(&json).unwrap());
            }
        }
    }

    #[test]
    fn a_time_beyond_the_calendar_is_no_record() {
        let (channel, bucket) = (ChannelId::new("ch"), Bucket { manager: None, date: None });
        let updated_at = Timestamp(i64::MAX);
        let record = Counter { channel, bucket, counts: Counts::default(), revision: 1, updated_at };
        assert_eq!(counter(&record).to_bytes(), Err(BeyondCalendar));
    }
}

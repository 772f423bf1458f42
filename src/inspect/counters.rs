//! The newest counters of each bucket, chosen and summed up. It derives none.

use super::{Deployment, scan};
use crate::config::WireForm;
use crate::contract::json::published::decode_counter as from_json;
use crate::contract::protobuf::output::decode_counter as from_protobuf;
use crate::contract::records::CounterRecord;
use crate::domain::credit::{Bucket, Counts};
use crate::domain::ids::{ChannelId, ManagerId};
use crate::log::Log;
use crate::runtime::topology::Topology;
use chrono::NaiveDate;
use std::collections::BTreeMap;

/// Which buckets are wanted.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    pub channel: Option<String>,
    pub manager: Option<String>,
    /// With either of the two: the buckets of these dates. With none: those of all dates together.
    pub from: Option<NaiveDate>,
    pub to: Option<NaiveDate>,
}

impl Wanted {
    fn has(&self, channel: &str, bucket: &Bucket) -> bool {
        let by_date = self.from.is_some() || self.to.is_some();
        let date = match bucket.date {
            Some(date) => {
                by_date && self.from.is_none_or(|from| from <= date) && self.to.is_none_or(|to| date <= to)
            }
            None => !by_date,
        };
        date && self.channel.as_deref().is_none_or(|wanted| wanted == channel)
            && self.manager.as_deref().is_none_or(|wanted| bucket.manager.as_deref() == Some(wanted))
    }
}

/// A sum over buckets. Over dates a chat may be in it more than once (E3); over channels it is not.
#[derive(Clone, Debug, PartialEq)]
pub struct Total {
    /// `None`: the whole channels.
    pub manager: Option<ManagerId>,
    pub counts: Counts,
}

impl<L: Log> Deployment<'_, L> {
    /// The buckets that are not zero, by channel, manager (the whole channel last) and date.
    pub fn counters(&self, wanted: &Wanted) -> anyhow::Result<Vec<CounterRecord>> {
        let from = &self.topology.counters;
        let mut newest: BTreeMap<Place, CounterRecord> = BTreeMap::new();
        let of = Topology::all(&from.topic, from.partitions);
        scan::all(self.log, &of, self.watch, |record| {
            let Some(value) = record.value else { return Ok(()) };
            let counter = match from.form {
                WireForm::Json => from_json(value),
                WireForm::Protobuf => from_protobuf(value),
            };
            let counter = counter.map_err(anyhow::Error::msg)?;
            if wanted.has(&counter.channel, &counter.bucket) {
                newest.insert(place(&counter), counter);
            }
            Ok(())
        })?;
        Ok(newest.into_values().filter(|counter| !counts(counter).is_zero()).collect())
    }
}

type Place = (ChannelId, bool, ManagerId, Option<NaiveDate>);

fn place(counter: &CounterRecord) -> Place {
    let Bucket { manager, date } = &counter.bucket;
    (counter.channel.clone(), manager.is_none(), manager.clone().unwrap_or_default(), *date)
}

/// The counts of a record.
pub fn counts(counter: &CounterRecord) -> Counts {
    Counts {
        measured: counter.measured.into(),
        achieved: counter.achieved.into(),
        missed: counter.missed.into(),
        ended: counter.ended.into(),
        closes: counter.closes.into(),
        achieved_of_ended: counter.achieved_of_ended.into(),
    }
}

/// The sum of each manager over all channels and dates, and that of the channels.
pub fn totals(counters: &[CounterRecord]) -> Vec<Total> {
    let mut sums: BTreeMap<(bool, Option<ManagerId>), Counts> = BTreeMap::new();
    for counter in counters {
        let manager = counter.bucket.manager.clone();
        sums.entry((manager.is_none(), manager)).or_default().add(&counts(counter), 1);
    }
    sums.into_iter().map(|((_, manager), counts)| Total { manager, counts }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bucket(manager: Option<&str>, date: Option<&str>) -> Bucket {
        Bucket { manager: manager.map(ManagerId::new), date: date.map(|date| date.parse().unwrap()) }
    }

    #[test]
    fn without_dates_the_buckets_of_all_dates_are_wanted() {
        let wanted = Wanted::default();
        assert!(wanted.has("shop", &bucket(Some("mia"), None)));
        assert!(wanted.has("shop", &bucket(None, None)));
        assert!(!wanted.has("shop", &bucket(Some("mia"), Some("2026-03-01"))));
    }

    #[test]
    fn dates_are_wanted_with_both_ends() {
        let date = |text: &str| Some(text.parse().unwrap());
        let wanted = Wanted { from: date("2026-03-01"), to: date("2026-03-02"), ..Wanted::default() };
        for (at, is) in
            [("2026-02-28", false), ("2026-03-01", true), ("2026-03-02", true), ("2026-03-03", false)]
        {
            assert_eq!(wanted.has("shop", &bucket(Some("mia"), Some(at))), is, "{at}");
        }
        assert!(!wanted.has("shop", &bucket(Some("mia"), None)));
    }

    #[test]
    fn a_channel_and_a_manager_are_wanted_alone() {
        let wanted =
            Wanted { channel: Some("shop".into()), manager: Some("mia".into()), ..Wanted::default() };
        assert!(wanted.has("shop", &bucket(Some("mia"), None)));
        assert!(!wanted.has("hotel", &bucket(Some("mia"), None)));
        assert!(!wanted.has("shop", &bucket(Some("jo"), None)));
        assert!(!wanted.has("shop", &bucket(None, None)));
    }
}

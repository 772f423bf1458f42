//! How managers did: counters summed up over a period, beside the period before it.

use super::answers::{Compared, Day, Figures, ManagerFigures, ManagersAnswer, Period};
use super::questions::CountersQuestion;
use super::store::{Family, View, Way};
use super::{ReadModel, decode, keys};
use crate::config::WireForm;
use crate::contract::json::output::Date;
use crate::contract::records::CounterRecord;
use anyhow::Context as _;
use chrono::{NaiveDate, TimeDelta};
use std::collections::{BTreeMap, BTreeSet};

impl ReadModel {
    /// How managers did in a period that does not end before it begins.
    pub fn managers(&self, question: &CountersQuestion) -> anyhow::Result<ManagersAnswer> {
        let form = self.sources().topology.counters.form;
        let view = self.inner.store.view();
        let CountersQuestion { channel, manager, from, to } = question;
        let preceding = preceding(*from, *to);
        let channels = match channel {
            Some(channel) => BTreeSet::from([channel.clone()]),
            None => channels(&view)?,
        };
        let mut sums = Sums { manager: manager.as_deref(), ..Sums::default() };
        for channel in &channels {
            scan(&view, form, channel, preceding, |counter, _| sums.add_previous(counter))?;
            scan(&view, form, channel, Period { from: Date(*from), to: Date(*to) }, |counter, date| {
                sums.add(counter, date);
            })?;
        }
        let mut managers: Vec<ManagerFigures> = sums
            .managers
            .into_iter()
            .map(|(manager_id, of)| ManagerFigures { manager_id, compared: of })
            .collect();
        managers.iter_mut().for_each(|of| of.compared.compare());
        managers.sort_by(|a, b| {
            b.compared.figures.ended.cmp(&a.compared.figures.ended).then(a.manager_id.cmp(&b.manager_id))
        });
        sums.total.compare();
        Ok(ManagersAnswer {
            channel_id: channel.clone(),
            period: Period { from: Date(*from), to: Date(*to) },
            preceding,
            managers,
            total: sums.total,
            days: sums.days.into_iter().map(|(date, figures)| Day { date: Date(date), figures }).collect(),
        })
    }
}

/// The period of the same length just before. Where the calendar ends, it is shorter.
fn preceding(from: NaiveDate, to: NaiveDate) -> Period {
    let days = to.signed_duration_since(from) + TimeDelta::days(1);
    let begin = from.checked_sub_signed(days).unwrap_or(NaiveDate::MIN);
    Period { from: Date(begin), to: Date(from.pred_opt().unwrap_or(NaiveDate::MIN)) }
}

#[derive(Default)]
struct Sums<'a> {
    /// The only one that is wanted.
    manager: Option<&'a str>,
    managers: BTreeMap<String, Compared>,
    total: Compared,
    days: BTreeMap<NaiveDate, Figures>,
}

impl Sums<'_> {
    fn place(&mut self, counter: &CounterRecord) -> Option<&mut Compared> {
        match &counter.bucket.manager {
            None => Some(&mut self.total),
            Some(manager) if self.manager.is_none_or(|wanted| wanted == &**manager) => {
                Some(self.managers.entry(manager.to_string()).or_default())
            }
            Some(_) => None,
        }
    }

    fn add_previous(&mut self, counter: &CounterRecord) {
        if let Some(place) = self.place(counter) {
            place.previous.add(counter);
        }
    }

    fn add(&mut self, counter: &CounterRecord, date: NaiveDate) {
        if let Some(place) = self.place(counter) {
            place.figures.add(counter);
        }
        if counter.bucket.manager.as_deref() == self.manager {
            self.days.entry(date).or_default().add(counter);
        }
    }
}

impl Compared {
    fn compare(&mut self) {
        let change = |now: Option<f64>, before: Option<f64>| Some(now? - before?);
        let Figures { achievement_rate, ended_achievement_rate, .. } = self.figures;
        self.achievement_rate_change = change(achievement_rate, self.previous.achievement_rate);
        self.ended_achievement_rate_change =
            change(ended_achievement_rate, self.previous.ended_achievement_rate);
    }
}

/// The channels that have counters.
fn channels(view: &View<'_>) -> anyhow::Result<BTreeSet<String>> {
    let (mut channels, mut from) = (BTreeSet::new(), keys::DAYS.to_vec());
    while let Some((key, _)) = view.first(Family::Counters, keys::DAYS, &from)? {
        let (id, _) = keys::parse_id(&key[keys::DAYS.len()..]).context("a counter of no channel")?;
        let id = std::str::from_utf8(id)?;
        // Past everything of this channel: no date is as far away.
        from = [&keys::days_of(id)[..], &[0xff]].concat();
        channels.insert(id.to_owned());
    }
    Ok(channels)
}

/// The counters of a channel's days that are not zero (E5).
fn scan(
    view: &View<'_>,
    form: WireForm,
    channel: &str,
    period: Period,
    mut each: impl FnMut(&CounterRecord, NaiveDate),
) -> anyhow::Result<()> {
    let from = keys::day(channel, period.from.0).0;
    view.scan(Family::Counters, &keys::days_of(channel), &from, Way::Up, |_, value| {
        let counter = decode::counter(form, value).map_err(anyhow::Error::msg)?;
        let date = counter.bucket.date.context("a day without a date")?;
        if date > period.to.0 {
            return Ok(false);
        }
        if !Figures::of(&counter).is_zero() {
            each(&counter, date);
        }
        Ok(true)
    })
}

//! The settings of channels, and how many of their chats show each goal.

use super::answers::{ChannelGoals, GoalsAnswer};
use super::store::View;
use super::{ReadModel, tallies};
use crate::answers::settings;
use crate::domain::settings::Settings;
use chrono::NaiveDate;
use std::collections::BTreeSet;

impl ReadModel {
    /// The settings of each channel (or of one), and how its chats stand. What is present is told by the wall clock.
    pub fn goals(&self, channel: Option<&str>) -> anyhow::Result<GoalsAnswer> {
        let now = self.now();
        let view = self.inner.store.view();
        let settings = self.inner.settings.read().expect("nobody panics in here");
        let mut ids = channels(&view, &settings)?;
        ids.retain(|id| channel.is_none_or(|channel| id == channel));
        let answer = |id: &String| {
            let channel = settings.channel(id);
            let (chats, by_goal) = tallies::of_channel(&view, id, channel)?;
            Ok(ChannelGoals { settings: settings::channel(id, channel, now), chats, by_goal })
        };
        Ok(GoalsAnswer { channels: ids.iter().map(answer).collect::<anyhow::Result<_>>()? })
    }

    /// The ids of the channels that have settings or chats, in their order.
    pub fn channels(&self) -> anyhow::Result<Vec<String>> {
        let view = self.inner.store.view();
        let settings = self.inner.settings.read().expect("nobody panics in here");
        Ok(channels(&view, &settings)?.into_iter().collect())
    }

    /// Today's date in a channel's time zone (E2); without a channel, or if it has none, in UTC.
    pub fn today(&self, channel: Option<&str>) -> NaiveDate {
        let settings = self.inner.settings.read().expect("nobody panics in here");
        settings.channel(channel.unwrap_or_default()).date(self.now())
    }
}

/// The ids of the channels that have settings or chats.
fn channels(view: &View<'_>, settings: &Settings) -> anyhow::Result<BTreeSet<String>> {
    let mut ids = tallies::channels(view)?;
    ids.extend(settings.channels().map(|(id, _)| id.to_string()));
    Ok(ids)
}

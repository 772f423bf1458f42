//! The settings of channels, and how many of their chats show each goal.

use super::answers::{ChannelGoals, GoalsAnswer};
use super::{ReadModel, tallies};
use crate::answers::settings;
use chrono::NaiveDate;
use std::collections::BTreeSet;

impl ReadModel {
    /// The settings of each channel (or of one), and how its chats stand. What is present is told by the wall clock.
    pub fn goals(&self, channel: Option<&str>) -> anyhow::Result<GoalsAnswer> {
        let now = self.now();
        let view = self.inner.store.view();
        let ids: BTreeSet<String> = match channel {
            Some(channel) => self.channels()?.into_iter().filter(|id| id == channel).collect(),
            None => self.channels()?.into_iter().collect(),
        };
        let settings = self.inner.settings.read().expect("nobody panics in here");
        let answer = |id: &String| {
            let channel = settings.channel(id);
            let (chats, by_goal) = tallies::of_channel(&view, id, channel)?;
            Ok(ChannelGoals { settings: settings::channel(id, channel, now), chats, by_goal })
        };
        Ok(GoalsAnswer { channels: ids.iter().map(answer).collect::<anyhow::Result<_>>()? })
    }

    /// The ids of the channels that have settings or chats, in their order.
    pub fn channels(&self) -> anyhow::Result<Vec<String>> {
        let mut ids = tallies::channels(&self.inner.store.view())?;
        let settings = self.inner.settings.read().expect("nobody panics in here");
        ids.extend(settings.channels().map(|(id, _)| id.to_string()));
        Ok(ids.into_iter().collect())
    }

    /// Today's date in a channel's time zone (E2); without a channel, or if it has none, in UTC.
    pub fn today(&self, channel: Option<&str>) -> NaiveDate {
        let settings = self.inner.settings.read().expect("nobody panics in here");
        settings.channel(channel.unwrap_or_default()).date(self.now())
    }
}

//! Everything in one partition and in memory, record by record as they stand: the offline form. Its clock is moved by
//! the records themselves. It reads and prints nothing.

use super::Pipeline;
use super::outlet::Outlet;
use crate::domain::ids::{ChannelId, ChatId};
use crate::domain::settings::{Channel, GoalChange, Settings};
use crate::domain::time::Timestamp;
use crate::stages::chats::{ChatRow, StatusChange};
use crate::stages::managers::{Counter, CounterRow};
use crate::stages::messages::{Bad, ChatEvent, CustomerEvent, ToChat, ToCustomer, ToManager};

pub struct Offline {
    pipeline: Pipeline,
    pub settings: Settings,
    /// Only records at this time or before are taken.
    until: Option<Timestamp>,
    /// Nobody asks for changes.
    puts_off: bool,
}

impl Offline {
    pub fn new(requires_subscription: bool, until: Option<Timestamp>) -> Self {
        let settings = Settings::new(requires_subscription);
        Self { pipeline: Pipeline::offline(), settings, until, puts_off: false }
    }

    /// For whoever wants to know how all stands in the end, and none of the changes on the way: these are not found then.
    pub fn without_changes(mut self) -> Self {
        self.pipeline.put_off();
        self.puts_off = true;
        self
    }

    /// Chats that are about to be folded.
    pub fn come_near<'k>(&self, chats: impl Iterator<Item = &'k [u8]>) {
        self.pipeline.chats[&0].table.come_near(chats);
    }

    /// Folds a chat's record; the inner error is why it is bad.
    pub fn chat(&mut self, event: &ChatEvent<'_>, to: &mut dyn Changes) -> anyhow::Result<Result<(), Bad>> {
        if !self.takes(event.at) {
            return Ok(Ok(()));
        }
        // A bad record does not move the clock.
        if let Some(channel) = self.pipeline.chats[&0].channel_of(event.chat)
            && **channel != *event.channel
        {
            return Ok(Err(Bad::OtherChannel {
                chat: event.chat.into(),
                belongs_to: channel.clone(),
                named: event.channel.into(),
            }));
        }
        self.tick(event.at, to)?;
        self.pipeline.chat_event(0, event, None, &self.settings, &mut Here(to))
    }

    /// Folds a customer's record; the inner error is why it is bad.
    pub fn customer(
        &mut self,
        event: &CustomerEvent<'_>,
        to: &mut dyn Changes,
    ) -> anyhow::Result<Result<(), Bad>> {
        if !self.takes(event.at) {
            return Ok(Ok(()));
        }
        self.tick(event.at, to)?;
        self.pipeline.customer_event(0, event, None, &self.settings, &mut Here(to))
    }

    /// Folds a change of a channel's settings.
    pub fn goal(&mut self, change: GoalChange, to: &mut dyn Changes) -> anyhow::Result<()> {
        if self.takes(change.at) {
            self.tick(change.at, to)?;
            if let Some(effect) = self.settings.add(change, None) {
                self.pipeline.setting_read(&effect);
                self.pipeline.sweep(0, &mut usize::MAX.clone(), &self.settings, &mut Here(to))?;
            }
        }
        Ok(())
    }

    /// Moves the clock to this moment, if it is not past it.
    pub fn time_is(&mut self, moment: Timestamp, to: &mut dyn Changes) -> anyhow::Result<()> {
        match self.takes(moment) {
            true => self.tick(moment, to),
            false => Ok(()),
        }
    }

    /// Moves the clock to where it shall stand in the end. Nothing may be folded after it.
    pub fn finish(&mut self, to: &mut dyn Changes) -> anyhow::Result<()> {
        if let Some(until) = self.until {
            self.tick(until, to)?;
        }
        if self.puts_off {
            self.pipeline.settle_all(&self.settings)?;
        }
        Ok(())
    }

    pub fn clock(&self) -> Timestamp {
        self.pipeline.chats[&0].clock()
    }

    /// The rows of all chats, deleted ones too, by channel and id.
    pub fn chats(&self) -> Vec<&ChatRow> {
        let mut rows: Vec<_> = self.pipeline.chats[&0].table.rows().map(|(_, row)| row).collect();
        rows.sort_unstable_by(|a, b| (&a.channel, &a.chat).cmp(&(&b.channel, &b.chat)));
        rows
    }

    /// The counters that are not zero (E5): by channel, managers before the whole, dates before their total.
    pub fn counters(&mut self) -> anyhow::Result<Vec<&CounterRow>> {
        self.pipeline.flush(self.clock(), &mut Here(&mut Nobody))?;
        let table = &self.pipeline.managers[&0].table;
        let mut rows: Vec<_> = table.rows().map(|(_, row)| row).filter(|row| !row.counts.is_zero()).collect();
        rows.sort_unstable_by_key(|row| {
            let manager = (row.bucket.manager.is_none(), row.bucket.manager.clone());
            (row.channel.clone(), manager, row.bucket.date.is_none(), row.bucket.date)
        });
        Ok(rows)
    }

    fn takes(&self, at: Timestamp) -> bool {
        self.until.is_none_or(|until| at <= until)
    }

    fn tick(&mut self, at: Timestamp, to: &mut dyn Changes) -> anyhow::Result<()> {
        self.pipeline.tick(0, at, &mut usize::MAX.clone(), &self.settings, &mut Here(to))?;
        Ok(())
    }
}

/// Who is told of changes, one by one.
pub trait Changes {
    /// A chat's view changed. `channel` resolves the goals in it.
    fn status_changed(&mut self, change: StatusChange, channel: &Channel) -> anyhow::Result<()>;
    /// A chat was deleted: a tombstone with this revision.
    fn chat_deleted(&mut self, channel: &ChannelId, chat: &ChatId, revision: u32) -> anyhow::Result<()>;
}

/// Counters are asked for in the end: what they were on the way is told to nobody.
pub(super) struct Nobody;

impl Changes for Nobody {
    fn status_changed(&mut self, _: StatusChange, _: &Channel) -> anyhow::Result<()> {
        Ok(())
    }

    fn chat_deleted(&mut self, _: &ChannelId, _: &ChatId, _: u32) -> anyhow::Result<()> {
        Ok(())
    }
}

/// Every partition is here, so no message ever leaves.
pub(super) struct Here<'a>(pub(super) &'a mut dyn Changes);

impl Outlet for Here<'_> {
    fn status_changed(&mut self, change: StatusChange, channel: &Channel) -> anyhow::Result<()> {
        self.0.status_changed(change, channel)
    }

    fn chat_deleted(&mut self, channel: &ChannelId, chat: &ChatId, revision: u32) -> anyhow::Result<()> {
        self.0.chat_deleted(channel, chat, revision)
    }

    fn counter(&mut self, _: &str, _: Counter) -> anyhow::Result<()> {
        Ok(())
    }

    fn to_chat(&mut self, _: ToChat) -> anyhow::Result<()> {
        unreachable!("every chat is here")
    }

    fn to_customer(&mut self, _: i32, _: ToCustomer) -> anyhow::Result<()> {
        unreachable!("every customer is here")
    }

    fn to_manager(&mut self, _: i32, _: ToManager) -> anyhow::Result<()> {
        unreachable!("every counter is here")
    }
}

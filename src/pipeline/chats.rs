//! The chats of one partition: their rows, their clock and their [`lookups`].

pub mod lookups;
mod put_off;
mod sweep;
#[cfg(test)]
mod tests;

use super::outlet::Outlet;
use crate::domain::conversation::ROUND_MAX;
use crate::domain::credit::{Bucket, Counts};
use crate::domain::ids::ChannelId;
use crate::domain::settings::{Effect, Settings};
use crate::domain::time::Timestamp;
use crate::stages::chats::{self, ChatRow};
use crate::stages::messages::{Bad, Cause, CauseKind, ChatEvent, ToChat, ToCustomer};
use crate::state::index::SortedIndex;
use crate::state::store::{Changes, Store};
use crate::state::table::Table;
use lookups::{channel_prefix, due_chat, due_entry, due_time, reindex, sortable};
pub use put_off::Sums;
use std::collections::VecDeque;
use std::sync::Arc;
use sweep::{Phase, Sweep, narrow};

/// Differences of counters that are still to be told to their buckets.
pub type Differences = Vec<(ChannelId, Bucket, Counts)>;

/// One partition of the chats stage.
pub struct ChatsTask {
    pub partition: i32,
    pub table: Table<ChatRow>,
    pub index: SortedIndex,
    /// Up to which moment time has passed here (G1).
    clock: Timestamp,
    /// Up to which moment the waiting chats have seen the settings that took effect.
    swept: Timestamp,
    /// Settings that were read and that some chats have not seen yet, in the order of the log.
    sweeps: VecDeque<Sweep>,
    /// How many of them were added since they were narrowed.
    sweeps_added: usize,
    /// Settings that took effect together as the clock passed them, and are being shown to the chats that wait.
    passing: VecDeque<Sweep>,
    /// No chat is due before this.
    due_floor: Timestamp,
    /// The entries that are due next, in order, looked up ahead; some may be stale.
    due_ahead: VecDeque<Vec<u8>>,
    /// What chats have to ask customers for, because of settings that they were shown.
    asks: Vec<ToCustomer>,
    seals: bool,
    /// Chats are settled in the end only ([`put_off`]).
    puts_off: bool,
}

/// So many settings at once may be of as many channels, in most of which nobody may have to look at them.
const MANY_SWEEPS: usize = 8;

/// What a record led to outside of its chat.
#[derive(Default)]
pub struct Followed {
    pub asks: Vec<ToCustomer>,
    /// The chat has to be settled once everything that follows is done.
    pub settle: bool,
}

impl ChatsTask {
    pub fn new(partition: i32, store: Option<Arc<Store>>, rows_max: usize, seals: bool) -> Self {
        Self {
            partition,
            table: Table::new(partition, store.clone(), rows_max),
            index: SortedIndex::new(partition, store),
            clock: Timestamp::MIN,
            swept: Timestamp::MIN,
            sweeps: VecDeque::new(),
            sweeps_added: 0,
            passing: VecDeque::new(),
            due_floor: Timestamp::MIN,
            due_ahead: VecDeque::new(),
            asks: Vec::new(),
            seals,
            puts_off: false,
        }
    }

    pub fn clock(&self) -> Timestamp {
        self.clock
    }

    /// No deadline passes before this; `None`: there is none, or it was not looked for yet.
    pub fn next_deadline(&self) -> Option<Timestamp> {
        let known = self.due_floor > Timestamp::MIN && self.due_floor < Timestamp::MAX;
        // A chat is due when the clock is past its deadline.
        known.then(|| self.due_floor.minus(1))
    }

    /// Whether the clock has come there, and no chat is left that was due by then.
    pub fn has_passed(&self, until: Timestamp) -> bool {
        self.clock >= until && until < self.due_floor
    }

    /// The channel of a chat that is in memory, deleted or not (B1). Offline that is every chat.
    pub fn channel_of(&self, chat: &str) -> Option<&ChannelId> {
        self.table.peek(chat.as_bytes()).map(|row| &row.channel)
    }

    /// Where a restart may put the clock and go on: (clock, swept).
    pub fn times(&self) -> (Timestamp, Timestamp) {
        (self.clock, self.swept)
    }

    /// Takes up the times of an earlier owner; what took effect between the two is shown again.
    pub fn resume(&mut self, clock: Timestamp, swept: Timestamp, settings: &Settings) {
        self.clock = clock;
        self.swept = swept;
        self.passing.clear();
        self.sweeps =
            settings.effects_between(swept, clock).map(|effect| Sweep::new(effect.clone())).collect();
        self.sweeps_added = self.sweeps.len();
    }

    /// Folds one record of a chat. It is settled by the caller, after what followed from it.
    pub fn fold(
        &mut self,
        event: &ChatEvent<'_>,
        logged: Option<Timestamp>,
        settings: &Settings,
        differences: &mut Differences,
        out: &mut dyn Outlet,
    ) -> anyhow::Result<Result<Followed, Bad>> {
        let channel = settings.channel(event.channel);
        self.catch_up(event.chat, event.channel, settings, differences, out)?;
        let mut slot = self.table.slot(event.chat.as_bytes())?;
        let judged = chats::judge(event, channel, logged);
        let folded = match chats::fold(&mut slot.row, event, self.partition, channel, judged) {
            Ok(folded) => folded,
            Err(bad) => return Ok(Err(bad)),
        };
        if let Some(deleted) = folded.deleted
            && let Some(row) = &slot.row
        {
            out.chat_deleted(&row.channel, &row.chat, deleted.revision)?;
            for (bucket, counts) in deleted.differences {
                differences.push((row.channel.clone(), bucket, counts));
            }
        }
        if folded.changed {
            slot.mark();
            if self.puts_off {
                slot.mark_moved();
            } else if !folded.settle {
                // Settling looks at it anyway.
                slot.mark_if_moved();
            }
        }
        Ok(Ok(Followed { asks: folded.asks, settle: folded.settle }))
    }

    /// Folds events of a customer. True: the chat has to be settled.
    pub fn customer_events(
        &mut self,
        message: &ToChat,
        settings: &Settings,
        differences: &mut Differences,
        out: &mut dyn Outlet,
    ) -> anyhow::Result<bool> {
        self.catch_up(&message.chat, &message.channel, settings, differences, out)?;
        let mut slot = self.table.slot(message.chat.as_bytes())?;
        let Some(row) = &mut slot.row else { return Ok(false) };
        let new = row.channel == message.channel && row.customer_events(message);
        if new {
            slot.mark();
            if self.puts_off {
                slot.mark_moved();
            }
        }
        Ok(new)
    }

    /// Derives a chat anew at the clock, and publishes what is different.
    pub fn settle(
        &mut self,
        chat: &str,
        cause: Cause,
        settings: &Settings,
        differences: &mut Differences,
        out: &mut dyn Outlet,
    ) -> anyhow::Result<()> {
        if self.puts_off {
            return Ok(()); // Whatever led here is a fact that stands in the row, or a setting.
        }
        let mut held = self.table.slot(chat.as_bytes())?;
        let slot = &mut *held;
        let Some(row) = &mut slot.row else { return Ok(()) };
        let channel = settings.channel(&row.channel);
        let due_before = row.due();
        let settled = row.settle(channel, self.clock, cause, self.seals);
        for (bucket, counts) in settled.differences {
            differences.push((row.channel.clone(), bucket, counts));
        }
        let due = row.due().filter(|due| due_before != Some(*due));
        if held.mark_if_moved() || settled.changed {
            held.mark();
        }
        if let Some(due) = due {
            self.will_be_due(due, chat);
        }
        match settled.change {
            Some(change) => out.status_changed(change, channel),
            None => Ok(()),
        }
    }

    /// Lets the clock pass everything up to `until`, in order (F2), within `budget` chats. True: it is there.
    pub fn tick(
        &mut self,
        until: Timestamp,
        budget: &mut usize,
        settings: &Settings,
        differences: &mut Differences,
        out: &mut dyn Outlet,
    ) -> anyhow::Result<bool> {
        if self.puts_off {
            self.clock = self.clock.max(until);
            return Ok(true);
        }
        loop {
            if !self.passing.is_empty() && !self.pass(budget, settings, differences, out)? {
                return Ok(false);
            }
            let due = self.first_due(until.max(self.clock))?;
            if until <= self.clock && due.is_none() {
                return Ok(true);
            }
            let effect = settings.effects_between(self.clock, until).next();
            match (due, effect) {
                (None, None) => {
                    self.clock = until;
                    self.swept = if self.sweeps.is_empty() { until } else { self.swept };
                }
                (Some((time, entry)), effect) if effect.is_none_or(|effect| time < effect.effective) => {
                    if *budget == 0 {
                        return Ok(false);
                    }
                    *budget -= 1;
                    // The index may hold a time that passed while the clock stood.
                    self.clock = self.clock.max(time);
                    let cause = Cause { kind: CauseKind::Deadline, at: time.minus(1) };
                    self.settle(due_chat(&entry), cause, settings, differences, out)?;
                    if self.due_ahead.front() == Some(&entry) {
                        self.due_ahead.pop_front();
                    }
                }
                (_, Some(effect)) => {
                    self.pass_to(effect, settings)?;
                }
                (Some(_), None) => unreachable!("a due chat without a setting is the arm above"),
            }
        }
    }

    /// Moves the clock onto the settings that take effect next; their channels' waiting chats look at them now.
    fn pass_to(&mut self, effect: &Effect, settings: &Settings) -> anyhow::Result<()> {
        let before = self.clock;
        self.clock = effect.effective;
        self.passing = settings
            .effects_between(before, effect.effective)
            .map(|effect| Sweep::new(effect.clone()))
            .collect();
        if self.passing.len() >= MANY_SWEEPS {
            self.tell_of_moved();
            narrow(&mut self.passing, &[Phase::Waiting], &mut self.index)?;
        }
        if self.passing.is_empty() && self.sweeps.is_empty() {
            self.swept = self.clock;
        }
        Ok(())
    }

    fn pass(
        &mut self,
        budget: &mut usize,
        settings: &Settings,
        differences: &mut Differences,
        out: &mut dyn Outlet,
    ) -> anyhow::Result<bool> {
        while let Some(mut sweep) = self.passing.pop_front() {
            if !self.walk(&mut sweep, Phase::Waiting, budget, settings, differences, out)? {
                self.passing.push_front(sweep);
                return Ok(false);
            }
        }
        if self.sweeps.is_empty() {
            self.swept = self.clock;
        }
        Ok(true)
    }

    /// A setting was read: the chats that it may change look at it, in slices, by [`Self::sweep`].
    pub fn setting_read(&mut self, effect: &Effect) {
        self.sweeps.push_back(Sweep::new(effect.clone()));
        self.sweeps_added += 1;
    }

    /// What chats asked customers for while settings were shown to them.
    pub fn take_asks(&mut self) -> Vec<ToCustomer> {
        std::mem::take(&mut self.asks)
    }

    /// Whether settings are waiting to be shown to chats.
    pub fn is_sweeping(&self) -> bool {
        !self.sweeps.is_empty() || !self.passing.is_empty()
    }

    /// Shows settings to the chats of their channels, within `budget` chats. True: all have seen them.
    pub fn sweep(
        &mut self,
        budget: &mut usize,
        settings: &Settings,
        differences: &mut Differences,
        out: &mut dyn Outlet,
    ) -> anyhow::Result<bool> {
        if self.puts_off {
            return self.sweep_for_facts(budget, settings, differences, out);
        }
        if self.sweeps_added >= MANY_SWEEPS {
            let mut added = self.sweeps.split_off(self.sweeps.len().saturating_sub(self.sweeps_added));
            self.tell_of_moved();
            narrow(&mut added, &[Phase::Waiting, Phase::Recent], &mut self.index)?;
            self.sweeps.append(&mut added);
        }
        self.sweeps_added = 0;
        while let Some(mut sweep) = self.sweeps.pop_front() {
            // Those that wait look at what has taken effect; later effects wait for the clock.
            let phases = if sweep.effect.effective <= self.clock { 0..2 } else { 1..2 };
            let done = [Phase::Waiting, Phase::Recent][phases].iter().try_fold(true, |done, phase| {
                if !done || (sweep.phase == Phase::Recent && *phase == Phase::Waiting) {
                    return Ok(done);
                }
                self.walk(&mut sweep, *phase, budget, settings, differences, out)
            });
            match done {
                Ok(true) => {}
                Ok(false) => {
                    self.sweeps.push_front(sweep);
                    return Ok(false);
                }
                Err(error) => return Err(error),
            }
        }
        if self.passing.is_empty() {
            self.swept = self.clock;
        }
        Ok(true)
    }

    /// One phase of a sweep. True: it came to its end.
    fn walk(
        &mut self,
        sweep: &mut Sweep,
        phase: Phase,
        budget: &mut usize,
        settings: &Settings,
        differences: &mut Differences,
        out: &mut dyn Outlet,
    ) -> anyhow::Result<bool> {
        const SLICE: usize = 256;
        if sweep.phase != phase {
            sweep.phase = phase;
            sweep.after.clear();
        }
        let effect = sweep.effect.clone();
        let cause = Cause { kind: CauseKind::GoalChanged, at: effect.effective };
        let prefix = channel_prefix(phase.kind(), &effect.channel);
        if sweep.after.is_empty() && phase == Phase::Recent {
            sweep.after = prefix.clone();
            // A round that began before a subscription may reach into it.
            let since = effect.effective.minus(if effect.subscribes { ROUND_MAX } else { 0 });
            sweep.after.extend(sortable(chats::day(since)));
        }
        loop {
            let slice = SLICE.min(*budget);
            if slice == 0 {
                return Ok(false);
            }
            self.tell_of_moved();
            let entries = self.index.scan(&prefix, &sweep.after, slice)?;
            let Some(last) = entries.last() else { return Ok(true) };
            sweep.after.clone_from(last);
            *budget -= entries.len();
            for entry in &entries {
                let chat = match phase {
                    Phase::Waiting => &entry[prefix.len()..],
                    Phase::Recent => &entry[prefix.len() + 8..],
                };
                let chat = std::str::from_utf8(chat)?.to_owned();
                if phase == Phase::Recent
                    && effect.subscribes
                    && let Some(row) = &self.table.slot(chat.as_bytes())?.row
                {
                    self.asks.extend(row.subscribed_at(self.partition, effect.effective, cause));
                }
                self.settle(&chat, cause, settings, differences, out)?;
            }
            if entries.len() < slice {
                return Ok(true);
            }
        }
    }

    /// A chat that is touched while a setting of its channel is still being shown looks at it first (F2).
    fn catch_up(
        &mut self,
        chat: &str,
        channel: &str,
        settings: &Settings,
        differences: &mut Differences,
        out: &mut dyn Outlet,
    ) -> anyhow::Result<()> {
        let pending = self.sweeps.iter().chain(&self.passing).find(|sweep| &*sweep.effect.channel == channel);
        let Some(sweep) = pending else { return Ok(()) };
        let cause = Cause { kind: CauseKind::GoalChanged, at: sweep.effect.effective };
        self.settle(chat, cause, settings, differences, out)
    }

    /// The earliest chat that is due at `until` or before: its time and its entry.
    fn first_due(&mut self, until: Timestamp) -> anyhow::Result<Option<(Timestamp, Vec<u8>)>> {
        /// One lookup costs as much as settling some chats: many at once, when many deadlines pass.
        const AHEAD: usize = 512;
        if until < self.due_floor {
            return Ok(None);
        }
        loop {
            if self.due_ahead.is_empty() {
                // What was due before has been removed, and looking past that would cost.
                let after =
                    if self.due_floor > Timestamp::MIN { due_entry(self.due_floor, "") } else { Vec::new() };
                self.tell_of_moved();
                self.due_ahead = self.index.scan(b"d", &after, AHEAD)?.into();
                let are_due = self.due_ahead.iter().take_while(|entry| due_time(entry) <= until);
                self.table.read_ahead(are_due.map(|entry| due_chat(entry).as_bytes()))?;
            }
            let Some(entry) = self.due_ahead.front() else {
                self.due_floor = Timestamp::MAX;
                return Ok(None);
            };
            let time = due_time(entry);
            let slot = self.table.slot(due_chat(entry).as_bytes())?;
            if slot.row.as_ref().and_then(ChatRow::due) != Some(time) {
                // The lookups will lose the entry when they are told.
                let will_go = slot.index.due == Some(time) && slot.has_moved();
                let entry = self.due_ahead.pop_front().expect("it was just looked at");
                if !will_go {
                    self.index.forget(entry)?;
                }
                continue;
            }
            self.due_floor = time;
            return Ok((time <= until).then(|| (time, entry.clone())));
        }
    }

    /// A chat has a time at which it is due that it did not have before.
    fn will_be_due(&mut self, due: Timestamp, chat: &str) {
        self.due_floor = self.due_floor.min(due);
        if self.due_ahead.back().is_some_and(|last| (due, chat) < (due_time(last), due_chat(last))) {
            self.due_ahead.clear();
        }
    }

    /// Tells the lookups of the chats that moved since, which is done before anybody looks: most of them move on, and back,
    /// before that.
    fn tell_of_moved(&mut self) {
        let Self { table, index, puts_off, .. } = self;
        let stands = |row: &ChatRow| if *puts_off { row.unsettled_index() } else { row.index() };
        table.moved(stands, |row, before, after| {
            reindex(&row.channel, &row.chat, before, after, |add, entry| match add {
                true => index.insert(entry),
                false => index.remove(entry),
            });
        });
    }

    /// Puts what changed of the lookups since the last commit into `changes`.
    pub fn commit_lookups(&mut self, changes: &mut Changes<'_>) {
        self.tell_of_moved();
        self.index.commit(changes);
    }
}

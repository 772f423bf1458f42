//! How a worker takes partitions over from the generation before: inputs wait for it while it goes on, and once it has
//! stopped for good each task publishes what readers have to hear, key by key, and then goes on as any other.

use super::*;
use crate::runtime::handover::newest::{self, Newest};
use crate::runtime::handover::published::keys_after;
use crate::runtime::outbox::{encode_counter, encode_status};
use crate::stages::chats::ChatRow;
use crate::stages::managers::CounterRow;
use crate::stages::messages::{Cause, CauseKind};

/// How many keys are compared between two commits.
const KEYS_A_COMMIT: usize = 1_000;

impl<L: Log> Worker<L> {
    pub(super) fn forget_takeover(&mut self, task: TaskId) {
        self.folding.held.let_go(task);
        self.tickets.remove(&task);
        for input in self.shared.topology.inputs(task.0, task.1) {
            self.folding.parked.remove(&input);
        }
    }

    /// Goes on where the generation before has gone on, and takes over where it has stopped.
    pub(super) fn take_over(&mut self) -> Result<(), Failure> {
        self.telling = false;
        let Some(handover) = self.folding.held.handover.clone() else { return Ok(()) };
        self.unpark(&handover)?;
        let Some(last) = handover.last() else { return Ok(()) };
        for task in self.folding.held.tasks() {
            let inbox = self.shared.topology.inputs(task.0, task.1).pop().expect("every task has an inbox");
            let read = self.member.position(&inbox);
            let is_there = match task.0 {
                Stage::Customers => handover.is_open(),
                Stage::Chats => {
                    let chats = &self.folding.pipeline.chats[&task.1];
                    read.is_some_and(|read| read >= last.inbox_ends[task.1 as usize])
                        && chats.has_passed(last.until(task.1))
                        && !chats.is_sweeping()
                }
                Stage::Managers => handover
                    .managers_ends()
                    .is_some_and(|ends| read.is_some_and(|read| read >= ends[task.1 as usize])),
            };
            if !is_there {
                continue;
            }
            if task.0 == Stage::Customers {
                self.took_over(task);
                continue;
            }
            let ticket = *self.tickets.entry(task).or_insert_with(|| handover.published.ask());
            if handover.published.has_answered(ticket) {
                self.telling = true;
                return self.tell(&handover, task);
            }
        }
        Ok(())
    }

    fn unpark(&mut self, handover: &Handover) -> Result<(), Failure> {
        if self.folding.parked.is_empty() {
            return Ok(());
        }
        for (of, offset) in std::mem::take(&mut self.folding.parked) {
            if handover.is_beyond(&of, offset) {
                self.folding.parked.insert(of, offset);
            } else {
                self.member.start(&of, Some(offset))?;
            }
        }
        Ok(())
    }

    fn took_over(&mut self, task: TaskId) {
        self.folding.held.let_go(task);
        self.tickets.remove(&task);
        if let Some(running) = self.folding.tasks.running.get_mut(&task) {
            running.note.held = false;
        }
    }

    /// Tells readers what they have wrong of the next keys of a task.
    fn tell(&mut self, handover: &Handover, task: TaskId) -> Result<(), Failure> {
        // What has been folded is on disk then, where the keys are looked up.
        self.commit(true)?;
        if !self.folding.held.holds(task) {
            return Ok(());
        }
        let (stage, partition) = task;
        let family = stage.family();
        let told = self.folding.held.told(task);
        let here = keys_after(&self.shared.store, family, partition, &told, KEYS_A_COMMIT)?;
        let there = handover.published.keys_after(family, partition, &told, KEYS_A_COMMIT)?;
        // Where one list is cut short, nothing is known of what lies beyond.
        let cut = |keys: &[Vec<u8>]| (keys.len() == KEYS_A_COMMIT).then(|| keys[keys.len() - 1].clone());
        let end = [cut(&here), cut(&there)].into_iter().flatten().min();
        let keys: BTreeSet<Vec<u8>> =
            here.into_iter().chain(there).filter(|key| end.as_ref().is_none_or(|end| key <= end)).collect();
        let is_done = end.is_none();
        let mut count = 0;
        for key in &keys {
            let newest = handover.published.newest(family, partition, key)?;
            let differs = match stage {
                Stage::Chats => self.tell_of_chat(partition, key, newest)?,
                _ => self.tell_of_counter(partition, key, newest)?,
            };
            count += usize::from(differs);
        }
        if let Some(last) = end.or_else(|| keys.last().cloned()) {
            self.folding.held.tell_up_to(task, last);
        }
        if is_done {
            self.took_over(task);
        }
        tracing::info!(?stage, partition, keys = keys.len(), differences = count, is_done, "taking over");
        self.commit(true)
    }

    /// True: readers had something wrong.
    fn tell_of_chat(&mut self, partition: i32, key: &[u8], newest: Option<Newest>) -> Result<bool, Failure> {
        let shared = self.shared.clone();
        let known = shared.goals.known.read().expect("no reader panics");
        let (pipeline, mut out) = self.folding.outbox();
        let chats = pipeline.chats.get_mut(&partition).expect("its task is running");
        let clock = chats.clock();
        let mut slot = chats.table.slot(key)?;
        let revision = newest.as_ref().map_or(0, |newest| newest.revision);
        let value = newest.as_ref().and_then(|newest| newest.value.as_deref());
        // A generation that ended before it knew the time tells none.
        let at = if clock > Timestamp::MIN { clock } else { Timestamp(shared.clocks.wall()) };
        let cause = Cause { kind: CauseKind::Rebuild, at };
        let to = &shared.topology.status_changed;
        let change = slot.row.as_ref().and_then(|row| row.restated(cause));
        let mut send = |value: Option<&[u8]>, revision: u32| {
            let header = crate::log::Header {
                name: "revision".to_owned(),
                value: Some(revision.to_string().into_bytes()),
            };
            let headers = if value.is_none() { std::slice::from_ref(&header) } else { &[] };
            out.send_keyed(to, Some(key), value, headers);
        };
        let (next, differs) = match (change, value) {
            (Some(mut change), value) => {
                let channel = known.settings.channel(&change.channel);
                let compared =
                    value.map(|value| newest::status(to, value, &change, channel)).unwrap_or_default();
                if compared.is_same {
                    (revision, false)
                } else {
                    change.revision = revision.saturating_add(1);
                    change.previous = compared.status;
                    change.correction = ChatRow::corrects(compared.status, change.view.status);
                    send(Some(&encode_status(to, &change, channel)?), change.revision);
                    (change.revision, true)
                }
            }
            (None, Some(value)) => {
                send(None, revision.saturating_add(1));
                if slot.row.is_none() {
                    let chat = std::str::from_utf8(key).ok();
                    slot.row = chat
                        .zip(newest::channel_of(to, value))
                        .map(|(chat, channel)| ChatRow::only_told_of(channel, chat.into()));
                }
                (revision.saturating_add(1), true)
            }
            // The revision is that of the tombstone, however many changes the rebuild has counted. What was deleted long ago
            // is gone from the topic, too; then only the row knows.
            (None, None) if newest.is_some() => (revision, false),
            (None, None) => (slot.row.as_ref().map_or(0, |row| row.revision), false),
        };
        if let Some(row) = slot.row.as_mut().filter(|row| row.revision != next) {
            row.revision = next;
            slot.mark();
        }
        Ok(differs)
    }

    fn tell_of_counter(
        &mut self,
        partition: i32,
        key: &[u8],
        newest: Option<Newest>,
    ) -> Result<bool, Failure> {
        let shared = self.shared.clone();
        let now = Timestamp(shared.clocks.wall());
        let (pipeline, mut out) = self.folding.outbox();
        let task = pipeline.managers.get_mut(&partition).expect("its task is running");
        let mut slot = task.table.slot(key)?;
        let revision = newest.as_ref().map_or(0, |newest| newest.revision);
        let value = newest.as_ref().and_then(|newest| newest.value.as_deref());
        if slot.row.is_none() {
            // Somebody counts what nobody has: zero is what there is.
            let Ok((channel, bucket)) =
                crate::contract::keys::parse_counter_key(&String::from_utf8_lossy(key))
            else {
                tracing::warn!(key = %String::from_utf8_lossy(key), "a counter with a key that is none");
                return Ok(false);
            };
            slot.row = Some(CounterRow::new(channel, bucket));
        }
        let row = slot.row.as_mut().expect("it is there now");
        let mut counter = row.restated(now);
        let to = &shared.topology.counters;
        let is_same = match value {
            Some(value) => newest::counter(to, value, &counter),
            None => counter.counts.is_zero(),
        };
        counter.revision = revision.saturating_add(u32::from(!is_same));
        row.published = row.counts;
        row.revision = counter.revision;
        slot.mark();
        if !is_same {
            let value = encode_counter(to, &counter)?;
            out.send_keyed(to, Some(key), Some(&value), &[]);
        }
        Ok(!is_same)
    }
}

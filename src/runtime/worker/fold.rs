//! What a worker does with records and with time: it folds them into the rows in memory, and what follows is to be sent.
//! It asks the log for nothing, so that what came of earlier records can be sent and committed meanwhile.

use super::*;
use crate::runtime::wire::Read;
use crate::stages::messages::Event;
use std::collections::VecDeque;

/// More than this waits for nobody: it is sent before folding goes on.
const UNSENT_BYTES_MAX: usize = 32 << 20;

/// What records are folded into, and what came of them.
pub(super) struct Folding {
    topology: Arc<Topology>,
    clocks: Clocks,
    pub pipeline: Pipeline,
    pub tasks: Tasks,
    /// Done since a commit was last put together.
    pub tally: Tally,
    /// Whose outputs are held back.
    pub held: Held,
    /// Inputs that wait for the generation before to go on, and where.
    pub parked: BTreeMap<TopicPartition, Offset>,
    /// Those of them that the member is still to hold back.
    pub to_pause: Vec<TopicPartition>,
    pub unsent: Unsent,
    /// Chats that settings or the clock touched since a commit was last put together.
    pub settled: usize,
    /// More deadlines may have passed than the clock could settle in one pass.
    pub ticking: bool,
    /// The partition for which time passes first in the next pass, or the next one that is here.
    turn: i32,
}

/// How far time may go on.
pub(super) struct Moment {
    pub granted: Option<Arc<Grant>>,
    /// For each chats partition that runs, how far its inbox has been fetched.
    pub inboxes: Vec<(i32, Option<Offset>)>,
}

impl Folding {
    pub fn new(topology: Arc<Topology>, clocks: Clocks, held: Held) -> Self {
        let pipeline = Pipeline::new(topology.partitions, true);
        let (tasks, tally, parked) = (Tasks::default(), Tally::default(), BTreeMap::new());
        let (to_pause, unsent, settled, ticking, turn) = (Vec::new(), Unsent::default(), 0, false, 0);
        Self {
            topology,
            clocks,
            pipeline,
            tasks,
            tally,
            held,
            parked,
            to_pause,
            unsent,
            settled,
            ticking,
            turn,
        }
    }

    /// Everything since the last commit never happened, and no task runs.
    pub fn forget(&mut self) {
        self.pipeline = Pipeline::new(self.topology.partitions, true);
        self.tally = Tally::default();
        self.held.clear();
        self.parked.clear();
        self.to_pause.clear();
        self.unsent.clear();
        (self.settled, self.ticking) = (0, false);
    }

    pub fn outbox(&mut self) -> (&mut Pipeline, Outbox<'_>) {
        let (unsent, topology, clocks) = (&mut self.unsent, &*self.topology, &self.clocks);
        let (tally, held) = (&mut self.tally, &self.held);
        (&mut self.pipeline, Outbox { unsent, topology, clocks, tally, held })
    }

    /// Folds batches. False: there may be more, but so much is to be sent that this has to wait.
    pub fn fold_batches<B: crate::log::Batch>(
        &mut self,
        batches: &mut VecDeque<B>,
        known: &Known,
    ) -> Result<bool, Failure> {
        self.take_goals(known);
        while let Some(batch) = batches.pop_front() {
            let records: Vec<Record<'_>> = (0..batch.len()).map(|index| batch.get(index)).collect();
            let sources = records.iter().map(|record| (self.topology.source(record.topic), record));
            let read: Vec<_> = sources
                .map(|(source, record)| source.and_then(|source| self.read(source, record.value)))
                .collect();
            let events: Vec<_> =
                read.iter().zip(&records).map(|(read, record)| said(read, record.key)).collect();
            let good = records.iter().zip(&events).filter_map(|(record, said)| match said {
                Some(Ok(event)) => Some((record.partition, event)),
                _ => None,
            });
            self.pipeline.read_ahead(good, &known.settings)?;
            for (record, event) in records.iter().zip(events) {
                self.fold(record, event, &known.settings)?;
            }
            if self.unsent.bytes() >= UNSENT_BYTES_MAX {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Reads a record; `None`: it is of no input.
    fn read<'r>(&self, source: Source, value: Option<&'r [u8]>) -> Option<Result<Read<'r>, String>> {
        match source {
            Source::ChatEvents => Some(Read::chat(self.topology.chat_events_form, value)),
            Source::CustomerEvents => Some(Read::customer(self.topology.customer_events_form, value)),
            Source::ChatsInbox | Source::CustomersInbox | Source::ManagersInbox => None,
        }
    }

    /// Folds one record, of an input with what it says. A bad one goes to the dead letters, and the partition goes on.
    fn fold(&mut self, record: &Record<'_>, event: Said<'_>, settings: &Settings) -> Result<(), Failure> {
        let Some(source) = self.topology.source(record.topic) else { return Ok(()) };
        let task = (source.stage(), record.partition);
        let Some(running) = self.tasks.running.get_mut(&task) else { return Ok(()) };
        running.newest[source.place()] = record.timestamp;
        if self.held.bounds() && self.waits(source, record) {
            return Ok(());
        }
        self.tally.fold(task.0);
        match source {
            Source::ChatEvents | Source::CustomerEvents => {
                let event = event.expect("inputs have been read");
                let came = Came { key: record.key, logged: record.timestamp.map(Timestamp) };
                self.input(source, record.partition, event, came, settings, || RawRecord::of(record), true)
            }
            Source::ChatsInbox => match inbox_message(record, inbox::decode_chats_inbox)? {
                ChatsInbox::ToChat(message) => {
                    let (pipeline, mut out) = self.outbox();
                    Ok(pipeline.message_to_chat(message, settings, &mut out)?)
                }
                ChatsInbox::Forwarded(forwarded) => {
                    self.forwarded(Source::ChatEvents, record.partition, forwarded.into(), settings)
                }
            },
            Source::CustomersInbox => match inbox_message(record, inbox::decode_customers_inbox)? {
                CustomersInbox::ToCustomer(message) => {
                    let (pipeline, mut out) = self.outbox();
                    Ok(pipeline.message_to_customer(message, settings, &mut out)?)
                }
                CustomersInbox::Forwarded(forwarded) => {
                    self.forwarded(Source::CustomerEvents, record.partition, forwarded.into(), settings)
                }
            },
            Source::ManagersInbox => {
                let message = inbox_message(record, inbox::decode_managers_inbox)?;
                self.pipeline.message_to_manager(message);
                Ok(())
            }
        }
    }

    /// Whether a record lies beyond what the generation before has folded. Then its partition waits.
    fn waits(&mut self, source: Source, record: &Record<'_>) -> bool {
        if !matches!(source, Source::ChatEvents | Source::CustomerEvents) {
            return false;
        }
        let of = TopicPartition::new(record.topic, record.partition);
        if self.parked.contains_key(&of) {
            return true;
        }
        if !self.held.handover.as_ref().is_some_and(|handover| handover.is_beyond(&of, record.offset)) {
            return false;
        }
        self.to_pause.push(of.clone());
        self.parked.insert(of, record.offset);
        true
    }

    fn forwarded(
        &mut self,
        source: Source,
        partition: i32,
        record: RawRecord,
        settings: &Settings,
    ) -> Result<(), Failure> {
        let came = Came { key: record.key.as_deref(), logged: record.timestamp.map(Timestamp) };
        let read = self.read(source, record.value.as_deref());
        let event = said(&read, came.key).expect("only records of inputs are forwarded");
        self.input(source, partition, event, came, settings, || record.clone(), false)
    }

    /// Folds an input record into its key's home, or sends it there if it came to another partition.
    #[expect(clippy::too_many_arguments, reason = "a record in its parts, since it comes in two forms")]
    fn input(
        &mut self,
        source: Source,
        partition: i32,
        event: Result<Event<'_>, String>,
        came: Came<'_>,
        settings: &Settings,
        raw: impl Fn() -> RawRecord,
        may_forward: bool,
    ) -> Result<(), Failure> {
        let (pipeline, mut out) = self.outbox();
        let partitions = pipeline.partitions();
        let count = if source == Source::ChatEvents { partitions.chats } else { partitions.customers };
        let home = came.key.map_or(partition, |key| partition_of(key, count));
        let goes_on = may_forward && home != partition && !planted(Bug::FoldedAbroad);
        let folded = match &event {
            Ok(Event::Chat(_)) if goes_on => {
                out.forward_chat_event(raw(), home);
                return Ok(());
            }
            Ok(Event::Customer(_)) if goes_on => {
                out.forward_customer_event(raw(), home);
                return Ok(());
            }
            Ok(Event::Chat(event)) => {
                pipeline.chat_event(partition, event, came.logged, settings, &mut out)?
            }
            Ok(Event::Customer(event)) => {
                pipeline.customer_event(partition, event, came.logged, settings, &mut out)?
            }
            Err(reason) => {
                out.dead_letter(&raw(), reason);
                return Ok(());
            }
        };
        if let Err(bad) = folded {
            out.dead_letter(&raw(), &bad.to_string());
        }
        Ok(())
    }

    /// Tells the chats tasks of settings that were read since.
    fn take_goals(&mut self, known: &Known) {
        for (&(stage, partition), task) in &mut self.tasks.running {
            if stage != Stage::Chats || task.goals_told == known.entries.len() {
                continue;
            }
            for entry in known.entries[task.goals_told..].iter().filter(|entry| !task.note.has_shown(entry)) {
                if let (What::Added(effect), Some(chats)) =
                    (&entry.what, self.pipeline.chats.get_mut(&partition))
                {
                    chats.setting_read(effect);
                }
            }
            task.goals_told = known.entries.len();
        }
    }

    /// Shows settings to chats and moves clocks. However many partitions there are, a commit holds no more for the clocks:
    /// once it is full, the others have their turn in the next pass. All of them show settings, as their records were
    /// folded with these, unless too much is to be sent. Everything that was fetched has been folded.
    pub fn pass_time(&mut self, moment: &Moment, pace: &Pace, known: &Known) -> Result<(), Failure> {
        self.take_goals(known);
        if let Some(grant) = &moment.granted {
            self.pipeline.time_is(grant.earliest());
        }
        self.ticking = false;
        let (earlier, later) =
            moment.inboxes.split_at(moment.inboxes.partition_point(|(partition, _)| *partition < self.turn));
        let mut next = None;
        for (place, (partition, inbox_read)) in later.iter().chain(earlier).enumerate() {
            let slice = if self.unsent.bytes() < UNSENT_BYTES_MAX { pace.chats_a_pass } else { 0 };
            // Whoever gets less than its slice comes first next time; the first had what there was.
            if place > 0 && slice.min(pace.left_for_time(self.settled)) < pace.chats_a_pass {
                next = next.or(Some(*partition));
            }
            let granted = moment.granted.as_deref();
            self.ticking |= self.pass_time_of(*partition, slice, pace, known, granted, *inbox_read)?;
        }
        self.turn = next.unwrap_or(self.turn);
        Ok(())
    }

    /// True: more deadlines may have passed than could be settled.
    fn pass_time_of(
        &mut self,
        partition: i32,
        slice: usize,
        pace: &Pace,
        known: &Known,
        granted: Option<&Grant>,
        inbox_read: Option<Offset>,
    ) -> Result<bool, Failure> {
        let id = (Stage::Chats, partition);
        let (unsent, topology, clocks) = (&mut self.unsent, &*self.topology, &self.clocks);
        let mut out = Outbox { unsent, topology, clocks, tally: &mut self.tally, held: &self.held };
        let task = self.tasks.running.get_mut(&id).expect("only of tasks that run");
        let mut budget = slice;
        let swept = self.pipeline.sweep(partition, &mut budget, &known.settings, &mut out)?;
        // What time changes is in the transaction like what records change.
        self.settled += slice - budget;
        if swept && task.goals_shown < task.goals_told {
            // Bad ones go to the dead letters by one task, in the transaction that notes that they did.
            for entry in known.entries[task.goals_shown..task.goals_told].iter().filter(|_| partition == 0) {
                if let (What::Bad(record, reason), false) = (&entry.what, task.note.has_shown(entry)) {
                    out.dead_letter(record, reason);
                }
            }
            task.goals_shown = task.goals_told;
        }
        if swept || planted(Bug::SweepNotedTooSoon) {
            task.note.goals.clone_from(&known.next);
        }
        // A task that is still to take over stands where the old generation stood, whatever time it is.
        let last = self.held.holds(id).then(|| self.held.handover.as_ref()?.last()).flatten();
        let mut is_ticking = false;
        if let Some(grant) = last.as_deref().or(granted)
            && inbox_read.is_some_and(|read| read >= grant.inbox_ends[partition as usize])
        {
            let until = grant.until(partition);
            let slice = budget.min(pace.left_for_time(self.settled));
            let mut budget = slice;
            // To settle nothing, it would still read ahead.
            is_ticking = slice == 0
                || !self.pipeline.tick(partition, until, &mut budget, &known.settings, &mut out)?;
            self.settled += slice - budget;
        }
        if let Some(chats) = self.pipeline.chats.get(&partition) {
            (task.note.clock, task.note.swept) = chats.times();
            task.note.deadline = chats.next_deadline();
        }
        Ok(is_ticking)
    }
}

/// What a record says; `None`: it is of no input.
type Said<'e> = Option<Result<Event<'e>, String>>;

fn said<'e>(read: &'e Option<Result<Read<'_>, String>>, key: Option<&[u8]>) -> Said<'e> {
    let read = read.as_ref()?;
    Some(read.as_ref().map_err(String::clone).and_then(|read| read.event(key)))
}

/// How a record of an input came.
struct Came<'r> {
    key: Option<&'r [u8]>,
    /// Its log timestamp.
    logged: Option<Timestamp>,
}

/// Only this program writes inboxes: what cannot be read there is a fault, not a bad record.
fn inbox_message<T>(record: &Record<'_>, decode: impl Fn(&[u8]) -> Result<T, String>) -> anyhow::Result<T> {
    let value = record.value.ok_or_else(|| "it is a tombstone".to_owned());
    value.and_then(decode).map_err(|reason| {
        let (topic, partition, offset) = (record.topic, record.partition, record.offset);
        anyhow::anyhow!("the message {topic}[{partition}]@{offset} cannot be read: {reason}")
    })
}

//! What a processor tells: the figures that its threads keep, as the page has them. It asks no broker, and waits for no
//! worker.

pub mod health;

use super::page;
use super::write::{Labels, Source, Writer};
use crate::runtime::figures::report::{TaskReport, TaskState};
use crate::runtime::figures::{Input, Outcome};
use crate::runtime::insight::Insight;
use crate::runtime::topology::Stage;
use crate::state::store::{Family, Store};
use std::collections::BTreeMap;
use std::fmt::Error;
use std::sync::atomic::{AtomicU64, Ordering};

pub struct Processor(pub Insight);

impl Source for Processor {
    fn write(&self, to: &mut Writer<'_>) -> Result<(), Error> {
        self.work(to)?;
        self.survey(to)?;
        self.tasks(to)?;
        self.records(to)?;
        self.memory(to)
    }
}

impl Processor {
    fn work(&self, to: &mut Writer<'_>) -> Result<(), Error> {
        let figures = &*self.0.figures;
        to.counters(&page::FOLDED, by_stage(&figures.folded))?;
        to.counter(&page::WRITTEN, read(&figures.written))?;
        let commits = Outcome::ALL.map(|outcome| {
            let word = match outcome {
                Outcome::Committed => "committed",
                Outcome::Refused => "refused",
                Outcome::Unclear => "unclear",
                Outcome::Failed => "failed",
            };
            (vec![word.to_owned()], read(&figures.commits[outcome as usize]))
        });
        to.counters(&page::COMMITS, commits)?;
        to.histograms(&page::COMMIT_DURATION, [(Labels::new(), figures.commit_seconds.seen())])?;
        to.histograms(&page::COMMIT_RECORDS, [(Labels::new(), figures.commit_records.seen())])?;
        to.counter(&page::ROLLBACKS, read(&figures.rollbacks))?;
        to.counter(&page::REJOINS, read(&figures.rejoins))
    }

    fn survey(&self, to: &mut Writer<'_>) -> Result<(), Error> {
        let survey = self.0.figures.survey();
        let of = |lag: &crate::runtime::figures::report::Lag| -> Labels {
            vec![word(lag.stage), lag.of.topic.to_string(), lag.of.partition.to_string()]
        };
        to.gauges(&page::LAG_RECORDS, survey.lags.iter().map(|lag| (of(lag), lag.records)))?;
        to.gauges(&page::LAG_SECONDS, survey.lags.iter().map(|lag| (of(lag), seconds(lag.time))))?;
        let age = survey.at.map(|at| self.0.clocks.elapsed().saturating_sub(at).as_secs_f64());
        to.gauges(&page::SURVEY_AGE, age.map(|age| (Labels::new(), age)))?;
        let overdue = survey.overdue.iter().map(|of| (vec![of.partition.to_string()], of));
        to.gauges(&page::OVERDUE, overdue.clone().map(|(labels, of)| (labels, of.deadlines)))?;
        to.gauges(&page::OVERDUE_SECONDS, overdue.map(|(labels, of)| (labels, seconds(of.time))))
    }

    fn tasks(&self, to: &mut Writer<'_>) -> Result<(), Error> {
        let reports: Vec<_> = self.0.figures.desks.iter().map(|desk| desk.report()).collect();
        let tasks: BTreeMap<_, &TaskReport> =
            reports.iter().flat_map(|report| &report.tasks).map(|task| (task.id, task)).collect();
        let wall = self.0.wall();
        let chats = tasks.values().filter(|task| task.id.0 == Stage::Chats);
        let partition = |task: &TaskReport| vec![task.id.1.to_string()];
        let clocks = chats
            .clone()
            .filter_map(|task| Some((partition(task), seconds(wall.0.saturating_sub(task.clock?.0)))));
        to.gauges(&page::CLOCK_LAG, clocks)?;
        to.gauge(&page::CLOCK_ALLOWANCE, seconds(self.0.allowance))?;
        let deadlines = chats.filter_map(|task| Some((partition(task), seconds(task.deadline?.0))));
        to.gauges(&page::NEXT_DEADLINE, deadlines)?;

        let states = Stage::ALL.into_iter().flat_map(|stage| TaskState::NAMES.map(|state| (stage, state)));
        let counts = states.map(|(stage, state)| {
            let count =
                tasks.values().filter(|task| task.id.0 == stage && task.state.name() == state).count();
            (vec![word(stage), state.to_owned()], count)
        });
        to.gauges(&page::TASKS, counts)?;
        let each = |task: &TaskReport| vec![word(task.id.0), task.id.1.to_string()];
        let stopped =
            tasks.values().map(|task| (each(task), u64::from(matches!(task.state, TaskState::Stopped(_)))));
        to.gauges(&page::STOPPED, stopped)?;
        let left = tasks.values().map(|task| match task.state {
            TaskState::Restoring(left) => (each(task), left),
            _ => (each(task), 0),
        });
        to.gauges(&page::RESTORE_LEFT, left)?;

        let now = self.0.clocks.elapsed();
        let pulses = self.0.figures.desks.iter().map(|desk| desk.pulse.feel(now).1.as_secs_f64());
        let numbered = pulses.enumerate().map(|(worker, age)| (vec![worker.to_string()], age));
        to.gauges(&page::STEP_AGE, numbered)?;

        let rows = Stage::ALL.map(|stage| {
            (vec![word(stage)], reports.iter().map(|report| report.rows[stage as usize]).sum::<usize>())
        });
        to.gauges(&page::CACHE_ROWS, rows)
    }

    fn records(&self, to: &mut Writer<'_>) -> Result<(), Error> {
        let (figures, topology) = (&*self.0.figures, &*self.0.topology);
        to.counter(&page::DEAD_LETTERS, read(&figures.dead_letters))?;
        let bad = Input::ALL.map(|input| {
            let topic = match input {
                Input::ChatEvents => &topology.chat_events,
                Input::CustomerEvents => &topology.customer_events,
                Input::GoalChanges => &topology.goal_changes,
            };
            (vec![topic.to_string()], read(&figures.bad[input as usize]))
        });
        to.counters(&page::BAD_RECORDS, bad)?;
        to.gauge(&page::GOAL_CHANGES, self.0.goal_changes())?;
        to.counters(&page::CACHE_HITS, by_stage(&figures.cache_hits))?;
        to.counters(&page::CACHE_MISSES, by_stage(&figures.cache_misses))
    }

    fn memory(&self, to: &mut Writer<'_>) -> Result<(), Error> {
        let store = &*self.0.store;
        to.gauge(&page::MEMTABLES, of_all(store, "rocksdb.cur-size-all-mem-tables"))?;
        // One cache serves all families.
        to.gauge(&page::BLOCK_CACHE, store.property(Family::Chats, "rocksdb.block-cache-usage"))?;
        to.gauge(&page::PINNED, store.property(Family::Chats, "rocksdb.block-cache-pinned-usage"))?;
        to.gauge(&page::TABLE_READERS, of_all(store, "rocksdb.estimate-table-readers-mem"))?;
        to.gauge(&page::MEMORY_MAX, self.0.memory_bytes_max as u64)?;
        to.gauge(&page::DISK, store.disk_bytes())
    }
}

fn of_all(store: &Store, property: &str) -> u64 {
    Family::ALL.iter().map(|family| store.property(*family, property)).sum()
}

/// A stage as labels have it.
fn word(stage: Stage) -> String {
    stage.family().name().to_owned()
}

fn by_stage(figures: &[AtomicU64; 3]) -> [(Labels, u64); 3] {
    Stage::ALL.map(|stage| (vec![word(stage)], read(&figures[stage as usize])))
}

fn read(figure: &AtomicU64) -> u64 {
    figure.load(Ordering::Relaxed)
}

fn seconds(ms: i64) -> f64 {
    ms as f64 / 1e3
}

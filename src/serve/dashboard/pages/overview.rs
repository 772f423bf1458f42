//! The overview: the verdict, how chats stand, throughput, partitions, what changed last, dead letters.

use super::verdict::{LIVE_SECONDS, Letters, Verdict, out_of_sight, verdict, waits};
use crate::answers::progress::StatusDocument;
use crate::serve::dashboard::frame::{Frame, Linked, Screen};
use crate::serve::dashboard::links;
use crate::serve::dashboard::pages::chats::{ChatRow, row};
use crate::serve::dashboard::pages::dead_letters::{LetterRow, letter_row};
use crate::serve::dashboard::pages::statuses::StatusChoice;
use crate::serve::dashboard::samples::{STAGES, Sample};
use crate::serve::dashboard::timeline::Percent;
use crate::serve::dashboard::words::{Mark, Moment, NOTHING, counted, grouped, lasting, percent};
use crate::serve::dashboard::{Dashboard, Html};
use crate::serve::model::answers::{ChannelGoals, ModelStatus, Tally};
use crate::serve::model::questions::{ChatFilter, ChatOrder, LetterFilter, Page};
use askama::Template;

/// More dead letters than this are not counted.
const LETTERS_COUNTED: usize = 100;
const LETTERS_SHOWN: usize = 5;
const CHANGES_SHOWN: usize = 10;
/// More channels than this are on the page of goals only.
const CHANNELS_SHOWN: usize = 50;

#[derive(Template)]
#[template(path = "overview.html")]
struct Overview {
    frame: Frame,
    verdict: Verdict,
    chats: u64,
    all: Linked,
    totals: Vec<Total>,
    heads: [&'static str; 5],
    channels: Vec<ChannelRow>,
    /// Where there are more.
    all_channels: Option<Linked>,
    samples: Vec<SampleRow>,
    /// What is folded now, if that is known.
    latest: Option<String>,
    changes: Vec<ChatRow>,
    partitions: Vec<PartitionRow>,
    model: String,
    /// When the processor was last seen, if that is long ago.
    seen: Option<Moment>,
    letters: Vec<LetterRow>,
}

struct Total {
    mark: Mark,
    count: Linked,
    share: String,
    x: Percent,
    width: Percent,
}

struct ChannelRow {
    id: Linked,
    goal: Linked,
    chats: Linked,
    counts: Vec<Linked>,
}

struct SampleRow {
    /// Seconds since the epoch.
    x: f64,
    at: Moment,
    rates: Vec<String>,
}

struct PartitionRow {
    number: usize,
    class: &'static str,
    state: &'static str,
    /// By stage.
    waiting: Vec<String>,
    lag: String,
    clock: Option<Moment>,
    behind: String,
    deadline: Option<Moment>,
}

pub fn page(dashboard: &Dashboard) -> Html {
    let model = dashboard.model();
    let status = model.status()?;
    let (now, speed) = (dashboard.now(), dashboard.options().speed);
    let in_sight = out_of_sight(&status.model, now, speed).is_none();
    let goals = model.goals(None)?;
    let newest = Page { limit: CHANGES_SHOWN, cursor: None };
    let changes = model.chats(&ChatFilter::default(), ChatOrder::NewestFirst, &newest)?;
    let counted = Page { limit: LETTERS_COUNTED, cursor: None };
    let letters = model.dead_letters(&LetterFilter::default(), &counted)?;
    let found = Letters { counted: letters.dead_letters.len() as u64, or_more: letters.next.is_some() };
    let mut sum = Tally::default();
    goals.channels.iter().for_each(|channel| sum.add(&channel.chats));
    let chats = sum.all();
    let samples = dashboard.samples();
    let page = Overview {
        frame: dashboard.frame("Overview", Some(Screen::Overview)),
        verdict: verdict(&status, found, now, speed),
        chats,
        all: Linked::count(chats, &links::chats()),
        totals: totals(&sum, chats),
        heads: StatusChoice::ALL.map(|status| status.mark().word),
        channels: goals.channels.iter().take(CHANNELS_SHOWN).map(channel_row).collect(),
        all_channels: all_channels(goals.channels.len()),
        latest: samples.last().filter(|_| in_sight).map(latest),
        samples: samples.iter().rev().map(sample_row).collect(),
        changes: changes.chats.iter().map(row).collect(),
        partitions: status.processor.as_ref().map_or_else(Vec::new, |of| partitions(of, in_sight, speed)),
        model: model_words(&status.model),
        seen: status.model.seen_at.filter(|_| !in_sight).map(Moment::from),
        letters: letters.dead_letters.iter().take(LETTERS_SHOWN).map(letter_row).collect(),
    };
    Ok(page.render()?)
}

fn totals(sum: &Tally, all: u64) -> Vec<Total> {
    let mut x = 0.0;
    let total = |status: StatusChoice| {
        let count = status.of(sum);
        let share = if all > 0 { count as f64 / all as f64 } else { 0.0 };
        let from = x;
        x += share * 100.0;
        Total {
            mark: status.mark(),
            count: Linked::count(count, &status.link(links::chats())),
            share: percent(Some(share)),
            x: Percent(from),
            width: Percent(share * 100.0),
        }
    };
    StatusChoice::ALL.into_iter().map(total).collect()
}

fn all_channels(count: usize) -> Option<Linked> {
    let link = links::Link::to(Screen::Goals.path());
    (count > CHANNELS_SHOWN).then(|| Linked::to(format!("All {} channels", grouped(count as u64)), &link))
}

fn channel_row(channel: &ChannelGoals) -> ChannelRow {
    let id = &channel.settings.channel_id;
    let in_channel = || links::chats().with("channel", id);
    let goal = match &channel.settings.goal {
        Some(goal) if channel.settings.tracked => goal.words.clone(),
        Some(goal) => format!("{} (not tracked: no subscription)", goal.words),
        None => "no goal".to_owned(),
    };
    ChannelRow {
        id: Linked::to(id, &links::Link::to("/managers").with("channel", id)),
        goal: Linked::to(goal, &links::Link::to("/goals").with("channel", id)),
        chats: Linked::count(channel.chats.all(), &in_channel()),
        counts: StatusChoice::ALL
            .iter()
            .map(|status| Linked::count(status.of(&channel.chats), &status.link(in_channel())))
            .collect(),
    }
}

fn sample_row(sample: &Sample) -> SampleRow {
    SampleRow {
        x: sample.at.0 as f64 / 1_000.0,
        at: Moment::of(sample.at),
        rates: sample.rates.iter().map(|rate| format!("{rate:.1}")).collect(),
    }
}

fn latest(sample: &Sample) -> String {
    let stages = STAGES.iter().zip(sample.rates);
    stages.map(|(stage, rate)| format!("{stage} {rate:.1}")).collect::<Vec<_>>().join(", ")
}

/// As they were seen last; whether that is how they stand now, `in_sight` says. Lengths of time are real ones, also where
/// `speed` says that time is simulated.
fn partitions(processor: &StatusDocument, in_sight: bool, speed: f64) -> Vec<PartitionRow> {
    let row = |(number, wait): (usize, f64)| {
        let of_stage = |stage: &str| {
            let stage = processor.stages.iter().filter(|of| of.stage == stage);
            let inputs = stage.flat_map(|of| &of.partitions);
            inputs.filter(|input| usize::try_from(input.partition) == Ok(number)).map(|input| input.lag).sum()
        };
        let clock = processor.clocks.iter().find(|clock| usize::try_from(clock.partition) == Ok(number));
        let (class, state) = match in_sight {
            false => ("none", "not known"),
            true if wait > LIVE_SECONDS => ("missed", "behind"),
            true => ("achieved", "live"),
        };
        PartitionRow {
            number,
            class,
            state,
            waiting: STAGES.iter().map(|stage| grouped(of_stage(stage))).collect(),
            lag: if wait > 0.0 { lasting(wait) } else { NOTHING.to_owned() },
            clock: clock.and_then(|clock| clock.clock).map(Moment::from),
            behind: clock
                .and_then(|clock| clock.behind_seconds)
                .map_or_else(|| NOTHING.to_owned(), |behind| lasting(behind / speed)),
            deadline: clock.and_then(|clock| clock.next_deadline).map(Moment::from),
        }
    };
    waits(processor, speed).into_iter().enumerate().map(row).collect()
}

fn model_words(model: &ModelStatus) -> String {
    let read = counted(model.records_read, "record", "records");
    let waits = match model.lag {
        0 if model.lag_seconds.is_none() => "has read everything that was published".to_owned(),
        0 => "has read everything that it was told of".to_owned(),
        lag => format!("has {} yet to read", counted(lag, "record", "records")),
    };
    format!("This view {waits}; it has read {read} since it was started.")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::serve::dashboard::pages::verdict::tests::status;

    #[test]
    fn a_processor_out_of_sight_has_no_state() {
        let status = status(&[Some(0.4), Some(90.0)]);
        let processor = status.processor.unwrap();
        let states = |in_sight: bool| -> Vec<_> {
            partitions(&processor, in_sight, 1.0).into_iter().map(|of| of.state).collect()
        };
        assert_eq!(states(true), ["live", "behind"]);
        assert_eq!(states(false), ["not known", "not known"]);
    }

    #[test]
    fn a_view_that_hears_of_no_ends_does_not_claim_to_have_read_everything() {
        let mut model = status(&[None]).model;
        assert!(model_words(&model).starts_with("This view has read everything that was published;"));
        model.lag_seconds = Some(20.0);
        assert!(model_words(&model).starts_with("This view has read everything that it was told of;"));
    }

    #[test]
    fn the_shares_fill_the_bar() {
        let sum = Tally { none: 1, awaiting_reply: 2, measuring: 3, missed: 4, achieved: 10 };
        let totals = totals(&sum, 20);
        let end = totals.last().map(|total| total.x.0 + total.width.0).unwrap();
        assert!((end - 100.0).abs() < 1e-9);
        assert!(totals.windows(2).all(|pair| (pair[0].x.0 + pair[0].width.0 - pair[1].x.0).abs() < 1e-9));
        assert_eq!(totals[0].share, "50.0 %");
    }
}

//! The one sentence that says how things stand, and how bad that is. A function of what was answered.

use crate::answers::progress::StatusDocument;
use crate::domain::time::Timestamp;
use crate::serve::dashboard::frame::{Linked, Screen};
use crate::serve::dashboard::links::Link;
use crate::serve::dashboard::words::{counted, grouped, lasting};
use crate::serve::model::answers::{ModelStatus, StatusAnswer};

/// A partition is live when nothing has waited in it for longer than this.
pub const LIVE_SECONDS: f64 = 60.0;

/// The processor is looked at every two seconds: what was seen longer ago than this says nothing of now.
const SIGHT_SECONDS: f64 = 15.0;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Without its full stop.
    pub text: String,
    /// The records that could not be understood, if there are any.
    pub letters: Option<Linked>,
    /// `fine`, `attention` or `trouble`.
    pub class: &'static str,
}

/// How many dead letters there are, as far as they were counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Letters {
    pub counted: u64,
    /// There are more.
    pub or_more: bool,
}

/// `now` by the clock of the model, which passes `speed` times as fast as real time.
pub fn verdict(status: &StatusAnswer, letters: Letters, now: Timestamp, speed: f64) -> Verdict {
    let (text, class) = standing(status, now, speed);
    let (text, class) = match view_behind(&status.model, speed) {
        Some(seconds) => {
            (format!("{text}; this view shows how things were {} ago", lasting(seconds)), "trouble")
        }
        None => (text, class),
    };
    let class = if class == "fine" && letters.counted > 0 { "attention" } else { class };
    Verdict { text, letters: letters.linked(), class }
}

impl Letters {
    fn linked(self) -> Option<Linked> {
        let more = if self.or_more { "more than " } else { "" };
        let records = counted(self.counted, "record", "records");
        (self.counted > 0)
            .then(|| Linked::to(format!("{more}{records}"), &Link::to(Screen::DeadLetters.path())))
    }
}

fn standing(status: &StatusAnswer, now: Timestamp, speed: f64) -> (String, &'static str) {
    let model = &status.model;
    if let Some(seconds) = out_of_sight(model, now, speed) {
        let text =
            format!("The processor was last seen {} ago: how it stands now is not known", lasting(seconds));
        return (text, if seconds > LIVE_SECONDS { "trouble" } else { "attention" });
    }
    if !model.caught_up {
        let left = counted(model.lag, "record", "records");
        return (format!("This view is still being filled, with {left} to read"), "attention");
    }
    let Some(processor) = &status.processor else {
        return ("The processor could not be asked about yet".to_owned(), "attention");
    };
    let waits = waits(processor, speed);
    let all = waits.len() as u64;
    let partitions = counted(all, "partition", "partitions");
    let stuck: Vec<f64> = waits.iter().copied().filter(|seconds| *seconds > LIVE_SECONDS).collect();
    let longest = waits.iter().copied().fold(0.0, f64::max);
    if !stuck.is_empty() {
        let (stuck, far) = (stuck.len() as u64, lasting(longest));
        return match stuck {
            _ if stuck == all && all == 1 => (format!("The one partition is {far} behind"), "trouble"),
            _ if stuck == all => (format!("All {partitions} are behind, by up to {far}"), "trouble"),
            1 => (format!("1 of {partitions} is {far} behind"), "trouble"),
            _ => (format!("{} of {partitions} are behind, by up to {far}", grouped(stuck)), "trouble"),
        };
    }
    let subject = if all == 1 { "The one partition is".to_owned() } else { format!("All {partitions} are") };
    if longest > 0.0 {
        (format!("{subject} live and {} behind", lasting(longest)), "fine")
    } else {
        (format!("{subject} live and nothing waits"), "fine")
    }
}

/// For how many real seconds the processor has been out of sight, if it is.
pub fn out_of_sight(model: &ModelStatus, now: Timestamp, speed: f64) -> Option<f64> {
    let seconds = now.0.saturating_sub(model.seen_at?.0.0) as f64 / 1_000.0 / speed;
    (seconds > SIGHT_SECONDS).then_some(seconds)
}

/// By how many real seconds a view that has once been full is behind what was published, if that is long.
fn view_behind(model: &ModelStatus, speed: f64) -> Option<f64> {
    let seconds = model.lag_seconds.filter(|_| model.caught_up)? / speed;
    (seconds > LIVE_SECONDS).then_some(seconds)
}

/// For how many real seconds the oldest record of each partition has waited, in any stage.
pub fn waits(processor: &StatusDocument, speed: f64) -> Vec<f64> {
    let inputs = || processor.stages.iter().flat_map(|stage| &stage.partitions);
    let count = inputs().map(|input| input.partition + 1).max().unwrap_or(0).max(0);
    let mut waits = vec![0.0_f64; count as usize];
    for input in inputs() {
        if let Some(wait) = usize::try_from(input.partition).ok().and_then(|index| waits.get_mut(index)) {
            *wait = wait.max(input.lag_seconds.unwrap_or(0.0) / speed);
        }
    }
    waits
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::answers::progress::{PartitionAnswer, StageAnswer};
    use crate::contract::json::output::Time;
    use crate::domain::time::Timestamp;
    use crate::serve::model::answers::ModelStatus;

    pub fn status(waits: &[Option<f64>]) -> StatusAnswer {
        let partition = |(partition, wait): (usize, &Option<f64>)| PartitionAnswer {
            topic: "chat.events".into(),
            partition: partition as i32,
            committed: Some(1),
            end: 2,
            lag: u64::from(wait.is_some()),
            lag_seconds: *wait,
        };
        let partitions: Vec<_> = waits.iter().enumerate().map(partition).collect();
        let lag = partitions.iter().map(|partition| partition.lag).sum();
        StatusAnswer {
            processor: Some(StatusDocument {
                group: "g".into(),
                generation: 1,
                at: Time(Timestamp(0)),
                stages: vec![StageAnswer { stage: "chats", lag, lag_seconds: None, partitions }],
                clocks: Vec::new(),
                restoring: None,
                group_state: None,
                members: None,
                dead_letters: 0,
            }),
            throughput: Vec::new(),
            model: ModelStatus {
                caught_up: true,
                lag: 0,
                lag_seconds: None,
                records_read: 0,
                unreadable: 0,
                chats: 0,
                progress_at: None,
                seen_at: Some(Time(Timestamp(0))),
                partitions: Vec::new(),
            },
        }
    }

    fn says(status: &StatusAnswer, letters: u64, text: &str, class: &str) {
        says_at(status, 0, letters, text, class);
    }

    fn says_at(status: &StatusAnswer, seconds: i64, letters: u64, text: &str, class: &str) {
        let letters = Letters { counted: letters, or_more: false };
        let verdict = verdict(status, letters, Timestamp(seconds * 1_000), 1.0);
        assert_eq!((sentence(&verdict).as_str(), verdict.class), (text, class));
    }

    /// As the page has it.
    fn sentence(of: &Verdict) -> String {
        let letters = of.letters.as_ref();
        let letters = letters.map(|of| format!("; {} could not be understood", of.text)).unwrap_or_default();
        format!("{}{letters}.", of.text)
    }

    #[test]
    fn all_is_well() {
        says(&status(&[Some(0.4), None]), 0, "All 2 partitions are live and 0.4 s behind.", "fine");
        says(&status(&[None, None]), 0, "All 2 partitions are live and nothing waits.", "fine");
        says(&status(&[None]), 0, "The one partition is live and nothing waits.", "fine");
    }

    #[test]
    fn simulated_time_is_told_as_it_passes() {
        let none = Letters { counted: 0, or_more: false };
        let mut status = status(&[Some(7_200.0)]);
        status.model.lag_seconds = Some(7_200.0);
        let at = |seconds: i64| sentence(&verdict(&status, none, Timestamp(seconds * 1_000), 7_200.0));
        assert_eq!(at(7_200), "The one partition is live and 1.0 s behind.");
        assert_eq!(at(20 * 7_200), "The processor was last seen 20 s ago: how it stands now is not known.");
    }

    #[test]
    fn dead_letters_want_attention() {
        says(
            &status(&[Some(0.4), None]),
            3,
            "All 2 partitions are live and 0.4 s behind; 3 records could not be understood.",
            "attention",
        );
        let verdict = verdict(&status(&[None]), Letters { counted: 100, or_more: true }, Timestamp(0), 1.0);
        let letters = verdict.letters.unwrap();
        assert_eq!((letters.text.as_str(), letters.address()), ("more than 100 records", "/dead-letters"));
    }

    #[test]
    fn a_partition_that_is_behind_is_trouble() {
        says(&status(&[Some(720.0), None]), 0, "1 of 2 partitions is 12 min behind.", "trouble");
        says(
            &status(&[Some(720.0), Some(90.0), None]),
            0,
            "2 of 3 partitions are behind, by up to 12 min.",
            "trouble",
        );
        says(
            &status(&[Some(720.0), Some(90.0)]),
            1,
            "All 2 partitions are behind, by up to 12 min; 1 record could not be understood.",
            "trouble",
        );
    }

    #[test]
    fn a_view_that_is_not_full_says_so() {
        let mut status = status(&[None]);
        status.model.caught_up = false;
        status.model.lag = 1_200;
        says(&status, 0, "This view is still being filled, with 1,200 records to read.", "attention");
    }

    #[test]
    fn what_was_seen_long_ago_says_nothing_of_now() {
        let mut status = status(&[None, None]);
        says_at(&status, 15, 0, "All 2 partitions are live and nothing waits.", "fine");
        let text = "The processor was last seen 16 s ago: how it stands now is not known.";
        says_at(&status, 16, 0, text, "attention");
        let text = "The processor was last seen 10 min ago: how it stands now is not known; \
                    1 record could not be understood.";
        says_at(&status, 600, 1, text, "trouble");
        status.model.caught_up = false;
        let text = "The processor was last seen 10 min ago: how it stands now is not known.";
        says_at(&status, 600, 0, text, "trouble");
    }

    #[test]
    fn a_view_that_lags_is_trouble_however_the_processor_stands() {
        let mut status = status(&[Some(0.4), None]);
        status.model.lag_seconds = Some(60.0);
        says(&status, 0, "All 2 partitions are live and 0.4 s behind.", "fine");
        status.model.lag_seconds = Some(720.0);
        let text = "All 2 partitions are live and 0.4 s behind; this view shows how things were 12 min ago.";
        says(&status, 0, text, "trouble");
    }

    #[test]
    fn a_processor_that_is_not_known_is_no_trouble_yet() {
        let mut status = status(&[None]);
        status.processor = None;
        status.model.seen_at = None;
        says(&status, 0, "The processor could not be asked about yet.", "attention");
    }
}

//! Published records, read in the form of their topic, and told as answers.

use super::answers::{ChatSummary, Figures, RoundSummary};
use crate::answers::words::PhaseWord;
use crate::config::WireForm;
use crate::contract::json::output::Time;
use crate::contract::json::published as json;
use crate::contract::protobuf::output as protobuf;
use crate::contract::records::{CounterRecord, StatusRecord};
use crate::domain::ids::ManagerId;

pub fn status(form: WireForm, value: &[u8]) -> Result<StatusRecord, String> {
    match form {
        WireForm::Json => json::decode_status(value),
        WireForm::Protobuf => protobuf::decode_status(value),
    }
}

pub fn counter(form: WireForm, value: &[u8]) -> Result<CounterRecord, String> {
    match form {
        WireForm::Json => json::decode_counter(value),
        WireForm::Protobuf => protobuf::decode_counter(value),
    }
}

pub fn summary(of: &StatusRecord) -> ChatSummary {
    let shown = of.shown.as_ref();
    ChatSummary {
        channel_id: of.channel.to_string(),
        chat_id: of.chat.to_string(),
        customer_id: of.customer.as_ref().map(ToString::to_string),
        revision: of.revision,
        status: of.status.into(),
        phase: PhaseWord::of(of.status),
        previous_status: of.previous.map(Into::into),
        at: Time(of.cause.at),
        goal: shown.map(|shown| (&shown.goal).into()),
        started_at: shown.map(|shown| Time(shown.started_at)),
        deadline: shown.map(|shown| Time(shown.deadline)),
        achieved_at: shown.and_then(|shown| shown.achieved_at).map(Time),
        achieved_by: shown.and_then(|shown| shown.achieved_by.as_ref()).map(ToString::to_string),
        manager_id: shown.and_then(|shown| somebody(&shown.manager)),
        first_reply_manager_id: shown.and_then(|shown| somebody(&shown.first_reply_manager)),
        round: of.round.as_ref().map(|round| RoundSummary {
            number: round.number,
            outcome: round.outcome.into(),
            goal: (&round.goal).into(),
            started_at: Time(round.started_at),
            deadline: Time(round.deadline),
        }),
        cause: of.cause.kind.into(),
        correction: of.correction,
    }
}

/// The empty id is nobody.
fn somebody(manager: &ManagerId) -> Option<String> {
    Some(manager).filter(|manager| !manager.is_empty()).map(ToString::to_string)
}

impl Figures {
    pub fn of(counter: &CounterRecord) -> Self {
        let mut figures = Self::default();
        figures.add(counter);
        figures
    }

    /// Adds the counts; the rates are those of the sums.
    pub fn add(&mut self, counter: &CounterRecord) {
        self.measured += u64::from(counter.measured);
        self.achieved += u64::from(counter.achieved);
        self.missed += u64::from(counter.missed);
        self.ended += u64::from(counter.ended);
        self.closes += u64::from(counter.closes);
        self.achieved_of_ended += u64::from(counter.achieved_of_ended);
        let rate = |part: u64| (self.ended > 0).then(|| part as f64 / self.ended as f64);
        (self.achievement_rate, self.ended_achievement_rate) =
            (rate(self.achieved), rate(self.achieved_of_ended));
    }

    pub fn is_zero(&self) -> bool {
        *self == Self::default()
    }
}

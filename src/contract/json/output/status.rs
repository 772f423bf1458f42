//! The view of a chat in JSON, written field by field: most records that are published are views, and each is written
//! while the records behind it wait. It decides nothing about what a view shows.

use super::bytes::{BeyondCalendar, Bytes};
use super::{cause_name, outcome_name, phase_name, status_name};
use crate::contract::check::OPERATORS;
use crate::domain::goal::{Condition, Filter, Goal, Operator, Scalar};
use crate::domain::rounds::{Outcome, Round};
use crate::domain::settings::Channel;
use crate::domain::status::{LastRound, OutcomeKind, ShownRound, View};
use crate::domain::time::Timestamp;
use crate::stages::chats::StatusChange;

/// What most views fit into.
const STATUS_BYTES: usize = 768;

/// A `goal.status-changed` record.
pub fn status_changed(change: &StatusChange, channel: &Channel) -> Result<Vec<u8>, BeyondCalendar> {
    let mut to = Bytes::with_capacity(STATUS_BYTES);
    to.view(&change.channel, &change.chat, &change.view, channel, Some(change))?;
    to.word(r#","cause":"#, cause_name(change.cause.kind));
    if change.correction {
        to.put(r#","correction":true"#);
    }
    to.put("}");
    Ok(to.finish())
}

/// The latest view of a chat, with all its rounds (offline).
pub fn status(
    channel_id: &str,
    chat: &str,
    shown: &View,
    rounds: &[Round],
    channel: &Channel,
) -> Result<Vec<u8>, BeyondCalendar> {
    let mut to = Bytes::with_capacity(STATUS_BYTES);
    to.view(channel_id, chat, shown, channel, None)?;
    to.put(r#","rounds":["#);
    for (index, round) in rounds.iter().enumerate() {
        to.put(if index == 0 { "{" } else { ",{" });
        let Round { number, goal, start, deadline, manager: _, outcome } = round;
        to.round(*number, outcome.kind(), channel.goal(*goal), *start, *deadline)?;
        if let Outcome::Achieved { at, by: _ } = outcome {
            to.time(r#","achievedAt":"#, *at)?;
        }
        to.put("}");
    }
    to.put("]}");
    Ok(to.finish())
}

/// A goal as it was set.
pub fn goal(goal: &Goal) -> Vec<u8> {
    let mut to = Bytes::with_capacity(STATUS_BYTES);
    to.goal("", goal);
    to.finish()
}

impl Bytes {
    /// The view, open at its end. `change`: with what only a change has, so far as it stands among the fields of the view.
    fn view(
        &mut self,
        channel_id: &str,
        chat: &str,
        view: &View,
        channel: &Channel,
        change: Option<&StatusChange>,
    ) -> Result<(), BeyondCalendar> {
        self.text(r#"{"channelId":"#, channel_id);
        self.text(r#","chatId":"#, chat);
        if let Some(customer) = &view.customer {
            self.text(r#","customerId":"#, customer);
        }
        if let Some(change) = change {
            self.whole(r#","revision":"#, change.revision);
        }
        self.word(r#","status":"#, status_name(view.status));
        if let Some(phase) = phase_name(view.status) {
            self.word(r#","phase":"#, phase);
        }
        if let Some(change) = change {
            if let Some(previous) = change.previous {
                self.word(r#","previousStatus":"#, status_name(previous));
            }
            self.time(r#","at":"#, change.cause.at)?;
        }
        if let Some(shown) = &view.shown {
            self.shown(shown, channel.goal(shown.goal))?;
        }
        if let Some(LastRound { number, goal, start, deadline, outcome }) = &view.round {
            self.put(r#","round":{"#);
            self.round(*number, *outcome, channel.goal(*goal), *start, *deadline)?;
            self.put("}");
        }
        Ok(())
    }

    fn shown(&mut self, shown: &ShownRound, goal: &Goal) -> Result<(), BeyondCalendar> {
        self.goal(r#","goal":"#, goal);
        self.time(r#","startedAt":"#, shown.start)?;
        self.time(r#","deadline":"#, shown.deadline)?;
        if let Some(at) = shown.achieved_at {
            self.time(r#","achievedAt":"#, at)?;
        }
        if let Some(by) = &shown.achieved_by {
            self.text(r#","achievedBy":"#, by);
        }
        if !shown.manager.is_empty() {
            self.text(r#","managerId":"#, &shown.manager);
        }
        if !shown.first_reply_manager.is_empty() {
            self.text(r#","firstReplyManagerId":"#, &shown.first_reply_manager);
        }
        Ok(())
    }

    /// The fields that every round has.
    fn round(
        &mut self,
        number: u32,
        outcome: OutcomeKind,
        goal: &Goal,
        start: Timestamp,
        deadline: Timestamp,
    ) -> Result<(), BeyondCalendar> {
        self.whole(r#""number":"#, number);
        self.word(r#","outcome":"#, outcome_name(outcome));
        self.goal(r#","goal":"#, goal);
        self.time(r#","startedAt":"#, start)?;
        self.time(r#","deadline":"#, deadline)
    }

    fn goal(&mut self, before: &str, goal: &Goal) {
        let Goal { event_name, filter, days } = goal;
        self.put(before);
        self.text(r#"{"eventName":"#, event_name);
        self.whole(r#","days":"#, days.get());
        if !filter.all_of.is_empty() {
            self.filter(filter);
        }
        self.put("}");
    }

    fn filter(&mut self, filter: &Filter) {
        self.put(r#","filter":{"allOf":["#);
        for (index, clause) in filter.all_of.iter().enumerate() {
            self.put(if index == 0 { r#"{"anyOf":["# } else { r#",{"anyOf":["# });
            for (index, condition) in clause.any_of.iter().enumerate() {
                self.put(if index == 0 { "{" } else { ",{" });
                self.condition(condition);
                self.put("}");
            }
            self.put("]}");
        }
        self.put("]}");
    }

    fn condition(&mut self, condition: &Condition) {
        self.text(r#""property":"#, &condition.property);
        self.word(r#","operator":"#, operator_name(condition.operator));
        for (index, value) in condition.values.iter().enumerate() {
            self.put(if index == 0 { r#","values":["# } else { "," });
            match value {
                Scalar::Text(text) => self.text("", text),
                Scalar::Bool(yes) => self.other(yes),
                // Whole numbers are printed as such as long as they are exact.
                Scalar::Number(number) if number.fract() == 0.0 && number.abs() < 9e15 => {
                    self.other(&(*number as i64));
                }
                Scalar::Number(number) => self.other(number),
            }
        }
        if !condition.values.is_empty() {
            self.put("]");
        }
    }
}

fn operator_name(operator: Operator) -> &'static str {
    let known = OPERATORS.iter().find(|(_, known)| *known == operator);
    known.expect("every operator has a name").0
}

#[cfg(test)]
mod tests;

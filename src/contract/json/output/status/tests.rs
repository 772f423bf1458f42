//! Every byte is what serde_json makes of the fields of the contract in their order, whatever they hold.

use super::*;
use crate::contract::json::output::Time;
use crate::domain::goal::{Clause, Days};
use crate::domain::ids::EventId;
use crate::domain::settings::{Change, GoalChange, GoalId, Settings};
use crate::domain::status::Status;
use crate::stages::messages::{Cause, CauseKind};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use serde::Serialize;

const CHANNEL: &str = "ch7";
const GOALS: u32 = 3;

fn json(value: impl Serialize) -> Option<String> {
    Some(serde_json::to_string(&value).unwrap())
}

fn some(value: Option<impl Serialize>) -> Option<String> {
    value.and_then(json)
}

fn object(fields: &[(&str, Option<String>)]) -> Option<String> {
    let there = fields.iter().filter_map(|(name, value)| Some(format!("\"{name}\":{}", value.as_ref()?)));
    Some(format!("{{{}}}", there.collect::<Vec<_>>().join(",")))
}

fn array(values: impl Iterator<Item = Option<String>>) -> Option<String> {
    Some(format!("[{}]", values.flatten().collect::<Vec<_>>().join(",")))
}

fn said_change(change: &StatusChange, channel: &Channel) -> String {
    let StatusChange { channel: channel_id, chat, view, cause, .. } = change;
    let correction = change.correction.then_some(true);
    said(
        channel_id,
        chat,
        view,
        channel,
        Some(change),
        &[("cause", json(cause_name(cause.kind))), ("correction", some(correction))],
    )
}

fn said(
    channel_id: &str,
    chat: &str,
    view: &View,
    channel: &Channel,
    change: Option<&StatusChange>,
    more: &[(&str, Option<String>)],
) -> String {
    let shown = view.shown.as_ref();
    let manager = |id: &str| Some(id.to_owned()).filter(|id| !id.is_empty());
    let round = view.round.as_ref().and_then(|round| {
        said_round(round.number, round.outcome, channel.goal(round.goal), round.start, round.deadline, None)
    });
    let mut fields = vec![
        ("channelId", json(channel_id)),
        ("chatId", json(chat)),
        ("customerId", some(view.customer.as_deref())),
        ("revision", some(change.map(|change| change.revision))),
        ("status", json(status_name(view.status))),
        ("phase", some(phase_name(view.status))),
        ("previousStatus", some(change.and_then(|change| change.previous).map(status_name))),
        ("at", some(change.map(|change| Time(change.cause.at)))),
        ("goal", shown.and_then(|shown| said_goal(channel.goal(shown.goal)))),
        ("startedAt", some(shown.map(|shown| Time(shown.start)))),
        ("deadline", some(shown.map(|shown| Time(shown.deadline)))),
        ("achievedAt", some(shown.and_then(|shown| shown.achieved_at).map(Time))),
        ("achievedBy", some(shown.and_then(|shown| shown.achieved_by.as_deref()))),
        ("managerId", some(shown.and_then(|shown| manager(&shown.manager)))),
        ("firstReplyManagerId", some(shown.and_then(|shown| manager(&shown.first_reply_manager)))),
        ("round", round),
    ];
    fields.extend_from_slice(more);
    object(&fields).unwrap()
}

fn said_round(
    number: u32,
    outcome: OutcomeKind,
    goal: &Goal,
    start: Timestamp,
    deadline: Timestamp,
    achieved_at: Option<Timestamp>,
) -> Option<String> {
    object(&[
        ("number", json(number)),
        ("outcome", json(outcome_name(outcome))),
        ("goal", said_goal(goal)),
        ("startedAt", json(Time(start))),
        ("deadline", json(Time(deadline))),
        ("achievedAt", some(achieved_at.map(Time))),
    ])
}

fn said_goal(goal: &Goal) -> Option<String> {
    let clauses = &goal.filter.all_of;
    let filter = object(&[(
        "allOf",
        array(
            clauses
                .iter()
                .map(|clause| object(&[("anyOf", array(clause.any_of.iter().map(said_condition)))])),
        ),
    )]);
    object(&[
        ("eventName", json(&goal.event_name)),
        ("days", json(goal.days.get())),
        ("filter", filter.filter(|_| !clauses.is_empty())),
    ])
}

fn said_condition(condition: &Condition) -> Option<String> {
    let values = array(condition.values.iter().map(|value| match value {
        Scalar::Text(text) => json(text),
        Scalar::Bool(yes) => json(yes),
        Scalar::Number(number) if number.fract() == 0.0 && number.abs() < 9e15 => json(*number as i64),
        Scalar::Number(number) => json(number),
    }));
    object(&[
        ("property", json(&condition.property)),
        ("operator", json(operator_name(condition.operator))),
        ("values", values.filter(|_| !condition.values.is_empty())),
    ])
}

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![Just(String::new()), "[a-z0-9-]{1,40}", any::<String>()]
}

fn any_id<I: for<'a> From<&'a str> + std::fmt::Debug>() -> impl Strategy<Value = I> {
    any_text().prop_map(|text| I::from(&text))
}

/// Every time that there can be, and some that no date has.
fn any_time() -> impl Strategy<Value = Timestamp> {
    prop_oneof![
        4 => (0..4_102_444_800_i64).prop_map(|second| Timestamp(second * 1_000)),
        8 => (-62_135_596_800_000..253_402_300_800_000_i64).prop_map(Timestamp),
    ]
}

fn any_goal() -> impl Strategy<Value = Goal> {
    let scalar = prop_oneof![
        any_text().prop_map(Scalar::Text),
        any::<bool>().prop_map(Scalar::Bool),
        any::<f64>().prop_map(Scalar::Number),
        (-1_000..1_000_i32).prop_map(|number| Scalar::Number(f64::from(number) / 4.0)),
    ];
    let operator = prop::sample::select(OPERATORS.map(|(_, operator)| operator).to_vec());
    let condition = (any_text(), operator, vec(scalar, 0..4))
        .prop_map(|(property, operator, values)| Condition { property, operator, values });
    let clause = vec(condition, 0..3).prop_map(|any_of| Clause { any_of });
    let days = prop::sample::select(Days::ALL.to_vec());
    (any_text(), vec(clause, 0..3), days).prop_map(|(event_name, all_of, days)| Goal {
        event_name,
        filter: Filter { all_of },
        days,
    })
}

/// The settings of a channel that has had some goals, each with a name of its own.
fn any_settings() -> impl Strategy<Value = Settings> {
    vec(any_goal(), GOALS as usize).prop_map(|goals| {
        let mut settings = Settings::new(true);
        for (number, mut goal) in goals.into_iter().enumerate() {
            goal.event_name.push_str(&number.to_string());
            let (at, change) = (Timestamp(number as i64), Change::GoalSet(goal));
            settings.add(GoalChange { id: None, channel: CHANNEL.into(), at, change }, Some(at));
        }
        settings
    })
}

fn any_goal_id() -> impl Strategy<Value = GoalId> {
    (0..GOALS).prop_map(GoalId)
}

fn any_status() -> impl Strategy<Value = Status> {
    prop::sample::select(vec![
        Status::None,
        Status::AwaitingReply,
        Status::Measuring,
        Status::Missed,
        Status::Achieved,
    ])
}

fn any_outcome() -> impl Strategy<Value = Outcome> {
    prop_oneof![
        Just(Outcome::Open),
        Just(Outcome::Superseded),
        Just(Outcome::Missed),
        (any_time(), option::of(any_id::<EventId>())).prop_map(|(at, by)| Outcome::Achieved { at, by }),
    ]
}

fn any_rounds() -> impl Strategy<Value = Vec<Round>> {
    let round = (any::<u32>(), any_goal_id(), any_time(), any_time(), any_id(), any_outcome());
    vec(
        round.prop_map(|(number, goal, start, deadline, manager, outcome)| Round {
            number,
            goal,
            start,
            deadline,
            manager,
            outcome,
        }),
        0..4,
    )
}

fn any_view() -> impl Strategy<Value = View> {
    let achieved = (option::of(any_time()), option::of(any_id()));
    let shown = (any_goal_id(), any_time(), any_time(), achieved, any_id(), any_id()).prop_map(
        |(goal, start, deadline, (achieved_at, achieved_by), manager, first_reply_manager)| ShownRound {
            goal,
            start,
            deadline,
            achieved_at,
            achieved_by,
            manager,
            first_reply_manager,
        },
    );
    let round = (any::<u32>(), any_goal_id(), any_time(), any_time(), any_outcome()).prop_map(
        |(number, goal, start, deadline, outcome)| LastRound {
            number,
            goal,
            start,
            deadline,
            outcome: outcome.kind(),
        },
    );
    (option::of(any_id()), any_status(), option::of(shown), option::of(round))
        .prop_map(|(customer, status, shown, round)| View { customer, status, shown, round })
}

fn any_change() -> impl Strategy<Value = StatusChange> {
    let cause =
        (prop::sample::select(&CauseKind::ALL[..]), any_time()).prop_map(|(kind, at)| Cause { kind, at });
    (any_id(), any_id(), any::<u32>(), any_view(), option::of(any_status()), cause, any::<bool>()).prop_map(
        |(channel, chat, revision, view, previous, cause, correction)| StatusChange {
            channel,
            chat,
            revision,
            view,
            previous,
            cause,
            correction,
        },
    )
}

proptest! {
    #[test]
    fn any_view_is_written_as_serde_json_writes_its_fields(
        change in any_change(),
        rounds in any_rounds(),
        settings in any_settings(),
    ) {
        let channel = settings.channel(CHANNEL);
        let written = String::from_utf8(status_changed(&change, channel).unwrap()).unwrap();
        prop_assert_eq!(written, said_change(&change, channel));

        let said_rounds = array(rounds.iter().map(|round| {
            let goal = channel.goal(round.goal);
            let kind = round.outcome.kind();
            said_round(round.number, kind, goal, round.start, round.deadline, round.achieved_at())
        }));
        let written = status(&change.channel, &change.chat, &change.view, &rounds, channel).unwrap();
        let said = said(&change.channel, &change.chat, &change.view, channel, None, &[("rounds", said_rounds)]);
        prop_assert_eq!(String::from_utf8(written).unwrap(), said);
    }

    #[test]
    fn any_goal_is_written_as_serde_json_writes_its_fields(any in any_goal()) {
        prop_assert_eq!(String::from_utf8(goal(&any)).unwrap(), said_goal(&any).unwrap());
    }
}

#[test]
fn a_time_that_has_no_date_is_an_error() {
    let change = StatusChange {
        channel: CHANNEL.into(),
        chat: "c".into(),
        revision: 1,
        view: View::default(),
        previous: None,
        cause: Cause { kind: CauseKind::Rebuild, at: Timestamp::MAX },
        correction: false,
    };
    assert_eq!(status_changed(&change, Settings::new(true).channel(CHANNEL)), Err(BeyondCalendar));
}

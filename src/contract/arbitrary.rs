//! Any value of the domain, for the tests of both forms: what is written must come back, legal or not.

use crate::domain::conversation::JudgedEvent;
use crate::domain::credit::{Bucket, Counts};
use crate::domain::settings::GoalId;
use crate::domain::time::Timestamp;
use crate::stages::messages::{Cause, CauseKind};
use chrono::NaiveDate;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

/// An id of whatever kind is wanted. There are few, so that some are equal; one is empty.
pub fn id<I: for<'a> From<&'a str> + std::fmt::Debug>() -> impl Strategy<Value = I> {
    const NAMES: &[&str] = &["", "9187", "é", "*", "a customer whose id does not fit into a small string"];
    prop::sample::select(NAMES).prop_map(|name| I::from(name))
}

pub fn any_time() -> impl Strategy<Value = Timestamp> {
    prop_oneof![
        8 => (1_767_225_600_000..1_798_761_600_000_i64).prop_map(Timestamp),
        1 => any::<i64>().prop_map(Timestamp),
        1 => Just(Timestamp::MIN),
        1 => Just(Timestamp::MAX),
    ]
}

pub fn any_date() -> impl Strategy<Value = NaiveDate> {
    prop_oneof![
        8 => (0..40_000_u64).prop_map(|days| NaiveDate::default() + chrono::Days::new(days)),
        1 => Just(NaiveDate::MIN),
        1 => Just(NaiveDate::MAX),
    ]
}

pub fn any_goal_id() -> impl Strategy<Value = GoalId> {
    prop_oneof![(0..3_u32).prop_map(GoalId), any::<u32>().prop_map(GoalId)]
}

pub fn any_events() -> impl Strategy<Value = Vec<JudgedEvent>> {
    let event = (any_time(), option::of(id()), vec(any_goal_id(), 0..3));
    vec(event.prop_map(|(at, id, goals)| JudgedEvent { at, id, goals }), 0..4)
}

pub fn any_bucket() -> impl Strategy<Value = Bucket> {
    (option::of(id()), option::of(any_date())).prop_map(|(manager, date)| Bucket { manager, date })
}

pub fn any_counts() -> impl Strategy<Value = Counts> {
    let number = || prop_oneof![-3..4_i64, any::<i64>()];
    (number(), number(), number(), number(), number(), number()).prop_map(
        |(measured, achieved, missed, ended, closes, achieved_of_ended)| Counts {
            measured,
            achieved,
            missed,
            ended,
            closes,
            achieved_of_ended,
        },
    )
}

pub fn any_cause() -> impl Strategy<Value = Cause> {
    (prop::sample::select(&CauseKind::ALL[..]), any_time()).prop_map(|(kind, at)| Cause { kind, at })
}

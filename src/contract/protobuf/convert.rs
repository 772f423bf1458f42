//! Conversions that several protobuf records share: goals, times and dates. Nothing here knows a record as a whole.

use super::generated as pb;
use super::generated::condition::Operator as PbOperator;
use crate::contract::check::{self, ConditionPath};
use crate::domain::goal::{Clause, Condition, Filter, Goal, Operator, Scalar};
use crate::domain::time::Timestamp;
use chrono::{Datelike, NaiveDate};
use prost::Message;
use prost_types::value::Kind;

pub(super) fn decoded<M: Message + Default>(message: &[u8]) -> Result<M, String> {
    M::decode(message).map_err(|error| format!("it is not valid protobuf: {error}"))
}

/// In proto3 an absent string is an empty one.
pub(super) fn present(text: &str) -> Option<&str> {
    Some(text).filter(|text| !text.is_empty())
}

/// A goal as it came in, or the reason why it is none (A3).
pub(super) fn goal_from(goal: pb::Goal) -> Result<Goal, String> {
    let clauses = goal.filter.unwrap_or_default().all_of.into_iter().enumerate();
    let all_of = clauses
        .map(|(clause, of)| {
            let conditions = of.any_of.into_iter().enumerate();
            let any_of = conditions
                .map(|(condition, of)| condition_from(ConditionPath { clause, condition }, of))
                .collect::<Result<_, _>>()?;
            check::clause(clause, any_of)
        })
        .collect::<Result<_, String>>()?;
    check::goal(goal.event_name, Filter { all_of }, goal.days)
}

fn condition_from(path: ConditionPath, condition: pb::Condition) -> Result<Condition, String> {
    let operator = match condition.operator() {
        PbOperator::Unspecified => None,
        PbOperator::Equals => Some(Operator::Equals),
        PbOperator::NotEquals => Some(Operator::NotEquals),
        PbOperator::Contains => Some(Operator::Contains),
        PbOperator::GreaterThan => Some(Operator::GreaterThan),
        PbOperator::GreaterOrEqual => Some(Operator::GreaterOrEqual),
        PbOperator::LessThan => Some(Operator::LessThan),
        PbOperator::LessOrEqual => Some(Operator::LessOrEqual),
        PbOperator::Exists => Some(Operator::Exists),
        PbOperator::NotExists => Some(Operator::NotExists),
    };
    let values = condition.values.into_iter().map(|value| match value.kind {
        Some(Kind::StringValue(text)) => Some(Scalar::Text(text)),
        Some(Kind::NumberValue(number)) => Some(Scalar::Number(number)),
        Some(Kind::BoolValue(yes)) => Some(Scalar::Bool(yes)),
        Some(Kind::NullValue(_) | Kind::StructValue(_) | Kind::ListValue(_)) | None => None,
    });
    check::condition(path, condition.property, operator, values)
}

pub(super) fn goal_to(goal: &Goal) -> pb::Goal {
    let all_of = |clause: &Clause| pb::Clause { any_of: clause.any_of.iter().map(condition_to).collect() };
    let Filter { all_of: clauses } = &goal.filter;
    pb::Goal {
        event_name: goal.event_name.clone(),
        filter: (!clauses.is_empty()).then(|| pb::Filter { all_of: clauses.iter().map(all_of).collect() }),
        days: goal.days.get(),
    }
}

fn condition_to(condition: &Condition) -> pb::Condition {
    let operator = match condition.operator {
        Operator::Equals => PbOperator::Equals,
        Operator::NotEquals => PbOperator::NotEquals,
        Operator::Contains => PbOperator::Contains,
        Operator::GreaterThan => PbOperator::GreaterThan,
        Operator::GreaterOrEqual => PbOperator::GreaterOrEqual,
        Operator::LessThan => PbOperator::LessThan,
        Operator::LessOrEqual => PbOperator::LessOrEqual,
        Operator::Exists => PbOperator::Exists,
        Operator::NotExists => PbOperator::NotExists,
    };
    let value = |value: &Scalar| match value {
        Scalar::Text(text) => Kind::StringValue(text.clone()),
        Scalar::Number(number) => Kind::NumberValue(*number),
        Scalar::Bool(yes) => Kind::BoolValue(*yes),
    };
    pb::Condition {
        property: condition.property.clone(),
        operator: operator.into(),
        values: condition.values.iter().map(|v| prost_types::Value { kind: Some(value(v)) }).collect(),
    }
}

/// The time of a record that came in.
pub(super) fn time_from(path: &str, time: Option<prost_types::Timestamp>) -> Result<Timestamp, String> {
    let time = time.ok_or_else(|| format!("{path}: the time is missing"))?;
    check::time(path, time.seconds, time.nanos)
}

pub(super) fn time_to(time: Timestamp) -> prost_types::Timestamp {
    let nanos = time.0.rem_euclid(1_000) * 1_000_000;
    prost_types::Timestamp { seconds: time.0.div_euclid(1_000), nanos: nanos as i32 }
}

/// A date as days since the epoch.
pub(super) fn date_to(date: NaiveDate) -> i32 {
    date.num_days_from_ce() - EPOCH
}

pub(super) fn date_from(days: i32) -> Result<NaiveDate, String> {
    let date = days.checked_add(EPOCH).and_then(NaiveDate::from_num_days_from_ce_opt);
    date.ok_or_else(|| format!("{days} days since the epoch are no date"))
}

/// 1970-01-01, as chrono counts days.
const EPOCH: i32 = 719_163;

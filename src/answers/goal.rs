//! A goal as it is told: what its setter wrote, and the same in words.

use crate::contract::check::OPERATORS;
use crate::domain::goal::{Condition, Goal, Scalar};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

/// A goal (A3): an event to reach, and how many days there are for it. Goals have no identity but their content.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Goal)]
pub struct GoalAnswer {
    pub event_name: String,
    /// 1, 3, 7, 15 or 30.
    pub days: u32,
    /// What the properties of the event have to be; absent: any event of this name counts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub filter: Option<FilterAnswer>,
    /// In one line, for people: `Purchase within 7 days, where order.total >= 50`.
    #[serde(skip)]
    pub words: String,
}

/// Every clause must hold.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Filter)]
pub struct FilterAnswer {
    pub all_of: Vec<ClauseAnswer>,
}

/// At least one condition must hold.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Clause)]
pub struct ClauseAnswer {
    pub any_of: Vec<ConditionAnswer>,
}

#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = Condition)]
pub struct ConditionAnswer {
    /// A path, split at every dot.
    pub property: String,
    pub operator: &'static str,
    /// Strings, numbers and booleans.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<Value>,
}

impl From<&Goal> for GoalAnswer {
    fn from(goal: &Goal) -> Self {
        let clauses = &goal.filter.all_of;
        let all_of = || {
            clauses
                .iter()
                .map(|clause| ClauseAnswer { any_of: clause.any_of.iter().map(Into::into).collect() })
        };
        Self {
            event_name: goal.event_name.clone(),
            days: goal.days.get(),
            filter: (!clauses.is_empty()).then(|| FilterAnswer { all_of: all_of().collect() }),
            words: crate::explain::words::goal(goal),
        }
    }
}

impl From<&Condition> for ConditionAnswer {
    fn from(condition: &Condition) -> Self {
        let operator = OPERATORS.iter().find(|(_, known)| *known == condition.operator);
        Self {
            property: condition.property.clone(),
            operator: operator.expect("every operator has a name").0,
            values: condition.values.iter().map(value).collect(),
        }
    }
}

fn value(scalar: &Scalar) -> Value {
    match scalar {
        Scalar::Text(text) => text.as_str().into(),
        Scalar::Bool(yes) => (*yes).into(),
        // Whole numbers are printed as such as long as they are exact.
        Scalar::Number(number) if number.fract() == 0.0 && number.abs() < 9e15 => (*number as i64).into(),
        Scalar::Number(number) => (*number).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::json::output;
    use crate::domain::goal::{Clause, Days, Filter, Operator};

    #[test]
    fn a_goal_is_told_as_it_is_published() {
        let values =
            vec![Scalar::Number(50.0), Scalar::Number(0.5), Scalar::Bool(true), Scalar::Text("é".into())];
        let condition = |operator, values| Condition { property: "a.b".into(), operator, values };
        let any_of = vec![condition(Operator::Equals, values), condition(Operator::Exists, Vec::new())];
        for filter in [Filter::default(), Filter { all_of: vec![Clause { any_of }] }] {
            let goal = Goal { event_name: "Purchase".into(), filter, days: Days::new(7).unwrap() };
            let published: Value = serde_json::from_slice(&output::goal(&goal)).unwrap();
            assert_eq!(serde_json::to_value(GoalAnswer::from(&goal)).unwrap(), published);
        }
    }
}

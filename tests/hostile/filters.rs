//! A large event under a large goal costs the sum of their sizes, not the product.

use crate::measure::is_linear;
use chat_goals::domain::goal::{Clause, Condition, Days, Filter, Goal, Operator, Property, Scalar};

/// A goal of one clause, none of whose conditions holds for what it is tried on: every one is looked at.
fn goal(conditions: impl Iterator<Item = Condition>) -> Goal {
    let filter = Filter { all_of: vec![Clause { any_of: conditions.collect() }] };
    Goal { event_name: "Purchase".into(), filter, days: Days::new(7).unwrap() }
}

fn condition(property: impl Into<String>, operator: Operator, values: Vec<Scalar>) -> Condition {
    Condition { property: property.into(), operator, values }
}

fn judging_is_linear(
    what: &str,
    n: usize,
    goal: impl Fn(usize) -> Goal,
    properties: impl Fn(usize) -> Property,
) {
    is_linear(what, n, |n| {
        let (goal, properties) = (goal(n), properties(n));
        move || assert!(!goal.matches("Purchase", &properties), "every condition is to be looked at")
    });
}

fn object(fields: impl Iterator<Item = (String, Property)>) -> Property {
    Property::Object(fields.collect())
}

#[test]
fn ten_thousand_conditions_on_ten_thousand_properties_are_judged_in_linear_time() {
    judging_is_linear(
        "conditions on as many properties",
        2_000,
        |n| goal((0..n).map(|i| condition(format!("f{i}"), Operator::Equals, vec![Scalar::Bool(true)]))),
        |n| object((0..n).map(|i| (format!("f{i}"), Property::Bool(false)))),
    );
    judging_is_linear(
        "conditions on what is missing",
        2_000,
        |n| goal((0..n).map(|i| condition(format!("g{i}.x"), Operator::Exists, vec![]))),
        |n| object((0..n).map(|i| (format!("f{i}"), Property::Bool(false)))),
    );
}

#[test]
fn ten_thousand_values_are_sought_in_a_list_of_ten_thousand_in_linear_time() {
    let list = |n: usize| Property::List((0..n).map(|i| Property::Number(i as f64)).collect());
    judging_is_linear(
        "values in a list",
        2_000,
        |n| {
            let values = (0..n).map(|i| Scalar::Number(i as f64 + 0.5)).collect();
            goal([condition("list", Operator::Contains, values)].into_iter())
        },
        |n| object([("list".to_owned(), list(n))].into_iter()),
    );
    judging_is_linear(
        "conditions on one list",
        2_000,
        |n| goal((0..n).map(|i| condition("list", Operator::Contains, vec![Scalar::Text(format!("{i}"))]))),
        |n| object([("list".to_owned(), list(n))].into_iter()),
    );
}

#[test]
fn ten_thousand_strings_are_sought_in_a_long_text_in_linear_time() {
    // Without line breaks and digits in the text nothing is found; the parts are long enough to be compared for a while.
    let parts = |n: usize| (0..n).map(|i| Scalar::Text(format!("{}{i}", "ab".repeat(8)))).collect::<Vec<_>>();
    for unit in ["ab", "a", "abb"] {
        judging_is_linear(
            "strings in a text",
            1_000,
            |n| goal([condition("text", Operator::Contains, parts(n))].into_iter()),
            |n| object([("text".to_owned(), Property::Text(unit.repeat(8 * n)))].into_iter()),
        );
    }
    judging_is_linear(
        "conditions on one text",
        1_000,
        |n| goal(parts(n).into_iter().map(|part| condition("text", Operator::Contains, vec![part]))),
        |n| object([("text".to_owned(), Property::Text("ab".repeat(8 * n)))].into_iter()),
    );
}

#[test]
fn a_property_is_compared_with_ten_thousand_values_in_linear_time() {
    for operator in [Operator::Equals, Operator::GreaterThan] {
        judging_is_linear(
            "values to compare with",
            4_000,
            |n| {
                let values = (0..n).map(|i| Scalar::Text(format!("x{i}"))).collect();
                goal([condition("text", operator, values)].into_iter())
            },
            |n| object([("text".to_owned(), Property::Text("a".repeat(n)))].into_iter()),
        );
    }
}

#[test]
fn a_path_of_ten_thousand_dots_ends_where_the_objects_end() {
    judging_is_linear(
        "a long path",
        10_000,
        |n| goal([condition(".".repeat(n), Operator::Exists, vec![])].into_iter()),
        |_| {
            object([(String::new(), object([(String::new(), Property::Bool(true))].into_iter()))].into_iter())
        },
    );
}

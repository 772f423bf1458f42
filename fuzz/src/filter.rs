//! `filter`: an event is judged the same whether goal and event came in JSON or in protobuf, and as A5 says.

use super::json_input::printed_and_read;
use super::source::Source;
use super::spoken::Given;
use chat_goals::contract::json::input::{CustomerEventJson, parse};
use chat_goals::contract::protobuf::input::{
    ProtoCustomerEvent, decode_goal_change, encode_customer_event, encode_goal_change,
};
use chat_goals::domain::goal::{Condition, Goal, Operator, Property, Scalar};
use chat_goals::domain::settings::{Change, GoalChange};
use chat_goals::domain::time::Timestamp;
use chat_goals::stages::messages::{CustomerBody, CustomerEvent};
use std::fmt::Write;

pub fn run(data: &[u8]) {
    let mut source = Source(data);
    let goal = source.goal();
    let properties = source.properties(4);
    let name = goal.event_name.clone();

    let expected = as_the_rule_says(&goal, &properties);
    assert_eq!(goal.matches(&name, &properties), expected, "{goal:?} {properties:?}");

    let goals = [printed_and_read(&goal), through_protobuf(&goal)];
    assert_eq!(goals, [goal.clone(), goal]);
    let mut json =
        format!(r#"{{"channelId":"c","customerId":"u","at":0,"tracked":{{"name":{name:?},"properties":"#);
    print(&mut json, &properties);
    json.push_str("}}");
    let json: CustomerEventJson<'_> = parse(json.as_bytes()).expect("printed properties can be read");
    let json = json.event().expect("the event is good");
    let protobuf = encode_customer_event(&CustomerEvent {
        id: None,
        channel: "c",
        customer: "u",
        at: Timestamp(0),
        body: CustomerBody::Tracked { name: &name, properties: &Given(properties) },
    });
    let protobuf = ProtoCustomerEvent::decode(&protobuf).expect("encoded properties can be read");
    for event in [json, protobuf.event()] {
        let CustomerBody::Tracked { properties, .. } = event.body else { unreachable!("it is an event") };
        for goal in &goals {
            assert_eq!(goal.matches(&name, &properties.read()), expected, "{goal:?} {:?}", properties.read());
        }
    }
}

fn through_protobuf(goal: &Goal) -> Goal {
    let change = Change::GoalSet(goal.clone());
    let change = GoalChange { id: None, channel: "c".into(), at: Timestamp(0), change };
    match decode_goal_change(&encode_goal_change(&change)).expect("an encoded goal can be read").change {
        Change::GoalSet(goal) => goal,
        _ => unreachable!("a goal was set"),
    }
}

fn print(to: &mut String, property: &Property) {
    match property {
        Property::Null => to.push_str("null"),
        Property::Bool(yes) => write!(to, "{yes}").expect("a string takes everything"),
        Property::Number(number) => to.push_str(&serde_json::to_string(number).expect("a number")),
        Property::Text(text) => to.push_str(&serde_json::to_string(text).expect("a text")),
        Property::List(items) => {
            to.push('[');
            for (index, item) in items.iter().enumerate() {
                to.push_str(if index > 0 { "," } else { "" });
                print(to, item);
            }
            to.push(']');
        }
        Property::Object(fields) => {
            to.push('{');
            for (index, (name, value)) in fields.iter().enumerate() {
                to.push_str(if index > 0 { "," } else { "" });
                to.push_str(&serde_json::to_string(name).expect("a text"));
                to.push(':');
                print(to, value);
            }
            to.push('}');
        }
    }
}

/// A5 word by word, with no thought of time.
fn as_the_rule_says(goal: &Goal, properties: &Property) -> bool {
    goal.filter.all_of.iter().all(|clause| clause.any_of.iter().any(|condition| holds(condition, properties)))
}

fn holds(condition: &Condition, properties: &Property) -> bool {
    let found = condition.property.split('.').try_fold(properties, |here, name| match here {
        Property::Object(fields) => fields.iter().rev().find(|(field, _)| field == name).map(|(_, v)| v),
        _ => None,
    });
    let found = found.filter(|found| **found != Property::Null);
    let any = |holds: &dyn Fn(&Property, &Scalar) -> bool| {
        found.is_some_and(|found| condition.values.iter().any(|value| holds(found, value)))
    };
    match condition.operator {
        Operator::Exists => found.is_some(),
        Operator::NotExists => found.is_none(),
        Operator::Equals => any(&equal),
        Operator::NotEquals => !any(&equal),
        Operator::Contains => any(&|found, value| match (found, value) {
            (Property::Text(text), Scalar::Text(part)) => text.contains(part.as_str()),
            (Property::List(items), value) => items.iter().any(|item| equal(item, value)),
            _ => false,
        }),
        Operator::GreaterThan => any(&|found, value| order(found, value).is_some_and(|o| o.is_gt())),
        Operator::GreaterOrEqual => any(&|found, value| order(found, value).is_some_and(|o| o.is_ge())),
        Operator::LessThan => any(&|found, value| order(found, value).is_some_and(|o| o.is_lt())),
        Operator::LessOrEqual => any(&|found, value| order(found, value).is_some_and(|o| o.is_le())),
    }
}

fn equal(property: &Property, value: &Scalar) -> bool {
    match (property, value) {
        (Property::Text(a), Scalar::Text(b)) => a == b,
        (Property::Number(a), Scalar::Number(b)) => a == b,
        (Property::Bool(a), Scalar::Bool(b)) => a == b,
        _ => false,
    }
}

fn order(property: &Property, value: &Scalar) -> Option<std::cmp::Ordering> {
    match (property, value) {
        (Property::Text(a), Scalar::Text(b)) => Some(a.as_bytes().cmp(b.as_bytes())),
        (Property::Number(a), Scalar::Number(b)) => a.partial_cmp(b),
        _ => None,
    }
}

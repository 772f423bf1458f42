//! Input records in a form that can be compared, whatever form they came in. Properties are compared as filters see
//! them: of a name given twice the last counts, and the order of names is none.

use chat_goals::domain::goal::{Properties, Property};
use chat_goals::stages::messages::{ChatBody, ChatEvent, CustomerBody, CustomerEvent};

/// Everything that the record says. `Debug` of a number tells every number from every other and a NaN equal to itself.
pub fn chat_event(event: &ChatEvent<'_>) -> String {
    let body = match event.body {
        ChatBody::Said(said) => format!("{said:?}"),
        ChatBody::Deleted => "deleted".to_owned(),
        ChatBody::GoalEvent { name, properties } => format!("{name:?} {:?}", normal(properties.read())),
    };
    format!("{:?} {:?} {:?} {:?} {body}", event.id, event.channel, event.chat, event.at)
}

pub fn customer_event(event: &CustomerEvent<'_>) -> String {
    let body = match event.body {
        CustomerBody::Tracked { name, properties } => format!("{name:?} {:?}", normal(properties.read())),
        CustomerBody::Merged { into } => format!("merged into {into:?}"),
    };
    format!("{:?} {:?} {:?} {:?} {body}", event.id, event.channel, event.customer, event.at)
}

/// Properties that are there already.
pub struct Given(pub Property);

impl Properties for Given {
    fn read(&self) -> Property {
        self.0.clone()
    }
}

/// How deep objects and lists nest.
pub fn depth(property: &Property) -> usize {
    match property {
        Property::Object(fields) => 1 + fields.iter().map(|(_, value)| depth(value)).max().unwrap_or(0),
        Property::List(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Property::Null | Property::Bool(_) | Property::Number(_) | Property::Text(_) => 0,
    }
}

fn normal(property: Property) -> Property {
    match property {
        Property::Object(fields) => {
            let fields: std::collections::BTreeMap<String, Property> = fields.into_iter().collect();
            Property::Object(fields.into_iter().map(|(name, value)| (name, normal(value))).collect())
        }
        Property::List(items) => Property::List(items.into_iter().map(normal).collect()),
        other => other,
    }
}

//! Conditions of filters, and the values of conditions and properties, in words.

use chat_goals::domain::goal::{Condition, Operator, Property, Scalar};

pub fn condition(property: &str, operator: Operator, values: impl Into<Values>) -> Condition {
    Condition { property: property.into(), operator, values: values.into().0 }
}

/// The values of a condition.
pub struct Values(pub Vec<Scalar>);

pub const NO_VALUES: [&str; 0] = [];

impl From<&str> for Values {
    fn from(text: &str) -> Self {
        Values(vec![Scalar::Text(text.into())])
    }
}
impl From<f64> for Values {
    fn from(number: f64) -> Self {
        Values(vec![Scalar::Number(number)])
    }
}
impl From<bool> for Values {
    fn from(bool: bool) -> Self {
        Values(vec![Scalar::Bool(bool)])
    }
}
impl<const N: usize> From<[&str; N]> for Values {
    fn from(texts: [&str; N]) -> Self {
        Values(texts.iter().map(|text| Scalar::Text((*text).into())).collect())
    }
}
impl<const N: usize> From<[f64; N]> for Values {
    fn from(numbers: [f64; N]) -> Self {
        Values(numbers.iter().map(|number| Scalar::Number(*number)).collect())
    }
}

/// The value of a property.
#[derive(Clone)]
pub struct Value(pub Property);

pub fn null() -> Value {
    Value(Property::Null)
}

pub fn list<const N: usize>(items: [Value; N]) -> Value {
    Value(Property::List(items.into_iter().map(|item| item.0).collect()))
}

pub fn object<const N: usize>(fields: [(&str, Value); N]) -> Value {
    Value(Property::Object(fields.into_iter().map(|(name, value)| (name.into(), value.0)).collect()))
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Value(Property::Text(text.into()))
    }
}
impl From<f64> for Value {
    fn from(number: f64) -> Self {
        Value(Property::Number(number))
    }
}
impl From<bool> for Value {
    fn from(bool: bool) -> Self {
        Value(Property::Bool(bool))
    }
}

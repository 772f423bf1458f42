//! A goal (A3) and when an event matches it (A5).

use super::lookup::Lookup;

/// An event to reach, and how many days there are for it. Two goals are equal when all of it is (A3).
#[derive(Clone, Debug, PartialEq)]
pub struct Goal {
    pub event_name: String,
    pub filter: Filter,
    pub days: Days,
}

/// The length of a goal's period in days: 1, 3, 7, 15 or 30 (A3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Days(u32);

impl Days {
    /// All that there are.
    pub const ALL: [Self; 5] = [Self(1), Self(3), Self(7), Self(15), Self(30)];

    pub fn new(days: u32) -> Option<Self> {
        Self::ALL.contains(&Self(days)).then_some(Self(days))
    }
    pub fn get(self) -> u32 {
        self.0
    }
    pub fn millis(self) -> super::time::Millis {
        i64::from(self.0) * super::time::DAY
    }
}

/// Every clause must hold; no clause at all always holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Filter {
    pub all_of: Vec<Clause>,
}

/// At least one condition must hold.
#[derive(Clone, Debug, PartialEq)]
pub struct Clause {
    pub any_of: Vec<Condition>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Condition {
    /// A path, split at every dot, through objects only.
    pub property: String,
    pub operator: Operator,
    pub values: Vec<Scalar>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    Equals,
    NotEquals,
    Contains,
    GreaterThan,
    GreaterOrEqual,
    LessThan,
    LessOrEqual,
    Exists,
    NotExists,
}

/// What a condition compares with. Numbers are 64-bit floats: 1 equals 1.0, and neither equals `true`.
#[derive(Clone, Debug, PartialEq)]
pub enum Scalar {
    Text(String),
    Number(f64),
    Bool(bool),
}

/// A property of an event, as it was sent.
#[derive(Clone, Debug, PartialEq)]
pub enum Property {
    Null,
    Bool(bool),
    Number(f64),
    Text(String),
    List(Vec<Property>),
    /// In the order sent; of a name given twice the last counts.
    Object(Vec<(String, Property)>),
}

/// The properties of an event, read only if its name concerns a goal.
pub trait Properties: Sync {
    /// The properties as an object; anything else counts as an empty one.
    fn read(&self) -> Property;
}

/// An event without properties.
pub struct NoProperties;

impl Properties for NoProperties {
    fn read(&self) -> Property {
        Property::Object(Vec::new())
    }
}

impl Goal {
    /// A5, for an event of this name with these properties.
    pub fn matches(&self, name: &str, properties: &Property) -> bool {
        self.event_name == name && self.filter.holds(&mut Lookup::new(properties))
    }
}

impl Filter {
    /// Whether every clause has a condition that holds.
    pub fn holds(&self, event: &mut Lookup<'_>) -> bool {
        self.all_of.iter().all(|clause| clause.any_of.iter().any(|condition| condition.holds(event)))
    }
}

impl Condition {
    fn holds(&self, event: &mut Lookup<'_>) -> bool {
        let found = event.at(&self.property);
        match self.operator {
            Operator::Exists => found.is_some(),
            Operator::NotExists => found.is_none(),
            Operator::Equals => found.is_some_and(|p| self.values.iter().any(|v| p.equals(v))),
            Operator::NotEquals => !found.is_some_and(|p| self.values.iter().any(|v| p.equals(v))),
            Operator::Contains => found.is_some_and(|p| self.values.iter().any(|v| event.contains(p, v))),
            Operator::GreaterThan => self.compares(found, |o| o.is_gt()),
            Operator::GreaterOrEqual => self.compares(found, |o| o.is_ge()),
            Operator::LessThan => self.compares(found, |o| o.is_lt()),
            Operator::LessOrEqual => self.compares(found, |o| o.is_le()),
        }
    }

    fn compares(&self, found: Option<&Property>, holds: impl Fn(std::cmp::Ordering) -> bool) -> bool {
        found.is_some_and(|p| self.values.iter().any(|v| p.order(v).is_some_and(&holds)))
    }
}

impl Property {
    pub(super) fn equals(&self, value: &Scalar) -> bool {
        match (self, value) {
            (Property::Text(a), Scalar::Text(b)) => a == b,
            (Property::Number(a), Scalar::Number(b)) => a == b,
            (Property::Bool(a), Scalar::Bool(b)) => a == b,
            _ => false,
        }
    }

    /// Numbers by value, strings by bytes, nothing else.
    fn order(&self, value: &Scalar) -> Option<std::cmp::Ordering> {
        match (self, value) {
            (Property::Number(a), Scalar::Number(b)) => a.partial_cmp(b),
            (Property::Text(a), Scalar::Text(b)) => Some(a.as_bytes().cmp(b.as_bytes())),
            _ => None,
        }
    }
}

//! What a body, or one of several events in it, comes to. There is no fourth case, so nothing is lost silently.

use super::records::Record;

#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// Records for the input topics, in this order; never none.
    Records(Vec<Record>),
    /// Understood, and of no concern to any rule: why.
    Irrelevant(&'static str),
    /// Not understood.
    Unknown(Unknown),
}

impl Outcome {
    /// Why it is not understood, if it is not.
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::Unknown(unknown) => Some(&unknown.reason),
            Self::Records(_) | Self::Irrelevant(_) => None,
        }
    }
}

/// What goes to the dead letters.
#[derive(Clone, Debug, PartialEq)]
pub struct Unknown {
    /// The path within the body and what is wrong there. It repeats nothing that a person may have written.
    pub reason: String,
    /// What is kept of the body.
    pub kept: Vec<u8>,
}

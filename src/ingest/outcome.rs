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

/// Where JSON is wrong, without what stands there.
pub fn json_error(error: &serde_json::Error) -> String {
    let what = match error.classify() {
        serde_json::error::Category::Data => "not in the documented shape",
        serde_json::error::Category::Eof => "cut off",
        serde_json::error::Category::Io | serde_json::error::Category::Syntax => "not JSON",
    };
    format!("line {} column {}: {what}", error.line(), error.column())
}

//! What is wrong with a configuration: a sentence and a hint for each problem, and where it was written.
//! It never holds the value of a Kafka property, which may be a secret.

use std::fmt;
use std::io;
use std::path::PathBuf;

#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("cannot read the configuration file {}", path.display())]
    Unreadable {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    /// Everything that is wrong, in the order in which it is written: the file, the environment, the command
    /// line.
    #[error("{}", lines(.0))]
    Refused(Vec<Problem>),
}

fn lines(problems: &[Problem]) -> String {
    problems.iter().map(Problem::to_string).collect::<Vec<_>>().join("\n")
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    pub place: Place,
    pub sentence: String,
    /// What to do about it.
    pub hint: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {}; {}", self.place, self.sentence, self.hint)
    }
}

/// Where a setting was written.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// It was not: the default stands.
    Default,
    File {
        path: PathBuf,
        line: usize,
    },
    /// In an environment variable, by this name.
    Environment(String),
    /// On the command line, for this key.
    CommandLine(String),
}

impl fmt::Display for Place {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Default => write!(out, "default"),
            Place::File { path, line } => write!(out, "{}:{line}", path.display()),
            Place::Environment(_) => write!(out, "environment"),
            Place::CommandLine(_) => write!(out, "command line"),
        }
    }
}

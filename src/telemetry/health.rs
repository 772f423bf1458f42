//! Health: whether a process makes progress, and whether it should be counted on, each with the reasons in sentences. What is
//! looked at is said by whoever makes one; this knows no processor and no server.

use super::page;
use super::write::{Source, Writer};
use serde::Serialize;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    pub name: &'static str,
    pub ok: bool,
    /// What was seen, in a sentence.
    pub why: String,
}

impl Check {
    pub fn good(name: &'static str, why: impl Into<String>) -> Self {
        Self { name, ok: true, why: why.into() }
    }

    pub fn bad(name: &'static str, why: impl Into<String>) -> Self {
        Self { name, ok: false, why: why.into() }
    }
}

/// What came of all checks together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Answer {
    /// Whether each of them is.
    pub ok: bool,
    pub checks: Vec<Check>,
}

impl Answer {
    /// What is wrong, or that nothing is, in a line.
    pub fn sentence(&self) -> String {
        let wrong: Vec<&str> =
            self.checks.iter().filter(|check| !check.ok).map(|check| check.why.as_str()).collect();
        if wrong.is_empty() { "all is well".to_owned() } else { wrong.join("; ") }
    }
}

impl From<Vec<Check>> for Answer {
    fn from(checks: Vec<Check>) -> Self {
        Self { ok: checks.iter().all(|check| check.ok), checks }
    }
}

/// Asked by the endpoints, by metrics, and by whoever else watches over the process. Cheap to clone.
#[derive(Clone)]
pub struct Health {
    live: Look,
    ready: Look,
    leaving: Arc<AtomicBool>,
}

type Look = Arc<dyn Fn() -> Vec<Check> + Send + Sync>;

impl Health {
    /// `live` and `ready` look each time they are asked; they must not wait.
    pub fn new(
        live: impl Fn() -> Vec<Check> + Send + Sync + 'static,
        ready: impl Fn() -> Vec<Check> + Send + Sync + 'static,
    ) -> Self {
        Self { live: Arc::new(live), ready: Arc::new(ready), leaving: Arc::default() }
    }

    /// Whether it makes progress. If not, only a new process helps.
    pub fn live(&self) -> Answer {
        (self.live)().into()
    }

    /// Whether it does all that it is there for, and goes on doing so.
    pub fn ready(&self) -> Answer {
        let mut checks = (self.ready)();
        checks.push(match self.leaving.load(Ordering::Relaxed) {
            true => Check::bad("stays", "it was told to stop, and leaves"),
            false => Check::good("stays", "it was not told to stop"),
        });
        checks.into()
    }

    /// From now on it is not ready. Said before the process begins to leave.
    pub fn leave(&self) {
        self.leaving.store(true, Ordering::Relaxed);
    }
}

impl Source for Health {
    fn write(&self, to: &mut Writer<'_>) -> Result<(), std::fmt::Error> {
        to.gauge(&page::LIVE, i64::from(self.live().ok))?;
        to.gauge(&page::READY, i64::from(self.ready().ok))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_bad_check_is_enough_and_says_why() {
        let health = Health::new(Vec::new, || vec![Check::good("a", "fine"), Check::bad("b", "not so fine")]);
        assert!(health.live().ok);
        let ready = health.ready();
        assert_eq!((ready.ok, ready.sentence().as_str()), (false, "not so fine"));
    }

    #[test]
    fn whoever_leaves_is_not_ready_but_lives() {
        let health = Health::new(Vec::new, Vec::new);
        assert!(health.ready().ok);
        health.clone().leave();
        assert!(!health.ready().ok && health.live().ok);
    }
}

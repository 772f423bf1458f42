//! Many seeds, and what is left of one that fails. It prints nothing.

use super::fault::Tally;
use super::run::{Outcome, run};
use super::scenario::Scenario;

/// What many runs came to.
#[derive(Default)]
pub struct Search {
    pub runs: u64,
    pub records: u64,
    pub turns: u64,
    pub tally: Tally,
    /// In how many runs each kind of fault happened at least once.
    pub runs_with: Tally,
    pub failed: Vec<(Scenario, String)>,
}

impl Search {
    pub fn add(&mut self, scenario: &Scenario, outcome: Outcome) {
        self.runs += 1;
        self.records += outcome.records as u64;
        self.turns += outcome.turns;
        self.tally.add(&outcome.tally);
        for fault in outcome.tally.kinds() {
            self.runs_with.count(fault);
        }
        if let Some(failure) = outcome.failure {
            self.failed.push((scenario.clone(), failure));
        }
    }
}

/// The smallest scenario found that still fails, within so many tries, and how it fails. `tried` is told of each.
pub fn shrink(
    failing: &Scenario,
    failure: &str,
    tries: usize,
    mut tried: impl FnMut(&Scenario),
) -> (Scenario, String) {
    let (mut smallest, mut why) = (failing.clone(), failure.to_owned());
    let mut left = tries;
    loop {
        let mut found = None;
        for smaller in smallest.smaller() {
            if left == 0 {
                return (smallest, why);
            }
            left -= 1;
            tried(&smaller);
            if let Some(failure) = run(&smaller).failure {
                found = Some((smaller, failure));
                break;
            }
        }
        match found {
            Some(smaller) => (smallest, why) = smaller,
            None => return (smallest, why),
        }
    }
}

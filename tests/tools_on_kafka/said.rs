//! What the commands say, as JSON lines, and with which exit code they end.

use crate::process::Deployment;
use serde_json::Value;

pub struct Said {
    pub code: i32,
    pub lines: Vec<Value>,
    pub stderr: String,
}

/// Runs a command about the state of this name.
pub fn say(deployment: &Deployment, words: &[&str], state: &str) -> Said {
    let output = deployment.say_about(words, state);
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
    let lines = stdout.lines().map(|line| match serde_json::from_str(line) {
        Ok(value) => value,
        Err(error) => panic!("{error} in {line:?} of {words:?}\n{stderr}"),
    });
    Said { code: output.status.code().unwrap(), lines: lines.collect(), stderr }
}

pub fn audit(deployment: &Deployment, state: &str) -> Said {
    say(deployment, &["audit", "-o", "jsonl"], state)
}

pub fn verify(deployment: &Deployment, state: &str) -> Said {
    say(deployment, &["state", "verify", "-o", "jsonl"], state)
}

impl Said {
    /// The partitions of stages in which something differs.
    pub fn differing(&self) -> Vec<&Value> {
        self.lines.iter().filter(|task| task["differs"] == true).collect()
    }

    #[track_caller]
    pub fn is_good(&self, code: i32) {
        assert_eq!(self.code, code, "{:#?}\n{}", self.lines, self.stderr);
    }
}

//! The published contract as others use it: what `chat-goals contract` prints, held against what the program reads and
//! prints itself.

mod asyncapi;
mod inputs;
mod outputs;
mod printed;

use jsonschema::Validator;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What a command prints.
fn said(args: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_chat-goals")).args(args).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// The schema of a record, as it is printed.
fn schema(record: &str) -> Value {
    let mut all: Value = serde_json::from_str(&said(&["contract", "json-schema"])).unwrap();
    all[record].take()
}

fn validator(schema: &Value) -> Validator {
    jsonschema::draft202012::meta::validate(schema).unwrap_or_else(|error| panic!("{error}"));
    jsonschema::draft202012::new(schema).unwrap_or_else(|error| panic!("{error}"))
}

/// The worked examples of the rules.
fn examples() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/examples");
    let mut all: Vec<PathBuf> = folder.read_dir().unwrap().map(|entry| entry.unwrap().path()).collect();
    all.sort();
    assert!(all.len() > 100, "only {} examples were found", all.len());
    all
}

//! The examples: what `fold` prints for a file of records, case by case. Nothing here knows the rules.
//!
//! A folder of `examples/` is a case, named by its rule. `input.jsonl` goes through `fold` with the `args` of
//! `case.json`, `expected.jsonl` is the output in its order, `exit` the exit code, and `bad` the lines that standard
//! error names.

#[path = "same/mod.rs"]
mod same;

use same::plain;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;

#[test]
fn every_example_gives_what_the_rules_say() {
    let failures = failures(&[]);
    assert!(failures.is_empty(), "{} examples fail:\n{}", failures.len(), failures.join("\n"));
}

/// The cases that do not give what they should, with these environment variables set.
pub fn failures(environment: &[(&str, &str)]) -> Vec<String> {
    let cases = cases();
    assert!(cases.len() > 100, "only {} examples were found", cases.len());
    cases
        .iter()
        .filter_map(|case| Some(format!("{}: {}", name(case), run(case, environment).err()?)))
        .collect()
}

fn cases() -> Vec<PathBuf> {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/examples");
    let mut cases: Vec<PathBuf> =
        examples.read_dir().expect("the examples are there").map(|entry| entry.unwrap().path()).collect();
    cases.sort();
    cases
}

fn name(case: &Path) -> std::borrow::Cow<'_, str> {
    case.file_name().expect("a case is a folder").to_string_lossy()
}

fn run(case: &Path, environment: &[(&str, &str)]) -> Result<(), String> {
    let spec: Value = serde_json::from_str(&read(&case.join("case.json"))).map_err(|e| e.to_string())?;
    let args = spec["args"].as_array().expect("a case has args").iter().map(|arg| arg.as_str().unwrap());
    let args: Vec<&str> = args.collect();
    let expected = read(&case.join("expected.jsonl"));
    same(&fold(case, &spec, &args, environment)?, &expected)?;
    // What stands in the end is the same whether anybody asks for the changes on the way or not.
    let other_way = args.iter().map(|arg| match *arg {
        "statuses,counters" => "changes,statuses,counters",
        "changes,statuses,counters" => "statuses,counters",
        other => other,
    });
    let args: Vec<&str> = other_way.collect();
    let output = fold(case, &spec, &args, environment)?;
    if args.iter().any(|arg| arg.ends_with("statuses,counters")) {
        same(&without_changes(&output), &without_changes(&expected))?;
    }
    Ok(())
}

fn fold(
    case: &Path,
    spec: &Value,
    args: &[impl AsRef<std::ffi::OsStr>],
    environment: &[(&str, &str)],
) -> Result<String, String> {
    let output = Command::new(env!("CARGO_BIN_EXE_chat-goals"))
        .arg("fold")
        .arg(case.join("input.jsonl"))
        .args(args)
        .envs(environment.iter().copied())
        .output()
        .map_err(|e| e.to_string())?;
    let stderr = String::from_utf8_lossy(&output.stderr);
    if output.status.code().map(i64::from) != spec["exit"].as_i64() {
        return Err(format!("it ends with {}, not with {}: {stderr}", output.status, spec["exit"]));
    }
    for bad in spec["bad"].as_array().into_iter().flatten() {
        if !stderr.contains(&format!("input.jsonl:{bad}: ")) {
            return Err(format!("standard error does not name line {bad}: {stderr}"));
        }
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

fn without_changes(lines: &str) -> String {
    lines
        .lines()
        .filter(|line| !line.starts_with(r#"{"goalStatusChanged":"#))
        .map(|line| format!("{line}\n"))
        .collect()
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// Whether two outputs say the same, line by line.
fn same(got: &str, wanted: &str) -> Result<(), String> {
    let (mut got, mut wanted) = (got.lines(), wanted.lines());
    for number in 1.. {
        match (got.next(), wanted.next()) {
            (None, None) => return Ok(()),
            (Some(got), Some(wanted)) if json(got)? == json(wanted)? => {}
            (got, wanted) => {
                let (got, wanted) = (got.unwrap_or("nothing"), wanted.unwrap_or("nothing"));
                return Err(format!("line {number}\n  got    {got}\n  wanted {wanted}"));
            }
        }
    }
    unreachable!("the lines end")
}

fn json(line: &str) -> Result<Value, String> {
    serde_json::from_str(line).map(plain).map_err(|e| format!("{line} is not JSON: {e}"))
}

#[test]
fn what_is_absent_null_or_default_is_the_same_but_for_the_rates() {
    assert_eq!(json(r#"{"a":1.0,"b":[],"c":{"d":""}}"#), json(r#"{"a":1,"e":null,"f":0,"g":false}"#));
    assert_ne!(json(r#"{"achievementRate":0}"#), json("{}"));
    assert_ne!(json(r#"{"endedAchievementRate":0}"#), json("{}"));
    assert!(same("{}", "{}\n{}").is_err() && same("{}\n{}", "{}").is_err());
}

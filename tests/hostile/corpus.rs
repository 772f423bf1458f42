//! Every input in the repository that fuzzing found, once more through the function of its target.

use crate::fuzz::{TARGETS, seeds};
use std::fs;
use std::path::{Path, PathBuf};

fn inputs(folder: &str, target: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz").join(folder).join(target);
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

#[test]
fn every_input_that_fuzzing_found_keeps_the_promises_of_its_target() {
    let mut broken = Vec::new();
    for (target, run) in TARGETS {
        for path in inputs("corpus", target).into_iter().chain(inputs("regressions", target)) {
            let bytes = fs::read(&path).unwrap();
            if std::panic::catch_unwind(|| run(&bytes)).is_err() {
                broken.push(path);
            }
        }
    }
    assert!(broken.is_empty(), "these panic: {broken:#?}");
}

#[test]
fn every_example_keeps_the_promises_in_all_the_forms_in_which_it_travels() {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/examples");
    for example in fs::read_dir(examples).unwrap() {
        let lines = fs::read_to_string(example.unwrap().path().join("input.jsonl")).unwrap();
        for (target, bytes) in seeds::of_example(&lines) {
            let (_, run) = TARGETS.iter().find(|(name, _)| *name == target).unwrap();
            run(&bytes);
        }
    }
}

#[test]
fn every_target_has_a_corpus() {
    for (target, _) in TARGETS {
        assert!(inputs("corpus", target).len() >= 5, "{target} has too few inputs to mean anything");
    }
}

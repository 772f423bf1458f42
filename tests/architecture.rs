//! The arrows between the folders point one way, and every file says what it is.

use std::fs;
use std::path::{Path, PathBuf};

/// Each folder with those it may use.
const ARROWS: [(&str, &[&str]); 19] = [
    ("domain", &[]),
    ("stages", &["domain"]),
    ("contract", &["domain", "stages"]),
    ("log", &[]),
    ("state", &[]),
    ("pipeline", &["domain", "stages", "contract", "log::partitioner", "state"]),
    ("config", &[]),
    ("runtime", &["domain", "stages", "contract", "log", "state", "pipeline", "config"]),
    ("explain", &["domain"]),
    ("http", &[]),
    ("ingest", &["domain", "contract", "log", "config", "http"]),
    ("telemetry", &["state", "runtime", "http"]),
    ("inspect", &["domain", "stages", "contract", "log", "state", "pipeline", "config", "runtime"]),
    ("answers", &["domain", "stages", "contract", "log", "runtime", "explain", "inspect"]),
    (
        "serve",
        &[
            "domain", "stages", "contract", "log", "state", "pipeline", "config", "runtime", "explain",
            "inspect", "http", "answers",
        ],
    ),
    ("demo", &["domain", "stages", "contract", "log", "pipeline", "config", "runtime", "serve"]),
    ("simulate", &["domain", "stages", "contract", "log", "state", "pipeline", "config", "runtime"]),
    ("at_rest", &["domain", "stages", "contract", "log", "state", "pipeline", "config", "runtime"]),
    (
        "cli",
        &[
            "domain",
            "stages",
            "contract",
            "log",
            "pipeline",
            "runtime",
            "config",
            "explain",
            "inspect",
            "at_rest",
            "demo",
            "simulate",
            "http",
            "ingest",
            "answers",
            "serve",
            "telemetry",
        ],
    ),
];

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found
}

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

#[test]
fn arrows_point_one_way() {
    let mut wrong = Vec::new();
    for (folder, may_use) in ARROWS {
        for file in files(&source().join(folder)) {
            let text = fs::read_to_string(&file).unwrap();
            for (number, line) in text.lines().enumerate() {
                let Some((_, used)) = line.split_once("crate::") else { continue };
                let used = used.trim_start_matches('{');
                // A bug may be planted anywhere.
                let allowed = [&folder, &"planted"].into_iter().chain(may_use).any(|name| {
                    used.strip_prefix(name)
                        .is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphanumeric()))
                });
                let is_code = !line.trim_start().starts_with("//") && !used.starts_with(['`', '_']);
                if is_code && !allowed && !line.contains("$crate") {
                    wrong.push(format!("{}:{}: {}", file.display(), number + 1, line.trim()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "these lines use a folder that theirs may not use:\n{}", wrong.join("\n"));
}

#[test]
fn every_folder_has_its_arrows() {
    let mut folders: Vec<String> = fs::read_dir(source())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .map(|path| path.file_name().unwrap().to_string_lossy().into_owned())
        .collect();
    folders.sort();
    let mut known: Vec<&str> = ARROWS.iter().map(|(folder, _)| *folder).collect();
    known.sort_unstable();
    assert_eq!(folders, known);
}

#[test]
fn the_domain_and_the_stages_read_no_clock_and_do_no_io() {
    let forbidden = [
        "std::time",
        "SystemTime",
        "Instant",
        "Utc::now",
        "std::fs",
        "std::io",
        "tracing::",
        "async ",
        "rand",
    ];
    for folder in ["domain", "stages"] {
        for file in files(&source().join(folder)) {
            for line in fs::read_to_string(&file).unwrap().lines() {
                let code = line.split("//").next().unwrap_or_default();
                let found = forbidden.iter().find(|word| code.contains(**word));
                assert!(found.is_none(), "{}: {line}", file.display());
            }
        }
    }
}

#[test]
fn every_file_says_what_it_is() {
    for file in files(&source()) {
        let text = fs::read_to_string(&file).unwrap();
        assert!(text.starts_with("//!"), "{} does not begin with what it is", file.display());
    }
}

//! Where the documents are printed: to standard output, or as files.

use crate::{said, schema};
use serde_json::Value;
use std::path::Path;

#[test]
fn schemas_are_printed_as_they_are_and_nothing_internal_with_them() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().to_str().unwrap();
    let names = said(&["contract", "proto", "--out", out]);
    assert_eq!(names.lines().count(), 7, "{names}");
    let all = said(&["contract", "proto"]);
    for name in names.lines() {
        let within = Path::new(name).strip_prefix(out).unwrap();
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("proto").join(within);
        let text = std::fs::read_to_string(name).unwrap();
        assert_eq!(text, std::fs::read_to_string(source).unwrap(), "{name}");
        assert!(all.contains(&text) || name.ends_with("buf.yaml"), "{name}");
    }
    assert!(!all.contains("ChatRow") && !all.contains("Inbox"));
}

#[test]
fn json_schemas_are_written_one_by_one() {
    let dir = tempfile::tempdir().unwrap();
    let names = said(&["contract", "json-schema", "--out", dir.path().to_str().unwrap()]);
    assert_eq!(names.lines().count(), 5, "{names}");
    let text = std::fs::read(dir.path().join("ChatEvent.schema.json")).unwrap();
    let written: Value = serde_json::from_slice(&text).unwrap();
    assert_eq!(written, schema("ChatEvent"));
    let described = &written["properties"]["chatId"]["description"];
    assert_eq!(described, "Unique across channels.");
}

//! The pages about metrics are what the program says.

use crate::say;
use std::path::Path;

#[test]
fn the_page_of_metrics_is_the_one_of_the_program() {
    let page =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/metrics.md")).unwrap();
    assert!(
        page == say(&["generate", "metrics"]),
        "docs/metrics.md is old: chat-goals generate metrics > docs/metrics.md"
    );
}

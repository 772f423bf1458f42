//! Rows of this release, of an older format, of older rules, of newer programs: on a disk, and in the changelogs.

use crate::release::{
    PARTITIONS, RELEASES, Rows, changelogs, config, dumped, lines, newest, restore, restored,
};
use chat_goals::at_rest::verify::verify;
use chat_goals::contract::protobuf::rows::versions::{OURS, Program, Versions};
use chat_goals::runtime::Runtime;
use chat_goals::runtime::restore::reached;
use chat_goals::runtime::topology::Stage;
use chat_goals::runtime::versions::{Span, span_on_disk};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The release after the next, with other rules.
const LATER: Program = Program { versions: Versions { format: 2, rules: 3 }, compatible: &[] };
/// The same, but that its rules only have another name for something.
const COMPATIBLE: Program = Program { compatible: &[(1, "a name")], ..LATER };

#[test]
fn a_folder_of_every_release_reads_as_it_did() {
    for release in RELEASES {
        let rows = Rows::left_by(release);
        let store = rows.open();
        assert_eq!(dumped(&store), lines(release, "rows.jsonl"), "{release}");
        let report = verify(&store).unwrap();
        assert_eq!((report.problems, &report.first), (0, &vec![]), "{release}");
        let reached = reached(&store, (Stage::Chats, 0)).unwrap();
        assert!(reached.is_some_and(|reached| reached > 10), "{release}: {reached:?}");
        assert!(report.rows > 100 && report.pages > 3 && report.lookups > 10, "{release}: {report:?}");
    }
}

#[test]
fn changelogs_of_every_release_are_restored_to_the_same_rows() {
    for release in RELEASES {
        let (log, topology) = changelogs(release, |_| {});
        for rows in [Rows::none(), Rows::left_by(release)] {
            let store = restored(&log, &topology, rows.open());
            assert_eq!(dumped(&store), lines(release, "rows.jsonl"), "{release}");
            assert_eq!(verify(&store).unwrap().problems, 0, "{release}");
            let first = Versions { format: 1, rules: 1 };
            assert_eq!(span_on_disk(&store, (Stage::Chats, 0)).unwrap().oldest, first);
        }
    }
}

#[test]
fn older_rules_are_refused_with_the_way_out_unless_they_are_compatible() {
    let (log, topology) = changelogs(newest(), |_| {});
    for rows in [Rows::none(), Rows::left_by(newest())] {
        let refused = restore(&log, &topology, rows.open(), LATER);
        let says = refused.err().map(|error| format!("{error:#}")).expect("it is refused");
        for words in ["chats, partition", "rules 1", "rules 3", "chat-goals rebuild"] {
            assert!(says.contains(words), "{says}");
        }
        let store = restore(&log, &topology, rows.open(), COMPATIBLE).unwrap();
        let wide = Span { oldest: Versions { format: 1, rules: 1 }, newest: COMPATIBLE.versions };
        assert_eq!(
            span_on_disk(&store, (Stage::Customers, 1)).unwrap(),
            wide,
            "it will commit rows of its own"
        );
    }
}

#[test]
fn a_disk_on_which_a_newer_program_has_worked_is_refused() {
    let (log, topology) = changelogs(newest(), |_| {});
    let rows = Rows::left_by(newest());
    drop(restore(&log, &topology, rows.open(), COMPATIBLE).unwrap());
    let refused = restore(&log, &topology, rows.open(), OURS);
    let says = refused.err().map(|error| format!("{error:#}")).expect("it is refused");
    assert!(
        says.contains("this program is older than the state") && says.contains("format 2, rules 3"),
        "{says}"
    );
}

#[test]
fn a_newer_row_in_a_changelog_ends_the_process_with_the_reason() {
    for (versions, name) in
        [(&[0x81, 0x80, 0x04][..], "format 2, rules 1"), (&[0x02][..], "format 1, rules 2")]
    {
        let mut rows = 0;
        let (log, topology) = changelogs(newest(), |row| {
            rows += 1;
            if rows == 100 {
                assert_eq!(row[..2], [8, 1]);
                row.splice(1..2, versions.iter().copied());
            }
        });
        let home = tempfile::tempdir().unwrap();
        let mut config = config();
        config.state.dir = home.path().to_owned();
        assert_eq!(config.create.partitions, PARTITIONS);
        let runtime = Runtime::start(log, &config, topology, Arc::new(|| 0)).unwrap();
        let began = Instant::now();
        while runtime.is_running() {
            assert!(began.elapsed() < Duration::from_secs(60), "it goes on");
            std::thread::sleep(Duration::from_millis(5));
        }
        let says = runtime.stop().err().map(|error| format!("{error:#}")).expect("it fails");
        assert!(says.contains("older than the state") && says.contains(name), "{says}");
    }
}

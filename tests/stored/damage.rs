//! Folders that are damaged by hand: `verify` names what is wrong, and nothing else.

use crate::release::{Rows, dumped, newest};
use chat_goals::at_rest::verify::{Problem, verify};
use chat_goals::runtime::topology::Stage;
use chat_goals::state::store::{Changes, Family, Store};
use chat_goals::state::table::{PageName, page_key, row_key};

/// A chat that is there, with the partition in which it lies, for which this holds.
fn some_chat(store: &Store, holds: impl Fn(&serde_json::Value) -> bool) -> (i32, String) {
    let rows = dumped(store);
    let row = rows.iter().find(|row| row["stage"] == "chats" && holds(&row["row"])).expect("there is one");
    (row["partition"].as_i64().unwrap() as i32, row["key"].as_str().unwrap().to_owned())
}

fn after(damage: impl FnOnce(&Store, &mut Changes<'_>)) -> Vec<Problem> {
    let rows = Rows::left_by(newest());
    let store = rows.open();
    let mut changes = store.changes();
    damage(&store, &mut changes);
    changes.write().unwrap();
    let report = verify(&store).unwrap();
    assert_eq!(report.problems as usize, report.first.len());
    report.first
}

#[track_caller]
fn one(problems: &[Problem], family: Family, key: &str, what: &str) {
    let [problem] = problems else { panic!("{problems:?}") };
    assert_eq!((problem.family, problem.key.as_str()), (family.name(), key));
    assert!(problem.what.contains(what), "{problem}");
}

#[test]
fn a_row_that_cannot_be_read() {
    let mut chat = String::new();
    let problems = after(|store, changes| {
        let (partition, key) = some_chat(store, |row| row["live"].is_null());
        changes.put(Family::Chats, &row_key(partition, key.as_bytes()), &[8, 1, 0x12, 200]);
        chat = key;
    });
    one(&problems, Family::Chats, &chat, "not valid protobuf");
}

#[test]
fn a_row_of_no_versions() {
    let mut chat = String::new();
    let problems = after(|store, changes| {
        let (partition, key) = some_chat(store, |row| row["live"].is_null());
        changes.put(Family::Chats, &row_key(partition, key.as_bytes()), &[]);
        chat = key;
    });
    one(&problems, Family::Chats, &chat, "does not say under which format");
}

#[test]
fn a_row_under_another_key() {
    let problems = after(|store, changes| {
        let (partition, key) = some_chat(store, |row| row["live"].is_null());
        let row = store.get(Family::Chats, &row_key(partition, key.as_bytes())).unwrap().unwrap().to_vec();
        changes.put(Family::Chats, &row_key(partition, b"an impostor"), &row);
    });
    one(&problems, Family::Chats, "an impostor", "it is the row of ");
}

#[test]
fn a_page_that_is_gone_and_one_that_cannot_be_read() {
    for (value, what) in [(None, "is missing"), (Some([8, 1, 0x3a, 200]), "cannot be read")] {
        let problems = after(|store, changes| {
            let (partition, key) = some_chat(store, |row| row["chatId"] == "long-chat");
            let page = page_key(key.as_bytes(), PageName { list: b'e', number: 1 });
            let page = row_key(partition, &page);
            assert!(store.get(Family::Chats, &page).unwrap().is_some(), "it has pages");
            match value {
                Some(value) => changes.put(Family::Chats, &page, &value),
                None => changes.delete(Family::Chats, &page),
            }
        });
        assert!(!problems.is_empty());
        for problem in &problems {
            assert_eq!((problem.family, problem.key.as_str()), ("chats", "long-chat"), "{problem}");
        }
        assert!(problems.iter().any(|problem| problem.what.contains(what)), "{problems:?}");
    }
}

#[test]
fn a_lookup_that_is_gone_and_one_too_many() {
    let is_due = |row: &serde_json::Value| !row["live"]["published"]["due"].is_null();
    let mut chat = String::new();
    let problems = after(|store, changes| {
        let (partition, key) = some_chat(store, is_due);
        let mut lookup = None;
        store
            .scan(Family::Indexes, &row_key(partition, b"d"), |entry, _| {
                lookup = Some(entry.to_vec()).filter(|entry| entry.ends_with(key.as_bytes()));
                lookup.is_none()
            })
            .unwrap();
        changes.delete(Family::Indexes, &lookup.expect("it is looked up"));
        chat = key;
    });
    one(&problems, Family::Indexes, &chat, "is missing");
    let problems = after(|_, changes| {
        changes.put(Family::Indexes, &row_key(0, b"d\x80\0\0\0\0\0\0\x01nobody"), &[]);
    });
    one(&problems, Family::Indexes, "nobody", "no row gives the lookup");
}

#[test]
fn a_key_that_is_none() {
    let problems = after(|_, changes| changes.put(Stage::Managers.family(), b"abc", &[8, 1]));
    one(&problems, Family::Managers, "616263", "too short for a partition");
}

//! Whether a state folder is whole: every row reads and lies under its own key, long rows have all their pages, and the
//! lookups are exactly those that the rows give. It mends nothing: whatever is wrong comes back from the changelogs once
//! the folder is gone.

use super::disk::{place, walk};
use super::rows::{AnyRow, check_page, name, pages};
use crate::contract::protobuf::rows::versions::Versions;
use crate::pipeline::chats::lookups::reindex;
use crate::runtime::restore::reached;
use crate::runtime::topology::Stage;
use crate::runtime::versions::{Span, span_on_disk};
use crate::stages::chats::{ChatRow, Index};
use crate::state::digest::{Digest, Part};
use crate::state::store::{Family, Store};
use crate::state::table::{Row as _, parse_page_key, row_key};
use std::collections::{BTreeMap, BTreeSet};

/// Something that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    pub family: &'static str,
    pub partition: Option<i32>,
    pub key: String,
    pub what: String,
}

/// What was looked at, and what was found.
#[derive(Debug, Default)]
pub struct Report {
    pub rows: u64,
    pub pages: u64,
    pub lookups: u64,
    /// How many problems there are; `first` names some of them.
    pub problems: u64,
    pub first: Vec<Problem>,
}

/// How many problems are named.
const NAMED_MAX: usize = 20;

impl Report {
    fn add(&mut self, family: Family, partition: Option<i32>, key: String, what: String) {
        self.problems += 1;
        if self.first.len() < NAMED_MAX {
            self.first.push(Problem { family: family.name(), partition, key, what });
        }
    }
}

pub fn verify(store: &Store) -> anyhow::Result<Report> {
    let mut report = Report::default();
    // Of the lookups that the rows give, and of those that are there: equal if they are the same, in any order.
    let (mut wanted, mut found): (BTreeMap<i32, Digest>, BTreeMap<i32, Digest>) = Default::default();
    for stage in Stage::ALL {
        let mut spans = BTreeMap::new();
        walk(store, stage.family(), None, |key, value| {
            match place(key) {
                Ok((partition, own)) => {
                    row(store, &mut report, stage, partition, own, value, &mut wanted, &mut spans);
                }
                Err(what) => report.add(stage.family(), None, hex(key), what),
            }
            true
        })?;
    }
    walk(store, Family::Indexes, None, |key, _| {
        match place(key) {
            Ok((partition, own)) => found.entry(partition).or_default().add(Part::of(own, b"")),
            Err(what) => report.add(Family::Indexes, None, hex(key), what),
        }
        report.lookups += 1;
        true
    })?;
    let partitions: BTreeSet<i32> = wanted.keys().chain(found.keys()).copied().collect();
    for partition in partitions {
        // The lookups of a partition that is being restored from nothing are made at its end.
        let counts = reached(store, (Stage::Chats, partition))?.is_some();
        if counts && wanted.get(&partition) != found.get(&partition) {
            lookups(store, &mut report, partition)?;
        }
    }
    Ok(report)
}

#[expect(clippy::too_many_arguments, reason = "what is stored, and where it is counted")]
fn row(
    store: &Store,
    report: &mut Report,
    stage: Stage,
    partition: i32,
    key: &[u8],
    value: &[u8],
    wanted: &mut BTreeMap<i32, Digest>,
    spans: &mut BTreeMap<i32, Option<Span>>,
) {
    let (family, page) = (stage.family(), parse_page_key(key));
    let shown = |key: &[u8]| name(stage, key);
    let span = spans.entry(partition).or_insert_with(|| span_on_disk(store, (stage, partition)).ok());
    if let (Some(span), Ok(made)) = (span, Versions::of_row(value)) {
        let mut wider = *span;
        wider.widen(made);
        if wider != *span {
            let what = format!("it was made under {made}, which is not noted for its partition");
            report.add(family, Some(partition), shown(page.map_or(key, |(row, _)| row)), what);
        }
    }
    if let Some((of, page)) = page {
        report.pages += 1;
        if let Err(reason) = check_page(stage, value) {
            report.add(
                family,
                Some(partition),
                shown(of),
                format!("its page {page:?} cannot be read: {reason}"),
            );
        }
        return;
    }
    report.rows += 1;
    let read = pages(stage, value).and_then(|pages| match pages.is_empty() {
        true => AnyRow::decode(stage, value),
        false => AnyRow::whole(stage, store, partition, key)?.ok_or_else(|| anyhow::anyhow!("it is gone")),
    });
    match read {
        Ok(row) => {
            if row.key() != key {
                let what = format!("it is the row of {}", shown(&row.key()));
                report.add(family, Some(partition), shown(key), what);
            }
            if let AnyRow::Chat(row) = row {
                each_lookup(&row, |entry| wanted.entry(partition).or_default().add(Part::of(&entry, b"")));
            }
        }
        Err(error) => report.add(family, Some(partition), shown(key), format!("{error:#}")),
    }
}

/// Names the lookups of a partition that are missing or too many.
fn lookups(store: &Store, report: &mut Report, partition: i32) -> anyhow::Result<()> {
    let mut failed = None;
    walk(store, Family::Chats, Some(partition), |key, value| {
        let Ok((_, own)) = place(key) else { return true };
        let Some(row) = ChatRow::decode(value).ok().filter(|_| parse_page_key(own).is_none()) else {
            return true;
        };
        each_lookup(&row, |entry| match store.get(Family::Indexes, &row_key(partition, &entry)) {
            Ok(Some(_)) => {}
            Ok(None) => {
                let what = format!("its lookup {:?} is missing", String::from_utf8_lossy(&entry));
                report.add(Family::Indexes, Some(partition), row.chat.to_string(), what);
            }
            Err(error) => failed = Some(error),
        });
        failed.is_none()
    })?;
    walk(store, Family::Indexes, Some(partition), |key, _| {
        let Ok((_, own)) = place(key) else { return true };
        let chat = chat_of(own).unwrap_or_default();
        let row = store.get(Family::Chats, &row_key(partition, chat)).ok().flatten();
        let row = row.and_then(|row| ChatRow::decode(&row).ok());
        let mut belongs = false;
        if let Some(row) = &row {
            each_lookup(row, |entry| belongs |= entry == own);
        }
        if !belongs {
            let what = format!("no row gives the lookup {:?}", String::from_utf8_lossy(own));
            report.add(Family::Indexes, Some(partition), String::from_utf8_lossy(chat).into_owned(), what);
        }
        true
    })?;
    failed.map_or(Ok(()), Err)
}

fn each_lookup(row: &ChatRow, mut visit: impl FnMut(Vec<u8>)) {
    reindex(&row.channel, &row.chat, Index::default(), row.index(), |_, entry| visit(entry));
}

/// The chat that a lookup names: after `d` and a time, `w` and a channel, or `r`, a channel and a day.
fn chat_of(entry: &[u8]) -> Option<&[u8]> {
    let (kind, rest) = entry.split_first()?;
    let after_channel = || {
        let (length, rest) = rest.split_first_chunk::<2>()?;
        rest.get(usize::from(u16::from_be_bytes(*length))..)
    };
    match kind {
        b'd' => rest.get(8..),
        b'w' => after_channel(),
        b'r' => after_channel()?.get(8..),
        _ => None,
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// In words, for one line each.
impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { family, partition, key, what } = self;
        let partition = partition.map_or_else(String::new, |partition| format!("[{partition}]"));
        write!(f, "{family}{partition} {key:?}: {what}")
    }
}

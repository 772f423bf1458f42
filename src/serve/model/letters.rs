//! Dead letters: a page of them, newest first, and one with all that came.

use super::ReadModel;
use super::answers::LettersPage;
use super::batch::Batch;
use super::keys::{self, Key, List};
use super::questions::{Cursor, LetterFilter, Page};
use super::record::Kept;
use super::store::{Family, View, Way};
use crate::answers::letters::{WholeLetterAnswer, hex};
use crate::inspect::dead_letters::{DeadLetter, Wanted};
use crate::log::Offset;
use anyhow::Context as _;
use prost::Message as _;

/// How many letters one page looks at, at most: each is read whole.
const LOOKED_AT_MAX: usize = 5_000;

/// How many letters that are no longer in the log are taken away at once.
const FORGOTTEN_AT_ONCE: usize = 1_000;

impl ReadModel {
    /// The dead letters for which the filter holds, newest first.
    pub fn dead_letters(&self, filter: &LetterFilter, page: &Page) -> anyhow::Result<LettersPage> {
        let LetterFilter { topic, reason, key, from, to } = filter.clone();
        let wanted = Wanted { places: Vec::new(), topic, reason, from, to, key };
        let topic = self.sources().topology.dead_letters.topic.clone();
        let view = self.inner.store.view();
        let prefix = Key::of(List::Letters).0;
        let cursor = page.cursor.as_ref().map(|Cursor(place)| place.as_slice());
        let bound = to.map(|to| [&keys::sorted(to.0)[..], &[0xff; 17]].concat());
        let begin = match (bound, cursor) {
            (Some(bound), Some(cursor)) => bound.as_slice().min(cursor).to_vec(),
            (Some(bound), None) => bound,
            (None, Some(cursor)) => cursor.to_vec(),
            (None, None) => vec![0xff; 25],
        };
        let mut dead_letters = Vec::new();
        let (mut next, mut last, mut looked_at) = (None, Vec::new(), 0);
        view.scan(Family::Lists, &prefix, &[&prefix, &begin[..]].concat(), Way::Down, |entry, _| {
            let place = &entry[prefix.len()..];
            if cursor == Some(place) {
                return Ok(true);
            }
            let letter_key = place.get(8..).context("a list of the read model has a key that is none")?;
            let letter =
                letter(&view, &topic, letter_key)?.context("a list names a letter that is not there")?;
            if from.is_some_and(|from| letter.at.is_none_or(|at| at < from)) {
                return Ok(false);
            }
            if wanted.has(&letter) {
                if dead_letters.len() == page.limit {
                    next = Some(hex(&last));
                    return Ok(false);
                }
                dead_letters.push((&letter).into());
                last = place.to_vec();
            }
            looked_at += 1;
            if looked_at == LOOKED_AT_MAX {
                next = Some(hex(place));
                return Ok(false);
            }
            Ok(true)
        })?;
        Ok(LettersPage { dead_letters, next })
    }

    /// One dead letter: by where the bad record was, or (`topic` being that of the dead letters) by where the letter lies.
    pub fn dead_letter(
        &self,
        topic: &str,
        partition: i32,
        offset: Offset,
    ) -> anyhow::Result<Option<WholeLetterAnswer>> {
        let letters = self.sources().topology.dead_letters.topic.clone();
        let view = self.inner.store.view();
        let place = if topic == &*letters {
            Some(keys::place(partition, offset))
        } else {
            let origin = Key::of(List::Origin).id(topic.as_bytes()).number(partition.into()).number(offset).0;
            view.get(Family::Lists, &origin)?
        };
        let letter = place.map(|place| letter(&view, &letters, &place)).transpose()?.flatten();
        Ok(letter.as_ref().map(WholeLetterAnswer::from))
    }

    /// Takes the letters away that lie before the beginning of their partition: somebody cleared the topic.
    pub(super) fn forget_letters(&self, partition: i32, begin: Offset) -> anyhow::Result<()> {
        let topic = self.sources().topology.dead_letters.topic.clone();
        let (prefix, view) = (Key::default().number(partition.into()).0, self.inner.store.view());
        let mut batch = Batch::new(&self.inner.store);
        let mut forgotten = 0;
        view.scan(Family::Letters, &prefix, &prefix, Way::Up, |key, value| {
            let (partition, offset) = keys::parse_place(key).context("a dead letter of nowhere")?;
            if offset >= begin || forgotten == FORGOTTEN_AT_ONCE {
                return Ok(false);
            }
            forgotten += 1;
            let letter = Kept::decode(value)?.with(&topic, (partition, offset), DeadLetter::of);
            batch.forget_letter(&letter);
            Ok(true)
        })?;
        if forgotten > 0 {
            batch.write()?;
        }
        Ok(())
    }
}

fn letter(view: &View<'_>, topic: &str, key: &[u8]) -> anyhow::Result<Option<DeadLetter>> {
    let Some(stored) = view.get(Family::Letters, key)? else { return Ok(None) };
    let place = keys::parse_place(key).context("a dead letter of nowhere")?;
    Ok(Some(Kept::decode(&*stored)?.with(topic, place, DeadLetter::of)))
}

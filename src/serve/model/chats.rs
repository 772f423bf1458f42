//! Chats by filter and page.

use super::answers::{ChatSummary, ChatsPage};
use super::questions::{ChatFilter, ChatOrder, Cursor, Page};
use super::store::{Family, View};
use super::{ReadModel, decode, lists};
use crate::answers::letters::hex;
use crate::config::WireForm;
use anyhow::Context as _;

/// How many entries of a list one page looks at, at most: what takes longer is gone on with by the next page.
const LOOKED_AT_MAX: usize = 200_000;

/// What is sorted by stands before the id.
const SORTED_BY: usize = 8;

impl ReadModel {
    /// The chats for which the filter holds, in this order.
    pub fn chats(&self, filter: &ChatFilter, order: ChatOrder, page: &Page) -> anyhow::Result<ChatsPage> {
        let form = self.sources().topology.status_changed.form;
        let view = self.inner.store.view();
        let range = lists::choose(filter, order);
        let cursor = page.cursor.as_ref().map(|Cursor(place)| place.as_slice());
        let from = range.from(filter, cursor);
        let mut chats = Vec::new();
        let (mut next, mut last, mut looked_at) = (None, Vec::new(), 0);
        view.scan(Family::Lists, &range.prefix, &from, range.way, |key, value| {
            let place = &key[range.prefix.len()..];
            if cursor == Some(place) {
                return Ok(true);
            }
            if range.is_past(filter, place) {
                return Ok(false);
            }
            let chat = place.get(SORTED_BY..).context("a list of the read model has a key that is none")?;
            let looked = lists::Looked::decode(value).context("an entry of a list cannot be read")?;
            if looked.is_wanted(filter, chat) {
                if chats.len() == page.limit {
                    next = Some(hex(&last));
                    return Ok(false);
                }
                chats.push(summary(&view, form, chat)?);
                last = place.to_vec();
            }
            looked_at += 1;
            if looked_at == LOOKED_AT_MAX {
                next = Some(hex(place));
                return Ok(false);
            }
            Ok(true)
        })?;
        Ok(ChatsPage { chats, next })
    }
}

fn summary(view: &View<'_>, form: WireForm, chat: &[u8]) -> anyhow::Result<ChatSummary> {
    let stored = view.get(Family::Statuses, chat)?.context("a list names a chat that is not there")?;
    Ok(decode::summary(&decode::status(form, &stored).map_err(anyhow::Error::msg)?))
}

impl Cursor {
    /// As it is written; `None`: it is no cursor.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.as_bytes();
        if !digits.len().is_multiple_of(2) || digits.len() < 2 * SORTED_BY {
            return None;
        }
        let digit = |digit: u8| char::from(digit).to_digit(16).map(|digit| digit as u8);
        let byte = |pair: &[u8]| Some(digit(pair[0])? << 4 | digit(pair[1])?);
        digits.chunks(2).map(byte).collect::<Option<Vec<u8>>>().map(Self)
    }
}

#[cfg(test)]
mod cursors {
    use super::*;

    #[test]
    fn a_cursor_is_read_as_it_is_written() {
        let place = [&[0, 255, 1, 2, 3, 4, 5, 6][..], "é".as_bytes()].concat();
        assert_eq!(Cursor::parse(&hex(&place)), Some(Cursor(place)));
        for none in ["", "00", "0000000000000000a", "000000000000000g", "é0000000000000000"] {
            assert_eq!(Cursor::parse(none), None, "{none}");
        }
    }
}

//! `keys`: each counter has one key and each key one counter; the keys of rows and the entries of indexes tell things
//! apart and sort as they should.

use super::source::Source;
use chat_goals::contract::keys::{counter_key, parse_counter_key};
use chat_goals::domain::credit::Bucket;
use chat_goals::domain::ids::{ChannelId, ManagerId};
use chat_goals::domain::time::Timestamp;
use chat_goals::pipeline::chats::lookups::reindex;
use chat_goals::pipeline::rows::customer_key;
use chat_goals::stages::chats::Index;
use chat_goals::state::table::row_key;
use chrono::{NaiveDate, TimeDelta};
use std::collections::BTreeSet;

pub fn run(data: &[u8]) {
    if let Ok(text) = std::str::from_utf8(data)
        && let Ok((channel, bucket)) = parse_counter_key(text)
    {
        assert_eq!(counter_key(&channel, &bucket), text);
    }
    let mut source = Source(data);
    counters(&mut source);
    rows(&mut source);
    indexes(&mut source);
}

fn counters(source: &mut Source<'_>) {
    let channel = ChannelId::new(&source.text());
    let manager = source.yes().then(|| ManagerId::new(&source.text()));
    let date = source.yes().then(|| {
        let days = TimeDelta::try_days(source.i64() % 100_000_000).unwrap_or_default();
        NaiveDate::default().checked_add_signed(days).unwrap_or(NaiveDate::MAX)
    });
    let bucket = Bucket { manager, date };
    assert_eq!(parse_counter_key(&counter_key(&channel, &bucket)), Ok((channel, bucket)));
}

fn rows(source: &mut Source<'_>) {
    let mut pair = || (i32::from(source.byte()), source.id(), source.id());
    let (one, other) = (pair(), pair());
    let key = |(partition, channel, customer): &(i32, String, String)| {
        row_key(*partition, &customer_key(channel, customer))
    };
    assert_eq!(key(&one) == key(&other), one == other);
    if one.0 != other.0 {
        assert_eq!(key(&one).cmp(&key(&other)), one.0.cmp(&other.0), "partitions lie one after the other");
    }
}

fn indexes(source: &mut Source<'_>) {
    let (channel, chat) = (source.id(), source.id());
    let mut index = || Index {
        due: source.yes().then(|| Timestamp(source.i64())),
        waits: source.yes(),
        latest_day: source.yes().then(|| source.i64()),
    };
    let (before, after) = (index(), index());
    let change = |entries: &mut BTreeSet<Vec<u8>>, from, to| {
        reindex(&channel, &chat, from, to, |add, entry| {
            let changed = if add { entries.insert(entry) } else { entries.remove(&entry) };
            assert!(changed, "an entry is added that is there or removed that is not");
        });
    };
    let (mut stepwise, mut at_once) = (BTreeSet::new(), BTreeSet::new());
    change(&mut stepwise, Index::default(), before);
    let earlier = stepwise.first().cloned();
    change(&mut stepwise, before, after);
    change(&mut at_once, Index::default(), after);
    assert_eq!(stepwise, at_once);
    // `d` sorts before the others.
    if let (Some(first), Some(then)) = (before.due, after.due) {
        assert_eq!(earlier.as_ref().cmp(&at_once.first()), first.cmp(&then), "entries sort by their time");
    }
}

//! Plain chats through the pipeline with a store behind, as a worker has it: rows are written at each commit, and read
//! back when they are needed again and have left the cache.

use super::Operation;
use super::hot::{self, World};

const CHATS: u64 = 2_000;
const DAYS: i64 = 31;
/// As of a worker that is behind.
const COMMIT: usize = 1_000;
const CACHED_ROWS: usize = 200;

/// One record, every thousandth with a commit. After the last one everything begins again with an empty store.
pub fn record() -> Operation {
    let records = hot::plain(CHATS, DAYS);
    let begin = || World::with_cache(CACHED_ROWS);
    let (mut world, mut next) = (begin(), 0);
    Box::new(move || {
        if next == records.len() {
            (world, next) = (begin(), 0);
        }
        world.fold(&records[next]);
        next += 1;
        if next % COMMIT == 0 {
            world.tick();
            world.commit();
        }
    })
}

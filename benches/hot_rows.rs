//! What a record costs a partition that holds a row which everything comes to: a chat reopened again and again, or a
//! customer with thousands of chats and events; beside plain chats, in one run. `cargo bench --bench hot_rows -- [SCALE]`
//! takes SCALE hundredths of the full size (2,000 reopenings, 5,000 chats, 20,000 events); 100 if it is not given.

#[path = "load/hot.rs"]
mod hot;

use chat_goals::state::digest::Part;
use hot::{Counted, Record, World};
use std::time::Instant;

/// How many records go into a commit: what a busy worker has in one, and what an idle one has.
const COMMITS: [usize; 2] = [1_000, 20];

fn main() {
    let scale: u64 = std::env::args().skip(1).find_map(|arg| arg.parse().ok()).unwrap_or(100);
    let of = |full: u64| (full * scale / 100).max(1);
    let (cycles, chats, events) = (of(2_000), of(5_000), of(20_000));
    println!(
        "hot row beside plain chats | records | us a record, plain | us a record, hot | hot : plain | bytes written a \
         record, plain | hot | messages a hot record"
    );
    for commit in COMMITS {
        println!("{commit} records in a commit");
        let dense = hot::reopened(cycles, 31);
        case(&format!("a chat reopened {cycles} times in 31 days"), 31, &[dense], true, commit);
        let years = hot::reopened(cycles, 4_000);
        case(&format!("a chat reopened {cycles} times in 11 years"), 4_000, &[years], true, commit);
        for (event, what) in [("Purchase", "matching"), ("PageView", "other")] {
            let (of_chats, of_customer) = hot::crowd(chats, events, event, 31);
            let mut together: Vec<Record> = of_chats.iter().chain(&of_customer).cloned().collect();
            together.sort_by_key(|record| record.at);
            let name =
                |order: &str| format!("{chats} chats and {events} {what} events of one customer, {order}");
            case(&name("in turn"), 31, &[together], true, commit);
            case(&name("chats first"), 31, &[of_chats.clone(), of_customer.clone()], false, commit);
            case(&name("events first"), 31, &[of_customer, of_chats], false, commit);
        }
    }
}

/// Folds the hot records, one part after the other, evenly among as many plain ones, and only the plain ones.
fn case(name: &str, days: i64, hot: &[Vec<Record>], clock: bool, commit: usize) {
    let hot: Vec<&Record> = hot.iter().flatten().collect();
    let plain = hot::plain((hot.len() as u64 / 4).max(2_000), days);
    let (mut alone, mut alone_counted) = (f64::MAX, Counted::default());
    let (mut both, mut both_counted) = (f64::MAX, Counted::default());
    for _ in 0..2 {
        let (seconds, counted) = run(plain.iter().collect(), clock, commit);
        (alone, alone_counted) = (alone.min(seconds), counted);
        let (seconds, counted) = run(mixed(&plain, &hot), clock, commit);
        (both, both_counted) = (both.min(seconds), counted);
    }
    let a_plain = alone * 1e6 / plain.len() as f64;
    let a_hot = (both - alone) * 1e6 / hot.len() as f64;
    let messages = |of: &Counted| of.to_chats + of.to_customers;
    println!(
        "{name} | {} | {a_plain:.1} | {a_hot:.1} | {:.2} | {:.0} | {:.0} | {:.2}",
        hot.len(),
        a_hot / a_plain,
        alone_counted.bytes as f64 / plain.len() as f64,
        (both_counted.bytes as f64 - alone_counted.bytes as f64) / hot.len() as f64,
        (messages(&both_counted) as f64 - messages(&alone_counted) as f64) / hot.len() as f64,
    );
    let share = digests(&alone_counted) / alone;
    println!("  of the plain ones alone, digests: {:.1} % at most", share * 100.0);
}

/// What the digests of these rows took, in seconds: of each when it was written, and once more if it was read before.
fn digests(counted: &Counted) -> f64 {
    let row = vec![7; (counted.bytes / counted.rows.max(1)) as usize];
    let start = Instant::now();
    for number in 0..2 * counted.rows {
        std::hint::black_box(Part::of(&number.to_be_bytes(), std::hint::black_box(&row)));
    }
    start.elapsed().as_secs_f64()
}

fn mixed<'a>(plain: &'a [Record], hot: &[&'a Record]) -> Vec<&'a Record> {
    let mut records = Vec::with_capacity(plain.len() + hot.len());
    let mut rest = hot.iter();
    for (index, record) in plain.iter().enumerate() {
        records.push(record);
        let until = (index + 1) * hot.len() / plain.len();
        records.extend(rest.by_ref().take(until - (index * hot.len() / plain.len())));
    }
    records
}

fn run(records: Vec<&Record>, clock: bool, commit: usize) -> (f64, Counted) {
    let mut world = World::new();
    let start = Instant::now();
    for part in records.chunks(commit) {
        part.iter().for_each(|record| world.fold(record));
        if clock {
            world.tick();
        }
        world.commit();
    }
    (start.elapsed().as_secs_f64(), world.counted())
}

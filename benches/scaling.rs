//! Whether a record costs more where there is more: ten times the chats, customers with ten times the events, 64
//! partitions, 10,000 channels; each beside the same plain case in one run, in CPU time of the thread that folds.
//! `cargo bench --bench scaling -- [CHATS] [CASE]`, with a part of a case's name for it alone; a store is behind, no log.

#[path = "scaling/place.rs"]
mod place;

use place::{Place, Shape};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const RUNS: usize = 3;

fn main() {
    let chats = std::env::args().skip(1).find_map(|arg| arg.parse().ok()).unwrap_or(20_000);
    let plain = Shape { chats, events: 3, partitions: 4, channels: 10 };
    let cases = [
        ("ten times the chats", Shape { chats: 10 * chats, ..plain }),
        ("customers with ten times the events", Shape { events: 30, ..plain }),
        ("1 partition", Shape { partitions: 1, ..plain }),
        ("64 partitions", Shape { partitions: 64, ..plain }),
        ("1 channel", Shape { channels: 1, ..plain }),
        ("10,000 channels", Shape { channels: 10_000, ..plain }),
    ];
    println!(
        "case | records | us a record | beside the plain case in the same turn | rows stored a record: chats and customers | \
         counters"
    );
    let first = measure(plain);
    println!(
        "plain: {plain:?} | {} | {:.2} | | {:.2} | {:.2}",
        first.records, first.cost, first.rows, first.counters
    );
    let wanted = std::env::args().skip(1).find(|arg| !arg.starts_with("--") && arg.parse::<u64>().is_err());
    let is_wanted = |name: &str| wanted.as_ref().is_none_or(|wanted| name.contains(wanted.as_str()));
    for (name, shape) in cases.into_iter().filter(|(name, _)| is_wanted(name)) {
        // In turn, so that what else the machine does meets both; of the ratios the one in the middle.
        let mut ratios = Vec::new();
        let mut least = first;
        for turn in 0..RUNS {
            let beside = measure(plain);
            let measured = measure(shape);
            ratios.push(measured.cost / beside.cost);
            if turn == 0 || measured.cost < least.cost {
                least = measured;
            }
        }
        ratios.sort_by(f64::total_cmp);
        let Measured { records, cost, rows, counters } = least;
        println!("{name} | {records} | {cost:.2} | {:.2} | {rows:.2} | {counters:.2}", ratios[RUNS / 2]);
    }
}

/// Of one run. All but the number of records is for each of them.
#[derive(Clone, Copy)]
struct Measured {
    records: usize,
    /// In microseconds of CPU time.
    cost: f64,
    rows: f64,
    counters: f64,
}

fn measure(shape: Shape) -> Measured {
    let records = shape.records();
    let mut place = Place::new(shape);
    let begin = place::cpu();
    for records in records.chunks(place.records_a_commit) {
        records.chunks(place::RECORDS_A_BATCH).for_each(|records| place.fold(records));
        place.commit();
    }
    let of = |all: f64| all / records.len() as f64;
    let [rows, counters] = place.rows.map(|rows| of(rows as f64));
    Measured { records: records.len(), cost: of((place::cpu() - begin).as_secs_f64() * 1e6), rows, counters }
}

//! Whether a record costs more where there is more: ten times the chats, customers with ten times the events, 64
//! partitions, 10,000 channels; each beside the same plain case in one run, in CPU time of the thread that folds.
//! `cargo bench --bench scaling -- [CHATS]`; a store is behind, no log.

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
    println!("case | records | us a record | beside the plain case in the same turn");
    let (records, cost) = measure(plain);
    println!("plain: {plain:?} | {records} | {cost:.2} |");
    for (name, shape) in cases {
        // In turn, so that what else the machine does meets both; of the ratios the one in the middle.
        let mut ratios = Vec::new();
        let mut least = (0, f64::MAX);
        for _ in 0..RUNS {
            let (_, beside) = measure(plain);
            let (records, cost) = measure(shape);
            ratios.push(cost / beside);
            least = (records, cost.min(least.1));
        }
        ratios.sort_by(f64::total_cmp);
        println!("{name} | {} | {:.2} | {:.2}", least.0, least.1, ratios[RUNS / 2]);
    }
}

/// How many records there were, and the microseconds that each took.
fn measure(shape: Shape) -> (usize, f64) {
    let records = shape.records();
    let mut place = Place::new(shape);
    let begin = place::cpu();
    for (number, record) in records.iter().enumerate() {
        place.fold(record);
        if (number + 1) % place::RECORDS_A_COMMIT == 0 {
            place.commit();
        }
    }
    place.commit();
    (records.len(), (place::cpu() - begin).as_secs_f64() * 1e6 / records.len() as f64)
}

//! What the parts of the hot path cost, one by one, each alone and in one process.
//!
//! `cargo bench --bench micro` prints nanoseconds an operation. `cargo bench --bench micro -- CASE N` runs an operation N
//! times and prints nothing: all that is prepared is the same for every N, so that what N operations take beyond what
//! none takes is theirs alone; `dev/instructions` counts them so. `-- list` prints the cases and how many operations of
//! each are worth counting.

#[path = "micro/chat.rs"]
mod chat;
#[path = "micro/commit.rs"]
mod commit;
#[path = "micro/decode.rs"]
mod decode;
#[path = "micro/fold.rs"]
mod fold;
#[allow(dead_code)]
#[path = "load/hot.rs"]
mod hot;
mod load;
#[path = "micro/store.rs"]
mod store;
#[path = "micro/topics.rs"]
mod topics;

use std::process::ExitCode;
use std::time::{Duration, Instant};

/// As in the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// One operation of a case, ready to be run.
type Operation = Box<dyn FnMut()>;

struct Case {
    name: &'static str,
    /// How many operations are worth counting: so many that what a single one does not do every time evens out.
    operations: usize,
    prepare: fn() -> Operation,
}

const CASES: [Case; 9] = [
    Case { name: "decode-chat", operations: 1_000, prepare: decode::chat },
    Case { name: "decode-customer", operations: 1_000, prepare: decode::customer },
    Case { name: "derive", operations: 1_000, prepare: chat::derive },
    Case { name: "encode-status", operations: 1_000, prepare: chat::encode_status },
    Case { name: "encode-row", operations: 1_000, prepare: chat::encode_row },
    Case { name: "decode-row", operations: 1_000, prepare: chat::decode_row },
    Case { name: "fold", operations: 5_000, prepare: fold::record },
    Case { name: "store", operations: 5_000, prepare: store::record },
    Case { name: "commit", operations: 200, prepare: commit::transaction },
];

/// How long each case is run when all are.
const A_WHILE: Duration = Duration::from_millis(500);

fn main() -> ExitCode {
    // What cargo itself adds begins with a dash.
    let args: Vec<String> = std::env::args().skip(1).filter(|arg| !arg.starts_with('-')).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let case = |name: &str| CASES.iter().find(|case| case.name == name);
    match args[..] {
        [] => CASES.iter().for_each(time),
        ["list"] => CASES.iter().for_each(|case| println!("{} {}", case.name, case.operations)),
        [name, times] if let (Some(case), Ok(times)) = (case(name), times.parse::<usize>()) => {
            let mut operation = (case.prepare)();
            (0..times).for_each(|_| operation());
        }
        _ => {
            eprintln!("micro [list | CASE N]; {} is none of that", args.join(" "));
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

/// The best of many rounds: whatever else the machine does only adds to them.
fn time(case: &Case) {
    let mut operation = (case.prepare)();
    let begin = Instant::now();
    let mut best = Duration::MAX;
    while begin.elapsed() < A_WHILE {
        let start = Instant::now();
        (0..case.operations).for_each(|_| operation());
        best = best.min(start.elapsed());
    }
    println!("{:16} {:>9.0} ns", case.name, best.as_nanos() as f64 / case.operations as f64);
}

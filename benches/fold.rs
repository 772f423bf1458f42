//! `fold` beside `wc -l` and beside a bare parse of the same lines into the same structs, in one run.
//! `cargo bench --bench fold -- [CHATS]`; a chat has about ten lines.

mod load;

use chat_goals::contract::json::input::{LineJson, parse};
use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::process::{Command, Stdio};
use std::time::Instant;

const ROUNDS: usize = 3;

fn main() -> std::io::Result<()> {
    let chats = std::env::args().skip(1).find_map(|arg| arg.parse().ok()).unwrap_or(207_000);
    let file = tempfile::NamedTempFile::new()?;
    let mut writer = BufWriter::new(file.reopen()?);
    let lines = load::write_lines(chats, &mut writer)?;
    writer.flush()?;
    println!(
        "{lines} lines of {chats} chats, {} MB; the median of {ROUNDS} rounds",
        file.path().metadata()?.len() >> 20
    );

    let (mut wc, mut bare, mut fold, mut emitting, mut memory) = (vec![], vec![], vec![], vec![], vec![]);
    for _ in 0..ROUNDS {
        wc.push(timed(|| run(Command::new("wc").arg("-l").arg(file.path())).map(drop))?);
        bare.push(timed(|| bare_parse(file.path()))?);
        let start = Instant::now();
        memory.push(run(Command::new(env!("CARGO_BIN_EXE_chat-goals"))
            .args(["fold", "--emit", "counters"])
            .arg(file.path()))?);
        fold.push(start.elapsed().as_secs_f64());
        emitting.push(timed(|| {
            run(Command::new(env!("CARGO_BIN_EXE_chat-goals")).arg("fold").arg(file.path())).map(drop)
        })?);
    }
    let parse = median(&mut bare);
    let print = |what: &str, seconds: f64| {
        println!(
            "{what:28} {:>10.0} lines/s   {:>6.2} of the bare parse",
            lines as f64 / seconds,
            parse / seconds
        );
    };
    print("wc -l", median(&mut wc));
    print("bare serde parse", parse);
    print("fold --emit counters", median(&mut fold));
    print("fold (all changes printed)", median(&mut emitting));
    memory.sort_unstable();
    println!("peak memory of fold: {} MB", memory[ROUNDS / 2] >> 10);
    Ok(())
}

fn timed(act: impl FnOnce() -> std::io::Result<()>) -> std::io::Result<f64> {
    let start = Instant::now();
    act()?;
    Ok(start.elapsed().as_secs_f64())
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values[values.len() / 2]
}

/// What the parse alone costs: read a line, parse it into the structs that `fold` parses it into.
fn bare_parse(path: &std::path::Path) -> std::io::Result<()> {
    let mut reader = BufReader::with_capacity(1 << 20, File::open(path)?);
    let mut line = Vec::new();
    let mut parsed = 0u64;
    while reader.read_until(b'\n', &mut line)? > 0 {
        let record = parse::<LineJson<'_>>(line.trim_ascii()).expect("every line is a record");
        parsed += u64::from(std::hint::black_box(&record).line().is_ok());
        line.clear();
    }
    assert!(parsed > 0);
    Ok(())
}

/// Runs a command to its end, its output thrown away; its peak memory in KiB, as the kernel counts it.
fn run(command: &mut Command) -> std::io::Result<i64> {
    let child = command.stdout(Stdio::null()).spawn()?;
    let (mut status, mut usage) = (0, unsafe { std::mem::zeroed::<libc::rusage>() });
    // SAFETY: both pointers are to locals that live through the call, and the child is waited for only here.
    let waited = unsafe { libc::wait4(child.id() as i32, &mut status, 0, &mut usage) };
    assert!(waited == child.id() as i32 && status == 0, "the command failed");
    Ok(usage.ru_maxrss)
}

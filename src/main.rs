//! Parses the command line, runs one command, prints the chain of causes if it fails.

use clap::Parser as _;
use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    few_arenas();
    let cli = chat_goals::cli::Cli::parse();
    match chat_goals::cli::run(&cli) {
        Ok(code) => code,
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("chat-goals: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// RocksDB and librdkafka take memory from the C library, which gives each of their many threads an arena of its own
/// and seldom takes it back: most of it would be what some thread used once. Two are enough for what they do at once.
fn few_arenas() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: it only sets a number, before any other thread is there.
    unsafe {
        libc::mallopt(libc::M_ARENA_MAX, 2);
    }
}

/// Whoever read our output has seen enough.
fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let broken = |cause: &std::io::Error| cause.kind() == std::io::ErrorKind::BrokenPipe;
    error.chain().any(|cause| cause.downcast_ref().is_some_and(broken))
}

//! Signals: the first asks the demo to end, the second ends the process. Nothing else is decided here.

use super::terminal;
use anyhow::Context as _;
use std::process;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// As a shell reports Ctrl-C.
const INTERRUPTED: i32 = 130;

/// Whether somebody asked for the end.
#[derive(Clone, Default)]
pub struct Stop {
    asked: Arc<AtomicBool>,
}

impl Stop {
    /// Listens to interrupt, terminate, hang-up and quit.
    pub fn on_signals() -> anyhow::Result<Self> {
        let stop = Self::default();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
        // Registered before this returns, so that no signal is missed.
        let signals = runtime.block_on(async { Signals::listen() }).context("cannot listen to signals")?;
        let listener = stop.clone();
        let listen = move || runtime.block_on(listener.listen(signals));
        thread::Builder::new().name("signals".to_owned()).spawn(listen)?;
        Ok(stop)
    }

    pub fn asked(&self) -> bool {
        self.asked.load(Ordering::SeqCst)
    }

    /// As the first signal does.
    pub fn ask(&self) {
        self.asked.store(true, Ordering::SeqCst);
    }

    async fn listen(self, mut signals: Signals) {
        loop {
            signals.next().await;
            if self.asked.swap(true, Ordering::SeqCst) {
                terminal::give_back();
                process::exit(INTERRUPTED);
            }
        }
    }
}

struct Signals {
    interrupt: Signal,
    terminate: Signal,
    hang_up: Signal,
    quit: Signal,
}

impl Signals {
    fn listen() -> std::io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hang_up: signal(SignalKind::hangup())?,
            quit: signal(SignalKind::quit())?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
            _ = self.hang_up.recv() => {}
            _ = self.quit.recv() => {}
        }
    }
}

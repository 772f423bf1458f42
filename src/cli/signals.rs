//! SIGTERM and SIGINT, for commands that work until they are told to stop. It stops nothing itself.

use std::time::Duration;
use tokio::runtime::Runtime;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// From when there is one on, a signal does not end the process: it is heard here.
pub struct Signals {
    runtime: Runtime,
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    pub fn catch() -> anyhow::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (terminate, interrupt) = {
            let _inside = runtime.enter();
            (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?)
        };
        Ok(Self { runtime, terminate, interrupt })
    }

    /// Waits until one comes or nothing is running any more, says so by `leave`, and lets `unready` pass if there is
    /// something that runs on meanwhile: whoever counts on the process can look for another one. A second signal ends that.
    pub fn until_stopped(self, is_running: impl Fn() -> bool, leave: impl FnOnce(), unready: Duration) {
        const LOOK_EVERY: Duration = Duration::from_millis(200);
        let Self { runtime, mut terminate, mut interrupt } = self;
        runtime.block_on(async {
            loop {
                tokio::select! {
                    _ = terminate.recv() => break,
                    _ = interrupt.recv() => break,
                    () = tokio::time::sleep(LOOK_EVERY) => if !is_running() { break },
                }
            }
            leave();
            if is_running() && !unready.is_zero() {
                tracing::info!(wait = ?unready, "not ready any more; leaving soon");
                tokio::select! {
                    () = tokio::time::sleep(unready) => {}
                    _ = terminate.recv() => {}
                    _ = interrupt.recv() => {}
                }
            }
        });
    }
}

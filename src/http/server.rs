//! A server: a router at an address, on threads of its own, until it is stopped. Handlers that read a disk do so on the
//! blocking threads ([`tokio::task::spawn_blocking`]).

use anyhow::Context as _;
use axum::Router;
use std::net::SocketAddr;
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::watch;

/// Threads that run handlers; those that block have others.
const THREADS: usize = 2;

/// How long answers that are under way may take after the end was asked for.
const GRACE: Duration = Duration::from_secs(5);

/// A port that is taken, so that nobody else has it; whoever connects waits until a server answers there.
pub struct Port(std::net::TcpListener);

impl Port {
    /// Port 0: any free one.
    pub fn take(address: SocketAddr) -> anyhow::Result<Self> {
        let listener =
            std::net::TcpListener::bind(address).with_context(|| format!("cannot listen at {address}"))?;
        listener.set_nonblocking(true)?;
        Ok(Self(listener))
    }
}

pub struct Server {
    address: SocketAddr,
    stop: watch::Sender<bool>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Listens at `address` (port 0: any free one) when this returns. `router` is asked for with the signal that the server
    /// is being stopped, for answers that would not end by themselves.
    pub fn start(address: SocketAddr, router: impl FnOnce(Stopping) -> Router) -> anyhow::Result<Self> {
        Self::on(Port::take(address)?, router)
    }

    /// As [`Self::start`], on a port that was taken before.
    pub fn on(port: Port, router: impl FnOnce(Stopping) -> Router) -> anyhow::Result<Self> {
        let (stop, stopping) = watch::channel(false);
        let router = router(Stopping(stopping.clone()));
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(THREADS)
            .thread_name("http")
            .enable_all()
            .build()
            .context("the threads for HTTP cannot be started")?;
        let address = port.0.local_addr()?;
        let listener = {
            let _inside = runtime.enter();
            TcpListener::from_std(port.0)?
        };
        let thread = std::thread::Builder::new().name("http-server".to_owned()).spawn(move || {
            runtime.block_on(async {
                let ends = Stopping(stopping.clone()).asked();
                let served = axum::serve(listener, router).with_graceful_shutdown(ends);
                let late = async {
                    Stopping(stopping).asked().await;
                    tokio::time::sleep(GRACE).await;
                };
                tokio::select! {
                    result = served => if let Err(error) = result {
                        tracing::error!(%error, "the HTTP server ended");
                    },
                    () = late => tracing::debug!("answers were cut off"),
                }
            });
            runtime.shutdown_timeout(GRACE);
        })?;
        Ok(Self { address, stop, thread: Some(thread) })
    }

    /// Where it listens, with the port that it got.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Takes nothing new, lets answers that are under way end, and returns when they have (or after some seconds).
    pub fn stop(mut self) {
        self.end();
    }

    fn end(&mut self) {
        self.stop.send_replace(true);
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the HTTP server panicked");
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.end();
    }
}

/// Says when the server is being stopped.
#[derive(Clone)]
pub struct Stopping(watch::Receiver<bool>);

impl Stopping {
    /// Returns when the end was asked for.
    pub async fn asked(mut self) {
        // Without its sender there is no server either.
        let _ = self.0.wait_for(|stop| *stop).await;
    }
}

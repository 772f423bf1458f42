//! The clocks of a process, and whether its threads may wait. Nothing of it reaches a result: the moment that rules
//! speak of is the group's ([`super::clock`]).

use std::sync::Arc;
use std::time::{Duration, Instant};

/// What the wall clock says, in milliseconds since the epoch. The demo has a faster one.
pub type WallClock = Arc<dyn Fn() -> i64 + Send + Sync>;

#[derive(Clone)]
pub struct Clocks {
    wall: WallClock,
    steady: Arc<dyn Fn() -> Duration + Send + Sync>,
    /// Where one thread steps through everything, nobody waits.
    may_wait: bool,
}

impl Clocks {
    /// Those of the machine, but for the wall clock.
    pub fn with_wall(wall: WallClock) -> Self {
        let began = Instant::now();
        Self { wall, steady: Arc::new(move || began.elapsed()), may_wait: true }
    }

    /// Clocks that somebody else moves. With them no step ever waits.
    pub fn moved(wall: WallClock, steady: Arc<dyn Fn() -> Duration + Send + Sync>) -> Self {
        Self { wall, steady, may_wait: false }
    }

    /// The wall clock, in milliseconds since the epoch. It may jump.
    pub fn wall(&self) -> i64 {
        (self.wall)()
    }

    /// Time since some moment before; it never goes back.
    pub fn elapsed(&self) -> Duration {
        (self.steady)()
    }

    /// Whether steps wait, and may do several things at a time.
    pub fn may_wait(&self) -> bool {
        self.may_wait
    }

    /// How long a step may wait that would like to wait this long.
    pub fn at_most(&self, span: Duration) -> Duration {
        if self.may_wait { span } else { Duration::ZERO }
    }

    /// Waits, if that is allowed.
    pub fn sleep(&self, span: Duration) {
        if self.may_wait {
            std::thread::sleep(span);
        }
    }
}

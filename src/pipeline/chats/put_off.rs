//! Chats that are settled once, in the end, as nobody asks for the changes on the way: what a chat comes to follows from
//! its facts, however often it was settled before. On the way only facts are kept up.

use super::sweep::Phase;
use super::{ChatsTask, Differences};
use crate::domain::credit::{Bucket, Counts};
use crate::domain::ids::ChannelId;
use crate::domain::settings::Settings;
use crate::domain::time::Timestamp;
use crate::pipeline::outlet::Outlet;
use crate::stages::chats::ChatRow;
use crate::stages::messages::{Cause, CauseKind};
use crate::state::table::TableRow as _;
use hashbrown::HashMap;

/// Differences of counters, summed up.
pub type Sums = HashMap<(ChannelId, Bucket), Counts>;

impl ChatsTask {
    /// Settles no chat before [`Self::settle_all`]. Nothing is sealed, no row dropped.
    pub fn put_off(&mut self) {
        self.puts_off = true;
    }

    /// Settles every chat at the clock, once nothing more is to be folded, in `threads`: what they add to the counters.
    pub fn settle_all(&mut self, settings: &Settings, threads: usize) -> anyhow::Result<Vec<Sums>> {
        let (clock, mut rows) = (self.clock, self.table.rows_mut().collect::<Vec<_>>());
        let share = rows.len().div_ceil(threads).max(1);
        std::thread::scope(|scope| {
            let settle = |rows| {
                let thread = std::thread::Builder::new().name("settle".to_owned());
                thread.spawn_scoped(scope, move || settled(rows, settings, clock))
            };
            let threads: Vec<_> = rows.chunks_mut(share).map(settle).collect::<Result<_, _>>()?;
            Ok(threads.into_iter().map(|thread| thread.join().expect("nothing panics")).collect())
        })
    }

    /// A sweep while settling is put off: where a subscription begins, chats ask for events, and these are facts (C5).
    /// Everything else that settings change is found in the end.
    pub(super) fn sweep_for_facts(
        &mut self,
        budget: &mut usize,
        settings: &Settings,
        differences: &mut Differences,
        out: &mut dyn Outlet,
    ) -> anyhow::Result<bool> {
        self.sweeps_added = 0;
        self.sweeps.retain(|sweep| sweep.effect.subscribes);
        while let Some(mut sweep) = self.sweeps.pop_front() {
            if !self.walk(&mut sweep, Phase::Recent, budget, settings, differences, out)? {
                self.sweeps.push_front(sweep);
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// Settles rows, without sealing: what they add to the counters.
fn settled(rows: &mut [&mut ChatRow], settings: &Settings, clock: Timestamp) -> Sums {
    /// They come near together, as in [`Table::come_near`].
    const TOGETHER: usize = 32;
    // Nobody is told of the changes, nor of what made them.
    let cause = Cause { kind: CauseKind::Deadline, at: clock };
    let mut sums = Sums::new();
    for rows in rows.chunks_mut(TOGETHER) {
        rows.iter().for_each(|row| {
            std::hint::black_box(row.come_near());
        });
        for row in rows {
            let settled = row.settle(settings.channel(&row.channel), clock, cause, false);
            for (bucket, counts) in settled.differences {
                sums.entry((row.channel.clone(), bucket)).or_default().add(&counts, 1);
            }
        }
    }
    sums
}

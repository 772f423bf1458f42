//! What the read side tells of its model. It is told by whoever follows the log, and knows no chat.

use super::page;
use super::write::{Source, Writer};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

/// Cheap to clone; all clones are one.
#[derive(Clone, Default)]
pub struct ReadSide(Arc<Figures>);

#[derive(Default)]
struct Figures {
    lag_records: AtomicU64,
    lag_ms: AtomicU64,
    rows: [AtomicU64; 3],
    bytes: AtomicU64,
    clients: AtomicI64,
}

/// What the model has rows of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rows {
    Chats,
    Counters,
    Settings,
}

impl Rows {
    const ALL: [(Rows, &'static str); 3] =
        [(Rows::Chats, "chats"), (Rows::Counters, "counters"), (Rows::Settings, "settings")];
}

impl ReadSide {
    /// Offsets that are not taken up yet, and for how long that has been so (0 ms if there are none).
    pub fn lags(&self, records: u64, ms: u64) {
        self.0.lag_records.store(records, Ordering::Relaxed);
        self.0.lag_ms.store(ms, Ordering::Relaxed);
    }

    /// How many rows of a kind the model has.
    pub fn rows(&self, of: Rows, count: u64) {
        self.0.rows[of as usize].store(count, Ordering::Relaxed);
    }

    /// What the model takes, in bytes.
    pub fn bytes(&self, bytes: u64) {
        self.0.bytes.store(bytes, Ordering::Relaxed);
    }

    /// Counts a client that follows changes, until this is dropped.
    #[must_use]
    pub fn client(&self) -> Client {
        self.0.clients.fetch_add(1, Ordering::Relaxed);
        Client(self.clone())
    }
}

/// A client that follows changes.
pub struct Client(ReadSide);

impl Drop for Client {
    fn drop(&mut self) {
        self.0.0.clients.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Source for ReadSide {
    fn write(&self, to: &mut Writer<'_>) -> Result<(), std::fmt::Error> {
        let read = |figure: &AtomicU64| figure.load(Ordering::Relaxed);
        to.gauge(&page::MODEL_LAG_RECORDS, read(&self.0.lag_records))?;
        to.gauge(&page::MODEL_LAG_SECONDS, read(&self.0.lag_ms) as f64 / 1e3)?;
        let rows = Rows::ALL.map(|(rows, word)| (vec![word.to_owned()], read(&self.0.rows[rows as usize])));
        to.gauges(&page::MODEL_ROWS, rows)?;
        to.gauge(&page::MODEL_BYTES, read(&self.0.bytes))?;
        to.gauge(&page::SSE_CLIENTS, self.0.clients.load(Ordering::Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::Registry;

    #[test]
    fn what_it_was_told_last_is_what_it_tells() {
        let read_side = ReadSide::default();
        let registry = Registry::default().with(read_side.clone());
        read_side.lags(7, 1_500);
        read_side.rows(Rows::Counters, 3);
        let (one, two) = (read_side.client(), read_side.client());
        drop(one);
        let text = registry.prometheus().unwrap();
        for sample in [
            "chat_goals_model_lag_records 7",
            "chat_goals_model_lag_seconds 1.5",
            "chat_goals_model_rows{kind=\"counters\"} 3",
            "chat_goals_sse_clients 1",
        ] {
            assert!(text.lines().any(|line| line == sample), "{sample} is not in\n{text}");
        }
        drop(two);
    }
}

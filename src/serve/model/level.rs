//! Up to when everything was read, kept on the disk: what a log takes away by itself after a while, such as the deletes of
//! a compacted topic, was not missed as long as that is not too long ago. It reads no record.

use super::batch::Batch;
use super::store::Family;
use super::{ReadModel, keys};
use crate::domain::time::Timestamp;
use crate::explain::words::moment;
use crate::log::Log;
use crate::runtime::topology::Topology;
use anyhow::Context as _;

impl ReadModel {
    /// Up to when everything is in the model; `None`: nothing was ever read.
    pub(super) fn stored_level(&self) -> anyhow::Result<Option<Timestamp>> {
        let stored = self.inner.store.get(Family::Meta, keys::LEVEL)?;
        let read = |stored: Vec<u8>| stored.try_into().ok().map(|bytes| Timestamp(keys::number(bytes)));
        stored.map(|stored| read(stored).context("a time of the read model cannot be read")).transpose()
    }

    pub(super) fn write_level(&self, at: Timestamp) -> anyhow::Result<()> {
        let mut batch = Batch::new(&self.inner.store);
        batch.level(at);
        batch.write().context("the read model cannot be written")?;
        self.progress().level_kept = Some(at);
        Ok(())
    }

    /// Where nothing comes that is written, up to when everything was read is written by itself now and then.
    pub(super) fn keep_level(&self) -> anyhow::Result<()> {
        const EVERY: i64 = 60_000;
        let (level, kept) = {
            let progress = self.progress();
            (progress.level_at, progress.level_kept)
        };
        let is_due = |level: &Timestamp| kept.is_none_or(|kept| level.0.saturating_sub(kept.0) >= EVERY);
        level.filter(is_due).map_or(Ok(()), |level| self.write_level(level))
    }

    /// Whether deletes may be gone from the compacted topics that were never seen here: a log keeps them for
    /// `delete.retention.ms` only.
    pub(super) fn missed_deletes(
        &self,
        log: &impl Log,
        topology: &Topology,
    ) -> anyhow::Result<Option<String>> {
        const SETTING: &str = "delete.retention.ms";
        /// What Kafka does unless told otherwise.
        const DAY: i64 = 86_400_000;
        /// For reading what has come since.
        const HOUR: i64 = 3_600_000;
        let Some(level) = self.stored_level()? else { return Ok(None) };
        let topics = log.topics(&[&topology.status_changed.topic, &topology.chats_changelog], &[SETTING])?;
        for topic in topics {
            let told = topic.settings.iter().find(|(name, _)| name == SETTING);
            let kept = told.and_then(|(_, value)| value.parse().ok()).unwrap_or(DAY);
            if self.now().0.saturating_sub(level.0) > (kept - HOUR).max(kept / 2) {
                return Ok(Some(format!(
                    "everything had been read last at {}, and {} keeps deletes for {} hours only: some may be gone unseen",
                    moment(level),
                    topic.name,
                    kept / HOUR
                )));
            }
        }
        Ok(None)
    }
}

//! What `rebuild`, `diff`, `promote` and `retire` have in common: two generations of one deployment.

use crate::config::Config;
use crate::log::kafka::KafkaLog;
use crate::runtime::topology::Topology;

/// The generation after the configured one, which is the one that runs.
pub fn after(config: &Config) -> Config {
    let mut next = config.clone();
    next.group.generation += 1;
    next
}

/// The generation before the configured one.
pub fn before(config: &Config) -> anyhow::Result<Config> {
    let generation = config.group.generation;
    anyhow::ensure!(generation > 1, "generation {generation} has none before it");
    let mut old = config.clone();
    old.group.generation = generation - 1;
    Ok(old)
}

/// The topics of a generation, which have to be there.
pub fn topology(log: &KafkaLog, config: &Config) -> anyhow::Result<Topology> {
    Topology::load(log, config)?.map_err(|problems| anyhow::anyhow!(problems.join("\n")))
}

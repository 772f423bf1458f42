//! The rows of a state folder, one by one, with everything that is in them.

use super::disk::{name_of, place, walk};
use super::rows::{AnyRow, is_named, name};
use crate::contract::protobuf::rows::versions::Versions;
use crate::runtime::topology::Stage;
use crate::state::store::Store;
use crate::state::table::parse_page_key;
use serde_json::{Value, json};

/// Which rows: all, but for what is named.
#[derive(Default)]
pub struct Which {
    pub stage: Option<Stage>,
    pub partition: Option<i32>,
    pub key: Option<String>,
}

/// A row on its way out.
pub struct Dumped {
    pub stage: &'static str,
    pub partition: i32,
    pub key: String,
    pub versions: Option<Versions>,
    /// What it says, or why it cannot be read.
    pub row: Result<Value, String>,
}

impl Dumped {
    pub fn json(&self) -> Value {
        let Self { stage, partition, key, versions, row } = self;
        let mut json = json!({
            "stage": stage, "partition": partition, "key": key,
            "format": versions.map(|versions| versions.format), "rules": versions.map(|versions| versions.rules),
        });
        match row {
            Ok(row) => json["row"] = row.clone(),
            Err(reason) => json["unreadable"] = json!(reason),
        }
        json
    }
}

/// Shows rows in the order of stages, partitions and keys.
pub fn dump(
    store: &Store,
    which: &Which,
    mut show: impl FnMut(Dumped) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    for stage in Stage::ALL.into_iter().filter(|stage| which.stage.is_none_or(|wanted| wanted == *stage)) {
        let mut failed = None;
        walk(store, stage.family(), which.partition, |key, value| {
            let Ok((partition, own)) = place(key) else { return true };
            let wanted = which.key.as_ref().is_none_or(|wanted| is_named(stage, own, wanted));
            if !wanted || parse_page_key(own).is_some() {
                return true;
            }
            let row = AnyRow::whole(stage, store, partition, own);
            let row = row.and_then(|row| row.ok_or_else(|| anyhow::anyhow!("it is gone")));
            let dumped = Dumped {
                stage: name_of(stage),
                partition,
                key: name(stage, own),
                versions: Versions::of_row(value).ok(),
                row: row.map(|row| row.json()).map_err(|error| format!("{error:#}")),
            };
            failed = show(dumped).err();
            failed.is_none()
        })?;
        if let Some(error) = failed {
            return Err(error);
        }
    }
    Ok(())
}

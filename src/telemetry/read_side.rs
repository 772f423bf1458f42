//! What the read side tells of its model, and whether it should be counted on. It asks whoever has the model, and knows no
//! chat.

use super::health::{Check, Health};
use super::page;
use super::write::{Source, Writer};

/// A model as it is now.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Model {
    /// Offsets of the followed topics that are not taken up yet.
    pub lag_records: u64,
    /// For how long that has been so; 0 if there are none.
    pub lag_ms: i64,
    /// Roughly, by what they are of.
    pub rows: Vec<(&'static str, u64)>,
    /// What it takes on disk.
    pub bytes: u64,
    /// Who follows changes.
    pub clients: u64,
}

/// Of a model that is served. `left` says how many offsets are to be read before the model has been level once, and is `None`
/// from then on: a model that has fallen behind later still answers, and old answers are better than none.
pub fn health(left: impl Fn() -> Option<u64> + Send + Sync + 'static) -> Health {
    Health::new(
        || vec![Check::good("answers", "it answers")],
        move || match left() {
            None => {
                vec![Check::good("model", "the model has read all that was there when this process began")]
            }
            Some(left) => vec![Check::bad("model", format!("the model has {left} offsets left to read"))],
        },
    )
}

/// Looks at the model each time it is asked; looking must not wait.
pub struct ReadSide<F>(pub F);

impl<F: Fn() -> Model + Send + Sync + 'static> Source for ReadSide<F> {
    fn write(&self, to: &mut Writer<'_>) -> Result<(), std::fmt::Error> {
        let model = (self.0)();
        to.gauge(&page::MODEL_LAG_RECORDS, model.lag_records)?;
        to.gauge(&page::MODEL_LAG_SECONDS, model.lag_ms as f64 / 1e3)?;
        to.gauges(
            &page::MODEL_ROWS,
            model.rows.into_iter().map(|(kind, rows)| (vec![kind.to_owned()], rows)),
        )?;
        to.gauge(&page::MODEL_BYTES, model.bytes)?;
        to.gauge(&page::SSE_CLIENTS, model.clients)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::Registry;
    use std::sync::{Arc, Mutex};

    #[test]
    fn it_is_ready_once_it_was_level() {
        let left = Arc::new(Mutex::new(Some(70)));
        let looked_at = left.clone();
        let health = health(move || *looked_at.lock().unwrap());
        assert_eq!(health.ready().sentence(), "the model has 70 offsets left to read");
        assert!(health.live().ok);
        *left.lock().unwrap() = None;
        assert!(health.ready().ok);
    }

    #[test]
    fn it_tells_what_the_model_is_when_it_is_asked() {
        let model = Arc::new(Mutex::new(Model::default()));
        let looked_at = model.clone();
        let registry = Registry::default().with(ReadSide(move || looked_at.lock().unwrap().clone()));
        let tells = |sample: &str| registry.prometheus().unwrap().lines().any(|line| line == sample);
        assert!(tells("chat_goals_model_lag_records 0"));
        *model.lock().unwrap() =
            Model { lag_records: 7, lag_ms: 1_500, rows: vec![("counters", 3)], bytes: 9, clients: 1 };
        for sample in [
            "chat_goals_model_lag_records 7",
            "chat_goals_model_lag_seconds 1.5",
            "chat_goals_model_rows{kind=\"counters\"} 3",
            "chat_goals_model_bytes 9",
            "chat_goals_sse_clients 1",
        ] {
            assert!(tells(sample), "{sample}");
        }
    }
}

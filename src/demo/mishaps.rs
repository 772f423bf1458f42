//! What goes wrong on a platform: now and then a record comes once more in a form that nobody can understand. It follows
//! from how many records there were, so the same seed has the same mishaps.

use super::drafts::{Record, Topic};
use crate::domain::time::DAY;

/// Seldom enough that they are the exception.
const EVERY: u64 = 400;

/// The bad record that follows the `number`th good one, if one does.
pub fn after(record: &Record, number: u64) -> Option<Record> {
    if !number.is_multiple_of(EVERY) || record.topic == Topic::GoalChanges {
        return None;
    }
    let mut bad = record.clone();
    match number / EVERY % 4 {
        // Cut off on its way.
        0 => bad.value.truncate(bad.value.len() / 2),
        // Another format altogether.
        1 => bad.value = vec![0xff, 0xd8, 0xff, 0xe0, 0x00, 0x10, b'J', b'F', b'I', b'F', 0x00, 0x01],
        // Under a key that is not its id.
        2 => bad.key.push_str("-copy"),
        // From a queue that was found again after months (H1).
        _ => bad.timestamp_ms += 40 * DAY,
    }
    Some(bad)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mishap_is_seldom_and_of_each_kind() {
        let record = Record {
            topic: Topic::ChatEvents,
            key: "c".into(),
            value: b"{\"id\":\"e1\"}".to_vec(),
            timestamp_ms: 7,
        };
        let bad: Vec<Record> = (1..=4 * EVERY).filter_map(|number| after(&record, number)).collect();
        assert_eq!(bad.len(), 4);
        assert!(bad.iter().all(|bad| *bad != record));
        assert_eq!(bad[1].key, "c-copy");
        let setting = Record { topic: Topic::GoalChanges, ..record };
        assert_eq!(after(&setting, EVERY), None);
    }
}

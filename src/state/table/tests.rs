//! What a table with little room keeps in memory, and that nothing of it is lost.

use super::*;

struct Text(String);

impl Row for Text {
    fn encode(&self) -> Vec<u8> {
        self.0.clone().into_bytes()
    }
    fn decode(bytes: &[u8]) -> anyhow::Result<Self> {
        Ok(Self(String::from_utf8(bytes.to_vec())?))
    }
}

impl TableRow for Text {
    const FAMILY: Family = Family::Chats;
    type Index = ();
    fn index(&self) {}
}

#[test]
fn a_row_that_changes_while_others_are_stored_is_not_dropped_with_them() {
    let dir = tempfile::tempdir().unwrap();
    let store = Arc::new(Store::open(dir.path(), 8 << 20).unwrap());
    let mut table: Table<Text> = Table::new(7, Some(store.clone()), 4);
    let write = |table: &mut Table<Text>, keys: std::ops::Range<u32>, text: &str| {
        for key in keys {
            let key = key.to_be_bytes();
            let mut slot = table.slot(&key).unwrap();
            slot.row = Some(Text(text.to_owned()));
            slot.mark();
        }
    };
    let told = |table: &mut Table<Text>| {
        let mut changes = store.changes();
        let mut told = 0;
        let tell = |key: &[u8], row: &[u8]| {
            told += 1;
            changes.put_row(Family::Chats, 7, key, row);
            Ok(())
        };
        table.changed(tell).unwrap();
        (told, changes)
    };
    write(&mut table, 0..20, "first");
    let (count, changes) = told(&mut table);
    assert_eq!(count, 20);
    // Of these some were among those that are being stored.
    write(&mut table, 10..30, "second");
    changes.write().unwrap();
    table.committed();
    assert!((20..30).contains(&table.rows_in_memory()), "{}", table.rows_in_memory());
    write(&mut table, 25..35, "third");
    let (count, changes) = told(&mut table);
    assert_eq!(count, 25);
    changes.write().unwrap();
    table.committed();
    for (keys, text) in [(0..10, "first"), (10..25, "second"), (25..35, "third")] {
        for key in keys {
            let row = stored_row::<Text>(&store, 7, &u32::to_be_bytes(key)).unwrap();
            assert_eq!(row.map(|row| row.0).as_deref(), Some(text), "{key}");
        }
    }
}

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

#[test]
fn slots_are_found_in_memory_and_in_the_store_and_made_where_there_is_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let store = Arc::new(Store::open(dir.path(), 8 << 20).unwrap());
    let mut changes = store.changes();
    for key in [b"a", b"c"] {
        changes.put_row(Family::Chats, 7, key, b"stored");
    }
    changes.write().unwrap();
    let keys: [&[u8]; 5] = [b"c", b"b", b"a", b"d", b"b"];
    for (store, stored) in [(Some(store), 2), (None, 0)] {
        let has_store = store.is_some();
        let mut table: Table<Text> = Table::new(7, store, 100);
        table.slot(b"d").unwrap().row = Some(Text("in memory".to_owned()));
        let uses = table.take_uses();
        assert_eq!(uses, Uses { hits: 0, misses: 1 });
        let slots = table.slots(&keys).unwrap();
        let rows: Vec<_> =
            slots.iter().map(|at| table.held(*at).row.as_ref().map(|row| row.0.clone())).collect();
        let c_and_a = has_store.then(|| "stored".to_owned());
        assert_eq!(rows, [c_and_a.clone(), None, c_and_a, Some("in memory".to_owned()), None]);
        assert_eq!(rows.iter().flatten().count(), stored + 1);
        assert_eq!(slots[1], slots[4], "one key has one slot");
        if has_store {
            // `b` was asked for twice, and the second time it was known that there is none.
            assert_eq!(table.take_uses(), Uses { hits: 2, misses: 3 });
        }
        table.held(slots[1]).row = Some(Text("new".to_owned()));
        assert_eq!(table.peek(b"b").map(|row| row.0.as_str()), Some("new"));
        assert_eq!(table.rows_in_memory(), 4);
    }
}

#[test]
fn what_was_not_used_for_a_turn_goes_first() {
    let dir = tempfile::tempdir().unwrap();
    let store = Arc::new(Store::open(dir.path(), 8 << 20).unwrap());
    let mut table: Table<Text> = Table::new(7, Some(store), 20);
    let mut turn = |keys: &[u8]| {
        for key in keys {
            table.slot(&[*key]).unwrap().row = Some(Text(String::new()));
        }
        table.committed();
        (0..200u8).filter(|key| table.peek(&[*key]).is_some()).collect::<Vec<u8>>()
    };
    // Half of what may be kept: it is no turn yet, however often they are used.
    let ten: Vec<u8> = (0..10).collect();
    assert_eq!(turn(&ten), ten);
    assert_eq!(turn(&ten), ten);
    // Eleven were used, of which ten stay.
    assert_eq!(turn(&[10]), ten);
    // The next turn ends with five that were used again and six new ones: nobody used the others.
    assert_eq!(turn(&[0, 1, 2, 3, 4]), ten);
    assert_eq!(turn(&[100, 101, 102, 103, 104, 105]), [0, 1, 2, 3, 4, 100, 101, 102, 103, 104]);
}

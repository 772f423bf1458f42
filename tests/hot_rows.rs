//! Rows that everything comes to do not cost more the longer they are: counted in messages and bytes, not in seconds.

#[allow(dead_code)]
#[path = "../benches/load/hot.rs"]
mod hot;

use hot::{Counted, Record, World};

/// Folds the records with a commit after every hundred, and counts from the first to the last.
fn counted(records: &[Record]) -> Counted {
    counted_in(World::new(), records)
}

fn counted_in(mut world: World, records: &[Record]) -> Counted {
    for part in records.chunks(100) {
        part.iter().for_each(|record| world.fold(record));
        world.commit();
    }
    world.counted()
}

/// In turn; the chats first; the events first.
fn orders(chats: u64, events: u64) -> [Vec<Record>; 3] {
    let (of_chats, of_customer) = hot::crowd(chats, events, "Purchase", 31);
    let mut in_turn = [of_chats.clone(), of_customer.clone()].concat();
    in_turn.sort_by_key(|record| record.at);
    let chats_first = [of_chats.clone(), of_customer.clone()].concat();
    [in_turn, chats_first, [of_customer, of_chats].concat()]
}

#[test]
fn a_chat_of_a_busy_customer_is_told_one_event_and_not_all() {
    for records in orders(300, 2_000) {
        let counted = counted(&records);
        assert_eq!(counted.to_customers, 300, "a chat asks once, when it is answered");
        assert!(counted.to_chats <= 2 * 300, "{} messages to 300 chats", counted.to_chats);
        assert!(counted.events_to_chats <= 2 * 300, "{} events to 300 chats", counted.events_to_chats);
    }
}

#[test]
fn a_customer_with_ten_times_the_chats_and_events_writes_no_more_for_each_record() {
    for (small, large) in orders(100, 400).into_iter().zip(orders(1_000, 4_000)) {
        let bytes = |records: &[Record]| counted(records).bytes as f64 / records.len() as f64;
        let (small, large) = (bytes(&small), bytes(&large));
        assert!(
            large < small * 1.5,
            "{small:.0} bytes for each record, and {large:.0} with ten times as many"
        );
    }
}

#[test]
fn a_long_row_that_is_read_from_its_pages_again_says_and_writes_the_same() {
    let mut reopened = hot::reopened(300, 31);
    reopened.sort_by_key(|record| record.at);
    for records in orders(300, 2_000).into_iter().chain([reopened]) {
        let (kept, read) = (counted(&records), counted_in(World::with_cache(2), &records));
        assert_eq!(kept, read);
    }
}

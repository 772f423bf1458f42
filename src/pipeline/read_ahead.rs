//! The rows that records are about to need, read from the store together: that costs less than to read them one by one.
//! Which rows are read changes nothing else.

use super::Pipeline;
use super::rows::customer_key;
use crate::domain::settings::Settings;
use crate::log::partitioner::partition_of;
use crate::stages::chats;
use crate::stages::messages::{CustomerBody, Event};
use std::collections::BTreeMap;

/// So few records are not worth looking at twice.
const FEW_RECORDS: usize = 16;

impl Pipeline {
    /// Reads the rows that these records need, each of the partition that it came to, as far as they are not in memory:
    /// first those of their chats, which know their customers, then those of customers.
    pub fn read_ahead<'e>(
        &mut self,
        events: impl Iterator<Item = (i32, &'e Event<'e>)> + Clone,
        settings: &Settings,
    ) -> anyhow::Result<()> {
        if events.clone().take(FEW_RECORDS + 1).count() <= FEW_RECORDS {
            return Ok(());
        }
        let mut chats: BTreeMap<i32, Vec<&[u8]>> = BTreeMap::new();
        for (partition, event) in events.clone() {
            if let Event::Chat(event) = event
                && is_home(event.chat, partition, self.partitions.chats)
            {
                chats.entry(partition).or_default().push(event.chat.as_bytes());
            }
        }
        for (partition, keys) in chats {
            if let Some(task) = self.chats.get_mut(&partition) {
                task.table.read_ahead(keys.into_iter())?;
            }
        }
        for (partition, keys) in self.customers_needed(events, settings) {
            if let Some(task) = self.customers.get_mut(&partition) {
                task.table.read_ahead(keys.iter().map(Vec::as_slice))?;
            }
        }
        Ok(())
    }

    /// The keys of customers, by their partitions.
    fn customers_needed<'e>(
        &self,
        events: impl Iterator<Item = (i32, &'e Event<'e>)>,
        settings: &Settings,
    ) -> BTreeMap<i32, Vec<Vec<u8>>> {
        let mut keys: BTreeMap<i32, Vec<Vec<u8>>> = BTreeMap::new();
        let mut need = |channel: &str, customer: &str| {
            let partition = partition_of(customer.as_bytes(), self.partitions.customers);
            if self.customers.contains_key(&partition) {
                keys.entry(partition).or_default().push(customer_key(channel, customer));
            }
        };
        for (partition, event) in events {
            match event {
                Event::Chat(event) => {
                    if let Some(task) = self.chats.get(&partition) {
                        let row = task.table.peek(event.chat.as_bytes());
                        chats::may_ask(row, event, |customer| need(event.channel, customer));
                    }
                }
                Event::Customer(event) => {
                    let concerns = match event.body {
                        CustomerBody::Tracked { name, .. } => settings.channel(event.channel).concerns(name),
                        CustomerBody::Merged { .. } => true,
                    };
                    if concerns && is_home(event.customer, partition, self.partitions.customers) {
                        need(event.channel, event.customer);
                    }
                }
            }
        }
        keys
    }
}

/// Whether a record with this key is folded where it came: rows of others would only take room.
fn is_home(key: &str, partition: i32, partitions: i32) -> bool {
    partition_of(key.as_bytes(), partitions) == partition
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::conversation::Said;
    use crate::domain::goal::{Days, Filter, Goal, NoProperties};
    use crate::domain::settings::{Change, GoalChange};
    use crate::domain::time::Timestamp;
    use crate::pipeline::Partitions;
    use crate::pipeline::offline::{Here, Nobody};
    use crate::stages::messages::{ChatBody, ChatEvent, CustomerEvent};
    use crate::state::store::{Family, Store};
    use std::sync::Arc;

    const COUNT: usize = FEW_RECORDS + 4;

    fn begin(store: &Arc<Store>) -> Pipeline {
        let mut pipeline = Pipeline::new(Partitions { chats: 1, customers: 1, managers: 1 }, true);
        pipeline.assign_chats(0, Some(store.clone()), 1_000);
        pipeline.assign_customers(0, Some(store.clone()), 1_000);
        pipeline.assign_managers(0, Some(store.clone()), 1_000);
        pipeline
    }

    fn settings() -> Settings {
        let mut settings = Settings::new(false);
        let goal = Goal {
            event_name: "Purchase".into(),
            filter: Filter::default(),
            days: Days::new(7).expect("it is one of the periods"),
        };
        let change = Change::GoalSet(goal);
        settings.add(GoalChange { id: None, channel: "ch".into(), at: Timestamp(0), change }, None);
        settings
    }

    fn said<'a>(chat: &'a str, at: i64, said: Said<'a>) -> ChatEvent<'a> {
        ChatEvent { id: None, channel: "ch", chat, at: Timestamp(at), body: ChatBody::Said(said) }
    }

    fn chat<'a>(chat: &'a str, says: Said<'a>) -> Event<'a> {
        Event::Chat(said(chat, 80, says))
    }

    fn did<'a>(customer: &'a str, name: &'a str) -> Event<'a> {
        let body = CustomerBody::Tracked { name, properties: &NoProperties };
        Event::Customer(CustomerEvent { id: None, channel: "ch", customer, at: Timestamp(90), body })
    }

    fn names(letter: char) -> Vec<String> {
        (0..COUNT).map(|number| format!("{letter}{number}")).collect()
    }

    /// How many rows of chats and of customers are in memory after this was to be read ahead.
    fn ahead(store: &Arc<Store>, settings: &Settings, events: &[Event<'_>]) -> (usize, usize) {
        let mut pipeline = begin(store);
        pipeline.read_ahead(events.iter().map(|event| (0, event)), settings).unwrap();
        (pipeline.chats[&0].table.rows_in_memory(), pipeline.customers[&0].table.rows_in_memory())
    }

    #[test]
    fn chats_are_read_and_the_customers_that_their_records_may_be_about() {
        let dir = tempfile::tempdir().unwrap();
        let store = Arc::new(Store::open(dir.path(), 8 << 20).unwrap());
        let (settings, chats, customers) = (settings(), names('c'), names('u'));
        let mut pipeline = begin(&store);
        let mut fold = |event: ChatEvent<'_>| {
            let folded = pipeline.chat_event(0, &event, None, &settings, &mut Here(&mut Nobody));
            folded.unwrap().unwrap();
        };
        for (name, customer) in chats.iter().zip(&customers) {
            fold(said(name, 1, Said::CustomerMessage { customer }));
            fold(said(name, 2, Said::ManagerReply { manager: "m" }));
            fold(said(name, 3, Said::Closed { by: None }));
        }
        // Another chat, which names them all and was never replied to.
        customers.iter().for_each(|customer| fold(said("many", 10, Said::CustomerMessage { customer })));
        let mut changes = store.changes();
        let mut put = |family: Family, key: &[u8], row: &[u8]| {
            changes.put_row(family, 0, key, row);
            Ok(())
        };
        pipeline.chats.get_mut(&0).unwrap().table.changed(|key, row| put(Family::Chats, key, row)).unwrap();
        let customers_table = &mut pipeline.customers.get_mut(&0).unwrap().table;
        customers_table.changed(|key, row| put(Family::Customers, key, row)).unwrap();
        changes.write().unwrap();

        let all_say = |said: Said<'_>| {
            let events: Vec<_> = chats.iter().map(|name| chat(name, said)).collect();
            ahead(&store, &settings, &events)
        };
        // A reply in a cycle after the last one asks the customers that the chat knows.
        assert_eq!(all_say(Said::ManagerReply { manager: "m" }), (COUNT, COUNT));
        assert_eq!(all_say(Said::Reopened), (COUNT, 0));
        // A customer that is new to all of them but one, and then those that they know: these have been asked.
        assert_eq!(all_say(Said::CustomerMessage { customer: &customers[0] }), (COUNT, 1));
        let known = chats.iter().zip(&customers);
        let known: Vec<_> =
            known.map(|(name, customer)| chat(name, Said::CustomerMessage { customer })).collect();
        assert_eq!(ahead(&store, &settings, &known), (COUNT, 0));
        assert_eq!(ahead(&store, &settings, &known[..FEW_RECORDS]), (0, 0));

        let reply = || chat("many", Said::ManagerReply { manager: "m" });
        let replies: Vec<_> = chats.iter().map(|_| reply()).collect();
        assert_eq!(ahead(&store, &settings, &replies), (1, 0), "all its customers, for each of its records");

        let of_customers = |name| customers.iter().map(|customer| did(customer, name)).collect::<Vec<_>>();
        assert_eq!(ahead(&store, &settings, &of_customers("Purchase")), (0, COUNT));
        assert_eq!(ahead(&store, &settings, &of_customers("PageView")), (0, 0), "no goal wants it (A6)");
    }

    #[test]
    fn only_keys_that_are_at_home_are_read_ahead() {
        let home = |key: &str| partition_of(key.as_bytes(), 8);
        assert!(is_home("6606", home("6606"), 8));
        assert!(!is_home("6606", (home("6606") + 1) % 8, 8), "it is astray");
    }
}

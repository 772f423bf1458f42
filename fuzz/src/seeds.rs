//! First inputs of the targets that read bytes as they come: an example of the rules in all the forms in which it travels
//! and is kept. The other targets build what they need out of any bytes.

use chat_goals::contract::json::input::{Line, LineJson, parse};
use chat_goals::contract::keys::counter_key;
use chat_goals::contract::protobuf::inbox::{
    Forwarded, encode_forwarded_chat, encode_forwarded_customer, encode_to_chat, encode_to_customer,
    encode_to_manager,
};
use chat_goals::contract::protobuf::input::{encode_chat_event, encode_customer_event, encode_goal_change};
use chat_goals::contract::protobuf::output::{encode_counter, encode_status};
use chat_goals::contract::protobuf::rows;
use chat_goals::domain::ids::{ChannelId, ChatId};
use chat_goals::domain::settings::{Channel, Settings};
use chat_goals::domain::time::Timestamp;
use chat_goals::pipeline::outlet::Outlet;
use chat_goals::pipeline::{Partitions, Pipeline};
use chat_goals::runtime::note::Note;
use chat_goals::stages::chats::StatusChange;
use chat_goals::stages::customers::Told;
use chat_goals::stages::managers::Counter;
use chat_goals::stages::messages::{Cause, CauseKind, CustomerNews, ToChat, ToCustomer, ToManager};
use std::collections::BTreeSet;

/// The inputs that the lines of one example make, each with the target that reads it.
pub fn of_example(lines: &str) -> BTreeSet<(&'static str, Vec<u8>)> {
    let mut seeds = Seeds::default();
    seeds.example(lines).expect("nothing fails in memory");
    seeds.0
}

#[derive(Default)]
struct Seeds(BTreeSet<(&'static str, Vec<u8>)>);

impl Seeds {
    fn add(&mut self, target: &'static str, bytes: impl Into<Vec<u8>>) {
        self.0.insert((target, bytes.into()));
    }

    fn example(&mut self, lines: &str) -> anyhow::Result<()> {
        let mut settings = Settings::new(false);
        // Some customers and managers live elsewhere, so that what goes there is heard.
        let mut pipeline = Pipeline::new(Partitions { chats: 1, customers: 2, managers: 2 }, true);
        pipeline.assign_chats(0, None, usize::MAX);
        pipeline.assign_customers(0, None, usize::MAX);
        pipeline.assign_managers(0, None, usize::MAX);
        let mut clock = Timestamp::MIN;
        for line in lines.lines() {
            self.add("json_input", line);
            if let Ok(serde_json::Value::Object(line)) = serde_json::from_str(line) {
                line.values().for_each(|record| self.add("json_input", record.to_string()));
            }
            let Ok(parsed) = parse::<LineJson<'_>>(line.as_bytes()) else { continue };
            match parsed.line() {
                Ok(Line::Chat(event)) => {
                    clock = clock.max(event.at);
                    pipeline.tick(0, clock, &mut usize::MAX.clone(), &settings, self)?;
                    self.add("protobuf_input", encode_chat_event(&event));
                    let record = Forwarded { value: Some(encode_chat_event(&event)), ..Forwarded::default() };
                    self.add("inbox", encode_forwarded_chat(&record));
                    let _ = pipeline.chat_event(0, &event, None, &settings, self)?;
                }
                Ok(Line::Customer(event)) => {
                    clock = clock.max(event.at);
                    pipeline.tick(0, clock, &mut usize::MAX.clone(), &settings, self)?;
                    self.add("protobuf_input", encode_customer_event(&event));
                    let record =
                        Forwarded { value: Some(encode_customer_event(&event)), ..Forwarded::default() };
                    self.add("inbox", encode_forwarded_customer(&record));
                    let _ = pipeline.customer_event(0, &event, None, &settings, self)?;
                }
                Ok(Line::Goal(change)) => {
                    self.add("protobuf_input", encode_goal_change(&change));
                    if let Some(effect) = settings.add(change, None) {
                        pipeline.setting_read(&effect);
                    }
                }
                Err(_) => {}
            }
        }
        pipeline.flush(clock.max(Timestamp(0)), self)?;
        for (_, row) in pipeline.chats[&0].table.rows() {
            self.add("rows", rows::encode_chat(row));
        }
        for (_, row) in pipeline.customers[&0].table.rows() {
            self.add("rows", rows::encode_customer(row));
            let cause = Cause { kind: CauseKind::GoalEvent, at: clock };
            let mut told = Told::default();
            row.clone().news(CustomerNews::NamedBy { chat: "k".into(), partition: 0 }, cause, &mut told);
            row.clone().merged(&"another".into(), clock, &mut told);
            told.chats.iter().for_each(|message| self.add("inbox", encode_to_chat(message)));
            told.customers.iter().for_each(|message| self.add("inbox", encode_to_customer(message)));
        }
        for (_, row) in pipeline.managers[&0].table.rows() {
            self.add("rows", rows::encode_counter(row));
            self.add("keys", counter_key(&row.channel, &row.bucket));
        }
        self.add(
            "notes",
            Note { clock, swept: clock, depth: 2, goals: vec![12, 0], ..Note::default() }.encode(),
        );
        Ok(())
    }
}

impl Outlet for Seeds {
    fn status_changed(&mut self, change: StatusChange, channel: &Channel) -> anyhow::Result<()> {
        self.add("protobuf_input", encode_status(&change, channel));
        Ok(())
    }

    fn chat_deleted(&mut self, _: &ChannelId, _: &ChatId, _: u32) -> anyhow::Result<()> {
        Ok(())
    }

    fn counter(&mut self, _: &str, counter: Counter) -> anyhow::Result<()> {
        self.add("protobuf_input", encode_counter(&counter));
        Ok(())
    }

    fn to_chat(&mut self, message: ToChat) -> anyhow::Result<()> {
        self.add("inbox", encode_to_chat(&message));
        Ok(())
    }

    fn to_customer(&mut self, _: i32, message: ToCustomer) -> anyhow::Result<()> {
        self.add("inbox", encode_to_customer(&message));
        Ok(())
    }

    fn to_manager(&mut self, _: i32, message: ToManager) -> anyhow::Result<()> {
        self.add("inbox", encode_to_manager(&message));
        Ok(())
    }
}

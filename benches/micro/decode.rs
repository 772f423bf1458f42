//! An input record in JSON becomes what the stages fold.

use super::Operation;
use super::topics::topics;
use chat_goals::runtime::wire::{with_chat_event, with_customer_event};
use std::hint::black_box;

pub fn chat() -> Operation {
    let (_, topology) = topics();
    let value = br#"{"id":"e10421-3","channelId":"ch7","chatId":"c10421","at":"2026-03-09T14:23:05.123Z","customerMessage":{"customerId":"u5210"}}"#;
    Box::new(move || {
        let read = with_chat_event(&topology, Some(b"c10421"), Some(black_box(value)), |event| {
            black_box(event);
        });
        read.expect("a good record");
    })
}

/// A page view: most records are, and no goal asks for its properties.
pub fn customer() -> Operation {
    let (_, topology) = topics();
    let value = br#"{"id":"t10421-6","channelId":"ch7","customerId":"u5210","at":"2026-03-09T14:25:05.123Z","tracked":{"name":"PageView","properties":{"url":"https://shop.example/items/1","referrer":"search","device":{"kind":"phone","width":390}}}}"#;
    Box::new(move || {
        let read = with_customer_event(&topology, Some(b"u5210"), Some(black_box(value)), |event| {
            black_box(event);
        });
        read.expect("a good record");
    })
}

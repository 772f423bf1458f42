//! An input record in JSON becomes what the stages fold.

use super::Operation;
use chat_goals::config::WireForm;
use chat_goals::runtime::wire::Read;
use std::hint::black_box;

pub fn chat() -> Operation {
    let value = br#"{"id":"e10421-3","channelId":"ch7","chatId":"c10421","at":"2026-03-09T14:23:05.123Z","customerMessage":{"customerId":"u5210"}}"#;
    Box::new(move || {
        let read = Read::chat(WireForm::Json, Some(black_box(value))).expect("a good record");
        let event = black_box(read.event(Some(b"c10421")));
        assert!(event.is_ok());
    })
}

/// A page view: most records are, and no goal asks for its properties.
pub fn customer() -> Operation {
    let value = br#"{"id":"t10421-6","channelId":"ch7","customerId":"u5210","at":"2026-03-09T14:25:05.123Z","tracked":{"name":"PageView","properties":{"url":"https://shop.example/items/1","referrer":"search","device":{"kind":"phone","width":390}}}}"#;
    Box::new(move || {
        let read = Read::customer(WireForm::Json, Some(black_box(value))).expect("a good record");
        let event = black_box(read.event(Some(b"u5210")));
        assert!(event.is_ok());
    })
}

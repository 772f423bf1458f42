//! What is told of chats, settings, progress and dead letters, as data: the JSON documents of the commands that ask and
//! of the HTTP API. Their names and types are a contract: fields may be added, never changed. They own what they say,
//! and ask nobody.
//!
//! [`words`] has the enumerations, [`goal`] a goal; the others are a document each: [`chat`] (with [`chat_parts`]),
//! [`settings`], [`progress`], [`letters`].

pub mod chat;
pub mod chat_parts;
pub mod goal;
pub mod letters;
pub mod progress;
pub mod settings;
mod time;
pub mod words;

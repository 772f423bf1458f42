//! The rows of the stages as they lie in the store and in the changelogs: exact both ways, and small.
//!
//! What is written here outlives the process. Which versions are read is said in [`versions`]; a row that cannot be read
//! is a fault of the store. Nothing here knows the keys of rows, or where they lie.

mod chat;
mod counter;
mod customer;
mod fields;
#[cfg(test)]
mod tests;
pub mod versions;

pub use chat::{chat_pages, decode_chat, decode_chat_page, encode_chat, encode_chat_page};
pub use counter::{decode_counter, encode_counter};
pub use customer::{
    customer_pages, decode_customer, decode_customer_page, encode_customer, encode_customer_asks,
    encode_customer_events,
};

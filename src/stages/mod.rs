//! The three folds: chats, customers and managers. Each takes a row, an input, the settings and a clock, and says
//! what follows. They share the nouns of this page; nothing here stores a row, reads a topic or keeps time.
//!
//! [`messages`] are the inputs and what the stages say to each other; [`chats`], [`customers`] and [`managers`]
//! are the folds with their rows.

pub mod chats;
pub mod customers;
pub mod managers;
pub mod messages;

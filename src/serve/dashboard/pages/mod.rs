//! One file a screen: from the read model's answers to what its template shows. None of them reads a topic or derives a
//! status.

pub mod chat;
mod chat_facts;
mod chat_line;
pub mod chats;
pub mod dead_letter;
pub mod dead_letters;
mod figures;
pub mod goals;
pub mod manager;
pub mod managers;
pub mod managers_csv;
mod notices;
pub mod overview;
mod statuses;
mod verdict;

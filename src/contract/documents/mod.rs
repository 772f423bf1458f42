//! The published contract as documents for others: the schemas themselves ([`proto`]), a JSON Schema for each record
//! ([`json_schema`]) and an AsyncAPI document of the topics ([`asyncapi`]). All of it is made from `proto/chat_goals/v1`
//! and its comments. What only this program reads (inboxes, rows) is in none of them.

pub mod asyncapi;
mod descriptors;
pub mod json_schema;
mod needs;
pub mod proto;

//! The protobuf form of everything that has one: records in ([`input`]), records out ([`output`]), messages between
//! stages ([`inbox`]) and stored rows ([`rows`]).
//!
//! This is the only place that sees the generated types; what goes in and comes out are those of the domain, the
//! stages and the contract. The schemas are in `proto/`. A record that is bad gives a reason, and is never guessed at.

pub mod framing;
pub mod inbox;
pub mod input;
pub mod output;
pub mod rows;

mod convert;
#[allow(dead_code, clippy::all, reason = "it is generated, and has all that the schemas have")]
mod generated {
    include!(concat!(env!("OUT_DIR"), "/chat_goals.v1.rs"));
    include!(concat!(env!("OUT_DIR"), "/chat_goals.internal.v1.rs"));
}

/// The descriptors of all schemas, as a serialized `google.protobuf.FileDescriptorSet`.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/chat_goals.binpb"));

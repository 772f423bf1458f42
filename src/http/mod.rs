//! What everything that answers over HTTP shares: a [`server::Server`] on a thread of its own, errors as
//! [`problem::Problem`] (RFC 9457), the bearer token ([`auth`]), and the [`session`] of a browser that showed it; and one
//! question to a server ([`ask`]). It knows no chat, no goal and no log.

pub mod ask;
pub mod auth;
pub mod problem;
pub mod server;
pub mod session;

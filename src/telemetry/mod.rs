//! What a process tells of itself over HTTP: metrics for Prometheus, health for whoever starts and stops it (and to systemd,
//! [`service_manager`]), and what is shipped to look at them with. It reads figures that others keep, and changes nothing.
//!
//! Reading order: [`page`] (every metric, on one page), [`health`] (what an answer is made of), [`router`] (the three
//! endpoints), then who fills the page: [`processor`], [`process`], [`requests`], [`read_side`], each by [`write`].
//! [`shipped`] are the dashboards and alerts that `chat-goals generate` prints.

pub mod health;
pub mod page;
pub mod process;
pub mod processor;
pub mod read_side;
pub mod requests;
pub mod router;
pub mod service_manager;
pub mod shipped;
pub mod write;

pub use health::Health;
pub use read_side::ReadSide;
pub use requests::Requests;
pub use router::router;
pub use service_manager::ServiceManager;
pub use write::Registry;

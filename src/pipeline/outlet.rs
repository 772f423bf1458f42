//! Where the results of a pipeline go: `fold` prints them, a worker writes them into its transaction.

use crate::domain::ids::{ChannelId, ChatId};
use crate::domain::settings::Channel;
use crate::stages::chats::StatusChange;
use crate::stages::managers::Counter;
use crate::stages::messages::{ToChat, ToCustomer, ToManager};

pub trait Outlet {
    /// A chat's view changed. `channel` resolves the goals in it.
    fn status_changed(&mut self, change: StatusChange, channel: &Channel) -> anyhow::Result<()>;
    /// A chat was deleted: a tombstone with this revision.
    fn chat_deleted(&mut self, channel: &ChannelId, chat: &ChatId, revision: u32) -> anyhow::Result<()>;
    /// The newest values of a bucket, and its key.
    fn counter(&mut self, key: &str, counter: Counter) -> anyhow::Result<()>;
    /// For a chat of a partition that is not here.
    fn to_chat(&mut self, message: ToChat) -> anyhow::Result<()>;
    /// For a customer of a partition that is not here.
    fn to_customer(&mut self, partition: i32, message: ToCustomer) -> anyhow::Result<()>;
    /// For a counter of a partition that is not here.
    fn to_manager(&mut self, partition: i32, message: ToManager) -> anyhow::Result<()>;
}

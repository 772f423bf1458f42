//! The names of things. An id is a string of 1 to 256 bytes; which ones are legal is checked where records come in.

use compact_str::CompactString;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(CompactString);

        impl $name {
            pub fn new(text: &str) -> Self {
                Self(CompactString::from(text))
            }
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }
        impl std::ops::Deref for $name {
            type Target = str;
            fn deref(&self) -> &str {
                &self.0
            }
        }
        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }
        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self::new(text)
            }
        }
        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }
    )*};
}

ids! {
    /// A channel: where a team answers, and what has a goal.
    ChannelId,
    /// A chat, unique across channels.
    ChatId,
    /// A customer, unique within a channel.
    CustomerId,
    /// A manager; the empty id is nobody (E1).
    ManagerId,
    /// A record or an event, as the platform names it.
    EventId,
}

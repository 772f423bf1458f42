//! Time: whole milliseconds since the Unix epoch. "At" a time includes that millisecond.

/// A moment, in milliseconds since the Unix epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub i64);

/// A span of time, in milliseconds.
pub type Millis = i64;

pub const SECOND: Millis = 1_000;
pub const DAY: Millis = 86_400_000;

impl Timestamp {
    /// Before everything that can happen: where a clock stands that has never moved.
    pub const MIN: Timestamp = Timestamp(i64::MIN);
    /// After everything that can happen.
    pub const MAX: Timestamp = Timestamp(i64::MAX);

    /// This moment moved by `span`; it stays within the range of the type.
    pub fn plus(self, span: Millis) -> Self {
        Self(self.0.saturating_add(span))
    }

    /// The moment `span` earlier.
    pub fn minus(self, span: Millis) -> Self {
        Self(self.0.saturating_sub(span))
    }
}

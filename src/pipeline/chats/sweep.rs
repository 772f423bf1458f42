//! Walks over the chats that settings may change.

use super::lookups::{channel_of, channel_prefix};
use crate::domain::settings::Effect;
use crate::state::index::SortedIndex;
use std::collections::{HashSet, VecDeque};

/// A walk over the chats of a channel that a setting may change. Interrupted and begun again it does no harm.
#[derive(Debug)]
pub struct Sweep {
    pub effect: Effect,
    pub phase: Phase,
    /// The entry that it came to.
    pub after: Vec<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Chats that wait for a reply.
    Waiting,
    /// Chats whose latest facts are about as late as the setting.
    Recent,
}

impl Sweep {
    pub fn new(effect: Effect) -> Self {
        Self { effect, phase: Phase::Waiting, after: Vec::new() }
    }
}

impl Phase {
    /// The kind of lookup that it walks over.
    pub fn kind(self) -> u8 {
        match self {
            Phase::Waiting => b'w',
            Phase::Recent => b'r',
        }
    }
}

/// Leaves out the sweeps of channels in which no phase would find a chat. A platform's settings are mostly older than its
/// chats: to look for each of them costs more than to look once for who is there.
pub fn narrow(sweeps: &mut VecDeque<Sweep>, phases: &[Phase], index: &mut SortedIndex) -> anyhow::Result<()> {
    let mut wanted: HashSet<Vec<u8>> = HashSet::new();
    for phase in phases {
        wanted.extend(channels(phase.kind(), sweeps.len(), index)?);
        if wanted.len() >= sweeps.len() {
            return Ok(());
        }
    }
    sweeps.retain(|sweep| wanted.contains(channel_of(&channel_prefix(b'w', &sweep.effect.channel))));
    Ok(())
}

/// The channels that have entries of a kind, as those name them; the first `max` of them if there are more.
fn channels(kind: u8, max: usize, index: &mut SortedIndex) -> anyhow::Result<Vec<Vec<u8>>> {
    let mut channels: Vec<Vec<u8>> = Vec::new();
    let mut after = Vec::new();
    while channels.len() < max
        && let Some(entry) = index.scan(&[kind], &after, 1)?.pop()
    {
        let channel = channel_of(&entry);
        after.clear();
        after.push(kind);
        after.extend(channel);
        // No id has such a byte, and no day comes after it.
        after.push(0xff);
        channels.push(channel.to_vec());
    }
    Ok(channels)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::time::Timestamp;
    use crate::pipeline::chats::lookups::sortable;

    fn sweep(channel: &str) -> Sweep {
        let (effective, at) = (Timestamp(0), Timestamp(0));
        Sweep::new(Effect { effective, channel: channel.into(), sequence: 0, at, subscribes: false })
    }

    fn left(phases: &[Phase], channels: &[&str], index: &mut SortedIndex) -> Vec<String> {
        let mut sweeps = channels.iter().map(|channel| sweep(channel)).collect();
        narrow(&mut sweeps, phases, index).unwrap();
        sweeps.iter().map(|sweep| sweep.effect.channel.to_string()).collect()
    }

    #[test]
    fn the_channels_with_chats_are_left_in_their_order() {
        let mut index = SortedIndex::new(0, None);
        for chat in ["a", "b", "\u{10ffff}"] {
            index.insert([&channel_prefix(b'w', "shop")[..], chat.as_bytes()].concat());
            index.insert([&channel_prefix(b'w', "z")[..], chat.as_bytes()].concat());
            index.insert([&channel_prefix(b'r', "late")[..], &sortable(20_000), chat.as_bytes()].concat());
        }
        let all = ["late", "z", "sho", "shop", "", "shops", "z", "other"];
        assert_eq!(left(&[Phase::Waiting], &all, &mut index), ["z", "shop", "z"]);
        assert_eq!(left(&[Phase::Recent], &all, &mut index), ["late"]);
        assert_eq!(left(&[Phase::Waiting, Phase::Recent], &all, &mut index), ["late", "z", "shop", "z"]);
        // Where as many channels have chats as there are sweeps, nothing is known of the rest.
        assert_eq!(left(&[Phase::Waiting], &all[2..4], &mut index), ["sho", "shop"]);
    }
}

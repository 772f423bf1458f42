//! How many chats show each status and goal: kept beside the chats, so that nobody counts them to know.

use super::answers::{GoalTally, Tally};
use super::keys;
use super::store::{Family, View, Way};
use crate::answers::goal::GoalAnswer;
use crate::contract::json::output;
use crate::contract::records::StatusRecord;
use crate::domain::goal::Goal;
use crate::domain::settings::Channel;
use crate::domain::status::Status;
use anyhow::Context as _;
use std::collections::BTreeSet;

impl Tally {
    pub fn of(&mut self, status: Status) -> &mut u64 {
        match status {
            Status::None => &mut self.none,
            Status::AwaitingReply => &mut self.awaiting_reply,
            Status::Measuring => &mut self.measuring,
            Status::Missed => &mut self.missed,
            Status::Achieved => &mut self.achieved,
        }
    }

    /// How many chats these are.
    pub fn all(&self) -> u64 {
        self.none + self.awaiting_reply + self.measuring + self.missed + self.achieved
    }

    pub fn add(&mut self, other: &Tally) {
        self.none += other.none;
        self.awaiting_reply += other.awaiting_reply;
        self.measuring += other.measuring;
        self.missed += other.missed;
        self.achieved += other.achieved;
    }
}

/// Under which key a chat is counted.
pub fn key(of: &StatusRecord) -> Vec<u8> {
    keys::tally(&of.channel, &of.shown.as_ref().map_or_else(Vec::new, |shown| content(&shown.goal)))
}

/// What a goal is known by here: its content, as it is published.
fn content(goal: &Goal) -> Vec<u8> {
    output::goal(goal)
}

pub fn encode(tally: &Tally) -> Vec<u8> {
    let Tally { none, awaiting_reply, measuring, missed, achieved } = *tally;
    [none, awaiting_reply, measuring, missed, achieved].into_iter().flat_map(u64::to_be_bytes).collect()
}

pub fn decode(bytes: &[u8]) -> anyhow::Result<Tally> {
    let (counts, rest) = bytes.as_chunks::<8>();
    let [none, awaiting_reply, measuring, missed, achieved] = <[[u8; 8]; 5]>::try_from(counts)
        .ok()
        .filter(|_| rest.is_empty())
        .context("these are no counts")?
        .map(u64::from_be_bytes);
    Ok(Tally { none, awaiting_reply, measuring, missed, achieved })
}

/// The counts of a channel: of all its chats, and by goal in the order in which the goals came into the log.
pub fn of_channel(view: &View<'_>, id: &str, channel: &Channel) -> anyhow::Result<(Tally, Vec<GoalTally>)> {
    let prefix = keys::tallies_of(id);
    let (mut all, mut found) = (Tally::default(), Vec::new());
    view.scan(Family::Tallies, &prefix, &prefix, Way::Up, |key, value| {
        let tally = decode(value)?;
        all.add(&tally);
        found.push((key[prefix.len()..].to_vec(), tally));
        Ok(true)
    })?;
    let mut by_goal = Vec::new();
    for goal in channel.goals() {
        let content = content(goal);
        let chats =
            found.iter().find(|(key, _)| *key == content).map(|(_, tally)| *tally).unwrap_or_default();
        by_goal.push(GoalTally { goal: Some(GoalAnswer::from(goal)), chats });
    }
    let without = found.iter().find(|(key, _)| key.is_empty()).map(|(_, tally)| *tally).unwrap_or_default();
    by_goal.push(GoalTally { goal: None, chats: without });
    Ok((all, by_goal))
}

/// The channels that have chats.
pub fn channels(view: &View<'_>) -> anyhow::Result<BTreeSet<String>> {
    let (mut channels, mut from) = (BTreeSet::new(), Vec::new());
    while let Some((key, _)) = view.first(Family::Tallies, b"", &from)? {
        let (id, _) = keys::parse_id(&key).context("a count of no channel")?;
        let id = std::str::from_utf8(id)?;
        // Past everything of this channel: no goal begins with this byte.
        from = [&keys::tallies_of(id)[..], &[0xff]].concat();
        channels.insert(id.to_owned());
    }
    Ok(channels)
}

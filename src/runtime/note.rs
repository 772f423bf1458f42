//! What a task notes beside its committed position, so that it is as old as the position:
//! `c=…;s=…;d=…;g=…,…;e=…;h=…;b=…;n=…`.
//!
//! It outlives the process. Fields that are not known are skipped, so that an older binary reads a newer note.

use super::goals::Entry;
use crate::domain::time::Timestamp;
use crate::log::Offset;
use crate::state::digest::Digest;

/// The note on the inbox position of a task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// `c`: the clock of a chats partition (G1), in epoch milliseconds.
    pub clock: Timestamp,
    /// `s`: up to which moment its waiting chats have seen the settings that took effect.
    pub swept: Timestamp,
    /// `d`: the most customers in a row that an event of this customers partition passed through.
    pub depth: u32,
    /// `g`: for each partition of `goal.changes`, the offset up to which its changes were shown to the chats.
    pub goals: Vec<Offset>,
    /// `e`: no deadline of a chats partition passes before this. Absent where there is none, or none is known.
    pub deadline: Option<Timestamp>,
    /// `b=1`: what it publishes is held back, since an older generation still publishes.
    pub held: bool,
    /// `n`: the generation that has taken over. Nobody works on this partition any more.
    pub handed_to: Option<u32>,
    /// `h`: the digest of the rows that this position goes with. Absent where an older binary wrote the note, or no rows
    /// were written yet.
    pub digest: Option<Digest>,
}

impl Default for Note {
    fn default() -> Self {
        Self {
            clock: Timestamp::MIN,
            swept: Timestamp::MIN,
            depth: 0,
            goals: Vec::new(),
            deadline: None,
            digest: None,
            held: false,
            handed_to: None,
        }
    }
}

impl Note {
    /// Whether an entry of the goal changes lies before what was shown to the chats.
    pub fn has_shown(&self, entry: &Entry) -> bool {
        self.goals.get(entry.partition as usize).is_some_and(|shown| entry.offset < *shown)
    }

    pub fn encode(&self) -> String {
        let goals: Vec<String> = self.goals.iter().map(Offset::to_string).collect();
        let mut text =
            format!("c={};s={};d={};g={}", self.clock.0, self.swept.0, self.depth, goals.join(","));
        if let Some(deadline) = self.deadline {
            text += &format!(";e={}", deadline.0);
        }
        if let Some(digest) = self.digest {
            text += &format!(";h={digest}");
        }
        if self.held {
            text += ";b=1";
        }
        if let Some(generation) = self.handed_to {
            text += &format!(";n={generation}");
        }
        text
    }

    /// What cannot be read counts as not there.
    pub fn decode(text: &str) -> Self {
        let mut note = Self::default();
        for field in text.split(';') {
            let Some((name, value)) = field.split_once('=') else { continue };
            match name {
                "c" => note.clock = value.parse().map_or(note.clock, Timestamp),
                "s" => note.swept = value.parse().map_or(note.swept, Timestamp),
                "d" => note.depth = value.parse().unwrap_or(0),
                // One that cannot be read says nothing, and neither do those after it.
                "g" => note.goals = value.split(',').map_while(|offset| offset.parse().ok()).collect(),
                "e" => note.deadline = value.parse().ok().map(Timestamp),
                "b" => note.held = value == "1",
                "n" => note.handed_to = value.parse().ok(),
                "h" => note.digest = value.parse().ok(),
                _ => {}
            }
        }
        note
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_is_frozen_and_read_back() {
        let clock = Timestamp(1_700_000_000_000);
        let mut note = Note { clock, swept: Timestamp(5), depth: 2, goals: vec![12, 0], ..Note::default() };
        assert_eq!(note.encode(), "c=1700000000000;s=5;d=2;g=12,0");
        assert_eq!(Note::decode(&note.encode()), note);
        note.digest = "ff".parse().ok();
        let digest = "h=000000000000000000000000000000ff";
        assert_eq!(note.encode(), format!("c=1700000000000;s=5;d=2;g=12,0;{digest}"));
        assert_eq!(Note::decode(&note.encode()), note);
        let note = Note { deadline: Some(Timestamp(6)), ..note };
        let digest = format!("e=6;{digest}");
        let moved = Note { held: true, handed_to: Some(3), ..note };
        assert_eq!(moved.encode(), format!("c=1700000000000;s=5;d=2;g=12,0;{digest};b=1;n=3"));
        assert_eq!(Note::decode(&moved.encode()), moved);
        assert_eq!(Note::decode(&Note::default().encode()), Note::default());
    }

    #[test]
    fn what_is_missing_or_unknown_is_skipped() {
        assert_eq!(Note::decode(""), Note::default());
        assert_eq!(Note::decode("x=1;d=3;nonsense"), Note { depth: 3, ..Note::default() });
    }
}

//! A transaction of a hundred records on the log in memory, with the positions of a task of each stage.

use super::Operation;
use super::chat;
use super::topics::{CHANNEL, settings, topics};
use chat_goals::contract::protobuf::rows;
use chat_goals::log::memory::{MemoryLog, MemoryMember};
use chat_goals::log::{Log as _, Member as _, Outgoing, Polled, Position};
use chat_goals::runtime::note::Note;
use chat_goals::runtime::outbox;
use chat_goals::runtime::topology::{Stage, Topology};
use std::time::Duration;

/// Of each kind: a row for the changelog and a change of what it shows.
const RECORDS: usize = 50;
/// The log keeps everything. After so many transactions a new one is taken.
const TRANSACTIONS: usize = 1_000;

pub fn transaction() -> Operation {
    let settings = settings();
    let (row, change) = chat::settled(&settings);
    let row = rows::encode_chat(&row);
    let (mut topology, mut member) = begin();
    let status = outbox::encode_status(&topology.status_changed, &change, settings.channel(CHANNEL));
    let status = status.expect("it can be written");
    let mut done = 0;
    Box::new(move || {
        if done == TRANSACTIONS {
            ((topology, member), done) = (begin(), 0);
        }
        done += 1;
        let changelog = topology.changelog(Stage::Chats, 0);
        for _ in 0..RECORDS {
            for (topic, value) in [(&topology.status_changed.topic, &status), (&changelog.topic, &row)] {
                let (key, value) = (Some(b"c10421".as_slice()), Some(value.as_slice()));
                let record = Outgoing { topic, partition: 0, key, value, headers: &[], timestamp: None };
                member.send(record).expect("the log works");
            }
        }
        member.commit(&positions(&topology)).expect("the log works");
    })
}

/// An empty log with one member, which has every partition.
fn begin() -> (Topology, MemoryMember) {
    let (log, topology): (MemoryLog, Topology) = topics();
    let mut member = log.join(&topology.group, "0", &topology.subscribed()).expect("the log works");
    while let Polled::Assigned(partitions) = member.poll(Duration::ZERO).expect("the log works") {
        partitions.iter().for_each(|of| member.start(of, None).expect("the log works"));
    }
    (topology, member)
}

/// Every input of a stage has one, the last one the note.
fn positions(topology: &Topology) -> Vec<Position> {
    let mut positions = Vec::new();
    for stage in Stage::ALL {
        let inputs = topology.inputs(stage, 0);
        let last = inputs.len() - 1;
        positions.extend(inputs.into_iter().enumerate().map(|(index, of)| {
            let note = if index == last { Note::default().encode() } else { String::new() };
            Position { of, next: Some(0), note }
        }));
    }
    positions
}

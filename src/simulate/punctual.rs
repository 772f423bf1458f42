//! No deadline passes before its time (G1): a chat is not called missed while the log already holds, under way through the
//! stages, the event that achieves it. What readers saw in between is wrong for good, however right the end is.

use super::expectation::Expectation;
use super::fault::Fault;
use super::outputs::Outputs;
use super::workload::{Entry, Input, START};
use super::world::World;
use chrono::DateTime;
use serde_json::Value;

/// `Err`: a chat was called missed too early.
pub fn no_chat_is_missed_early(world: &World, outputs: &Outputs) -> Result<(), String> {
    // A process whose clock is ahead lets deadlines pass early, and nobody can know better.
    if world.tally().of(Fault::WallAhead) > 0 {
        return Ok(());
    }
    let arrived = world.platform().arrived.clone();
    for (chat, changes) in &outputs.changes {
        for pair in changes.windows(2) {
            if let [Ok(missed), Ok(achieved)] = pair
                && is_taken_back(missed, achieved)
                && let Some(deadline) = moment(&missed["deadline"])
                && !is_excused(&arrived, &missed["channelId"])
                && was_achieved(&arrived, chat, deadline, achieved)
            {
                return Err(format!("{chat} was called missed too early\n  {missed}\n  {achieved}"));
            }
        }
    }
    Ok(())
}

/// The clock called a round missed, and then it was achieved after all.
fn is_taken_back(missed: &Value, achieved: &Value) -> bool {
    missed["status"] == "MISSED"
        && missed["cause"] == "DEADLINE"
        && achieved["status"] == "ACHIEVED"
        && missed["startedAt"] == achieved["startedAt"]
}

/// Whether the records that were there at the deadline achieve the goal by the same event.
fn was_achieved(arrived: &[(i64, Entry)], chat: &str, deadline: i64, achieved: &Value) -> bool {
    let in_time: Vec<Entry> =
        arrived.iter().filter(|(at, _)| *at <= deadline).map(|(_, entry)| entry.clone()).collect();
    let expectation = Expectation::of(&in_time, deadline + 1);
    let same =
        |view: &Value| ["status", "startedAt", "achievedAt"].iter().all(|name| view[name] == achieved[name]);
    expectation.view(chat).is_some_and(same)
}

/// A subscription that came late lets chats ask for events that happened long ago; the clock does not wait for the
/// answers.
fn is_excused(arrived: &[(i64, Entry)], channel: &Value) -> bool {
    arrived.iter().any(|(_, entry)| {
        entry.to == Input::GoalChanges
            && entry.logged > START
            && *channel == entry.channel.as_str()
            && entry.json.contains("subscriptionSet")
    })
}

fn moment(time: &Value) -> Option<i64> {
    Some(DateTime::parse_from_rfc3339(time.as_str()?).ok()?.timestamp_millis())
}

//! The names and types of the fields of an answer. Those that are listed are a contract; an answer may lack some (absent
//! means default), and none may have others.

use serde_json::Value;
use std::collections::BTreeSet;

/// Each field as `path: type`; of a list the fields of its items.
pub fn shape(of: &Value) -> BTreeSet<String> {
    let mut fields = BTreeSet::new();
    walk("", of, &mut fields);
    fields
}

fn walk(path: &str, of: &Value, fields: &mut BTreeSet<String>) {
    let mut say = |kind: &str| fields.insert(format!("{path}: {kind}"));
    match of {
        Value::Null => drop(say("null")),
        Value::Bool(_) => drop(say("bool")),
        Value::Number(_) => drop(say("number")),
        Value::String(_) => drop(say("string")),
        Value::Array(items) => items.iter().for_each(|item| walk(&format!("{path}[]"), item, fields)),
        // A filter is what the goal's setter wrote.
        Value::Object(_) if path.ends_with("filter") => drop(say("object")),
        Value::Object(of) => {
            of.iter().for_each(|(name, field)| walk(&format!("{path}.{name}"), field, fields))
        }
    }
}

/// `needed` are there always, `others` may be.
pub fn assert_shape(what: &str, of: &Value, needed: &[&str], others: &[&str]) {
    let found = shape(of);
    let missing: Vec<_> = needed.iter().filter(|field| !found.contains(**field)).collect();
    assert!(missing.is_empty(), "{what} lacks {missing:?}: {of}");
    let unknown: Vec<_> = found
        .iter()
        .filter(|field| !needed.contains(&field.as_str()) && !others.contains(&field.as_str()))
        .collect();
    assert!(unknown.is_empty(), "{what} has fields that are no part of the contract: {unknown:?}");
}

pub const CHAT: [&str; 6] = [
    ".channelId: string",
    ".chatId: string",
    ".partition: number",
    ".clock: string",
    ".asOf: bool",
    ".revision: number",
];

pub const CHAT_OTHERS: [&str; 67] = [
    ".customerId: string",
    ".deletedAt: string",
    ".status.status: string",
    ".status.phase: string",
    ".publishedStatus.status: string",
    ".publishedStatus.phase: string",
    ".conversation.customers[].customerId: string",
    ".conversation.customers[].namedAt: string",
    ".conversation.cycle.openedAt: string",
    ".conversation.cycle.askedAt: string",
    ".conversation.cycle.earlyReply.at: string",
    ".conversation.cycle.earlyReply.managerId: string",
    ".conversation.cycle.replied: bool",
    ".conversation.cycle.closedAt: string",
    ".conversation.cycle.lastAt: string",
    ".conversation.replies[].at: string",
    ".conversation.replies[].managerId: string",
    ".conversation.replies[].round: number",
    ".conversation.replies[].rule: string",
    ".conversation.replies[].reason: string",
    ".conversation.closes[].at: string",
    ".conversation.closes[].managerId: string",
    ".conversation.assignments[].at: string",
    ".conversation.assignments[].managerId: string",
    ".rounds[].number: number",
    ".rounds[].outcome: string",
    ".rounds[].goal.eventName: string",
    ".rounds[].goal.days: number",
    ".rounds[].goal.filter: object",
    ".rounds[].startedAt: string",
    ".rounds[].deadline: string",
    ".rounds[].managerId: string",
    ".rounds[].achievedAt: string",
    ".rounds[].achievedBy: string",
    ".rounds[].sealed: bool",
    ".rounds[].rule: string",
    ".rounds[].reason: string",
    ".rounds[].wentOn[].rule: string",
    ".rounds[].wentOn[].reason: string",
    ".seal.rounds: number",
    ".seal.lastReplyAt: string",
    ".seal.rule: string",
    ".seal.reason: string",
    ".unknown[]: string",
    ".why[].holds: bool",
    ".why[].rule: string",
    ".why[].reason: string",
    ".events[].at: string",
    ".events[].id: string",
    ".events[].goals[].eventName: string",
    ".events[].goals[].days: number",
    ".events[].goals[].filter: object",
    ".events[].counts: bool",
    ".events[].round: number",
    ".events[].rule: string",
    ".events[].reason: string",
    ".published[].topic: string",
    ".published[].partition: number",
    ".published[].offset: number",
    ".published[].revision: number",
    ".published[].deleted: bool",
    ".published[].status: string",
    ".published[].phase: string",
    ".published[].previousStatus: string",
    ".published[].at: string",
    ".published[].cause: string",
    ".published[].correction: bool",
];

pub const MANAGERS: [&str; 20] = [
    ".counters[].channelId: string",
    ".counters[].scope: string",
    ".counters[].managerId: string",
    ".counters[].measured: number",
    ".counters[].achieved: number",
    ".counters[].missed: number",
    ".counters[].ended: number",
    ".counters[].closes: number",
    ".counters[].achievedOfEnded: number",
    ".counters[].achievementRate: number",
    ".counters[].endedAchievementRate: number",
    ".counters[].revision: number",
    ".counters[].updatedAt: string",
    ".totals[].scope: string",
    ".totals[].measured: number",
    ".totals[].achieved: number",
    ".totals[].missed: number",
    ".totals[].ended: number",
    ".totals[].closes: number",
    ".totals[].achievedOfEnded: number",
];

pub const MANAGERS_OTHERS: [&str; 4] = [
    ".counters[].date: string",
    ".totals[].managerId: string",
    ".totals[].achievementRate: number",
    ".totals[].endedAchievementRate: number",
];

pub const GOALS: [&str; 17] = [
    ".at: string",
    ".channels[].channelId: string",
    ".channels[].goal.eventName: string",
    ".channels[].goal.days: number",
    ".channels[].tracked: bool",
    ".channels[].subscribed: bool",
    ".channels[].timeZone: string",
    ".channels[].goals[].from: string",
    ".channels[].goals[].when: string",
    ".channels[].goals[].value.eventName: string",
    ".channels[].goals[].value.days: number",
    ".channels[].subscriptions[].from: string",
    ".channels[].subscriptions[].when: string",
    ".channels[].subscriptions[].value: bool",
    ".channels[].timeZones[].from: string",
    ".channels[].timeZones[].when: string",
    ".channels[].timeZones[].value: string",
];

pub const GOALS_OTHERS: [&str; 3] = [
    ".channels[].goal.filter: object",
    ".channels[].goals[].value.filter: object",
    ".channels[].goals[].value: null",
];

pub const STATUS: [&str; 18] = [
    ".group: string",
    ".generation: number",
    ".at: string",
    ".stages[].stage: string",
    ".stages[].lag: number",
    ".stages[].partitions[].topic: string",
    ".stages[].partitions[].partition: number",
    ".stages[].partitions[].committed: number",
    ".stages[].partitions[].end: number",
    ".stages[].partitions[].lag: number",
    ".clocks[].partition: number",
    ".clocks[].clock: string",
    ".clocks[].behindSeconds: number",
    ".groupState: string",
    ".members[].memberId: string",
    ".members[].clientId: string",
    ".members[].host: string",
    ".deadLetters: number",
];

pub const STATUS_OTHERS: [&str; 9] = [
    ".clocks[].nextDeadline: string",
    ".restoring[].stage: string",
    ".restoring[].partition: number",
    ".restoring[].next: number",
    ".restoring[].end: number",
    ".stages[].lagSeconds: number",
    ".stages[].partitions[].lagSeconds: number",
    ".members[].partitions[].topic: string",
    ".members[].partitions[].partition: number",
];

pub const LETTERS: [&str; 8] = [
    ".deadLetters[].place: string",
    ".deadLetters[].at: string",
    ".deadLetters[].reason: string",
    ".deadLetters[].topic: string",
    ".deadLetters[].partition: number",
    ".deadLetters[].offset: number",
    ".deadLetters[].key: string",
    ".deadLetters[].attempt: number",
];

pub const LETTERS_OTHERS: [&str; 3] =
    [".deadLetters[].keyHex: string", ".deadLetters[].bytes: number", ".deadLetters[].truncated: number"];

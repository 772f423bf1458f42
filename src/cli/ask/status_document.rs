//! The answer of `chat-goals status`, as data and for people. The names and types of the data are a contract: fields
//! may be added, never changed.

use super::table::{NOTHING, seconds, table};
use crate::contract::json::output::Time;
use crate::domain::time::{Millis, Timestamp};
use crate::explain::words::moment;
use crate::inspect::progress::Progress;
use crate::log::kafka::GroupInfo;
use crate::runtime::restore::UnderWay;
use crate::runtime::topology::Stage;
use serde::Serialize;
use std::fmt::Write as _;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StatusDocument {
    group: String,
    generation: u32,
    at: Time,
    stages: Vec<StageJson>,
    /// As noted with the last commit of each partition.
    clocks: Vec<ClockJson>,
    /// What the state folder of this machine is being restored to; absent: there is no folder here.
    #[serde(skip_serializing_if = "Option::is_none")]
    restoring: Option<Vec<RestoringJson>>,
    /// Absent: the group could not be asked about.
    #[serde(skip_serializing_if = "Option::is_none")]
    group_state: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    members: Option<Vec<MemberJson>>,
    /// From the first offset to the end, the ends of transactions included.
    dead_letters: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct StageJson {
    stage: &'static str,
    lag: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    lag_seconds: Option<f64>,
    partitions: Vec<PartitionJson>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PartitionJson {
    topic: String,
    partition: i32,
    /// Absent: nothing of it was ever committed.
    #[serde(skip_serializing_if = "Option::is_none")]
    committed: Option<i64>,
    end: i64,
    lag: u64,
    /// Absent: nothing waits.
    #[serde(skip_serializing_if = "Option::is_none")]
    lag_seconds: Option<f64>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ClockJson {
    partition: i32,
    /// Absent: it has never moved.
    #[serde(skip_serializing_if = "Option::is_none")]
    clock: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    behind_seconds: Option<f64>,
    /// No deadline passes before this. Absent: there is none, or none is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_deadline: Option<Time>,
}

/// A partition that the process of this machine's state folder restores.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RestoringJson {
    stage: &'static str,
    partition: i32,
    next: i64,
    end: i64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct MemberJson {
    member_id: String,
    client_id: String,
    host: String,
    partitions: Vec<MemberPartitionJson>,
}

#[derive(Serialize)]
struct MemberPartitionJson {
    topic: String,
    partition: i32,
}

impl StatusDocument {
    pub fn of(
        group: &str,
        generation: u32,
        now: Timestamp,
        progress: &Progress,
        members: Option<&GroupInfo>,
        restoring: Option<&[((Stage, i32), UnderWay)]>,
    ) -> Self {
        let clock = |(partition, clock): (usize, &Option<Timestamp>)| ClockJson {
            partition: partition as i32,
            clock: clock.map(Time),
            behind_seconds: clock.map(|clock| in_seconds(now.0.saturating_sub(clock.0))),
            next_deadline: progress.deadlines[partition].map(Time),
        };
        Self {
            group: group.to_owned(),
            generation,
            at: Time(now),
            stages: Stage::ALL.into_iter().map(|stage| stage_json(stage, progress, now)).collect(),
            clocks: progress.clocks.iter().enumerate().map(clock).collect(),
            restoring: restoring.map(|all| {
                let one = |((stage, partition), UnderWay { next, end }): &((Stage, i32), UnderWay)| {
                    RestoringJson { stage: stage_name(*stage), partition: *partition, next: *next, end: *end }
                };
                all.iter().map(one).collect()
            }),
            group_state: members.map(|group| group.state.clone()),
            members: members.map(|group| group.members.iter().map(MemberJson::from).collect()),
            dead_letters: progress.dead_letters,
        }
    }
}

fn stage_json(stage: Stage, progress: &Progress, now: Timestamp) -> StageJson {
    let inputs = progress.inputs.iter().filter(|input| input.stage == stage);
    let partitions: Vec<PartitionJson> = inputs
        .clone()
        .map(|input| PartitionJson {
            topic: input.of.topic.to_string(),
            partition: input.of.partition,
            committed: input.committed,
            end: input.end,
            lag: input.lag,
            lag_seconds: input.lag_ms(now).map(in_seconds),
        })
        .collect();
    StageJson {
        stage: stage_name(stage),
        lag: inputs.clone().map(|input| input.lag).sum(),
        lag_seconds: inputs.filter_map(|input| input.lag_ms(now)).max().map(in_seconds),
        partitions,
    }
}

impl From<&crate::log::kafka::GroupMember> for MemberJson {
    fn from(member: &crate::log::kafka::GroupMember) -> Self {
        let partition = |of: &crate::log::TopicPartition| MemberPartitionJson {
            topic: of.topic.to_string(),
            partition: of.partition,
        };
        Self {
            member_id: member.id.clone(),
            client_id: member.client.clone(),
            host: member.host.clone(),
            partitions: member.partitions.iter().map(partition).collect(),
        }
    }
}

fn stage_name(stage: Stage) -> &'static str {
    match stage {
        Stage::Chats => "chats",
        Stage::Customers => "customers",
        Stage::Managers => "managers",
    }
}

fn in_seconds(span: Millis) -> f64 {
    span as f64 / 1_000.0
}

fn told(of: Option<f64>) -> String {
    of.map_or_else(|| NOTHING.to_owned(), |lag| seconds((lag * 1_000.0) as Millis))
}

pub fn page(of: &StatusDocument) -> String {
    let mut page = format!("group {}, generation {}, at {}\n\n", of.group, of.generation, moment(of.at.0));
    let mut rows = Vec::new();
    for stage in &of.stages {
        for of in &stage.partitions {
            let committed = of.committed.map_or_else(|| NOTHING.to_owned(), |next| next.to_string());
            rows.push(vec![
                stage.stage.to_owned(),
                format!("{}[{}]", of.topic, of.partition),
                committed,
                of.end.to_string(),
                of.lag.to_string(),
                told(of.lag_seconds),
            ]);
        }
        let sum = vec![
            stage.stage.to_owned(),
            "all".to_owned(),
            String::new(),
            String::new(),
            stage.lag.to_string(),
            told(stage.lag_seconds),
        ];
        rows.push(sum);
    }
    page.push_str(&table(&["stage", "input", "committed", "end", "lag", "lag in time"], &rows));
    let clock = |of: &ClockJson| {
        let deadline = super::table::time(of.next_deadline.map(|at| at.0));
        let clock = super::table::time(of.clock.map(|at| at.0));
        vec![of.partition.to_string(), clock, told(of.behind_seconds), deadline]
    };
    let clocks: Vec<Vec<String>> = of.clocks.iter().map(clock).collect();
    let _ = write!(
        page,
        "\n{}",
        table(&["chats", "clock when last noted", "behind the wall", "no deadline before"], &clocks)
    );
    for of in of.restoring.iter().flatten() {
        let percent = if of.end > 0 { of.next as f64 * 100.0 / of.end as f64 } else { 100.0 };
        let _ = writeln!(
            page,
            "restoring {}[{}] here: {percent:.0} %, to {} of {}",
            of.stage, of.partition, of.next, of.end
        );
    }
    if let (Some(state), Some(members)) = (&of.group_state, &of.members) {
        let member = |of: &MemberJson| {
            vec![of.client_id.clone(), of.host.clone(), of.partitions.len().to_string(), of.member_id.clone()]
        };
        let rows: Vec<Vec<String>> = members.iter().map(member).collect();
        let _ = writeln!(page, "\ngroup state {state}, {} members", members.len());
        if !rows.is_empty() {
            page.push_str(&table(&["client", "host", "partitions", "member"], &rows));
        }
    }
    let _ = writeln!(page, "\ndead letters: {} offsets, the ends of transactions included", of.dead_letters);
    page
}

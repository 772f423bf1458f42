//! How far a deployment has got, as data: the answer of `chat-goals status` and a part of that of `/api/v1/status`.

use crate::contract::json::output::Time;
use crate::domain::time::{Millis, Timestamp};
use crate::inspect::progress::Progress;
use crate::log::kafka::GroupInfo;
use crate::runtime::restore::UnderWay;
use crate::runtime::topology::Stage;
use serde::Serialize;
use utoipa::ToSchema;

#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ProcessorStatus)]
pub struct StatusDocument {
    pub group: String,
    pub generation: u32,
    pub at: Time,
    pub stages: Vec<StageAnswer>,
    /// As noted with the last commit of each partition.
    pub clocks: Vec<ClockAnswer>,
    /// What the state folder of this machine is being restored to; absent: there is no folder here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub restoring: Option<Vec<RestoringAnswer>>,
    /// Absent: the group could not be asked about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group_state: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub members: Option<Vec<MemberAnswer>>,
    /// From the first offset to the end, the ends of transactions included.
    pub dead_letters: u64,
}

#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = StageProgress)]
pub struct StageAnswer {
    pub stage: &'static str,
    pub lag: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lag_seconds: Option<f64>,
    pub partitions: Vec<PartitionAnswer>,
}

#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = InputProgress)]
pub struct PartitionAnswer {
    pub topic: String,
    pub partition: i32,
    /// Absent: nothing of it was ever committed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub committed: Option<i64>,
    pub end: i64,
    pub lag: u64,
    /// Absent: nothing waits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lag_seconds: Option<f64>,
}

#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = PartitionClock)]
pub struct ClockAnswer {
    pub partition: i32,
    /// Absent: it has never moved.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clock: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub behind_seconds: Option<f64>,
    /// No deadline passes before this. Absent: there is none, or none is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_deadline: Option<Time>,
}

/// A partition that the process of this machine's state folder restores.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Restoring)]
pub struct RestoringAnswer {
    pub stage: &'static str,
    pub partition: i32,
    pub next: i64,
    pub end: i64,
}

#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Member)]
pub struct MemberAnswer {
    pub member_id: String,
    pub client_id: String,
    pub host: String,
    pub partitions: Vec<MemberPartitionAnswer>,
}

#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = MemberPartition)]
pub struct MemberPartitionAnswer {
    pub topic: String,
    pub partition: i32,
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
        let clock = |(partition, clock): (usize, &Option<Timestamp>)| ClockAnswer {
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
                    RestoringAnswer {
                        stage: stage_name(*stage),
                        partition: *partition,
                        next: *next,
                        end: *end,
                    }
                };
                all.iter().map(one).collect()
            }),
            group_state: members.map(|group| group.state.clone()),
            members: members.map(|group| group.members.iter().map(MemberAnswer::from).collect()),
            dead_letters: progress.dead_letters,
        }
    }
}

fn stage_json(stage: Stage, progress: &Progress, now: Timestamp) -> StageAnswer {
    let inputs = progress.inputs.iter().filter(|input| input.stage == stage);
    let partitions: Vec<PartitionAnswer> = inputs
        .clone()
        .map(|input| PartitionAnswer {
            topic: input.of.topic.to_string(),
            partition: input.of.partition,
            committed: input.committed,
            end: input.end,
            lag: input.lag,
            lag_seconds: input.lag_ms(now).map(in_seconds),
        })
        .collect();
    StageAnswer {
        stage: stage_name(stage),
        lag: inputs.clone().map(|input| input.lag).sum(),
        lag_seconds: inputs.filter_map(|input| input.lag_ms(now)).max().map(in_seconds),
        partitions,
    }
}

impl From<&crate::log::kafka::GroupMember> for MemberAnswer {
    fn from(member: &crate::log::kafka::GroupMember) -> Self {
        let partition = |of: &crate::log::TopicPartition| MemberPartitionAnswer {
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

pub fn stage_name(stage: Stage) -> &'static str {
    match stage {
        Stage::Chats => "chats",
        Stage::Customers => "customers",
        Stage::Managers => "managers",
    }
}

fn in_seconds(span: Millis) -> f64 {
    span as f64 / 1_000.0
}

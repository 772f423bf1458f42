//! `chat-goals contract proto|json-schema|asyncapi`: prints the published contract, or writes it into a folder.

use super::settings::ConfigArgs;
use crate::config::{Config, WireForm};
use crate::contract::documents::asyncapi::{self, Deployment, Topic};
use crate::contract::documents::{json_schema, proto};
use crate::log::TopicPlan;
use crate::runtime::topology;
use anyhow::Context as _;
use serde_json::{Map, Value};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

#[derive(clap::Subcommand)]
pub enum Command {
    /// The protobuf schemas, as they are imported
    Proto(OutArgs),
    /// A JSON Schema (2020-12) for each record, in one object by the records' names
    JsonSchema(OutArgs),
    /// The topics as an AsyncAPI 3.0 document, by the names and forms of a configuration
    #[command(name = "asyncapi")]
    AsyncApi(AsyncApiArgs),
}

#[derive(clap::Args)]
pub struct OutArgs {
    /// Write files into this folder instead, and print their names
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

#[derive(clap::Args)]
pub struct AsyncApiArgs {
    #[command(flatten)]
    config: ConfigArgs,
}

pub fn run(command: &Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Proto(args) => print_proto(args.out.as_deref())?,
        Command::JsonSchema(args) => print_json_schemas(args.out.as_deref())?,
        Command::AsyncApi(args) => print(&pretty(&document(&args.config.load()?))?)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn print_proto(out: Option<&Path>) -> anyhow::Result<()> {
    match out {
        Some(out) => proto::FILES
            .iter()
            .chain([&proto::LINT])
            .try_for_each(|(path, text)| write(&out.join(path), text)),
        None => {
            let files = proto::FILES.map(|(path, text)| format!("// {path}\n{text}"));
            print(&files.join("\n"))
        }
    }
}

fn print_json_schemas(out: Option<&Path>) -> anyhow::Result<()> {
    let schemas = json_schema::all();
    match out {
        Some(out) => schemas.iter().try_for_each(|(record, schema)| {
            write(&out.join(format!("{record}.schema.json")), &pretty(schema)?)
        }),
        None => {
            let all: Map<String, Value> =
                schemas.into_iter().map(|(record, schema)| (record.to_owned(), schema)).collect();
            print(&pretty(&all.into())?)
        }
    }
}

fn document(config: &Config) -> Value {
    let (topics, wire) = (&config.topics, &config.wire);
    let plans = topology::plans(config);
    let topic = |name, form| topic(&plans, name, form == WireForm::Protobuf);
    asyncapi::document(&Deployment {
        bootstrap: &config.kafka.bootstrap,
        chat_events: topic(&topics.chat_events, wire.chat_events),
        customer_events: topic(&topics.customer_events, wire.customer_events),
        goal_changes: topic(&topics.goal_changes, wire.goal_changes),
        goal_status_changed: topic(&topics.goal_status_changed, wire.goal_status_changed),
        manager_goal_counters: topic(&topics.manager_goal_counters, wire.manager_goal_counters),
        dead_letters: topic(&topics.dead_letters, WireForm::Json),
    })
}

fn topic<'a>(plans: &[TopicPlan], name: &'a str, is_protobuf: bool) -> Topic<'a> {
    let plan = plans.iter().find(|plan| plan.name == name);
    Topic { name, is_protobuf, settings: plan.map(|plan| plan.settings.clone()).unwrap_or_default() }
}

fn pretty(value: &Value) -> anyhow::Result<String> {
    Ok(serde_json::to_string_pretty(value)? + "\n")
}

fn print(text: &str) -> anyhow::Result<()> {
    Ok(std::io::stdout().lock().write_all(text.as_bytes())?)
}

fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    let folder = path.parent().context("a file is in a folder")?;
    std::fs::create_dir_all(folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    std::fs::write(path, text).with_context(|| format!("{} cannot be written", path.display()))?;
    print(&format!("{}\n", path.display()))
}

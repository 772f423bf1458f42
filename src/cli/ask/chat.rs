//! `chat-goals chat ID [--why] [--as-of TIME]`: what is known of one chat, and why its status is what it is.

use super::{AskArgs, Form, Reading, chat_page, not_found, print_json, print_text};
use crate::answers::chat::{self, Asked};
use crate::answers::chat_parts::ChatDocument;
use crate::domain::time::Timestamp;
use crate::explain::words::moment;
use crate::inspect::Deployment;
use std::process::ExitCode;

/// What is known of a chat, and why its status is what it is
///
/// Its conversation, its rounds and its status are those of its newest row in the changelog.
/// The clock is that of the last commit of the chat's partition. Events that match no goal of the channel are not kept (A6),
/// nor are those of its customers that could achieve none of its rounds.
///
/// With --as-of everything is derived with the clock at that time, from the facts that are dated up to it. Rows keep the
/// current cycle only, nothing that was sealed (H3), and no merges; where that may matter, `unknown` says so.
#[derive(clap::Args)]
pub struct Args {
    /// The chat
    #[arg(value_name = "ID")]
    chat: String,
    /// Also why: every reply and event with the rule that made it count or not, the rules of the status in their order,
    /// and what was published
    #[arg(long)]
    why: bool,
    /// As of this time, from the facts dated up to it (RFC 3339 or epoch ms)
    #[arg(long, value_name = "TIME", value_parser = crate::cli::time)]
    as_of: Option<Timestamp>,
    #[command(flatten)]
    ask: AskArgs,
}

pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let (config, log) = args.ask.connect()?;
    let watch = Reading::new();
    let deployment = Deployment::find(&log, &config, &watch)?;
    let Some(found) = deployment.chat(&args.chat)? else {
        return Ok(not_found(&format!("the chat {} is not known", args.chat)));
    };
    let settings = deployment.settings()?.settings;
    let channel = settings.channel(&found.row.channel);
    let published = if args.why { Some(deployment.published(&args.chat)?) } else { None };
    let asked = Asked { why: args.why, as_of: args.as_of, published: published.as_deref() };
    match chat::answer(&found, channel, &asked) {
        Some(document) => print(args, &document),
        None => {
            let (chat, at) = (&args.chat, moment(args.as_of.unwrap_or(Timestamp::MIN)));
            Ok(not_found(&format!("nothing that is known of the chat {chat} is dated up to {at}")))
        }
    }
}

fn print(args: &Args, document: &ChatDocument) -> anyhow::Result<ExitCode> {
    match args.ask.output {
        Form::Table => print_text(&chat_page::page(document))?,
        form @ (Form::Json | Form::Jsonl) => print_json(form, document)?,
    }
    Ok(ExitCode::SUCCESS)
}

//! `chat-goals fold`: the rules over lines of JSON, with no broker. It drives the pipeline that `run` drives, with
//! everything in one partition and in memory; the clock is the latest time in the lines.

use super::lines;
use super::progress::Progress;
use crate::contract::json::input::Line;
use crate::contract::json::output;
use crate::domain::ids::{ChannelId, ChatId};
use crate::domain::settings::Channel;
use crate::domain::time::Timestamp;
use crate::pipeline::offline::{Changes, Offline};
use crate::stages::chats::StatusChange;
use anyhow::Context as _;
use serde::Serialize;
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;
use std::process::ExitCode;

/// Bad lines were met, and the rest was folded.
const DONE_WITH_BAD_LINES: u8 = 3;

#[derive(clap::Args)]
pub struct Args {
    /// Files of JSON lines in log order; standard input if there is none, or for `-`
    files: Vec<PathBuf>,
    /// Take only records at this time or before, and move the clock there at the end (RFC 3339 or epoch ms)
    #[arg(long, value_name = "TIME", value_parser = super::time)]
    until: Option<Timestamp>,
    /// What to print
    #[arg(long, value_delimiter = ',', default_value = "changes", value_name = "WHAT,…")]
    emit: Vec<Emit>,
    /// Count every channel as subscribed always (A2)
    #[arg(long)]
    no_subscription: bool,
    /// Stop at the first bad line
    #[arg(long)]
    strict: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Emit {
    /// Every change as it happens
    Changes,
    /// The latest view of every chat, with its rounds
    Statuses,
    /// The counters that are not zero
    Counters,
}

pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let offline = Offline::new(!args.no_subscription, args.until);
    let changes = args.emit.contains(&Emit::Changes);
    let mut fold = Fold {
        offline: if changes { offline } else { offline.without_changes() },
        out: Printer { to: BufWriter::with_capacity(1 << 16, io::stdout().lock()), changes },
    };
    let standard_input = [PathBuf::from("-")];
    let files = if args.files.is_empty() { &standard_input[..] } else { &args.files };
    let progress = Progress::of_files(files);
    let mut bad_lines = 0u64;
    'files: for path in files {
        let chunks = lines::read(path)?;
        while let Some(chunk) = chunks.next() {
            let chunk = chunk.with_context(|| format!("cannot read {}", path.display()))?;
            progress.add(chunk.bytes());
            fold.come_near(chunk.borrow_dependent());
            for (number, line) in chunk.borrow_dependent() {
                let Err(reason) = fold.line(line)? else { continue };
                bad_lines += 1;
                progress.print(&format!("{}:{number}: {reason}", path.display()));
                if args.strict {
                    break 'files;
                }
            }
            chunks.give_back(chunk);
        }
    }
    progress.finish();
    if bad_lines == 0 || !args.strict {
        fold.finish(&args.emit)?;
    }
    fold.out.to.flush()?;
    fold.hint();
    // The process is about to end: giving back every row one by one would only take time.
    std::mem::forget(fold.offline);
    if bad_lines > 0 {
        eprintln!("{bad_lines} bad {}", if bad_lines == 1 { "line" } else { "lines" });
        return Ok(ExitCode::from(DONE_WITH_BAD_LINES));
    }
    Ok(ExitCode::SUCCESS)
}

struct Fold<'a> {
    offline: Offline,
    out: Printer<'a>,
}

impl Fold<'_> {
    fn come_near(&self, lines: &[(u64, lines::Checked<'_>)]) {
        self.offline.come_near(lines.iter().filter_map(|(_, line)| match line {
            Ok(Line::Chat(event)) => Some(event.chat.as_bytes()),
            _ => None,
        }));
    }

    /// Folds one line; the inner error is why it is bad.
    fn line(&mut self, line: &lines::Checked<'_>) -> anyhow::Result<Result<(), String>> {
        let folded = match line {
            Ok(Line::Chat(event)) => self.offline.chat(event, &mut self.out)?,
            Ok(Line::Customer(event)) => self.offline.customer(event, &mut self.out)?,
            Ok(Line::Goal(change)) => Ok(self.offline.goal(change.clone(), &mut self.out)?),
            Err(reason) => return Ok(Err(reason.clone())),
        };
        Ok(folded.map_err(|bad| bad.to_string()))
    }

    fn finish(&mut self, emit: &[Emit]) -> anyhow::Result<()> {
        self.offline.finish(&mut self.out)?;
        if emit.contains(&Emit::Statuses) {
            self.statuses()?;
        }
        if emit.contains(&Emit::Counters) {
            self.counters()?;
        }
        Ok(())
    }

    fn statuses(&mut self) -> anyhow::Result<()> {
        for row in self.offline.chats() {
            let Some(published) = row.live.as_ref().and_then(|live| live.published.as_ref()) else {
                continue;
            };
            let channel = self.offline.settings.channel(&row.channel);
            let rounds = row.rounds(channel, self.offline.clock());
            let status = output::status(&row.channel, &row.chat, &published.view, &rounds, channel)?;
            self.out.print_written("goalStatus", &status)?;
        }
        Ok(())
    }

    fn counters(&mut self) -> anyhow::Result<()> {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Line<'a> {
            manager_goal_counters: output::CounterJson<'a>,
        }
        for row in self.offline.counters()? {
            let manager_goal_counters = output::totals(&row.channel, &row.bucket, &row.counts);
            self.out.print(&Line { manager_goal_counters })?;
        }
        Ok(())
    }

    /// A2: a goal without a subscription is easily forgotten.
    fn hint(&self) {
        let mut silent: Vec<&ChannelId> = self
            .offline
            .settings
            .channels()
            .filter(|(_, channel)| !channel.goals().is_empty() && !channel.ever_subscribed())
            .map(|(id, _)| id)
            .collect();
        silent.sort();
        for channel in silent {
            eprintln!(
                "hint: channel {channel} has a goal but never subscribed, so nothing is tracked \
                 (subscriptionSet, or --no-subscription)"
            );
        }
    }
}

/// Prints changes as lines of JSON.
struct Printer<'a> {
    to: BufWriter<io::StdoutLock<'a>>,
    changes: bool,
}

impl Printer<'_> {
    fn print(&mut self, line: &impl Serialize) -> anyhow::Result<()> {
        serde_json::to_writer(&mut self.to, line).map_err(io::Error::from)?;
        self.to.write_all(b"\n")?;
        Ok(())
    }

    /// The same for what is JSON already.
    fn print_written(&mut self, name: &str, json: &[u8]) -> anyhow::Result<()> {
        write!(self.to, "{{\"{name}\":")?;
        self.to.write_all(json)?;
        self.to.write_all(b"}\n")?;
        Ok(())
    }
}

impl Changes for Printer<'_> {
    fn status_changed(&mut self, change: StatusChange, channel: &Channel) -> anyhow::Result<()> {
        if !self.changes {
            return Ok(());
        }
        self.print_written("goalStatusChanged", &output::status_changed(&change, channel)?)
    }

    fn chat_deleted(&mut self, channel: &ChannelId, chat: &ChatId, revision: u32) -> anyhow::Result<()> {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Line<'a> {
            goal_status_changed: Deletion<'a>,
        }
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Deletion<'a> {
            channel_id: &'a str,
            chat_id: &'a str,
            deleted: bool,
            revision: u32,
        }
        if !self.changes {
            return Ok(());
        }
        let goal_status_changed = Deletion { channel_id: channel, chat_id: chat, deleted: true, revision };
        self.print(&Line { goal_status_changed })
    }
}

//! `fold` on the command line: where lines come from, what is printed where, and the exit codes.

use std::io::Write as _;
use std::process::{Command, Output, Stdio};

const GOAL: &str = r#"{"goalChange":{"channelId":"shop","at":"2026-03-01T00:00:00Z","goalSet":{"eventName":"Purchase","days":7}}}"#;
const ASKED: &str = r#"{"chatEvent":{"channelId":"shop","chatId":"c1","at":"2026-03-02T09:00:00Z","customerMessage":{"customerId":"anna"}}}"#;
const REPLIED: &str = r#"{"chatEvent":{"channelId":"shop","chatId":"c1","at":"2026-03-02T10:00:00Z","managerReply":{"managerId":"mia"}}}"#;
const BAD: &str = r#"{"chatEvent":{"channelId":"shop","chatId":"c1","at":"2026-03-02T10:30:00Z","managerReply":{"managerId":7}}}"#;

fn fold(args: &[&str], input: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_chat-goals"))
        .arg("fold")
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A program that stops early may not read it all.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn standard_input_is_read_when_no_file_is_named_or_a_dash_is() {
    let input = format!("{GOAL}\n{ASKED}\n\n{REPLIED}");
    for args in [&["--no-subscription"][..], &["--no-subscription", "-"]] {
        let output = fold(args, &input);
        assert!(output.status.success(), "{}", text(&output.stderr));
        let lines = text(&output.stdout);
        assert_eq!(lines.lines().count(), 2, "{lines}");
        assert!(lines.lines().all(|line| line.starts_with(r#"{"goalStatusChanged":{"#)), "{lines}");
    }
}

#[test]
fn files_are_read_one_after_the_other() {
    let dir = tempfile::tempdir().unwrap();
    let paths = [("a", GOAL), ("b", ASKED), ("c", REPLIED)].map(|(name, line)| {
        let path = dir.path().join(name);
        std::fs::write(&path, line).unwrap();
        path.to_string_lossy().into_owned()
    });
    let output = fold(&["--no-subscription", "--emit", "statuses", &paths[0], &paths[1], &paths[2]], "");
    assert!(text(&output.stdout).contains(r#""phase":"MEASURING""#), "{output:?}");
}

#[test]
fn a_bad_line_is_named_with_its_path_and_the_rest_is_folded() {
    let output = fold(&["--no-subscription"], &format!("{GOAL}\n{BAD}\n{ASKED}\n"));
    assert_eq!(output.status.code(), Some(3));
    let complaint = text(&output.stderr);
    assert!(complaint.starts_with("-:2: chatEvent.managerReply.managerId: invalid type"), "{complaint}");
    assert_eq!(text(&output.stdout).lines().count(), 1);
}

#[test]
fn strict_stops_at_the_first_bad_line() {
    let output = fold(&["--no-subscription", "--strict"], &format!("{GOAL}\n{BAD}\n{ASKED}\n"));
    assert_eq!(output.status.code(), Some(3));
    assert_eq!(text(&output.stdout), "");
}

#[test]
fn an_array_is_no_record() {
    let line = r#"{"chatEvent":{"channelId":"shop","chatId":"c1","at":"2026-03-02T09:00:00Z","customerMessage":["anna"]}}"#;
    assert_eq!(fold(&[], line).status.code(), Some(3));
}

#[test]
fn a_missing_file_fails_and_a_wrong_flag_is_wrong_usage() {
    let missing = fold(&["/nowhere/at/all.jsonl"], "");
    assert_eq!(missing.status.code(), Some(1));
    assert!(text(&missing.stderr).contains("/nowhere/at/all.jsonl"));
    assert_eq!(fold(&["--emit", "nothing"], "").status.code(), Some(2));
    assert_eq!(fold(&["--until", "yesterday"], "").status.code(), Some(2));
}

#[test]
fn a_goal_without_a_subscription_is_hinted_at() {
    let output = fold(&[], &format!("{GOAL}\n{ASKED}\n"));
    assert!(output.status.success());
    assert!(text(&output.stderr).contains("channel shop has a goal but never subscribed"), "{output:?}");
}

#[test]
fn a_reader_that_has_seen_enough_ends_it_quietly() {
    let chats: String = (0..20_000).map(|n| ASKED.replace("c1", &format!("c{n}")) + "\n").collect();
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("many.jsonl");
    std::fs::write(&path, format!("{GOAL}\n{chats}")).unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_chat-goals"))
        .args(["fold", "--no-subscription"])
        .arg(&path)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert_eq!(text(&output.stderr), "");
}

#[test]
#[expect(clippy::zombie_processes, reason = "it is waited for by wait4, which also tells its memory")]
fn a_thousand_times_the_lines_of_one_chat_take_no_more_memory() {
    // Memory grows with chats, not with lines: the peak of many lines stays near that of few.
    let peak = |lines: usize| {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lines.jsonl");
        // Written piece by piece: the kernel counts this process's memory for its child, too.
        let mut file = std::io::BufWriter::new(std::fs::File::create(&path).unwrap());
        writeln!(file, "{GOAL}").unwrap();
        (0..lines).for_each(|_| writeln!(file, "{ASKED}").unwrap());
        file.flush().unwrap();
        let child = Command::new(env!("CARGO_BIN_EXE_chat-goals"))
            .args(["fold", "--no-subscription"])
            .arg(&path)
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let (mut status, mut usage) = (0, unsafe { std::mem::zeroed::<libc::rusage>() });
        // SAFETY: both pointers are to locals that live through the call, and only this waits for the child.
        unsafe { libc::wait4(child.id() as i32, &mut status, 0, &mut usage) };
        assert_eq!(status, 0);
        usage.ru_maxrss
    };
    let (few, many) = (peak(1_000), peak(1_000_000));
    assert!(many < few + 16_384, "{few} KiB for a thousand lines, {many} KiB for a million");
}

//! What is packed with the program and made by it: completions know every command and option, and every command has its man
//! page: `cargo test --release --test packaging`.

use chat_goals::cli::Cli;
use clap::{Command, CommandFactory as _};
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::process::{Output, Stdio};

fn chat_goals(words: &[&str]) -> Output {
    std::process::Command::new(env!("CARGO_BIN_EXE_chat-goals")).args(words).output().unwrap()
}

/// What it prints when all goes well.
fn said(words: &[&str]) -> String {
    let output = chat_goals(words);
    assert!(output.status.success(), "{words:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// Every command with the words that lead to it, the program itself first.
fn commands() -> Vec<(Vec<String>, Command)> {
    fn collect(command: &Command, path: &[String], found: &mut Vec<(Vec<String>, Command)>) {
        let path: Vec<String> = path.iter().cloned().chain([command.get_name().to_owned()]).collect();
        command.get_subcommands().for_each(|below| collect(below, &path, found));
        found.push((path, command.clone()));
    }
    let mut program = Cli::command().disable_help_subcommand(true);
    program.build();
    let mut found = Vec::new();
    collect(&program, &[], &mut found);
    assert!(found.len() > 20, "there are more commands than that");
    found
}

fn options(command: &Command) -> Vec<String> {
    command.get_arguments().filter_map(|option| option.get_long().map(str::to_owned)).collect()
}

#[test]
fn every_shell_has_completions_that_know_every_command_and_option() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = said(&["completions", shell]);
        for (path, command) in commands() {
            let name = path.last().unwrap();
            assert!(script.contains(name.as_str()), "{shell}: {path:?}");
            for option in options(&command) {
                assert!(script.contains(&option), "{shell}: {path:?} --{option}");
            }
        }
    }
}

#[test]
fn bash_reads_its_completions_and_completes_a_command() {
    let script = said(&["completions", "bash"]);
    let complete = "COMP_WORDS=(chat-goals dead-l) COMP_CWORD=1\n\
                    _chat__goals chat-goals dead-l chat-goals\nprintf '%s\\n' \"${COMPREPLY[@]}\"\n";
    let mut bash = std::process::Command::new("bash")
        .args(["--norc", "--noprofile"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = bash.stdin.take().unwrap();
    input.write_all(format!("{script}\n{complete}").as_bytes()).unwrap();
    drop(input);
    let output = bash.wait_with_output().unwrap();
    assert!(output.status.success());
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "dead-letters\n");
}

#[test]
fn every_command_has_a_man_page_that_names_its_options() {
    let folder = tempfile::TempDir::new().unwrap();
    let out = folder.path().join("man1");
    said(&["man", "--out", out.to_str().unwrap()]);
    let mut wanted = Vec::new();
    for (path, command) in commands() {
        let file = format!("{}.1", path.join("-"));
        let page = std::fs::read_to_string(out.join(&file)).unwrap_or_else(|error| panic!("{file}: {error}"));
        assert!(page.contains(&format!(".TH {} 1", path.join("-"))), "{file}: {page}");
        for option in options(&command) {
            assert!(page.contains(&option.replace('-', "\\-")), "{file} lacks --{option}");
        }
        wanted.push(file);
    }
    let mut written: Vec<String> = std::fs::read_dir(&out)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    wanted.sort();
    written.sort();
    assert_eq!(written, wanted);
}

/// Answers one request with this status, as a server would.
fn answering(status: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            request.push(byte[0]);
        }
        assert!(request.starts_with(b"GET /health/ready HTTP/1.1\r\n"));
        write!(stream, "HTTP/1.1 {status}\r\nContent-Length: 8\r\n\r\nit says.").unwrap();
    });
    format!("http://{address}/health/ready")
}

#[test]
fn health_is_the_exit_code_and_what_the_process_said() {
    let well = chat_goals(&["health", "--url", &answering("200 OK")]);
    assert_eq!((well.status.code(), well.stdout.as_slice()), (Some(0), b"it says.\n".as_slice()));
    let ill = chat_goals(&["health", "--url", &answering("503 Service Unavailable")]);
    assert_eq!((ill.status.code(), ill.stdout.as_slice()), (Some(1), b"it says.\n".as_slice()));
}

#[test]
fn a_process_that_does_not_answer_is_not_healthy() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let nobody = chat_goals(&["health", "--set", &format!("telemetry.listen={free}")]);
    assert_eq!(nobody.status.code(), Some(1), "{nobody:?}");
    assert!(String::from_utf8(nobody.stderr).unwrap().contains("does not answer"));
}

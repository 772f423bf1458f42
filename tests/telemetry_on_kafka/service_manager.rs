//! What a service manager hears from a processor, by the protocol of sd_notify(3), and what `health` says of it meanwhile.

use crate::broker::{LIMIT, Partitioner};
use crate::process::Deployment;
use crate::workload::{wall, workload};
use chat_goals::config::WireForm;
use std::os::unix::net::UnixDatagram;
use std::path::PathBuf;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// A socket as systemd has one.
struct ServiceManager {
    socket: UnixDatagram,
    heard: Vec<String>,
    dir: TempDir,
}

impl ServiceManager {
    fn new() -> Self {
        let dir = TempDir::new().unwrap();
        let socket = UnixDatagram::bind(dir.path().join("notify")).unwrap();
        socket.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
        Self { socket, heard: Vec::new(), dir }
    }

    fn path(&self) -> PathBuf {
        self.dir.path().join("notify")
    }

    /// Listens until this was said so many times from now on.
    fn hear(&mut self, word: &str, times: usize) {
        let (limit, mut left) = (Instant::now() + LIMIT, times);
        while left > 0 {
            assert!(Instant::now() < limit, "{word} is missing: {:?}", self.heard);
            let mut message = [0u8; 4096];
            let Ok(length) = self.socket.recv(&mut message) else { continue };
            for line in std::str::from_utf8(&message[..length]).unwrap().lines() {
                left -= usize::from(left > 0 && line.starts_with(word));
                self.heard.push(line.to_owned());
            }
        }
    }

    fn count(&self, word: &str) -> usize {
        self.heard.iter().filter(|line| *line == word).count()
    }
}

#[test]
fn a_service_manager_hears_of_a_start_of_progress_and_of_the_end() {
    let deployment = Deployment::created("notify", WireForm::Json);
    deployment.feed(Partitioner::Java).produce(&workload(1, 20, wall()));
    let mut manager = ServiceManager::new();
    let mut process = deployment.start_under(&manager.path(), Duration::from_millis(300), "state");
    let url = process.url();

    manager.hear("READY=1", 1);
    manager
        .hear("STATUS=all is well", usize::from(!manager.heard.contains(&"STATUS=all is well".to_owned())));
    let ready = deployment.say(&["health", "--url", &format!("{url}/health/ready")]);
    assert_eq!(ready.status.code(), Some(0), "{ready:?}");
    assert!(String::from_utf8(ready.stdout).unwrap().contains("all workers are in the group"));
    manager.hear("WATCHDOG=1", 5);
    assert_eq!((manager.count("READY=1"), manager.count("STOPPING=1")), (1, 0), "{:?}", manager.heard);
    process.assert_running();

    process.stop();
    manager.hear("STOPPING=1", 1);
    assert_eq!((manager.count("READY=1"), manager.count("STOPPING=1")), (1, 1), "{:?}", manager.heard);
    let nobody = deployment.say(&["health", "--url", &format!("{url}/health/live")]);
    assert_eq!(nobody.status.code(), Some(1), "{nobody:?}");
}

#[test]
fn a_process_that_hangs_is_not_heard_of_until_it_goes_on() {
    let deployment = Deployment::created("hang", WireForm::Json);
    let mut manager = ServiceManager::new();
    let mut process = deployment.start_under(&manager.path(), Duration::from_millis(300), "state");
    manager.hear("READY=1", 1);
    process.pause();
    // What was said before is still to be heard; then there is silence for longer than the watchdog's patience.
    let mut message = [0u8; 4096];
    manager.socket.set_read_timeout(Some(Duration::from_millis(900))).unwrap();
    while manager.socket.recv(&mut message).is_ok() {}
    process.resume();
    manager.hear("WATCHDOG=1", 3);
    process.stop();
}

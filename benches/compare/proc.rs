//! CPU time and memory of processes on this machine, from /proc.

use std::collections::HashMap;
use std::fs::read_to_string;

/// Of a process and all that it started, sampled now and then; what has ended keeps counting.
#[derive(Default)]
pub struct Tree {
    cpu: HashMap<u32, f64>,
    peak_kib: HashMap<u32, u64>,
}

impl Tree {
    /// Looks again; the CPU seconds so far.
    pub fn sample(&mut self, root: u32) -> f64 {
        let mut to_see = vec![root];
        while let Some(pid) = to_see.pop() {
            to_see.extend(children(pid));
            if let Some(seconds) = cpu_seconds(pid) {
                self.cpu.insert(pid, seconds);
            }
            if let Some(kib) = peak_kib(pid) {
                self.peak_kib.insert(pid, kib);
            }
        }
        self.cpu.values().sum()
    }

    pub fn peak_mib(&self) -> f64 {
        self.peak_kib.values().sum::<u64>() as f64 / 1024.0
    }
}

/// User and system seconds of a process; `None` if there is none.
pub fn cpu_seconds(pid: u32) -> Option<f64> {
    let stat = read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, fields) = stat.rsplit_once(')')?;
    let fields: Vec<&str> = fields.split_whitespace().collect();
    let ticks = |at: usize| fields.get(at)?.parse::<f64>().ok();
    Some((ticks(11)? + ticks(12)?) / 100.0)
}

/// CPU seconds that the whole machine has used, and that it had.
pub fn machine() -> (f64, f64) {
    let stat = read_to_string("/proc/stat").unwrap_or_default();
    let first = stat.lines().next().unwrap_or_default();
    let ticks: Vec<f64> = first.split_whitespace().skip(1).take(8).filter_map(|t| t.parse().ok()).collect();
    let all: f64 = ticks.iter().sum();
    let idle: f64 = ticks.iter().skip(3).take(2).sum();
    ((all - idle) / 100.0, all / 100.0)
}

/// The model of the processor.
pub fn cpu_model() -> String {
    let info = read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info.lines().find_map(|line| line.strip_prefix("model name"));
    model.unwrap_or("unknown processor").trim_start_matches([' ', '\t', ':']).to_owned()
}

pub fn memory_gib() -> f64 {
    let info = read_to_string("/proc/meminfo").unwrap_or_default();
    let kib = info.lines().find_map(|line| line.strip_prefix("MemTotal:")?.split_whitespace().next());
    kib.and_then(|kib| kib.parse::<f64>().ok()).unwrap_or_default() / f64::from(1 << 20)
}

fn peak_kib(pid: u32) -> Option<u64> {
    let status = read_to_string(format!("/proc/{pid}/status")).ok()?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    peak.split_whitespace().next()?.parse().ok()
}

fn children(pid: u32) -> Vec<u32> {
    let Ok(tasks) = std::fs::read_dir(format!("/proc/{pid}/task")) else { return Vec::new() };
    tasks
        .filter_map(|task| read_to_string(task.ok()?.path().join("children")).ok())
        .flat_map(|line| line.split_whitespace().filter_map(|pid| pid.parse().ok()).collect::<Vec<u32>>())
        .collect()
}

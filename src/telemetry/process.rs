//! What the system says of this process: when it began, its memory, CPU time and open files. From `/proc`; where there is none
//! these metrics are absent.

use super::page;
use super::write::{Labels, Source, Writer};

/// The process that this runs in.
pub struct Process;

impl Source for Process {
    fn write(&self, to: &mut Writer<'_>) -> Result<(), std::fmt::Error> {
        to.info(&page::BUILD, vec![env!("CARGO_PKG_VERSION").to_owned()])?;
        let stat = std::fs::read_to_string("/proc/self/stat").ok();
        let stat = stat.as_deref().and_then(Stat::parse);
        let started = stat.as_ref().and_then(|stat| Some(boot()? + stat.started / ticks_a_second()));
        to.gauges(&page::START, started.map(|seconds| (Labels::new(), seconds)))?;
        let cpu = stat.as_ref().map(|stat| stat.cpu / ticks_a_second());
        to.counters(&page::CPU, cpu.map(|seconds| (Labels::new(), seconds)))?;
        let resident = stat.map(|stat| stat.resident_pages * system(libc::_SC_PAGESIZE));
        to.gauges(&page::RESIDENT, resident.map(|bytes| (Labels::new(), bytes)))?;
        let files = std::fs::read_dir("/proc/self/fd").ok().map(|files| files.count() as u64);
        to.gauges(&page::FILES, files.map(|count| (Labels::new(), count)))
    }
}

/// What `/proc/self/stat` says (proc(5)), in clock ticks and pages.
#[derive(Debug, PartialEq)]
struct Stat {
    cpu: f64,
    started: f64,
    resident_pages: f64,
}

impl Stat {
    fn parse(line: &str) -> Option<Self> {
        // The name may hold anything, but nothing after its last bracket does.
        let (_, fields) = line.rsplit_once(')')?;
        let field = |number: usize| fields.split_whitespace().nth(number - 3)?.parse::<f64>().ok();
        Some(Self { cpu: field(14)? + field(15)?, started: field(22)?, resident_pages: field(24)? })
    }
}

/// When the system was started, in seconds since the epoch.
fn boot() -> Option<f64> {
    let stat = std::fs::read_to_string("/proc/stat").ok()?;
    stat.lines().find_map(|line| line.strip_prefix("btime ")?.trim().parse().ok())
}

fn ticks_a_second() -> f64 {
    system(libc::_SC_CLK_TCK)
}

fn system(name: libc::c_int) -> f64 {
    // SAFETY: it only reads a number.
    (unsafe { libc::sysconf(name) }) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_brackets_and_blanks_moves_no_field() {
        let line = "7 (a) b) S 1 7 7 0 -1 0 9 0 0 0 150 50 0 0 20 0 3 0 4200 1000 33 0";
        let stat = Stat { cpu: 200.0, started: 4200.0, resident_pages: 33.0 };
        assert_eq!(Stat::parse(line), Some(stat));
    }
}

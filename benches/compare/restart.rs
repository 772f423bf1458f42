//! kill -9 with everything folded, and a start at once: how long until the status of a chat that is written then.

use crate::process::first_status;
use crate::subject::{Program, Subject};
use crate::throughput::settle;
use crate::world::{STATUSES, World};
use std::time::Instant;

/// As long as the other one's, which the broker of `dev/kafka` sets.
const SESSION_MS: u32 = 6_000;

pub struct Restart {
    /// Seconds on the state directory as it was left.
    pub on_its_disk: f64,
    /// Seconds with an empty one: everything comes back from the changelogs.
    pub on_an_empty_disk: Option<f64>,
}

pub fn measure(world: &World, program: Program) -> anyhow::Result<Restart> {
    let mut subject = Subject::new(program, world)?;
    subject.session_ms = SESSION_MS;
    let (mut running, start) = (subject.start()?, Instant::now());
    settle(&subject, &mut running, start)?;
    running.kill();
    let on_its_disk = first_output(&subject)?;
    println!("{:<15} restart after kill -9: {on_its_disk:.2} s to the status of a new chat", program.name());
    let on_an_empty_disk = match program {
        Program::ChatGoals => {
            subject.empty_state()?;
            let seconds = first_output(&subject)?;
            println!("{:<15} the same with an empty state directory: {seconds:.2} s", "");
            Some(seconds)
        }
        Program::KafkaStreams => None,
    };
    subject.forget()?;
    Ok(Restart { on_its_disk, on_an_empty_disk })
}

/// Starts it, waits, and kills it.
fn first_output(subject: &Subject<'_>) -> anyhow::Result<f64> {
    let world = subject.world;
    let (running, start) = (subject.start()?, Instant::now());
    let seconds =
        first_status(&world.bootstrap, &world.log, "chat.events", &world.partitions([STATUSES]), start)?;
    running.kill();
    Ok(seconds)
}

//! The answer of `chat-goals status` for people.

use super::table::{NOTHING, seconds, table};
use crate::answers::progress::{ClockAnswer, MemberAnswer, StatusDocument};
use crate::domain::time::Millis;
use crate::explain::words::moment;
use std::fmt::Write as _;

fn told(of: Option<f64>) -> String {
    of.map_or_else(|| NOTHING.to_owned(), |lag| seconds((lag * 1_000.0) as Millis))
}

pub fn page(of: &StatusDocument) -> String {
    let mut page = format!("group {}, generation {}, at {}\n\n", of.group, of.generation, moment(of.at.0));
    let mut rows = Vec::new();
    for stage in &of.stages {
        for of in &stage.partitions {
            let committed = of.committed.map_or_else(|| NOTHING.to_owned(), |next| next.to_string());
            rows.push(vec![
                stage.stage.to_owned(),
                format!("{}[{}]", of.topic, of.partition),
                committed,
                of.end.to_string(),
                of.lag.to_string(),
                told(of.lag_seconds),
            ]);
        }
        let sum = vec![
            stage.stage.to_owned(),
            "all".to_owned(),
            String::new(),
            String::new(),
            stage.lag.to_string(),
            told(stage.lag_seconds),
        ];
        rows.push(sum);
    }
    page.push_str(&table(&["stage", "input", "committed", "end", "lag", "lag in time"], &rows));
    let clock = |of: &ClockAnswer| {
        let deadline = super::table::time(of.next_deadline.map(|at| at.0));
        let clock = super::table::time(of.clock.map(|at| at.0));
        vec![of.partition.to_string(), clock, told(of.behind_seconds), deadline]
    };
    let clocks: Vec<Vec<String>> = of.clocks.iter().map(clock).collect();
    let _ = write!(
        page,
        "\n{}",
        table(&["chats", "clock when last noted", "behind the wall", "no deadline before"], &clocks)
    );
    for of in of.restoring.iter().flatten() {
        let percent = if of.end > 0 { of.next as f64 * 100.0 / of.end as f64 } else { 100.0 };
        let _ = writeln!(
            page,
            "restoring {}[{}] here: {percent:.0} %, to {} of {}",
            of.stage, of.partition, of.next, of.end
        );
    }
    if let (Some(state), Some(members)) = (&of.group_state, &of.members) {
        let member = |of: &MemberAnswer| {
            vec![of.client_id.clone(), of.host.clone(), of.partitions.len().to_string(), of.member_id.clone()]
        };
        let rows: Vec<Vec<String>> = members.iter().map(member).collect();
        let _ = writeln!(page, "\ngroup state {state}, {} members", members.len());
        if !rows.is_empty() {
            page.push_str(&table(&["client", "host", "partitions", "member"], &rows));
        }
    }
    let _ = writeln!(page, "\ndead letters: {} offsets, the ends of transactions included", of.dead_letters);
    page
}

//! Under which versions the rows of a task were made: looked at before it runs, so that a program never goes on from
//! rows that it must not touch. What a changelog brings is checked row by row; for what lies on the disk already the
//! span of its versions is noted beside it, so that starting needs no walk over all rows.
//!
//! It decides nothing: what may be read is a matter of [`crate::contract::protobuf::rows::versions`].

use super::tasks::TaskId;
use crate::contract::protobuf::rows::versions::{Program, Versions};
use crate::state::store::{Changes, Family, Store};
use anyhow::Context as _;

/// The oldest and newest format and rules among some rows. It may be wider than what is there, never narrower.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    pub oldest: Versions,
    pub newest: Versions,
}

impl Span {
    pub fn of(versions: Versions) -> Self {
        Self { oldest: versions, newest: versions }
    }

    pub fn widen(&mut self, to: Versions) {
        self.oldest.format = self.oldest.format.min(to.format);
        self.oldest.rules = self.oldest.rules.min(to.rules);
        self.newest.format = self.newest.format.max(to.format);
        self.newest.rules = self.newest.rules.max(to.rules);
    }

    /// Whether this program may go on from all of it. `Err` names the task.
    pub fn check(&self, program: &Program, task: TaskId) -> anyhow::Result<()> {
        check(program, self.newest, task)?;
        (self.oldest.rules..self.newest.rules)
            .try_for_each(|rules| check(program, Versions { rules, ..self.newest }, task))
    }
}

/// Whether this program may go on from a row of this task.
pub fn check(program: &Program, row: Versions, (stage, partition): TaskId) -> anyhow::Result<()> {
    let checked = program.check(row).map_err(|refusal| anyhow::anyhow!("{refusal}"));
    checked.with_context(|| format!("{}, partition {partition}, cannot be started", stage.family().name()))
}

/// The span of what the disk holds of a task. One that was left before spans were noted holds the first of everything.
pub fn span_on_disk(store: &Store, task: TaskId) -> anyhow::Result<Span> {
    const FIRST: Versions = Versions { format: 1, rules: 1 };
    let Some(bytes) = store.get(Family::Meta, &key(task))? else { return Ok(Span::of(FIRST)) };
    let numbers: Option<Vec<u32>> =
        bytes.chunks(4).map(|n| Some(u32::from_be_bytes(n.try_into().ok()?))).collect();
    match numbers.as_deref() {
        Some(&[oldest_format, oldest_rules, newest_format, newest_rules]) => Ok(Span {
            oldest: Versions { format: oldest_format, rules: oldest_rules },
            newest: Versions { format: newest_format, rules: newest_rules },
        }),
        _ => {
            anyhow::bail!("the versions of {task:?} are noted as {:?}, which is not four numbers", &bytes[..])
        }
    }
}

/// Notes the span of what the disk holds, together with it.
pub fn note_span(changes: &mut Changes<'_>, task: TaskId, span: Span) {
    let Span { oldest, newest } = span;
    let numbers = [oldest.format, oldest.rules, newest.format, newest.rules];
    changes.put(Family::Meta, &key(task), &numbers.map(u32::to_be_bytes).concat());
}

/// Nothing of the task is on the disk any more.
pub fn forget_span(changes: &mut Changes<'_>, task: TaskId) {
    changes.delete(Family::Meta, &key(task));
}

/// `v`, then as the key of the offset that the rows reach. It outlives the process.
fn key(task: TaskId) -> Vec<u8> {
    let mut key = vec![b'v'];
    key.extend(super::restore::meta_key(task));
    key
}

#[cfg(test)]
mod tests {
    use super::super::topology::Stage;
    use super::*;

    fn of(format: u32, rules: u32) -> Versions {
        Versions { format, rules }
    }

    #[test]
    fn a_span_is_noted_and_read_back() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path(), 8 << 20).unwrap();
        let task = (Stage::Customers, 3);
        assert_eq!(span_on_disk(&store, task).unwrap(), Span::of(of(1, 1)));
        let mut span = Span::of(of(2, 2));
        span.widen(of(1, 3));
        assert_eq!(span, Span { oldest: of(1, 2), newest: of(2, 3) });
        let mut changes = store.changes();
        note_span(&mut changes, task, span);
        changes.write().unwrap();
        assert_eq!(span_on_disk(&store, task).unwrap(), span);
        assert_eq!(store.get(Family::Meta, b"vu\0\0\0\x03").unwrap().unwrap()[..8], [0, 0, 0, 1, 0, 0, 0, 2]);
    }

    #[test]
    fn all_rules_of_a_span_must_be_good() {
        let program = Program { versions: of(2, 3), compatible: &[(2, "they only differ in their name")] };
        let task = (Stage::Chats, 1);
        assert!(Span { oldest: of(1, 2), newest: of(2, 3) }.check(&program, task).is_ok());
        let error = Span { oldest: of(1, 1), newest: of(2, 3) }.check(&program, task).unwrap_err();
        let says = format!("{error:#}");
        assert!(says.contains("chats, partition 1") && says.contains("chat-goals rebuild"), "{says}");
        let error = Span { oldest: of(1, 3), newest: of(3, 3) }.check(&program, task).unwrap_err();
        assert!(format!("{error:#}").contains("older than the state"));
    }
}

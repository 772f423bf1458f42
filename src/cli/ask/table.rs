//! Columns of text. It prints nothing.

use crate::domain::time::{Millis, Timestamp};
use crate::explain::words;

/// What stands where nothing is.
pub const NOTHING: &str = "-";

/// Rows under their heads, each column as wide as its widest cell.
pub fn table(heads: &[&str], rows: &[Vec<String>]) -> String {
    let heads: Vec<String> = heads.iter().map(|head| head.to_uppercase()).collect();
    let all: Vec<&Vec<String>> = std::iter::once(&heads).chain(rows).collect();
    columns(&all)
}

/// Rows without heads, moved to the right.
pub fn indented(rows: &[Vec<String>]) -> String {
    let text = columns(&rows.iter().collect::<Vec<_>>());
    text.lines().map(|line| format!("  {line}\n")).collect()
}

fn columns(rows: &[&Vec<String>]) -> String {
    let count = rows.iter().map(|row| row.len()).max().unwrap_or(0);
    let width = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..count).map(width).collect();
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(&widths) {
            line.push_str(cell);
            line.extend(std::iter::repeat_n(' ', width - cell.chars().count() + 2));
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

pub fn time(at: Option<Timestamp>) -> String {
    at.map_or_else(|| NOTHING.to_owned(), words::moment)
}

/// Seconds with a tenth, as far as they are easily read.
pub fn seconds(span: Millis) -> String {
    match span {
        ..60_000 => format!("{}.{} s", span / 1_000, span % 1_000 / 100),
        60_000.. => words::span(span / 1_000 * 1_000),
    }
}

/// An id; nobody is named so.
pub fn id(id: &str) -> String {
    if id.is_empty() { "(nobody)".to_owned() } else { id.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let rows = [vec!["школа".to_owned(), "1".to_owned()], vec!["a".to_owned(), "22".to_owned()]];
        assert_eq!(table(&["channel", "n"], &rows), "CHANNEL  N\nшкола    1\na        22\n");
        assert_eq!(indented(&rows), "  школа  1\n  a      22\n");
    }

    #[test]
    fn a_lag_is_told_in_seconds_while_that_is_easily_read() {
        assert_eq!(seconds(1_250), "1.2 s");
        assert_eq!(seconds(90_500), "1 minute 30 seconds");
    }
}

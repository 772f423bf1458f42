//! What a command lists, in the form that was asked for: a table for people, or JSON for programs. On standard output,
//! and nothing else is.

use serde_json::Value;
use std::io::Write;

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Form {
    /// In columns
    Table,
    /// One array
    Json,
    /// One object a line
    Jsonl,
}

/// Objects on their way out. In a table, each has the columns that are named; what does not fit into one is in JSON only.
pub struct Listing<W: Write> {
    out: W,
    form: Form,
    columns: &'static [&'static str],
    /// A table waits until it knows how wide it is.
    waiting: Vec<Vec<String>>,
    begun: bool,
}

impl<W: Write> Listing<W> {
    pub fn new(out: W, form: Form, columns: &'static [&'static str]) -> Self {
        Self { out, form, columns, waiting: Vec::new(), begun: false }
    }

    pub fn add(&mut self, object: &Value) -> anyhow::Result<()> {
        match self.form {
            Form::Table => {
                self.waiting.push(self.columns.iter().map(|name| cell(&object[*name])).collect());
            }
            Form::Json => {
                write!(self.out, "{}{object}", if self.begun { ",\n" } else { "[\n" })?;
            }
            Form::Jsonl => writeln!(self.out, "{object}")?,
        }
        self.begun = true;
        Ok(())
    }

    pub fn end(mut self) -> anyhow::Result<()> {
        match self.form {
            Form::Table => {
                let head = self.columns.iter().map(|name| head(name)).collect();
                self.waiting.insert(0, head);
                let width = |column: usize| {
                    self.waiting.iter().map(|row| row[column].chars().count()).max().unwrap_or(0)
                };
                let widths: Vec<usize> = (0..self.columns.len()).map(width).collect();
                for row in &self.waiting {
                    let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
                    writeln!(self.out, "{}", cells.collect::<Vec<_>>().join("  ").trim_end())?;
                }
            }
            Form::Json => writeln!(self.out, "{}", if self.begun { "\n]" } else { "[]" })?,
            Form::Jsonl => {}
        }
        Ok(self.out.flush()?)
    }
}

/// `madeBy` as `MADE BY`.
fn head(name: &str) -> String {
    let spaced = name.chars().flat_map(|char| char.is_uppercase().then_some(' ').into_iter().chain([char]));
    spaced.collect::<String>().to_uppercase()
}

fn cell(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn listed(form: Form) -> String {
        let mut out = Vec::new();
        let mut listing = Listing::new(&mut out, form, &["theKey", "rows"]);
        listing.add(&json!({"theKey": "a long one", "rows": 1, "more": true})).unwrap();
        listing.add(&json!({"theKey": "b", "rows": null})).unwrap();
        listing.end().unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn every_form_says_the_same() {
        assert_eq!(listed(Form::Table), "THE KEY     ROWS\na long one  1\nb           -\n");
        assert_eq!(listed(Form::Jsonl).lines().count(), 2);
        let all: Vec<Value> = serde_json::from_str(&listed(Form::Json)).unwrap();
        assert_eq!(all[0], json!({"theKey": "a long one", "rows": 1, "more": true}));
    }
}

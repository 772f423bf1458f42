//! Tables as RFC 4180 has them. A cell that a spreadsheet would take for a formula gets an apostrophe before it.

/// Writes rows, each of which ends with CRLF.
#[derive(Default)]
pub struct Csv {
    text: String,
}

impl Csv {
    pub fn row<'a>(&mut self, cells: impl IntoIterator<Item = &'a str>) {
        for (index, cell) in cells.into_iter().enumerate() {
            if index > 0 {
                self.text.push(',');
            }
            self.cell(cell);
        }
        self.text.push_str("\r\n");
    }

    fn cell(&mut self, cell: &str) {
        let guard = if is_formula(cell) { "'" } else { "" };
        if cell.contains([',', '"', '\r', '\n']) || cell.starts_with(' ') || cell.ends_with(' ') {
            self.text.push('"');
            self.text.push_str(guard);
            self.text.push_str(&cell.replace('"', "\"\""));
            self.text.push('"');
        } else {
            self.text.push_str(guard);
            self.text.push_str(cell);
        }
    }

    pub fn into_text(self) -> String {
        self.text
    }
}

/// A negative number begins like a formula and is none.
fn is_formula(cell: &str) -> bool {
    cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'])
        && cell.parse::<f64>().is_err()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(cells: &[&str]) -> String {
        let mut csv = Csv::default();
        csv.row(cells.iter().copied());
        csv.into_text()
    }

    #[test]
    fn cells_are_quoted_where_they_must_be() {
        assert_eq!(line(&["a", "b c", ""]), "a,b c,\r\n");
        assert_eq!(
            line(&["a,b", "say \"so\"", "two\nlines"]),
            "\"a,b\",\"say \"\"so\"\"\",\"two\nlines\"\r\n"
        );
    }

    #[test]
    fn no_cell_is_a_formula() {
        for cell in ["=1+1", "+a", "-a", "@a", "\ta", "-1+2", "＝a"] {
            assert_eq!(line(&[cell]), format!("'{cell}\r\n"), "{cell:?}");
        }
        assert_eq!(line(&["=a,b"]), "\"'=a,b\"\r\n");
        assert_eq!(line(&["\ra"]), "\"'\ra\"\r\n");
    }

    #[test]
    fn a_negative_number_stays_one() {
        assert_eq!(line(&["-4.1", "-"]), "-4.1,'-\r\n");
    }
}

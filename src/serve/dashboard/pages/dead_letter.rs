//! One record that could not be understood, as it came, and how to send it once more.

use super::dead_letters::origin;
use crate::answers::letters::{HeaderAnswer, WholeLetterAnswer};
use crate::inspect::dead_letters::Place;
use crate::serve::dashboard::frame::{Frame, Screen};
use crate::serve::dashboard::words::{Moment, counted};
use crate::serve::dashboard::{Dashboard, Failure, Html};
use askama::Template;

/// Of bytes that are no text, so many stand in a line.
const BYTES_A_LINE: usize = 16;

#[derive(Template)]
#[template(path = "dead_letter.html")]
struct DeadLetter {
    frame: Frame,
    place: String,
    reason: String,
    origin: String,
    at: Option<Moment>,
    attempt: u32,
    truncated: Option<String>,
    key: Content,
    headers: Vec<HeaderRow>,
    value: Content,
    size: String,
    /// `None`: it was cut and cannot be sent.
    resend: Option<String>,
}

/// Bytes as they are shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    Null,
    Text(String),
    /// In lines.
    Hex(String),
}

struct HeaderRow {
    name: String,
    value: Content,
}

pub fn page(dashboard: &Dashboard, place: &str) -> Html {
    let missing = || Failure::missing(format!("There is no dead letter at {place}."));
    let Ok(place) = place.parse::<Place>() else { return Err(missing()) };
    let found =
        dashboard.model().dead_letter(&dashboard.options().dead_letters, place.partition, place.offset)?;
    let WholeLetterAnswer { letter, headers, value, value_hex } = found.ok_or_else(missing)?;
    let text = letter.place.clone();
    let page = DeadLetter {
        frame: dashboard.frame(format!("Dead letter {text}"), Some(Screen::DeadLetters)).still(),
        reason: letter.reason.clone(),
        origin: origin(&letter),
        at: letter.at.map(Moment::from),
        attempt: letter.attempt,
        truncated: letter.truncated.map(|bytes| counted(bytes, "byte", "bytes")),
        key: content(letter.key.clone(), letter.key_hex.as_deref()),
        headers: headers.into_iter().map(header).collect(),
        value: content(value.map(readable), value_hex.as_deref()),
        size: letter.bytes.map_or_else(String::new, |bytes| counted(bytes as u64, "byte", "bytes")),
        resend: letter.truncated.is_none().then(|| format!("chat-goals dead-letters resend {text}")),
        place: text,
    };
    Ok(page.render()?)
}

fn header(of: HeaderAnswer) -> HeaderRow {
    HeaderRow { value: content(of.value, of.value_hex.as_deref()), name: of.name }
}

fn content(text: Option<String>, hex: Option<&str>) -> Content {
    match (text, hex) {
        (Some(text), _) => Content::Text(text),
        (None, Some(hex)) => Content::Hex(lines(hex)),
        (None, None) => Content::Null,
    }
}

/// JSON with a line for each field. What is none stays as it is: it is shown because it could not be read.
fn readable(text: String) -> String {
    let parsed = serde_json::from_str::<serde_json::Value>(&text);
    parsed.and_then(|value| serde_json::to_string_pretty(&value)).unwrap_or(text)
}

/// `00000010  7b 22 69 64 …`, each line with the offset of its first byte.
fn lines(hex: &str) -> String {
    let digits = hex.as_bytes();
    let line = |(number, line): (usize, &[u8])| {
        let bytes: Vec<String> =
            line.chunks(2).map(|pair| String::from_utf8_lossy(pair).into_owned()).collect();
        format!("{:08x}  {}", number * BYTES_A_LINE, bytes.join(" "))
    };
    digits.chunks(2 * BYTES_A_LINE).enumerate().map(line).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_shown_in_lines() {
        assert_eq!(lines("00ff"), "00000000  00 ff");
        let many = "ab".repeat(17);
        assert_eq!(lines(&many), format!("00000000  {}\n00000010  ab", ["ab"; 16].join(" ")));
        assert_eq!(lines(""), "");
    }

    #[test]
    fn json_is_laid_out_and_what_is_none_is_left_as_it_came() {
        assert_eq!(readable("{\"a\":1}".into()), "{\n  \"a\": 1\n}");
        assert_eq!(readable("{\"a\":".into()), "{\"a\":");
    }
}

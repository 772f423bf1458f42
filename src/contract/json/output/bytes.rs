//! JSON written straight into bytes, as serde_json writes it: texts, whole numbers and times. It knows no record, and
//! whatever is rare it leaves to serde_json and chrono.

use crate::domain::time::{DAY, Timestamp};
use chrono::{DateTime, SecondsFormat};
use compact_str::CompactString;

/// There is no date for this time: it is hundreds of thousands of years away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a time beyond the calendar")]
pub struct BeyondCalendar;

/// A document on its way. `before` is what stands before a value: braces, commas and names.
pub(super) struct Bytes(Vec<u8>);

impl Bytes {
    pub fn with_capacity(bytes: usize) -> Self {
        Self(Vec::with_capacity(bytes))
    }

    pub fn finish(self) -> Vec<u8> {
        self.0
    }

    #[inline(always)]
    pub fn put(&mut self, json: &str) {
        self.0.extend_from_slice(json.as_bytes());
    }

    /// A word of the contract's own, which has nothing to be escaped.
    #[inline(always)]
    pub fn word(&mut self, before: &str, word: &str) {
        self.put(before);
        self.quoted(word);
    }

    #[inline(always)]
    pub fn text(&mut self, before: &str, text: &str) {
        self.put(before);
        if is_plain(text) { self.quoted(text) } else { self.other(text) }
    }

    #[inline(always)]
    pub fn whole(&mut self, before: &str, number: u32) {
        self.put(before);
        self.digits(number);
    }

    #[inline(always)]
    pub fn time(&mut self, before: &str, time: Timestamp) -> Result<(), BeyondCalendar> {
        self.put(before);
        self.rfc3339(time)
    }

    /// Any value, as serde_json writes it.
    pub fn other<T: serde::Serialize + ?Sized>(&mut self, value: &T) {
        serde_json::to_writer(&mut self.0, value).expect("a text or a number can be written into memory");
    }

    fn quoted(&mut self, text: &str) {
        self.0.reserve(text.len() + 2);
        self.0.push(b'"');
        self.0.extend_from_slice(text.as_bytes());
        self.0.push(b'"');
    }

    fn digits(&mut self, mut number: u32) {
        let mut digits = [0; 10];
        let mut at = digits.len();
        loop {
            at -= 1;
            digits[at] = b'0' + (number % 10) as u8;
            number /= 10;
            if number == 0 {
                return self.0.extend_from_slice(&digits[at..]);
            }
        }
    }

    fn rfc3339(&mut self, time: Timestamp) -> Result<(), BeyondCalendar> {
        let Some(digits) = four_digit_year(time) else {
            self.quoted(&other_year(time)?);
            return Ok(());
        };
        let mut quoted = [b'"'; 26];
        quoted[1..25].copy_from_slice(&digits);
        if is_whole_second(&digits) {
            quoted[20..22].copy_from_slice(b"Z\"");
            self.0.extend_from_slice(&quoted[..22]);
        } else {
            self.0.extend_from_slice(&quoted);
        }
        Ok(())
    }
}

/// Whether serde_json would write the text as it is, between quotes.
fn is_plain(text: &str) -> bool {
    let is_odd = |byte: u8| (byte < b' ') | (byte == b'"') | (byte == b'\\');
    !text.bytes().fold(false, |odd, byte| odd | is_odd(byte))
}

/// RFC 3339 in UTC with 0 or 3 digits of a fraction.
pub(super) fn rfc3339(time: Timestamp) -> Result<CompactString, BeyondCalendar> {
    let Some(mut digits) = four_digit_year(time) else { return other_year(time) };
    let mut length = digits.len();
    if is_whole_second(&digits) {
        digits[SECOND_END] = b'Z';
        length = SECOND_END + 1;
    }
    Ok(CompactString::new(std::str::from_utf8(&digits[..length]).expect("there is only ASCII")))
}

/// Where the fraction begins.
const SECOND_END: usize = 19;

fn is_whole_second(digits: &[u8; 24]) -> bool {
    digits[SECOND_END..] == *b".000Z"
}

fn other_year(time: Timestamp) -> Result<CompactString, BeyondCalendar> {
    let time = DateTime::from_timestamp_millis(time.0).ok_or(BeyondCalendar)?;
    Ok(time.to_rfc3339_opts(SecondsFormat::AutoSi, true).into())
}

/// The days from 0000-03-01 to the epoch. With a year that begins in March the leap day is its last.
const MARCH_OF_YEAR_0: i64 = 719_468;
/// The days of 400 years, after which all begins anew.
const ERA: i64 = 146_097;
/// The first day of the year 0 and that of the year 10,000, counted from the epoch.
const YEAR_0: i64 = -719_528;
const YEAR_10000: i64 = 2_932_897;

/// The time with three digits of a fraction, in the years 0 to 9999: a view has up to seven of them, and chrono takes
/// several times as long. The date is computed as in Howard Hinnant's `civil_from_days`.
fn four_digit_year(time: Timestamp) -> Option<[u8; 24]> {
    let (days, in_day) = (time.0.div_euclid(DAY), time.0.rem_euclid(DAY) as u32);
    if !(YEAR_0..YEAR_10000).contains(&days) {
        return None;
    }
    // An era of 400 years is added, since January and February of the year 0 lie before its March.
    let days = (days + MARCH_OF_YEAR_0 + ERA) as u32;
    let (era, in_era) = (days / ERA as u32, days % ERA as u32);
    let year_of_era = (in_era - in_era / 1_460 + in_era / 36_524 - in_era / 146_096) / 365;
    let in_year = in_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * in_year + 2) / 153;
    let day = in_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    let year = year_of_era + 400 * era - 400 + u32::from(month <= 2);
    let (seconds, millis) = (in_day / 1_000, in_day % 1_000);
    let (minutes, second) = (seconds / 60, seconds % 60);

    let mut text = *b"0000-00-00T00:00:00.000Z";
    let mut put_two = |at: usize, number: u32| {
        text[at] += (number / 10) as u8;
        text[at + 1] += (number % 10) as u8;
    };
    put_two(0, year / 100);
    put_two(2, year % 100);
    put_two(5, month);
    put_two(8, day);
    put_two(11, minutes / 60);
    put_two(14, minutes % 60);
    put_two(17, second);
    put_two(20, millis / 10);
    text[22] += (millis % 10) as u8;
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn by_chrono(time: i64) -> Option<String> {
        Some(DateTime::from_timestamp_millis(time)?.to_rfc3339_opts(SecondsFormat::AutoSi, true))
    }

    fn written(time: i64) -> Option<String> {
        let mut bytes = Bytes::with_capacity(0);
        let quoted =
            bytes.time("", Timestamp(time)).ok().map(|()| String::from_utf8(bytes.finish()).unwrap());
        let text = rfc3339(Timestamp(time)).ok().map(String::from);
        assert_eq!(quoted, text.as_ref().map(|text| format!("\"{text}\"")));
        text
    }

    #[test]
    fn every_day_of_ten_thousand_years_is_written_as_chrono_does() {
        for day in YEAR_0 - 1..=YEAR_10000 {
            // Another time of the day each day.
            let time = day * DAY + (day.rem_euclid(DAY) * 7_919_003).rem_euclid(DAY);
            assert_eq!(written(time), by_chrono(time), "{day}");
        }
    }

    proptest! {
        #[test]
        fn any_time_is_written_as_chrono_does(time in prop_oneof![
            any::<i64>(),
            -70_000_000_000_000..260_000_000_000_000_i64,
            (-70_000_000_000..260_000_000_000_i64).prop_map(|second| second * 1_000),
        ]) {
            prop_assert_eq!(written(time), by_chrono(time));
        }

        #[test]
        fn any_text_and_number_is_written_as_serde_json_does(text in any::<String>(), number: u32) {
            let mut bytes = Bytes::with_capacity(0);
            bytes.text("[", &text);
            bytes.whole(",", number);
            bytes.put("]");
            prop_assert_eq!(bytes.finish(), serde_json::to_vec(&(text, number)).unwrap());
        }
    }

    #[test]
    fn every_character_that_is_escaped_is() {
        for char in (0..=0x100).filter_map(char::from_u32) {
            let text = format!("a{char}b");
            let mut bytes = Bytes::with_capacity(0);
            bytes.text("", &text);
            assert_eq!(bytes.finish(), serde_json::to_vec(&text).unwrap());
        }
    }
}

//! The values of input records: texts, times, counts and properties in every form that is taken, and variants of which there
//! must be exactly one.

use super::Invalid;
use crate::contract::check;
use crate::domain::goal::{Operator, Property};
use crate::domain::time::Timestamp;
use serde::Deserialize;
use serde::de::{self, Deserializer, MapAccess, SeqAccess, Visitor};
use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

/// The variants that a record has; there must be exactly one.
pub(super) struct Variants<T>(Option<T>, usize);

impl<T> Default for Variants<T> {
    fn default() -> Self {
        Self(None, 0)
    }
}

impl<T> Variants<T> {
    pub(super) fn add(&mut self, variant: T) {
        self.0 = Some(variant);
        self.1 += 1;
    }

    pub(super) fn only(self, variants: &[&str]) -> Result<T, Invalid> {
        match self {
            Self(Some(variant), 1) => Ok(variant),
            Self(_, count) => Err(check::not_one_variant(count, variants)),
        }
    }
}

/// A JSON object. (Left to itself, serde takes an array of the fields for a struct.)
pub(super) struct Object<T>(pub(super) T);

impl<T> std::ops::Deref for Object<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.0
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ObjectVisitor<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for ObjectVisitor<T> {
            type Value = Object<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Object<T>, A::Error> {
                T::deserialize(de::value::MapAccessDeserializer::new(map)).map(Object)
            }
        }
        deserializer.deserialize_map(ObjectVisitor(PhantomData))
    }
}

/// A string, borrowed where it has no escapes; null and absent are empty.
#[derive(Default)]
pub(super) struct Text<'a>(Cow<'a, str>);

impl std::ops::Deref for Text<'_> {
    type Target = str;
    fn deref(&self) -> &str {
        &self.0
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextVisitor;
        impl<'de> Visitor<'de> for TextVisitor {
            type Value = Text<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }
            fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Text(Cow::Borrowed(text)))
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
            fn visit_unit<E: de::Error>(self) -> Result<Self::Value, E> {
                Ok(Text::default())
            }
        }
        deserializer.deserialize_any(TextVisitor)
    }
}

fn rfc3339(text: &str) -> Result<Timestamp, Invalid> {
    if let Some((seconds, nanos)) = plain_utc(text.as_bytes()) {
        return check::time("time", seconds, nanos);
    }
    let time = chrono::DateTime::parse_from_rfc3339(text)
        .map_err(|error| format!("{}: {error}", check::quoted(text)))?;
    // The T is needed, and a leap second is no millisecond of its own: its fraction is beyond the second.
    if !matches!(text.as_bytes().get(10), Some(b'T' | b't')) {
        return Err(format!("{}: there is no T between date and time", check::quoted(text)));
    }
    check::time("time", time.timestamp(), time.timestamp_subsec_nanos() as i32)
}

/// The seconds since the epoch and nanoseconds of a time as programs write it, `2026-03-29T03:24:30.125Z` with any number
/// of fractional digits up to nine; `None`: somebody more patient has to look at it.
fn plain_utc(text: &[u8]) -> Option<(i64, i32)> {
    let (time, rest) = text.split_first_chunk::<19>()?;
    let number = |digits: &[u8]| {
        digits.iter().try_fold(0_i64, |number, digit| {
            digit.is_ascii_digit().then(|| number * 10 + i64::from(digit - b'0'))
        })
    };
    let punctuated = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':')];
    if punctuated.iter().any(|(place, mark)| time[*place] != *mark) {
        return None;
    }
    let (year, month, day) = (number(&time[..4])?, number(&time[5..7])?, number(&time[8..10])?);
    let (hour, minute, second) = (number(&time[11..13])?, number(&time[14..16])?, number(&time[17..])?);
    // Later days of a month, and leap seconds, are rare enough.
    if !((1..=12).contains(&month) && (1..=28).contains(&day) && hour < 24 && minute < 60 && second < 60) {
        return None;
    }
    let nanos = match rest {
        [b'Z'] => 0,
        [b'.', fraction @ .., b'Z'] if (1..=9).contains(&fraction.len()) => {
            number(fraction)? * 10_i64.pow(9 - fraction.len() as u32)
        }
        _ => return None,
    };
    // Years begin in March, so that a leap day is the last.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = year * 365 + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    let days = days + (month * 153 + 2) / 5 + day - 1 - MARCH_OF_YEAR_0;
    Some((((days * 24 + hour) * 60 + minute) * 60 + second, nanos as i32))
}

/// How many days before the epoch March of the year 0 began.
const MARCH_OF_YEAR_0: i64 = 719_468;

/// A time: RFC 3339, or whole epoch milliseconds.
#[derive(Default)]
pub(super) struct At(Option<Timestamp>);

impl At {
    pub(super) fn get(&self) -> Result<Timestamp, Invalid> {
        self.0.ok_or_else(|| "at: it is needed".to_owned())
    }
}

impl<'de> Deserialize<'de> for At {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct AtVisitor;
        impl Visitor<'_> for AtVisitor {
            type Value = At;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an RFC 3339 time or whole epoch milliseconds that are not negative")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<At, E> {
                rfc3339(text).map(|time| At(Some(time))).map_err(E::custom)
            }
            fn visit_u64<E: de::Error>(self, millis: u64) -> Result<At, E> {
                epoch_millis(millis).map(|time| At(Some(time))).map_err(E::custom)
            }
            fn visit_unit<E: de::Error>(self) -> Result<At, E> {
                Ok(At(None))
            }
        }
        deserializer.deserialize_any(AtVisitor)
    }
}

/// A 32-bit count as proto3 JSON allows it: a whole number, or one in a string.
#[derive(Default)]
pub(super) struct Whole(pub(super) u32);

impl<'de> Deserialize<'de> for Whole {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct WholeVisitor;
        impl Visitor<'_> for WholeVisitor {
            type Value = Whole;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a whole number")
            }
            fn visit_u64<E: de::Error>(self, number: u64) -> Result<Whole, E> {
                u32::try_from(number).map(Whole).map_err(E::custom)
            }
            fn visit_f64<E: de::Error>(self, number: f64) -> Result<Whole, E> {
                if number.fract() == 0.0 && (0.0..=f64::from(u32::MAX)).contains(&number) {
                    Ok(Whole(number as u32))
                } else {
                    Err(E::invalid_value(de::Unexpected::Float(number), &self))
                }
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Whole, E> {
                text.parse().map(Whole).map_err(E::custom)
            }
            fn visit_unit<E: de::Error>(self) -> Result<Whole, E> {
                Ok(Whole(0))
            }
        }
        deserializer.deserialize_any(WholeVisitor)
    }
}

/// A known operator, by its name or, as proto3 JSON allows, its number.
#[derive(Default)]
pub(super) struct OperatorJson(pub(super) Option<Operator>);

impl<'de> Deserialize<'de> for OperatorJson {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OperatorVisitor;
        impl Visitor<'_> for OperatorVisitor {
            type Value = OperatorJson;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the name of an operator")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<OperatorJson, E> {
                Ok(OperatorJson(check::operator(text)))
            }
            fn visit_u64<E: de::Error>(self, number: u64) -> Result<OperatorJson, E> {
                // The numbers of the schema: 0 is unspecified, the others in the order of the names.
                let known = number.checked_sub(1).and_then(|index| check::OPERATORS.get(index as usize));
                Ok(OperatorJson(known.map(|(_, operator)| *operator)))
            }
            fn visit_unit<E: de::Error>(self) -> Result<OperatorJson, E> {
                Ok(OperatorJson::default())
            }
        }
        deserializer.deserialize_any(OperatorVisitor)
    }
}

impl<'de> Deserialize<'de> for Property {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct PropertyVisitor;
        impl<'de> Visitor<'de> for PropertyVisitor {
            type Value = Property;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("any JSON value")
            }
            fn visit_bool<E>(self, yes: bool) -> Result<Property, E> {
                Ok(Property::Bool(yes))
            }
            fn visit_i64<E>(self, number: i64) -> Result<Property, E> {
                Ok(Property::Number(number as f64))
            }
            fn visit_u64<E>(self, number: u64) -> Result<Property, E> {
                Ok(Property::Number(number as f64))
            }
            fn visit_f64<E>(self, number: f64) -> Result<Property, E> {
                Ok(Property::Number(number))
            }
            fn visit_str<E>(self, text: &str) -> Result<Property, E> {
                Ok(Property::Text(text.to_owned()))
            }
            fn visit_string<E>(self, text: String) -> Result<Property, E> {
                Ok(Property::Text(text))
            }
            fn visit_unit<E>(self) -> Result<Property, E> {
                Ok(Property::Null)
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Property, A::Error> {
                let mut list = Vec::new();
                while let Some(item) = items.next_element()? {
                    list.push(item);
                }
                Ok(Property::List(list))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Property, A::Error> {
                let mut object = Vec::new();
                while let Some(field) = fields.next_entry()? {
                    object.push(field);
                }
                Ok(Property::Object(object))
            }
        }
        deserializer.deserialize_any(PropertyVisitor)
    }
}

/// A time as on the command line: in either form of `at`.
pub fn time_argument(text: &str) -> Result<Timestamp, Invalid> {
    match text.parse::<u64>() {
        Ok(millis) => epoch_millis(millis),
        Err(_) => rfc3339(text),
    }
}

fn epoch_millis(millis: u64) -> Result<Timestamp, Invalid> {
    let (seconds, nanos) = (millis / 1_000, (millis % 1_000) * 1_000_000);
    check::time("time", seconds as i64, nanos as i32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::{DateTime, SecondsFormat};
    use proptest::prelude::*;

    fn any_digits() -> impl Strategy<Value = SecondsFormat> {
        use SecondsFormat::{Micros, Millis, Nanos, Secs};
        prop::sample::select(vec![Secs, Millis, Micros, Nanos])
    }

    proptest! {
        /// What is read by hand is what chrono reads; only the last days of a month are left to it.
        #[test]
        fn a_plain_time_is_that_of_chrono(
            seconds in -62_135_596_800_i64..253_370_764_800,
            nanos in 0..1_000_000_000_u32,
            digits in any_digits(),
        ) {
            let text = DateTime::from_timestamp(seconds, nanos).unwrap().to_rfc3339_opts(digits, true);
            let read = DateTime::parse_from_rfc3339(&text).unwrap();
            let expected = (read.timestamp(), read.timestamp_subsec_nanos() as i32);
            let is_late = &text[8..10] > "28";
            prop_assert_eq!(plain_utc(text.as_bytes()), (!is_late).then_some(expected), "{}", text);
        }
    }

    #[test]
    fn what_is_not_plain_is_left_to_chrono() {
        for text in [
            "2026-13-01T00:00:00Z",
            "2026-00-01T00:00:00Z",
            "2026-02-00T00:00:00Z",
            "2026-02-29T00:00:00Z",
            "2026-02-01T24:00:00Z",
            "2026-02-01T00:60:00Z",
            "2026-02-01T00:00:60Z",
            "2026-02-01T00:00:00+01:00",
            "2026-02-01 00:00:00Z",
            "2026-02-01T00:00:00.Z",
            "2026-02-01T00:00:00.1234567890Z",
            "2026-02-01T00:00:00",
            "-026-02-01T00:00:00Z",
        ] {
            assert_eq!(plain_utc(text.as_bytes()), None, "{text}");
        }
    }
}

//! Choices drawn from bytes: what a target builds out of them is valid, and small changes of the bytes make small changes
//! of it. Bytes that have run out are zeros. Nothing here is random.

use chat_goals::domain::goal::{Clause, Condition, Days, Filter, Goal, Operator, Property, Scalar};
use chat_goals::domain::time::{DAY, Timestamp};

/// The bytes that are left.
pub struct Source<'a>(pub &'a [u8]);

const WORDS: [&str; 8] = ["", "a", "b", "a.b", "ab", "é", "\u{0}\"\\", "Purchase"];

impl<'a> Source<'a> {
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn byte(&mut self) -> u8 {
        let (first, rest) = self.0.split_first().unwrap_or((&0, &[]));
        self.0 = rest;
        *first
    }

    pub fn below(&mut self, end: u8) -> u8 {
        self.byte() % end
    }

    pub fn yes(&mut self) -> bool {
        self.byte() & 1 == 1
    }

    pub fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        all[usize::from(self.byte()) % all.len()]
    }

    pub fn i64(&mut self) -> i64 {
        i64::from_le_bytes(std::array::from_fn(|_| self.byte()))
    }

    /// One of a few words, or up to 40 bytes as they are, as far as they are UTF-8.
    pub fn text(&mut self) -> String {
        let kind = self.byte();
        if let Some(word) = WORDS.get(usize::from(kind)) {
            return (*word).to_owned();
        }
        let (text, rest) = self.0.split_at((usize::from(kind) % 41).min(self.0.len()));
        self.0 = rest;
        String::from_utf8_lossy(text).into_owned()
    }

    /// An id that an input record may bear.
    pub fn id(&mut self) -> String {
        Some(self.text()).filter(|text| !text.is_empty()).unwrap_or_else(|| "id".to_owned())
    }

    /// A time that an input record may bear: mostly a few milliseconds around the days of 2026, or an end of the calendar.
    pub fn time(&mut self) -> Timestamp {
        const FIRST: i64 = -62_135_596_800_000;
        const LAST: i64 = 253_370_764_799_999;
        let near = i64::from(self.below(5)) - 2;
        match self.below(16) {
            0 => Timestamp(FIRST + near.abs()),
            1 => Timestamp(LAST - near.abs()),
            2 => Timestamp(self.i64().clamp(FIRST, LAST)),
            _ => Timestamp(1_767_225_600_000 + i64::from(self.byte()) * DAY + near),
        }
    }

    /// A finite number.
    pub fn number(&mut self) -> f64 {
        const ODD: [f64; 12] = [
            0.0,
            -0.0,
            1.0,
            1.5,
            0.1,
            -3.0,
            9e15,
            1e16,
            9_007_199_254_740_993.0,
            f64::MAX,
            f64::MIN_POSITIVE,
            5e-324,
        ];
        let kind = self.byte();
        match ODD.get(usize::from(kind)) {
            Some(number) => *number,
            None if kind & 1 == 1 => self.i64() as f64,
            None => {
                Some(f64::from_bits(self.i64() as u64)).filter(|number| number.is_finite()).unwrap_or(7.0)
            }
        }
    }

    pub fn scalar(&mut self) -> Scalar {
        match self.below(3) {
            0 => Scalar::Text(self.text()),
            1 => Scalar::Number(self.number()),
            _ => Scalar::Bool(self.yes()),
        }
    }

    pub fn goal(&mut self) -> Goal {
        let days = self.one_of(&[1, 3, 7, 15, 30]);
        let clauses = (0..self.below(4)).map(|_| {
            let any_of = (0..=self.below(3)).map(|_| self.condition()).collect();
            Clause { any_of }
        });
        let filter = Filter { all_of: clauses.collect() };
        Goal { event_name: self.event_name(), filter, days: Days::new(days).expect("one of the five") }
    }

    pub fn event_name(&mut self) -> String {
        self.one_of(&["Purchase", "Booking"]).to_owned()
    }

    fn condition(&mut self) -> Condition {
        let operator = self.one_of(&[
            Operator::Equals,
            Operator::NotEquals,
            Operator::Contains,
            Operator::GreaterThan,
            Operator::GreaterOrEqual,
            Operator::LessThan,
            Operator::LessOrEqual,
            Operator::Exists,
            Operator::NotExists,
        ]);
        let mut values: Vec<Scalar> = (0..self.below(4)).map(|_| self.scalar()).collect();
        // Enough to change how a text is searched.
        if let (Some(value), 1) = (values.first().cloned(), self.below(16)) {
            values.splice(..0, std::iter::repeat_n(value, 150));
        }
        Condition { property: self.id(), operator, values }
    }

    /// The properties of an event: an object that nests to `depth` at most.
    pub fn properties(&mut self, depth: u8) -> Property {
        let mut fields: Vec<_> =
            (0..self.below(5)).map(|_| (self.text(), self.property(depth - 1))).collect();
        // Enough to change how a name is searched.
        if self.below(8) == 1 {
            fields.splice(..0, (0..20).map(|n| (format!("other{n}"), Property::Null)));
        }
        Property::Object(fields)
    }

    fn property(&mut self, depth: u8) -> Property {
        match self.below(if depth == 0 { 5 } else { 8 }) {
            0 => Property::Null,
            1 => Property::Bool(self.yes()),
            2 => Property::Number(self.number()),
            3 => Property::Text(self.text()),
            4 => Property::Text(self.text().repeat(8)),
            5 => {
                let mut items: Vec<_> = (0..self.below(4)).map(|_| self.property(depth - 1)).collect();
                if self.below(8) == 1 {
                    items.extend(std::iter::repeat_n(Property::Null, 20));
                }
                Property::List(items)
            }
            _ => self.properties(depth),
        }
    }
}

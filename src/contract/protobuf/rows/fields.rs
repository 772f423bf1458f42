//! Protobuf's wire format, field by field, straight to and from bytes: rows are written and read far more often than
//! anything else, and messages in between would cost more than the rest of it.
//!
//! What is written is what prost writes for the messages in `proto/`, byte by byte: fields in the order of their
//! numbers, and nothing for what is zero or empty. What is read may stand in any order; fields that are not known are
//! passed over. Nothing here knows a message.

use prost::encoding::decode_varint;

/// Bytes that are being written.
#[derive(Default)]
pub struct Writer {
    bytes: Vec<u8>,
}

/// A message within a message, whose length is not known yet.
#[must_use = "its length is written by Writer::close"]
pub struct Open(usize);

#[derive(Clone, Copy)]
enum Wire {
    Number = 0,
    Bytes = 2,
}

impl Writer {
    pub fn with_capacity(bytes: usize) -> Self {
        Self { bytes: Vec::with_capacity(bytes) }
    }

    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    pub fn as_slice(&self) -> &[u8] {
        &self.bytes
    }

    #[inline]
    fn varint(&mut self, number: u64) {
        if number < 0x80 {
            self.bytes.push(number as u8);
        } else {
            let (bytes, length) = long_varint(number);
            self.bytes.extend_from_slice(&bytes[..length]);
        }
    }

    #[inline]
    fn key(&mut self, field: u32, wire: Wire) {
        self.varint(u64::from(field << 3 | wire as u32));
    }

    /// A field that has presence, or an element: zero is written, too.
    #[inline]
    pub fn number_anyway(&mut self, field: u32, number: u64) {
        self.key(field, Wire::Number);
        self.varint(number);
    }

    #[inline]
    pub fn number(&mut self, field: u32, number: u64) {
        if number != 0 {
            self.number_anyway(field, number);
        }
    }

    /// A number with a sign as `int32` and `int64` have it.
    #[inline]
    pub fn int(&mut self, field: u32, number: i64) {
        self.number(field, number as u64);
    }

    /// A number with a sign as `sint64` has it.
    #[inline]
    pub fn sint(&mut self, field: u32, number: i64) {
        self.number(field, zigzag(number));
    }

    #[inline]
    pub fn optional_sint(&mut self, field: u32, number: Option<i64>) {
        if let Some(number) = number {
            self.number_anyway(field, zigzag(number));
        }
    }

    #[inline]
    pub fn flag(&mut self, field: u32, flag: bool) {
        self.number(field, flag.into());
    }

    /// A text that has presence, or an element: the empty one is written, too.
    #[inline]
    pub fn text_anyway(&mut self, field: u32, text: &str) {
        self.bytes(field, text.as_bytes());
    }

    #[inline]
    pub fn text(&mut self, field: u32, text: &str) {
        if !text.is_empty() {
            self.text_anyway(field, text);
        }
    }

    pub fn bytes(&mut self, field: u32, bytes: &[u8]) {
        self.head(field, bytes.len());
        self.raw(bytes);
    }

    /// The key and the length of a field whose bytes follow by [`Writer::raw`].
    pub fn head(&mut self, field: u32, length: usize) {
        self.key(field, Wire::Bytes);
        self.varint(length as u64);
    }

    pub fn raw(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// Numbers as one packed field; none are no field.
    pub fn packed(&mut self, field: u32, mut numbers: impl Iterator<Item = u32>) {
        let Some(first) = numbers.next() else { return };
        let open = self.open(field);
        self.varint(first.into());
        numbers.for_each(|number| self.varint(number.into()));
        self.close(open);
    }

    /// What is written until [`Writer::close`] is a message within this one.
    #[inline]
    pub fn open(&mut self, field: u32) -> Open {
        self.key(field, Wire::Bytes);
        self.bytes.push(0);
        Open(self.bytes.len())
    }

    #[inline]
    pub fn close(&mut self, Open(from): Open) {
        let length = self.bytes.len() - from;
        if length < 0x80 {
            self.bytes[from - 1] = length as u8;
        } else {
            // Its length takes more room than was left for it.
            let (bytes, needed) = long_varint(length as u64);
            self.bytes.splice(from - 1..from, bytes[..needed].iter().copied());
        }
    }
}

/// A number of more than seven bits, and how many bytes it takes.
#[inline]
fn long_varint(mut number: u64) -> ([u8; 10], usize) {
    let (mut bytes, mut length) = ([0; 10], 0);
    while number >= 0x80 {
        bytes[length] = number as u8 | 0x80;
        number >>= 7;
        length += 1;
    }
    bytes[length] = number as u8;
    (bytes, length + 1)
}

#[inline]
fn zigzag(number: i64) -> u64 {
    (number << 1 ^ number >> 63) as u64
}

/// A message that is being read, field by field.
#[derive(Clone)]
pub struct Fields<'a> {
    rest: &'a [u8],
}

/// What stands in a field.
#[derive(Clone, Copy)]
pub enum Value<'a> {
    Number(u64),
    Bytes(&'a [u8]),
}

const INVALID: &str = "it is not valid protobuf";

fn varint(rest: &mut &[u8]) -> Result<u64, String> {
    if let [first, after @ ..] = *rest
        && *first < 0x80
    {
        *rest = after;
        return Ok((*first).into());
    }
    decode_varint(rest).map_err(|error| format!("{INVALID}: {error}"))
}

fn take<'a>(rest: &mut &'a [u8], length: u64) -> Result<&'a [u8], String> {
    let taken = usize::try_from(length).ok().and_then(|length| rest.split_at_checked(length));
    let (taken, after) = taken.ok_or_else(|| format!("{INVALID}: it ends within a field"))?;
    *rest = after;
    Ok(taken)
}

impl<'a> Fields<'a> {
    pub fn of(message: &'a [u8]) -> Self {
        Self { rest: message }
    }

    /// The next field: its number, and what stands in it.
    #[inline]
    pub fn next(&mut self) -> Result<Option<(u32, Value<'a>)>, String> {
        while !self.rest.is_empty() {
            let key = varint(&mut self.rest)?;
            let field = u32::try_from(key >> 3).ok().filter(|field| *field != 0);
            let field = field.ok_or_else(|| format!("{INVALID}: there is no field {}", key >> 3))?;
            match key & 7 {
                0 => return Ok(Some((field, Value::Number(varint(&mut self.rest)?)))),
                2 => {
                    let length = varint(&mut self.rest)?;
                    return Ok(Some((field, Value::Bytes(take(&mut self.rest, length)?))));
                }
                // Fixed width: no row has ever had one.
                1 => drop(take(&mut self.rest, 8)?),
                5 => drop(take(&mut self.rest, 4)?),
                other => return Err(format!("{INVALID}: there is no wire type {other}")),
            }
        }
        Ok(None)
    }
}

impl<'a> Value<'a> {
    #[inline]
    pub fn number(self) -> Result<u64, String> {
        match self {
            Value::Number(number) => Ok(number),
            Value::Bytes(_) => Err(format!("{INVALID}: there are bytes instead of a number")),
        }
    }

    /// Cut to its lower bits, as protobuf has it.
    #[inline]
    pub fn uint32(self) -> Result<u32, String> {
        Ok(self.number()? as u32)
    }

    #[inline]
    pub fn int64(self) -> Result<i64, String> {
        Ok(self.number()? as i64)
    }

    #[inline]
    pub fn int32(self) -> Result<i32, String> {
        Ok(self.number()? as i32)
    }

    #[inline]
    pub fn sint64(self) -> Result<i64, String> {
        let number = self.number()?;
        Ok((number >> 1) as i64 ^ -((number & 1) as i64))
    }

    #[inline]
    pub fn flag(self) -> Result<bool, String> {
        Ok(self.number()? != 0)
    }

    #[inline]
    pub fn bytes(self) -> Result<&'a [u8], String> {
        match self {
            Value::Bytes(bytes) => Ok(bytes),
            Value::Number(_) => Err(format!("{INVALID}: there is a number instead of bytes")),
        }
    }

    #[inline]
    pub fn text(self) -> Result<&'a str, String> {
        std::str::from_utf8(self.bytes()?).map_err(|_| format!("{INVALID}: a text is not UTF-8"))
    }

    /// A number of a repeated field, or all that are packed into it.
    pub fn each_number(self, mut each: impl FnMut(u32)) -> Result<(), String> {
        match self {
            Value::Number(number) => each(number as u32),
            Value::Bytes(mut packed) => {
                while !packed.is_empty() {
                    each(varint(&mut packed)? as u32);
                }
            }
        }
        Ok(())
    }
}

/// Adds to a list that mostly stays short: so long it takes no more room than it needs.
#[inline]
pub fn add<T>(list: &mut Vec<T>, element: T) {
    const SHORT: usize = 4;
    if list.len() < SHORT && list.len() == list.capacity() {
        list.reserve_exact(1);
    }
    list.push(element);
}

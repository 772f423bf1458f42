//! Protobuf's wire format, field by field, straight to and from bytes: rows are written and read far more often than
//! anything else, and messages in between would cost more than the rest of it.
//!
//! What is written is what prost writes for the messages in `proto/`, byte by byte: fields in the order of their
//! numbers, and nothing for what is zero or empty. What is read may stand in any order; fields that are not known are
//! passed over. Nothing here knows a message.

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

    #[inline(always)]
    fn varint(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.bytes.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.bytes.push(number as u8);
    }

    #[inline(always)]
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
            let mut head = Self::with_capacity(5);
            head.varint(length as u64);
            self.bytes.splice(from - 1..from, head.bytes);
        }
    }
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

/// Why bytes are no message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Invalid {
    /// It ends within a field.
    Cut,
    /// A number has more than 64 bits.
    Number,
    /// There is no such field, or no such way to write one.
    Key(u64),
    /// There is a number instead of bytes, or the other way round.
    Kind,
    /// A text is not UTF-8.
    Text,
}

impl From<Invalid> for String {
    fn from(invalid: Invalid) -> Self {
        let what = match invalid {
            Invalid::Cut => "it ends within a field".to_owned(),
            Invalid::Number => "a number has more than 64 bits".to_owned(),
            Invalid::Key(key) => format!("there is no field with the key {key}"),
            Invalid::Kind => "a field holds something else than it should".to_owned(),
            Invalid::Text => "a text is not UTF-8".to_owned(),
        };
        format!("it is not valid protobuf: {what}")
    }
}

#[inline(always)]
fn varint(rest: &mut &[u8]) -> Result<u64, Invalid> {
    match *rest {
        [first, after @ ..] if *first < 0x80 => {
            *rest = after;
            Ok((*first).into())
        }
        _ => long_varint(rest),
    }
}

/// A number of more than seven bits.
fn long_varint(rest: &mut &[u8]) -> Result<u64, Invalid> {
    const BYTES_MAX: usize = 10;
    let mut number = 0;
    for (place, byte) in rest.iter().take(BYTES_MAX).enumerate() {
        let bits = u64::from(byte & 0x7f);
        if place == BYTES_MAX - 1 && bits > 1 {
            return Err(Invalid::Number);
        }
        number |= bits << (7 * place);
        if *byte < 0x80 {
            *rest = &rest[place + 1..];
            return Ok(number);
        }
    }
    Err(if rest.len() < BYTES_MAX { Invalid::Cut } else { Invalid::Number })
}

#[inline]
fn take<'a>(rest: &mut &'a [u8], length: u64) -> Result<&'a [u8], Invalid> {
    let taken = usize::try_from(length).ok().and_then(|length| rest.split_at_checked(length));
    let (taken, after) = taken.ok_or(Invalid::Cut)?;
    *rest = after;
    Ok(taken)
}

impl<'a> Fields<'a> {
    pub fn of(message: &'a [u8]) -> Self {
        Self { rest: message }
    }

    /// The next field: its number, and what stands in it.
    #[inline(always)]
    pub fn next(&mut self) -> Result<Option<(u32, Value<'a>)>, Invalid> {
        while !self.rest.is_empty() {
            let key = varint(&mut self.rest)?;
            let field = u32::try_from(key >> 3).ok().filter(|field| *field != 0).ok_or(Invalid::Key(key))?;
            match key & 7 {
                0 => return Ok(Some((field, Value::Number(varint(&mut self.rest)?)))),
                2 => {
                    let length = varint(&mut self.rest)?;
                    return Ok(Some((field, Value::Bytes(take(&mut self.rest, length)?))));
                }
                // Fixed width: no row has ever had one.
                1 => drop(take(&mut self.rest, 8)?),
                5 => drop(take(&mut self.rest, 4)?),
                _ => return Err(Invalid::Key(key)),
            }
        }
        Ok(None)
    }
}

impl<'a> Value<'a> {
    #[inline]
    pub fn number(self) -> Result<u64, Invalid> {
        match self {
            Value::Number(number) => Ok(number),
            Value::Bytes(_) => Err(Invalid::Kind),
        }
    }

    /// Cut to its lower bits, as protobuf has it.
    #[inline]
    pub fn uint32(self) -> Result<u32, Invalid> {
        Ok(self.number()? as u32)
    }

    #[inline]
    pub fn int64(self) -> Result<i64, Invalid> {
        Ok(self.number()? as i64)
    }

    #[inline]
    pub fn int32(self) -> Result<i32, Invalid> {
        Ok(self.number()? as i32)
    }

    #[inline]
    pub fn sint64(self) -> Result<i64, Invalid> {
        let number = self.number()?;
        Ok((number >> 1) as i64 ^ -((number & 1) as i64))
    }

    #[inline]
    pub fn flag(self) -> Result<bool, Invalid> {
        Ok(self.number()? != 0)
    }

    #[inline]
    pub fn bytes(self) -> Result<&'a [u8], Invalid> {
        match self {
            Value::Bytes(bytes) => Ok(bytes),
            Value::Number(_) => Err(Invalid::Kind),
        }
    }

    #[inline]
    pub fn text(self) -> Result<&'a str, Invalid> {
        std::str::from_utf8(self.bytes()?).map_err(|_| Invalid::Text)
    }

    /// A number of a repeated field, or all that are packed into it.
    #[inline]
    pub fn each_number(self, mut each: impl FnMut(u32)) -> Result<(), Invalid> {
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

//! What is kept of a webhook that was not understood: its punctuation, the names of its fields, and the values of those that
//! hold no text. Everything else becomes null, as it may be what a person wrote. It takes any bytes, JSON or not, and goes
//! over them once.

/// Fields whose values are ids, times or words of the platform.
const FIELDS: [&str; 27] = [
    "event",
    "type",
    "id",
    "channelId",
    "chatId",
    "chatKey",
    "chatType",
    "personType",
    "personId",
    "userId",
    "memberId",
    "managerIds",
    "assigneeId",
    "teamId",
    "requestId",
    "rootMessageId",
    "state",
    "options",
    "action",
    "values",
    "triggerType",
    "triggerId",
    "createdAt",
    "updatedAt",
    "openedAt",
    "closedAt",
    "version",
];

/// Longer values of these fields are not ids.
const VALUE_BYTES_MAX: usize = 256;

/// Whether a body, even one that is cut off, has the parts of a webhook in it.
pub fn is_webhook(body: &[u8]) -> bool {
    let has = |name: &[u8]| body.windows(name.len()).any(|part| part == name);
    has(br#""entity""#) || has(br#""refers""#)
}

pub fn of(body: &[u8]) -> Vec<u8> {
    let mut kept = Kept { out: Vec::with_capacity(body.len().min(4_096)), fields: vec![None] };
    let mut rest = body;
    while let Some(&byte) = rest.first() {
        rest = match byte {
            b'"' => kept.string(rest),
            b'{' | b'[' => {
                let within = kept.fields.last().copied().flatten().filter(|_| byte == b'[');
                kept.fields.push(within);
                kept.out.push(byte);
                &rest[1..]
            }
            b'}' | b']' => {
                if kept.fields.len() > 1 {
                    kept.fields.pop();
                }
                kept.out.push(byte);
                &rest[1..]
            }
            b',' | b':' => {
                kept.out.push(byte);
                &rest[1..]
            }
            byte if byte.is_ascii_alphanumeric() || byte == b'-' => kept.bare(rest),
            _ => &rest[1..],
        };
    }
    kept.out
}

struct Kept {
    out: Vec<u8>,
    /// The field that a value would belong to, at each depth.
    fields: Vec<Option<&'static str>>,
}

impl Kept {
    /// Takes a string off the front.
    fn string<'a>(&mut self, from: &'a [u8]) -> &'a [u8] {
        let mut end = 1;
        while end < from.len() && from[end] != b'"' {
            end += if from[end] == b'\\' { 2 } else { 1 };
        }
        let end = end.min(from.len());
        let (text, rest) = (&from[1..end], from.get(end + 1..).unwrap_or_default());
        if rest.trim_ascii_start().first() == Some(&b':') {
            let known = FIELDS.iter().find(|field| field.as_bytes() == text).copied();
            *self.fields.last_mut().expect("there is always one") = known;
            let is_name = text.len() <= 40 && text.iter().all(u8::is_ascii_alphanumeric);
            self.push_text(if is_name { text } else { b"" });
        } else if self.keeps(text) {
            self.push_text(text);
        } else {
            self.out.extend_from_slice(b"null");
        }
        rest
    }

    /// Takes a number or a word without quotes off the front.
    fn bare<'a>(&mut self, from: &'a [u8]) -> &'a [u8] {
        let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || b"+-.".contains(byte);
        let end = from.iter().position(|byte| !is_part(byte)).unwrap_or(from.len());
        let (text, rest) = from.split_at(end);
        let is_json = serde_json::from_slice::<serde_json::Value>(text).is_ok();
        self.out.extend_from_slice(if is_json && self.keeps(text) { text } else { b"null" });
        rest
    }

    /// An id has no blank in it; what has one may be a sentence, whatever its field is called.
    fn keeps(&self, value: &[u8]) -> bool {
        self.fields.last().copied().flatten().is_some()
            && value.len() <= VALUE_BYTES_MAX
            && value.iter().all(|byte| byte.is_ascii_graphic() && *byte != b'\\')
    }

    fn push_text(&mut self, text: &[u8]) {
        self.out.push(b'"');
        self.out.extend_from_slice(text);
        self.out.push(b'"');
    }
}

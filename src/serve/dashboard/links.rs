//! Addresses of the dashboard's own pages. Ids may hold anything, so every part is percent-encoded.

use std::fmt::Write as _;

/// An address that is put together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    text: String,
    asks: bool,
}

impl Link {
    /// A page by its path, which is written as it is.
    pub fn to(path: &str) -> Self {
        Self { text: path.to_owned(), asks: false }
    }

    /// One more part of the path, whatever is in it. Browsers take a part of one dot or two for a step through the path,
    /// however it is encoded, so `.` and `..` are told by how many dots they are.
    pub fn part(mut self, part: &str) -> Self {
        self.text.push('/');
        match part {
            "." | ".." => self.text.push_str(&format!("dots/{}", part.len())),
            part => encode(&mut self.text, part),
        }
        self
    }

    /// A parameter.
    pub fn with(mut self, name: &str, value: impl AsRef<str>) -> Self {
        self.text.push(if self.asks { '&' } else { '?' });
        self.asks = true;
        encode(&mut self.text, name);
        self.text.push('=');
        encode(&mut self.text, value.as_ref());
        self
    }

    /// A parameter, if there is one.
    pub fn with_any(self, name: &str, value: Option<impl AsRef<str>>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }
}

impl std::fmt::Display for Link {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text)
    }
}

pub fn chat(id: &str) -> Link {
    Link::to("/chats").part(id)
}

pub fn chats() -> Link {
    Link::to("/chats")
}

/// The empty id is nobody, who has a page as well.
pub fn manager(id: &str) -> Link {
    if id.is_empty() { Link::to("/nobody") } else { Link::to("/managers").part(id) }
}

/// By where it lies in the topic of dead letters.
pub fn dead_letter(place: &str) -> Link {
    Link::to("/dead-letters").part(place)
}

/// The id of dots, of which there are so many.
pub fn dots(count: &str) -> Option<&'static str> {
    match count {
        "1" => Some("."),
        "2" => Some(".."),
        _ => None,
    }
}

/// Everything but what RFC 3986 calls unreserved.
fn encode(to: &mut String, text: &str) {
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => to.push(byte.into()),
            byte => write!(to, "%{byte:02X}").expect("a string takes everything"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_is_in_an_id_stays_in_its_place() {
        assert_eq!(chat("a/b?c#d e\"<ü").to_string(), "/chats/a%2Fb%3Fc%23d%20e%22%3C%C3%BC");
        assert_eq!(chat(".").to_string(), "/chats/dots/1");
        assert_eq!(manager("..").to_string(), "/managers/dots/2");
        assert_eq!((dots("1"), dots("2"), dots("3")), (Some("."), Some(".."), None));
        assert_eq!(chat("...").to_string(), "/chats/...");
        assert_eq!(manager("").to_string(), "/nobody");
        assert_eq!(manager("nobody").to_string(), "/managers/nobody");
    }

    #[test]
    fn parameters_follow_each_other() {
        let link =
            chats().with("status", "ACHIEVED").with_any("manager", Some("a&b")).with_any("to", None::<&str>);
        assert_eq!(link.to_string(), "/chats?status=ACHIEVED&manager=a%26b");
    }
}

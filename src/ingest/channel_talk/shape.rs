//! What is read of a webhook: these fields and no other. Whatever type a value has, it is taken; a field that is not text or
//! number counts as empty, so that one odd field does not hide the others.

use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, de};
use std::fmt;
use std::marker::PhantomData;

#[derive(Deserialize)]
pub struct Envelope {
    #[serde(default)]
    pub event: Word,
    #[serde(default, rename = "type")]
    pub kind: Word,
    #[serde(default)]
    pub entity: Entity,
    #[serde(default, deserialize_with = "object_or_default")]
    pub refers: Refers,
}

/// A message or a user chat.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Entity {
    pub id: Word,
    pub channel_id: Word,
    pub chat_type: Word,
    pub chat_id: Word,
    pub person_type: Word,
    pub person_id: Word,
    pub created_at: Millis,
    pub updated_at: Millis,
    /// Null is none; what is neither null nor an object is a log of no known action.
    #[serde(deserialize_with = "log_unless_null")]
    pub log: Option<Log>,
    pub options: Words,
    /// Only whether it is there: a campaign sent the message.
    pub marketing: Presence,
    pub state: Word,
    pub user_id: Word,
    pub assignee_id: Word,
    pub opened_at: Millis,
    pub closed_at: Millis,
}

/// The log line that a message is.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Log {
    pub action: Word,
    pub values: Words,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Refers {
    #[serde(deserialize_with = "object_or_default")]
    pub user_chat: RefersChat,
    #[serde(deserialize_with = "object_or_default")]
    pub user: RefersUser,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct RefersChat {
    pub user_id: Word,
    pub assignee_id: Word,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub struct RefersUser {
    pub id: Word,
}

/// What is no object has none of the fields.
fn object_or_default<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(
    from: D,
) -> Result<T, D::Error> {
    Ok(match Part::deserialize(from)? {
        Part::Object(object) => object,
        Part::Nothing | Part::Other => T::default(),
    })
}

fn log_unless_null<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Log>, D::Error> {
    Ok(match Part::deserialize(from)? {
        Part::Nothing => None,
        Part::Object(log) => Some(log),
        Part::Other => Some(Log::default()),
    })
}

/// A value of any kind where an object is documented.
enum Part<T> {
    Nothing,
    Object(T),
    Other,
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Part<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct PartVisitor<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for PartVisitor<T> {
            type Value = Part<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("any JSON value")
            }
            fn visit_unit<E: de::Error>(self) -> Result<Part<T>, E> {
                Ok(Part::Nothing)
            }
            fn visit_bool<E: de::Error>(self, _: bool) -> Result<Part<T>, E> {
                Ok(Part::Other)
            }
            fn visit_u64<E: de::Error>(self, _: u64) -> Result<Part<T>, E> {
                Ok(Part::Other)
            }
            fn visit_i64<E: de::Error>(self, _: i64) -> Result<Part<T>, E> {
                Ok(Part::Other)
            }
            fn visit_f64<E: de::Error>(self, _: f64) -> Result<Part<T>, E> {
                Ok(Part::Other)
            }
            fn visit_str<E: de::Error>(self, _: &str) -> Result<Part<T>, E> {
                Ok(Part::Other)
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Part<T>, A::Error> {
                while items.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Part::Other)
            }
            fn visit_map<A: MapAccess<'de>>(self, fields: A) -> Result<Part<T>, A::Error> {
                T::deserialize(de::value::MapAccessDeserializer::new(fields)).map(Part::Object)
            }
        }
        deserializer.deserialize_any(PartVisitor(PhantomData))
    }
}

/// A word or a number; empty if it is anything else.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Word(String);

impl Word {
    pub fn text(&self) -> &str {
        &self.0
    }

    /// `None` if it is empty.
    pub fn given(&self) -> Option<&str> {
        Some(self.text()).filter(|text| !text.is_empty())
    }

    /// For a reason: only what can be a name is repeated.
    pub fn quoted(&self) -> String {
        let is_name = |letter: char| letter.is_ascii_alphanumeric() || "_-.".contains(letter);
        match self.text() {
            "" => "nothing".to_owned(),
            text if text.len() <= 40 && text.chars().all(is_name) => format!("{text:?}"),
            _ => "what is there".to_owned(),
        }
    }
}

/// Whole milliseconds since the Unix epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Millis(pub Option<u64>);

/// Words in a list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Words(pub Vec<String>);

/// Whether there is anything but null.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Presence(pub bool);

/// A value of any kind, of which only what a field can use is kept.
enum Loose {
    Nothing,
    Word(String),
    Whole(u64),
    List(Vec<String>),
    Other,
}

impl<'de> Deserialize<'de> for Loose {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct LooseVisitor;
        impl<'de> Visitor<'de> for LooseVisitor {
            type Value = Loose;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("any JSON value")
            }
            fn visit_unit<E: de::Error>(self) -> Result<Loose, E> {
                Ok(Loose::Nothing)
            }
            fn visit_bool<E: de::Error>(self, _: bool) -> Result<Loose, E> {
                Ok(Loose::Other)
            }
            fn visit_u64<E: de::Error>(self, number: u64) -> Result<Loose, E> {
                Ok(Loose::Whole(number))
            }
            fn visit_i64<E: de::Error>(self, _: i64) -> Result<Loose, E> {
                Ok(Loose::Other)
            }
            fn visit_f64<E: de::Error>(self, _: f64) -> Result<Loose, E> {
                Ok(Loose::Other)
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Loose, E> {
                Ok(Loose::Word(text.to_owned()))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Loose, A::Error> {
                let mut words = Vec::new();
                while let Some(item) = items.next_element::<Word>()? {
                    words.push(item.0);
                }
                Ok(Loose::List(words))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Loose, A::Error> {
                while fields.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Loose::Other)
            }
        }
        deserializer.deserialize_any(LooseVisitor)
    }
}

impl<'de> Deserialize<'de> for Word {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(match Loose::deserialize(deserializer)? {
            Loose::Word(text) => Self(text),
            Loose::Whole(number) => Self(number.to_string()),
            Loose::Nothing | Loose::List(_) | Loose::Other => Self::default(),
        })
    }
}

impl<'de> Deserialize<'de> for Millis {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(match Loose::deserialize(deserializer)? {
            Loose::Whole(number) => Self(Some(number)),
            Loose::Nothing | Loose::Word(_) | Loose::List(_) | Loose::Other => Self(None),
        })
    }
}

impl<'de> Deserialize<'de> for Words {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(match Loose::deserialize(deserializer)? {
            Loose::List(words) => Self(words),
            Loose::Nothing | Loose::Word(_) | Loose::Whole(_) | Loose::Other => Self::default(),
        })
    }
}

impl<'de> Deserialize<'de> for Presence {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(!matches!(Loose::deserialize(deserializer)?, Loose::Nothing)))
    }
}

//! How settings are declared: one macro makes the structs, their defaults and a table that describes them,
//! and `Value` says how a setting of each type is read and written. It never knows which settings there are.

use super::Config;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use toml::de::DeValue;

/// A table of the configuration, as it was declared.
pub struct Table {
    pub name: &'static str,
    pub doc: &'static [&'static str],
    pub keys: &'static [Key],
    /// A table within this one whose keys are free.
    pub free: &'static [Free],
}

/// A key of a table.
pub struct Key {
    pub name: &'static str,
    pub doc: &'static [&'static str],
    pub limits: Option<RangeInclusive<i64>>,
    /// The default, as TOML.
    pub default: fn() -> String,
    /// Reads a value into its place, or says what was wanted instead.
    pub set: fn(&mut Config, Given<'_>) -> Result<(), String>,
}

/// A table whose keys are free.
pub struct Free {
    pub name: &'static str,
    pub doc: &'static [&'static str],
}

/// A value as somebody wrote it.
#[derive(Clone, Copy)]
pub enum Given<'a> {
    /// In an environment variable or a flag.
    Text(&'a str),
    /// In a file.
    Toml(&'a DeValue<'a>),
}

impl Given<'_> {
    /// What was written, for a sentence that says it is wrong.
    pub fn shown(self) -> String {
        match self {
            Given::Text(text) => format!("`{text}`"),
            Given::Toml(DeValue::String(text)) => format!("{text:?}"),
            Given::Toml(DeValue::Integer(number)) => number.to_string(),
            Given::Toml(DeValue::Float(number)) => number.to_string(),
            Given::Toml(DeValue::Boolean(value)) => value.to_string(),
            Given::Toml(DeValue::Datetime(_)) => "a date or time".to_owned(),
            Given::Toml(DeValue::Array(_)) => "an array".to_owned(),
            Given::Toml(DeValue::Table(_)) => "a table".to_owned(),
        }
    }

    fn string(&self) -> Option<&str> {
        match self {
            Given::Text(text) => Some(text),
            Given::Toml(value) => value.as_str(),
        }
    }
}

/// A type that a setting can have.
pub trait Value: Sized {
    /// How its default is written where it is declared.
    type Literal;

    fn from_literal(literal: Self::Literal) -> Self;
    fn read(given: Given<'_>) -> Option<Self>;
    /// As TOML.
    fn write(&self) -> String;
    /// What can be written, after "must be".
    fn wanted(limits: Option<&RangeInclusive<i64>>) -> String;

    fn within(&self, _limits: &RangeInclusive<i64>) -> bool {
        true
    }
}

/// Reads a value that has to be of a type and within limits.
pub fn read<V: Value>(given: Given<'_>, limits: Option<&RangeInclusive<i64>>) -> Result<V, String> {
    V::read(given)
        .filter(|value| limits.is_none_or(|limits| value.within(limits)))
        .ok_or_else(|| format!("must be {}, not {}", V::wanted(limits), given.shown()))
}

impl Value for String {
    type Literal = &'static str;

    fn from_literal(literal: &'static str) -> Self {
        literal.to_owned()
    }

    fn read(given: Given<'_>) -> Option<Self> {
        given.string().filter(|text| !text.trim().is_empty()).map(str::to_owned)
    }

    fn write(&self) -> String {
        toml::Value::String(self.clone()).to_string()
    }

    fn wanted(_limits: Option<&RangeInclusive<i64>>) -> String {
        "a string that is not empty".to_owned()
    }
}

impl Value for PathBuf {
    type Literal = &'static str;

    fn from_literal(literal: &'static str) -> Self {
        literal.into()
    }

    fn read(given: Given<'_>) -> Option<Self> {
        String::read(given).map(PathBuf::from)
    }

    fn write(&self) -> String {
        self.to_string_lossy().into_owned().write()
    }

    fn wanted(_limits: Option<&RangeInclusive<i64>>) -> String {
        "a path, as a string".to_owned()
    }
}

/// A path that need not be there: an empty string is none.
impl Value for Option<PathBuf> {
    type Literal = Option<&'static str>;

    fn from_literal(literal: Self::Literal) -> Self {
        literal.map(PathBuf::from)
    }

    fn read(given: Given<'_>) -> Option<Self> {
        given.string().map(|text| Some(text.trim()).filter(|text| !text.is_empty()).map(PathBuf::from))
    }

    fn write(&self) -> String {
        self.as_ref().map_or_else(|| "\"\"".to_owned(), PathBuf::write)
    }

    fn wanted(_limits: Option<&RangeInclusive<i64>>) -> String {
        "a path, as a string; an empty one is none".to_owned()
    }
}

impl Value for bool {
    type Literal = bool;

    fn from_literal(literal: bool) -> Self {
        literal
    }

    fn read(given: Given<'_>) -> Option<Self> {
        match given {
            Given::Text(text) => text.parse().ok(),
            Given::Toml(value) => value.as_bool(),
        }
    }

    fn write(&self) -> String {
        self.to_string()
    }

    fn wanted(_limits: Option<&RangeInclusive<i64>>) -> String {
        "true or false".to_owned()
    }
}

macro_rules! integer_values {
    ($($type:ty)*) => {$(
        impl Value for $type {
            type Literal = $type;

            fn from_literal(literal: $type) -> Self {
                literal
            }

            fn read(given: Given<'_>) -> Option<Self> {
                match given {
                    // As in TOML, `_` may set digits apart.
                    Given::Text(text) => text.replace('_', "").parse().ok(),
                    Given::Toml(value) => {
                        let number = value.as_integer()?;
                        <$type>::from_str_radix(number.as_str(), number.radix()).ok()
                    }
                }
            }

            fn write(&self) -> String {
                self.to_string()
            }

            fn wanted(limits: Option<&RangeInclusive<i64>>) -> String {
                match limits {
                    Some(limits) => format!("a whole number from {} to {}", limits.start(), limits.end()),
                    None => "a whole number".to_owned(),
                }
            }

            fn within(&self, limits: &RangeInclusive<i64>) -> bool {
                i64::try_from(*self).is_ok_and(|number| limits.contains(&number))
            }
        }
    )*};
}

integer_values!(i32 u32 u64 usize);

/// Declares an enum whose variants are written as words.
macro_rules! words {
    (
        $(#[$attribute:meta])*
        pub enum $name:ident { $($(#[$variant_attribute:meta])* $variant:ident = $word:literal,)* }
    ) => {
        $(#[$attribute])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $name { $($(#[$variant_attribute])* $variant,)* }

        impl $name {
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }
        }

        impl $crate::config::schema::Value for $name {
            type Literal = Self;

            fn from_literal(literal: Self) -> Self {
                literal
            }

            fn read(given: $crate::config::schema::Given<'_>) -> Option<Self> {
                let text = <String as $crate::config::schema::Value>::read(given)?;
                match text.as_str() { $($word => Some(Self::$variant),)* _ => None }
            }

            fn write(&self) -> String {
                format!("\"{}\"", self.as_str())
            }

            fn wanted(_limits: Option<&std::ops::RangeInclusive<i64>>) -> String {
                format!("one of {}", [$(concat!("\"", $word, "\"")),*].join(", "))
            }
        }
    };
}

/// Declares the tables. `key: type [limits] = default;`; a table that has one within it whose keys are free
/// says so with `free name: type;` at its end.
macro_rules! settings {
    ($(
        $(#[doc = $table_doc:literal])*
        table $table:ident: $Table:ident {
            $(
                $(#[doc = $doc:literal])*
                $key:ident: $type:ty $([$limits:expr])? = $default:expr;
            )*
        }
        $(with {
            $(#[doc = $free_doc:literal])*
            $free:ident: $Free:ty;
        })?
    )*) => {
        /// Every setting, merged and checked.
        #[derive(Clone, Debug, Default, PartialEq)]
        pub struct Config {
            $($(#[doc = $table_doc])* pub $table: $Table,)*
        }

        $(
            $(#[doc = $table_doc])*
            #[derive(Clone, Debug, PartialEq)]
            pub struct $Table {
                $($(#[doc = $doc])* pub $key: $type,)*
                $($(#[doc = $free_doc])* pub $free: $Free,)?
            }

            impl Default for $Table {
                fn default() -> Self {
                    Self {
                        $($key: <$type as $crate::config::schema::Value>::from_literal($default),)*
                        $($free: <$Free>::default(),)?
                    }
                }
            }
        )*

        /// The settings as they are declared above, for whoever reads, names or prints them all.
        pub(super) static TABLES: &[$crate::config::schema::Table] = &[$(
            $crate::config::schema::Table {
                name: stringify!($table),
                doc: &[$($table_doc),*],
                keys: &[$(
                    $crate::config::schema::Key {
                        name: stringify!($key),
                        doc: &[$($doc),*],
                        limits: settings!(@limits $($limits)?),
                        default: || {
                            let value = <$type as $crate::config::schema::Value>::from_literal($default);
                            $crate::config::schema::Value::write(&value)
                        },
                        set: |config, given| {
                            let limits: Option<std::ops::RangeInclusive<i64>> = settings!(@limits $($limits)?);
                            config.$table.$key = $crate::config::schema::read(given, limits.as_ref())?;
                            Ok(())
                        },
                    },
                )*],
                free: &[$(
                    $crate::config::schema::Free { name: stringify!($free), doc: &[$($free_doc),*] },
                )?],
            },
        )*];
    };
    (@limits $limits:expr) => { Some($limits) };
    (@limits) => { None };
}

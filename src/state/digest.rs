//! A number for everything that a partition holds, whatever the order in which it came: the sum of a hash of each key
//! with its value. A change takes the hash of the old value out and puts the new one's in.
//!
//! It finds what is lost, doubled or altered by mistake; it is no defence against somebody who wants it to agree. The
//! digests outlive the process: hash, keys and framing are frozen.

use siphasher::sip128::{Hash128, SipHasher13};
use std::fmt;
use std::hash::Hasher as _;
use std::str::FromStr;

/// "chat-goals digest", as two numbers.
const KEYS: (u64, u64) = (0x6368_6174_2d67_6f61, 0x6c73_2064_6967_6573);

/// What one key adds. A key that is not there adds nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Part([u64; 2]);

impl Part {
    pub const NOTHING: Part = Part([0; 2]);

    /// Of a key (without the partition) and what is stored under it.
    pub fn of(key: &[u8], value: &[u8]) -> Self {
        let mut hasher = SipHasher13::new_with_keys(KEYS.0, KEYS.1);
        // Where the key ends must not be a matter of opinion.
        hasher.write(&(key.len() as u32).to_le_bytes());
        hasher.write(key);
        hasher.write(value);
        let Hash128 { h1, h2 } = siphasher::sip128::Hasher128::finish128(&hasher);
        Part([h1, h2])
    }

    fn number(self) -> u128 {
        u128::from(self.0[0]) | u128::from(self.0[1]) << 64
    }
}

/// The sum over all keys of a partition.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Digest(u128);

impl Digest {
    pub const EMPTY: Digest = Digest(0);

    /// What lay under a key gives way to something else.
    pub fn replace(&mut self, before: Part, after: Part) {
        self.0 = self.0.wrapping_sub(before.number()).wrapping_add(after.number());
    }

    pub fn add(&mut self, part: Part) {
        self.replace(Part::NOTHING, part);
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl FromStr for Digest {
    type Err = std::num::ParseIntError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        u128::from_str_radix(text, 16).map(Digest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    fn of(rows: &BTreeMap<Vec<u8>, Vec<u8>>) -> Digest {
        let mut digest = Digest::EMPTY;
        rows.iter().for_each(|(key, value)| digest.add(Part::of(key, value)));
        digest
    }

    #[test]
    fn a_digest_is_frozen() {
        let mut digest = Digest::EMPTY;
        digest.add(Part::of(b"chat", b"row"));
        assert_eq!(digest.to_string(), "5036a61ca23462bc7534aaeae6988d64");
        assert_eq!(digest.to_string().parse(), Ok(digest));
        assert_ne!(Part::of(b"ab", b"c"), Part::of(b"a", b"bc"));
    }

    proptest! {
        #[test]
        fn what_changes_step_by_step_comes_to_the_digest_of_what_is_there(
            steps in prop::collection::vec((0..6u8, any::<[u8; 2]>()), 0..60),
        ) {
            let (mut rows, mut digest) = (BTreeMap::new(), Digest::EMPTY);
            for (key, value) in steps {
                let (key, value) = (vec![key], value.to_vec());
                let after = Part::of(&key, &value);
                let before = rows.insert(key.clone(), value);
                digest.replace(before.map_or(Part::NOTHING, |before| Part::of(&key, &before)), after);
            }
            prop_assert_eq!(digest, of(&rows));
        }
    }
}

//! Values by their keys, each in a place that it keeps until it is removed.
//!
//! A hash map that holds rows moves each of them whenever it grows. Here only the numbers of places are hashed, eight bytes
//! a key: growing moves nothing else, and whoever remembers a place need not look for its key again.

use hashbrown::{DefaultHashBuilder, HashTable};
use std::hash::BuildHasher as _;

/// The bytes of a key, without the partition.
pub type Key = Box<[u8]>;

/// So many places come at once: few, as a process may have hundreds of tables with hardly a row.
const CHUNK: usize = 64;

pub struct Places<T> {
    /// With a secret, as strangers may choose ids. Nothing goes by the order of hashes, so it differs from run to run unseen.
    hasher: DefaultHashBuilder,
    index: HashTable<Entry>,
    /// Each has room for as many from the beginning, so that none of its values ever moves.
    chunks: Vec<Vec<Option<Place<T>>>>,
    /// Places that were given up, to be used again, the first of them last.
    free: Vec<At>,
}

/// Which place. It means something as long as its key is not removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct At(u32);

struct Place<T> {
    key: Key,
    value: T,
}

struct Entry {
    hash: Hash,
    at: At,
}

/// Half of a hash: it is kept with each key, so that none is hashed again when the table grows.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Hash(u32);

impl Hash {
    fn of(hasher: &DefaultHashBuilder, key: &[u8]) -> Self {
        let hash = hasher.hash_one(key);
        Self((hash ^ (hash >> 32)) as u32)
    }

    /// The table looks at the highest bits and at the lowest.
    fn spread(self) -> u64 {
        u64::from(self.0).wrapping_mul(0x9e37_79b9_7f4a_7c15)
    }
}

impl<T> Default for Places<T> {
    fn default() -> Self {
        let (hasher, index) = (DefaultHashBuilder::default(), HashTable::new());
        Self { hasher, index, chunks: Vec::new(), free: Vec::new() }
    }
}

impl<T> Places<T> {
    pub fn len(&self) -> usize {
        self.index.len()
    }

    /// Where the value of a key is.
    pub fn find(&self, key: &[u8]) -> Option<At> {
        self.find_hashed(key, self.hash(key))
    }

    fn hash(&self, key: &[u8]) -> Hash {
        Hash::of(&self.hasher, key)
    }

    fn find_hashed(&self, key: &[u8], hash: Hash) -> Option<At> {
        let is_it = |entry: &Entry| entry.hash == hash && *self.place(entry.at).key == *key;
        self.index.find(hash.spread(), is_it).map(|entry| entry.at)
    }

    /// Where the value of a key is. `make` makes it if there is none, and nothing changes if it fails.
    pub fn find_or_insert<E>(
        &mut self,
        key: &[u8],
        make: impl FnOnce() -> Result<T, E>,
    ) -> Result<(At, Found), E> {
        let hash = self.hash(key);
        if let Some(at) = self.find_hashed(key, hash) {
            return Ok((at, Found::Before));
        }
        let value = make()?;
        Ok((self.insert(key.into(), hash, value), Found::New))
    }

    fn insert(&mut self, key: Key, hash: Hash, value: T) -> At {
        let place = Some(Place { key, value });
        let at = match self.free.pop() {
            Some(at) => {
                let (chunk, within) = at.split();
                self.chunks[chunk][within] = place;
                at
            }
            None => {
                if self.chunks.last().is_none_or(|chunk| chunk.len() == CHUNK) {
                    self.chunks.push(Vec::with_capacity(CHUNK));
                }
                let chunk = self.chunks.len() - 1;
                let within = self.chunks[chunk].len();
                self.chunks[chunk].push(place);
                At::joined(chunk, within)
            }
        };
        self.index.insert_unique(hash.spread(), Entry { hash, at }, |entry| entry.hash.spread());
        at
    }

    fn place(&self, at: At) -> &Place<T> {
        let (chunk, within) = at.split();
        self.chunks[chunk][within].as_ref().expect("a place that is remembered is in use")
    }

    pub fn get(&self, at: At) -> &T {
        &self.place(at).value
    }

    pub fn key(&self, at: At) -> &[u8] {
        &self.place(at).key
    }

    pub fn get_mut(&mut self, at: At) -> (&[u8], &mut T) {
        let (chunk, within) = at.split();
        let place = self.chunks[chunk][within].as_mut().expect("a place that is remembered is in use");
        (&place.key, &mut place.value)
    }

    /// Keeps what is wanted, asked in the order of places, and gives back the memory behind the last place in use: new keys
    /// take the first places, so that the last ones become free.
    pub fn retain(&mut self, mut wanted: impl FnMut(&mut T) -> bool) {
        let Self { hasher, index, chunks, free } = self;
        free.clear();
        for (chunk, places) in chunks.iter_mut().enumerate() {
            for (within, place) in places.iter_mut().enumerate() {
                let at = At::joined(chunk, within);
                if let Some(Place { key, value }) = place {
                    if wanted(value) {
                        continue;
                    }
                    let is_it = |entry: &Entry| entry.at == at;
                    if let Ok(entry) = index.find_entry(Hash::of(hasher, key).spread(), is_it) {
                        entry.remove();
                    }
                    *place = None;
                }
                free.push(at);
            }
        }
        while chunks.last().is_some_and(|places| places.iter().all(Option::is_none)) {
            chunks.pop();
        }
        let left = chunks.len();
        free.truncate(free.partition_point(|at| at.split().0 < left));
        free.reverse();
        if index.capacity() > 4 * index.len().max(CHUNK) {
            index.shrink_to(2 * index.len(), |entry| entry.hash.spread());
        }
    }

    pub fn iter(&self) -> impl Iterator<Item = (&Key, &T)> {
        self.chunks.iter().flatten().flatten().map(|place| (&place.key, &place.value))
    }

    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.chunks.iter_mut().flatten().flatten().map(|place| &mut place.value)
    }
}

/// Whether a key had a place already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    Before,
    New,
}

impl At {
    fn joined(chunk: usize, within: usize) -> Self {
        Self(u32::try_from(chunk * CHUNK + within).expect("memory ends before that"))
    }

    fn split(self) -> (usize, usize) {
        (self.0 as usize / CHUNK, self.0 as usize % CHUNK)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn insert(places: &mut Places<u32>, key: u32, value: u32) -> (At, Found) {
        places.find_or_insert(&key.to_be_bytes(), || Ok::<_, ()>(value)).unwrap()
    }

    #[test]
    fn what_is_removed_and_added_is_what_is_found() {
        let mut places = Places::default();
        let mut expected: BTreeMap<u32, u32> = BTreeMap::new();
        let mut random = 1u32;
        for round in 0..40u32 {
            for _ in 0..200 {
                random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let key = (random >> 16) % 1_000;
                let (at, found) = insert(&mut places, key, round);
                assert_eq!(found == Found::Before, expected.contains_key(&key));
                expected.entry(key).or_insert(round);
                assert_eq!(places.key(at), key.to_be_bytes());
                assert_eq!(places.find(&key.to_be_bytes()), Some(at));
            }
            let wanted = |value: &u32| round - *value < 3;
            places.retain(|value| wanted(value));
            expected.retain(|_, value| wanted(value));
            assert_eq!(places.len(), expected.len());
            for key in 0..1_000u32 {
                let found = places.find(&key.to_be_bytes()).map(|at| places.get(at));
                assert_eq!(found, expected.get(&key), "{key} after round {round}");
            }
            let mut all: Vec<_> = places.iter().map(|(key, value)| (key.clone(), *value)).collect();
            all.sort_unstable();
            let key = |(key, value): (&u32, &u32)| (Key::from(key.to_be_bytes()), *value);
            assert_eq!(all, expected.iter().map(key).collect::<Vec<_>>());
        }
        // What was given up was used again: 1,000 keys never need more places than they are.
        assert!(places.chunks.len() <= 1_000 / CHUNK + 1, "{} chunks", places.chunks.len());
    }

    #[test]
    fn a_value_stays_where_it_is_while_others_come_and_go() {
        let mut places = Places::default();
        let (at, _) = insert(&mut places, 0, u32::MAX);
        let before = std::ptr::from_ref(places.get(at));
        for key in 1..10_000 {
            insert(&mut places, key, key);
        }
        places.retain(|value| *value == u32::MAX);
        assert_eq!((places.key(at), *places.get(at)), (&0u32.to_be_bytes()[..], u32::MAX));
        assert_eq!(std::ptr::from_ref(places.get(at)), before);
    }

    #[test]
    fn memory_is_given_back_and_new_keys_take_the_first_places() {
        let mut places = Places::default();
        for key in 0..10_000 {
            insert(&mut places, key, key);
        }
        assert_eq!(places.chunks.len(), 10_000_usize.div_ceil(CHUNK));
        places.retain(|value| *value < 3 || *value == 200);
        // Up to the last that is wanted.
        assert_eq!(places.chunks.len(), 200 / CHUNK + 1);
        assert!(places.index.capacity() < 1_000, "{}", places.index.capacity());
        let room = places.chunks.len() * CHUNK - 4;
        for key in 0..room as u32 {
            let (at, _) = insert(&mut places, 20_000 + key, 1_000);
            if key < 10 {
                assert_eq!(at, At(3 + key));
            }
        }
        assert_eq!(places.chunks.len(), 200 / CHUNK + 1);
        places.retain(|_| false);
        assert_eq!((places.len(), places.chunks.len(), places.free.len()), (0, 0, 0));
    }

    #[test]
    fn what_cannot_be_made_leaves_nothing_behind() {
        let mut places: Places<u32> = Places::default();
        assert_eq!(places.find_or_insert(b"key", || Err("the disk")), Err("the disk"));
        assert_eq!((places.len(), places.find(b"key")), (0, None));
    }
}

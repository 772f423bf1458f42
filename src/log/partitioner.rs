//! Which partition a key belongs to: the choice of the Java client's default partitioner, bit for bit, so
//! that what any producer wrote with that partitioner lies where this program looks for it. It outlives the
//! process: never change it. It never picks a partition for a record without a key.

/// The partition of a key among `partitions`: the sign bit is dropped, not the absolute value taken.
pub fn partition_of(key: &[u8], partitions: i32) -> i32 {
    assert!(partitions > 0, "a topic has at least one partition, not {partitions}");
    (murmur2(key) & 0x7fff_ffff) as i32 % partitions
}

/// MurmurHash2, 32 bits, with the seed of the Java client.
pub fn murmur2(key: &[u8]) -> u32 {
    const SEED: u32 = 0x9747_b28c;
    const M: u32 = 0x5bd1_e995;

    let mut hash = SEED ^ key.len() as u32;
    let mut words = key.chunks_exact(4);
    for word in &mut words {
        let mut k = u32::from_le_bytes(word.try_into().expect("a chunk of four bytes"));
        k = k.wrapping_mul(M);
        k ^= k >> 24;
        k = k.wrapping_mul(M);
        hash = hash.wrapping_mul(M) ^ k;
    }
    let rest = words.remainder();
    if !rest.is_empty() {
        for (i, byte) in rest.iter().enumerate() {
            hash ^= u32::from(*byte) << (8 * i);
        }
        hash = hash.wrapping_mul(M);
    }
    hash ^= hash >> 13;
    hash = hash.wrapping_mul(M);
    hash ^ (hash >> 15)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_hash_as_in_kafkas_own_tests() {
        for (key, hash) in [
            ("21", -973_932_308),
            ("foobar", -790_332_482),
            ("a-little-bit-long-string", -985_981_536),
            ("a-little-bit-longer-string", -1_486_304_829),
            ("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58_897_971),
            ("abc", 479_470_107),
        ] {
            assert_eq!(murmur2(key.as_bytes()) as i32, hash, "{key}");
        }
    }

    #[test]
    fn a_negative_hash_loses_its_sign_bit() {
        assert_eq!(partition_of(b"21", 1 << 30), (-973_932_308_i32 & 0x7fff_ffff) % (1 << 30));
        assert_eq!(partition_of(b"foobar", 8), (-790_332_482_i32 & 0x7fff_ffff) % 8);
    }

    #[test]
    fn every_key_of_a_topic_with_one_partition_lies_in_it() {
        for key in ["", "a", "ab", "abc", "abcd", "abcde"] {
            assert_eq!(partition_of(key.as_bytes(), 1), 0);
        }
    }
}

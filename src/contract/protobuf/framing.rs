//! The frame that schema registries put around a protobuf record. It is taken off and not looked up: the schema is
//! known here, whatever number a registry gave it.
//!
//! A frame is a zero byte, four bytes of schema id, the path of the message within its schema (a count and that many
//! indexes, zigzag varints; the count 0 alone stands for the first message), and the message. No message begins with a
//! zero byte, as there is no field 0.

const SCHEMA_ID_BYTES: usize = 4;

/// The message of a record, without its frame if it has one.
pub fn unframe(record: &[u8]) -> Result<&[u8], String> {
    let Some((0, rest)) = record.split_first() else { return Ok(record) };
    let mut rest = rest.get(SCHEMA_ID_BYTES..).ok_or("framing: the record ends within its schema id")?;
    let count = zigzag_varint(&mut rest)?;
    // Each index takes a byte at least.
    if !(0..=rest.len() as i64).contains(&count) {
        return Err(format!("framing: {count} is no number of message indexes for {} bytes", rest.len()));
    }
    for _ in 0..count {
        let index = zigzag_varint(&mut rest)?;
        if index < 0 {
            return Err(format!("framing: {index} is no index of a message"));
        }
    }
    Ok(rest)
}

fn zigzag_varint(bytes: &mut &[u8]) -> Result<i64, String> {
    let number =
        prost::encoding::decode_varint(bytes).map_err(|_| "framing: the message indexes are broken")?;
    Ok((number >> 1) as i64 ^ -((number & 1) as i64))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn framed(indexes: &[u8]) -> Vec<u8> {
        [&[0, 0, 0, 1, 7], indexes, b"message"].concat()
    }

    #[test]
    fn a_record_without_a_frame_is_its_own_message() {
        assert_eq!(unframe(b""), Ok(&b""[..]));
        assert_eq!(unframe(b"message"), Ok(&b"message"[..]));
    }

    #[test]
    fn a_frame_is_taken_off() {
        assert_eq!(unframe(&framed(&[0])), Ok(&b"message"[..]), "the short form of [0]");
        assert_eq!(unframe(&framed(&[2, 0])), Ok(&b"message"[..]), "[0]");
        assert_eq!(unframe(&framed(&[4, 2, 0x80, 2])), Ok(&b"message"[..]), "[1, 128]");
        assert_eq!(unframe(&[0, 0, 0, 0, 1, 0]), Ok(&b""[..]), "an empty message");
    }

    #[test]
    fn a_broken_frame_says_where_it_breaks() {
        let schema_id = "framing: the record ends within its schema id";
        assert_eq!(unframe(&[0]), Err(schema_id.into()));
        assert_eq!(unframe(&[0, 1, 2, 3]), Err(schema_id.into()));
        let broken = "framing: the message indexes are broken";
        assert_eq!(unframe(&[0, 0, 0, 0, 1]), Err(broken.into()));
        assert_eq!(unframe(&[0, 0, 0, 0, 1, 2, 0x80]), Err(broken.into()));
        assert_eq!(
            unframe(&[0, 0, 0, 0, 1, 6, 0]),
            Err("framing: 3 is no number of message indexes for 1 bytes".into())
        );
        assert_eq!(
            unframe(&[0, 0, 0, 0, 1, 1, 0]),
            Err("framing: -1 is no number of message indexes for 1 bytes".into())
        );
        assert_eq!(unframe(&[0, 0, 0, 0, 1, 2, 1, 9]), Err("framing: -1 is no index of a message".into()));
    }
}

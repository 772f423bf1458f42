//! As much of Kafka's protocol as the proxy needs: frames by their length, and who ends or begins which transaction.
//! Every other request is bytes.

use std::io::{self, Read};

pub const INIT_PRODUCER_ID: i16 = 22;
pub const ADD_PARTITIONS_TO_TXN: i16 = 24;
pub const ADD_OFFSETS_TO_TXN: i16 = 25;
pub const END_TXN: i16 = 26;

/// The first version of `InitProducerId` with lengths as varints and tagged fields.
const INIT_PRODUCER_ID_FLEXIBLE: i16 = 2;
/// Larger than any request or response here, so that a stream that is not Kafka's is noticed.
const BYTES_MAX: usize = 128 << 20;

/// One request or response, with its length before it.
pub struct Frame(pub Vec<u8>);

/// What a request of a transactional producer says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transactional {
    pub api: i16,
    pub correlation: i32,
    pub transactional_id: String,
    /// Of the producer; `None` where it only asks for one.
    pub epoch: Option<i16>,
    /// Whether the end is a commit.
    pub commit: bool,
    /// Which partitions are added to the transaction, by their topics.
    pub topics: Vec<String>,
}

impl Frame {
    /// `None`: the other side has closed the connection.
    pub fn read(from: &mut impl Read) -> io::Result<Option<Self>> {
        let mut length = [0; 4];
        if let Err(error) = from.read_exact(&mut length) {
            return if error.kind() == io::ErrorKind::UnexpectedEof { Ok(None) } else { Err(error) };
        }
        let size = u32::from_be_bytes(length) as usize;
        assert!(size <= BYTES_MAX, "a frame of {size} bytes is none of Kafka's");
        let mut bytes = vec![0; 4 + size];
        bytes[..4].copy_from_slice(&length);
        from.read_exact(&mut bytes[4..])?;
        Ok(Some(Self(bytes)))
    }

    /// Of a request, if it is one that the proxy looks at.
    pub fn transactional(&self) -> Option<Transactional> {
        let mut fields = Fields(&self.0[4..]);
        let (api, version, correlation) = (fields.i16(), fields.i16(), fields.i32());
        if ![INIT_PRODUCER_ID, ADD_PARTITIONS_TO_TXN, ADD_OFFSETS_TO_TXN, END_TXN].contains(&api) {
            return None;
        }
        fields.text();
        if api == INIT_PRODUCER_ID {
            let transactional_id = match version < INIT_PRODUCER_ID_FLEXIBLE {
                true => fields.text(),
                false => {
                    assert_eq!(fields.take(1), [0], "librdkafka sends no tagged fields here");
                    fields.compact_text()
                }
            };
            let (commit, topics) = (false, Vec::new());
            return Some(Transactional { api, correlation, transactional_id, epoch: None, commit, topics });
        }
        let transactional_id = fields.text();
        let _producer_id = fields.take(8);
        let epoch = Some(fields.i16());
        let commit = api == END_TXN && fields.take(1) == [1];
        let topics = if api == ADD_PARTITIONS_TO_TXN { fields.topics() } else { Vec::new() };
        Some(Transactional { api, correlation, transactional_id, epoch, commit, topics })
    }

    /// Of a response.
    pub fn correlation(&self) -> i32 {
        Fields(&self.0[4..]).i32()
    }

    /// Of the response to an `EndTxn`: its error, 0 if there is none.
    pub fn end_txn_error(&self) -> i16 {
        let mut fields = Fields(&self.0[4..]);
        let (_correlation, _throttle_time) = (fields.i32(), fields.i32());
        fields.i16()
    }
}

struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn take(&mut self, count: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(count);
        self.0 = rest;
        taken
    }

    fn i16(&mut self) -> i16 {
        i16::from_be_bytes(self.take(2).try_into().expect("two bytes"))
    }

    fn i32(&mut self) -> i32 {
        i32::from_be_bytes(self.take(4).try_into().expect("four bytes"))
    }

    /// Null is read as empty.
    fn text(&mut self) -> String {
        let length = usize::try_from(self.i16()).unwrap_or(0);
        String::from_utf8(self.take(length).to_vec()).expect("UTF-8")
    }

    /// Each with its partitions, which are passed over.
    fn topics(&mut self) -> Vec<String> {
        let topics = self.i32();
        (0..topics)
            .map(|_| {
                let topic = self.text();
                let partitions = self.i32();
                self.take(4 * partitions as usize);
                topic
            })
            .collect()
    }

    /// Up to 126 bytes, or null, which is read as empty.
    fn compact_text(&mut self) -> String {
        let length = usize::from(self.take(1)[0]);
        assert!(length < 128, "no transactional id here is so long");
        String::from_utf8(self.take(length.saturating_sub(1)).to_vec()).expect("UTF-8")
    }
}

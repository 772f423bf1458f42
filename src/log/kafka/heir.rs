//! What an heir does for the member that had its slot before: it tells the group that this one is gone. Otherwise nothing of
//! a worker that was killed is taken over until the broker's session timeout, and no interface of librdkafka can say so for
//! another member.
//!
//! It is one request of Kafka's protocol: `ConsumerGroupHeartbeat` (key 68, version 0) with the epoch -1, which is how a
//! member leaves (KIP-848). It is sent over a connection of its own, which knows neither TLS nor SASL: where the brokers ask
//! for one of them the session timeout is waited for, as it is when anything goes wrong here. Nothing rests on it: what
//! fences the dead member is its producer's epoch and the group's.

use std::io::{self, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::Duration;

/// For the connection, for writing and for reading, each.
const PATIENCE: Duration = Duration::from_secs(2);
const CONSUMER_GROUP_HEARTBEAT: i16 = 68;
const LEAVES: i32 = -1;
/// More than an answer ever has.
const ANSWER_BYTES_MAX: usize = 1 << 20;

/// Says at `coordinator` (`host:port`) that this member has left. Returns Kafka's error code, 0 if it is gone now.
pub fn say_left(coordinator: &str, group: &str, member: &str) -> io::Result<i16> {
    let address = coordinator.to_socket_addrs()?.next();
    let address = address.ok_or_else(|| io::Error::other("the coordinator has no address"))?;
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    stream.write_all(&request(group, member))?;
    let mut size = [0; 4];
    stream.read_exact(&mut size)?;
    let size = u32::from_be_bytes(size) as usize;
    if size > ANSWER_BYTES_MAX {
        return Err(io::Error::other("what answers is no Kafka broker"));
    }
    let mut answer = vec![0; size];
    stream.read_exact(&mut answer)?;
    // The number of the request, no tagged fields, the throttle time, the error code.
    let code = answer.get(9..11).and_then(|bytes| bytes.try_into().ok());
    code.map(i16::from_be_bytes).ok_or_else(|| io::Error::other("the answer is cut short"))
}

fn request(group: &str, member: &str) -> Vec<u8> {
    const NULL: u8 = 0;
    const NO_TAGS: u8 = 0;
    let client = b"chat-goals";
    let mut body = Vec::new();
    body.extend(CONSUMER_GROUP_HEARTBEAT.to_be_bytes());
    body.extend(0i16.to_be_bytes()); // the version
    body.extend(1i32.to_be_bytes()); // the number of the request
    body.extend((client.len() as i16).to_be_bytes());
    body.extend(client);
    body.push(NO_TAGS);
    compact(&mut body, group);
    compact(&mut body, member);
    body.extend(LEAVES.to_be_bytes());
    body.push(NULL); // the instance's id
    body.push(NULL); // the rack
    body.extend((-1i32).to_be_bytes()); // the rebalance timeout: as before
    body.push(NULL); // the topics: as before
    body.push(NULL); // the assignor: as before
    body.push(NULL); // the partitions: as before
    body.push(NO_TAGS);
    let mut request = (body.len() as u32).to_be_bytes().to_vec();
    request.append(&mut body);
    request
}

/// A "compact string": its length plus one as a varint, and its bytes.
fn compact(to: &mut Vec<u8>, text: &str) {
    let mut length = text.len() + 1;
    while length >= 0x80 {
        to.push((length & 0x7f) as u8 | 0x80);
        length >>= 7;
    }
    to.push(length as u8);
    to.extend(text.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_request_is_as_kafka_s_protocol_has_it() {
        let long = "g".repeat(200);
        let request = request(&long, "m");
        assert_eq!(request.len(), 4 + u32::from_be_bytes(request[..4].try_into().unwrap()) as usize);
        assert_eq!(request[4..8], [0, 68, 0, 0]);
        // After the header (8 bytes, the client's name with its length, no tags): 201 in two bytes.
        let group = 4 + 8 + 2 + 10 + 1;
        assert_eq!(request[group..group + 2], [0xc9, 0x01]);
        let member = group + 2 + 200;
        assert_eq!(request[member..member + 6], [2, b'm', 0xff, 0xff, 0xff, 0xff]);
        assert_eq!(request[member + 6..], [0, 0, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0]);
    }
}

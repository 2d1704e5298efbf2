//! Requests that no client library makes: the bytes of the protocol by hand, after
//! <https://kafka.apache.org/protocol>. Produce (version 3, with a record batch of version 2) sends records whose header
//! names are any bytes. CreateAcls (version 1) allows users to do something.

use std::{
    io,
    time::{SystemTime, UNIX_EPOCH},
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};

use super::{Content, Kafka, TIMEOUT};
use crate::{CLIENT_ID, message::Position};

/// What a permission is about.
#[derive(Clone, Copy, Debug)]
pub enum Resource {
    Topic(&'static str),
    /// The consumer group of this name.
    Group(&'static str),
}

/// What a user may do with it. Each of them includes to describe it.
#[derive(Clone, Copy, Debug)]
pub enum Operation {
    /// To read the records of a topic, or to be a member of a group.
    Read,
    Write,
    Describe,
}

impl Kafka {
    /// Sends this with one more header before its own, whose name may be any bytes. Waits until Kafka has
    /// acknowledged the record and returns its position.
    pub async fn send_with_header_name(
        self,
        topic: &str,
        partition: i32,
        content: &Content,
        name: &[u8],
    ) -> Position {
        let request = produce_request(topic, partition, &batch(&record(content, name)));
        // Its size, the request's number, how many topics, the name, how many partitions, which.
        let before = 4 + 4 + 4 + (2 + topic.len()) + 4 + 4;
        let mut answer = self.call(&request, before).await;
        assert_eq!(answer.read_i16().await.expect("an error code"), 0, "Kafka acknowledges");
        Position { partition, offset: answer.read_i64().await.expect("an offset") }
    }

    /// Allows this user to do this, from now on.
    pub async fn allow(self, user: &str, operation: Operation, resource: Resource) {
        // Its size, the request's number, how long we were throttled, how many answers.
        let mut answer = self.call(&acl_request(user, operation, resource), 4 + 4 + 4 + 4).await;
        let error = answer.read_i16().await.expect("an error code");
        assert_eq!(error, 0, "Kafka takes the permission");
    }

    /// Sends a request, and skips so many bytes at the begin of the answer.
    async fn call(self, request: &[u8], before: usize) -> TcpStream {
        let answer = timeout(TIMEOUT, async {
            let mut broker = TcpStream::connect(self.0).await?;
            broker.write_all(request).await?;
            broker.read_exact(&mut vec![0; before]).await?;
            io::Result::Ok(broker)
        });
        answer.await.expect("Kafka answers in time").expect("Kafka answers")
    }
}

/// A CreateAcls request for one permission.
fn acl_request(user: &str, operation: Operation, resource: Resource) -> Vec<u8> {
    const LITERAL: u8 = 3;
    const ALLOW: u8 = 3;
    let (kind, name) = match resource {
        Resource::Topic(name) => (2, name),
        Resource::Group(name) => (3, name),
    };
    let operation = match operation {
        Operation::Read => 3,
        Operation::Write => 4,
        Operation::Describe => 8,
    };
    // CreateAcls, version 1, the first request.
    let mut request = [30_i16, 1].map(i16::to_be_bytes).concat();
    request.extend(1_i32.to_be_bytes());
    string(&mut request, CLIENT_ID);
    // One permission, from any host.
    request.extend(1_i32.to_be_bytes());
    request.push(kind);
    string(&mut request, name);
    request.push(LITERAL);
    string(&mut request, &format!("User:{user}"));
    string(&mut request, "*");
    request.extend([operation, ALLOW]);
    sized_after(Vec::new(), &request)
}

/// A Produce request for one batch, which all replicas must acknowledge.
fn produce_request(topic: &str, partition: i32, batch: &[u8]) -> Vec<u8> {
    // Produce, version 3, the first request.
    let mut request = [0_i16, 3].map(i16::to_be_bytes).concat();
    request.extend(1_i32.to_be_bytes());
    string(&mut request, CLIENT_ID);
    // No transaction; acks of all; ten seconds; one topic.
    request.extend([-1_i16, -1].map(i16::to_be_bytes).concat());
    request.extend([10_000, 1_i32].map(i32::to_be_bytes).concat());
    string(&mut request, topic);
    request.extend([1, partition].map(i32::to_be_bytes).concat());
    sized_after(Vec::new(), &sized_after(request, batch))
}

fn string(to: &mut Vec<u8>, text: &str) {
    to.extend(i16::try_from(text.len()).expect("a name is short").to_be_bytes());
    to.extend(text.as_bytes());
}

/// A batch of this one record, without a producer id: nobody counts its batches.
fn batch(record: &[u8]) -> Vec<u8> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("it is after 1970");
    let now = i64::try_from(now.as_millis()).expect("it is before the year 292,000,000");
    // Attributes, the last record's number, when the first and the last were made; no producer's id,
    // epoch or count; one record.
    let mut summed = [&0_i16.to_be_bytes()[..], &0_i32.to_be_bytes()].concat();
    summed.extend([now, now, -1].map(i64::to_be_bytes).concat());
    summed.extend((-1_i16).to_be_bytes());
    summed.extend([-1, 1_i32].map(i32::to_be_bytes).concat());
    summed.extend(record);
    // The leader's epoch, the format's version, the sum.
    let mut rest = (-1_i32).to_be_bytes().to_vec();
    rest.push(2);
    rest.extend(crc32c(&summed).to_be_bytes());
    rest.extend(summed);
    sized_after(0_i64.to_be_bytes().to_vec(), &rest)
}

fn record(content: &Content, name: &[u8]) -> Vec<u8> {
    // Attributes, and no difference to the batch's time and offset.
    let mut record = vec![0, 0, 0];
    field(&mut record, content.key.as_deref());
    field(&mut record, content.value.as_deref());
    varint(&mut record, length(content.headers.len() + 1));
    field(&mut record, Some(name));
    field(&mut record, Some(b"odd"));
    for (name, value) in &content.headers {
        field(&mut record, Some(name.as_bytes()));
        field(&mut record, value.as_deref());
    }
    let mut sized = Vec::new();
    field(&mut sized, Some(&record));
    sized
}

fn field(to: &mut Vec<u8>, bytes: Option<&[u8]>) {
    varint(to, bytes.map_or(-1, |bytes| length(bytes.len())));
    to.extend(bytes.unwrap_or_default());
}

/// A zigzag varint: seven bits in each byte, the lowest first. Zigzag maps 0, -1, 1, -2 to 0, 1, 2, 3, so that small
/// negative numbers are short too.
fn varint(to: &mut Vec<u8>, number: i64) {
    let mut rest = ((number << 1) ^ (number >> 63)).cast_unsigned();
    while rest > 0x7f {
        to.push((rest & 0x7f) as u8 | 0x80);
        rest >>= 7;
    }
    to.push(rest as u8);
}

fn sized_after(mut to: Vec<u8>, bytes: &[u8]) -> Vec<u8> {
    to.extend(u32::try_from(bytes.len()).expect("it is small").to_be_bytes());
    to.extend(bytes);
    to
}

fn length(of: usize) -> i64 {
    i64::try_from(of).expect("no slice is longer")
}

/// The check sum of Castagnoli, bit by bit: a test has few bytes.
fn crc32c(bytes: &[u8]) -> u32 {
    let bit = |sum: u32, _| (sum >> 1) ^ (0x82f6_3b78 & (sum & 1).wrapping_neg());
    !bytes.iter().fold(!0, |sum, byte| (0..8).fold(sum ^ u32::from(*byte), bit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_check_sum_is_that_of_castagnoli() {
        assert_eq!(crc32c(b"123456789"), 0xe306_9283);
    }

    #[test]
    fn small_numbers_of_either_sign_are_short() {
        let mut bytes = Vec::new();
        for number in [0, -1, 1, 63, 64, 300] {
            varint(&mut bytes, number);
        }
        assert_eq!(bytes, [0, 1, 2, 126, 0x80, 0x01, 0xd8, 0x04]);
    }
}

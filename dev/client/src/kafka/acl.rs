//! What an operator allows users to do: the bytes of the protocol by hand, for no client library of ours
//! has it, after <https://kafka.apache.org/protocol> (CreateAcls, version 1).

use std::io;

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};

use super::{
    Kafka, PATIENCE, TESTS,
    odd::{sized_after, string},
};

/// What a permission is about.
#[derive(Clone, Copy, Debug)]
pub enum Resource {
    /// The topic of this name.
    Topic(&'static str),
    /// The consumer group of this name.
    Group(&'static str),
}

/// What is allowed, which includes to see it.
#[derive(Clone, Copy, Debug)]
pub enum Operation {
    /// To read its records, or to be a member.
    Read,
    /// To write records.
    Write,
    /// Only to see it.
    Describe,
}

impl Kafka {
    /// From now on this user may do this.
    pub async fn allow(self, user: &str, operation: Operation, resource: Resource) {
        let request = request(user, operation, resource);
        let error =
            timeout(PATIENCE, self.create_acl(&request)).await.expect("Kafka answers in time");
        assert_eq!(error.expect("Kafka answers"), 0, "Kafka takes the permission");
    }

    async fn create_acl(self, request: &[u8]) -> io::Result<i16> {
        let mut broker = TcpStream::connect(self.0).await?;
        broker.write_all(request).await?;
        // Its size, the request's number, how long we were held back, how many answers.
        let mut before = [0; 4 + 4 + 4 + 4];
        broker.read_exact(&mut before).await?;
        broker.read_i16().await
    }
}

fn request(user: &str, operation: Operation, resource: Resource) -> Vec<u8> {
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
    string(&mut request, TESTS);
    // One permission, from wherever the user comes.
    request.extend(1_i32.to_be_bytes());
    request.push(kind);
    string(&mut request, name);
    request.push(LITERAL);
    string(&mut request, &format!("User:{user}"));
    string(&mut request, "*");
    request.extend([operation, ALLOW]);
    sized_after(Vec::new(), &request)
}

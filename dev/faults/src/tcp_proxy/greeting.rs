//! Whose connection it is, from the first bytes on it.

use std::io;

use tokio::{io::AsyncReadExt as _, net::TcpStream};

/// What a client is known to say first.
#[derive(Clone, Copy, Debug)]
pub(super) enum Greeting {
    /// Anything: nobody can be told apart.
    Any,
    /// A Kafka request. Its header names the client: size (4 bytes), what is asked (2), in which
    /// version (2), a number (4), length of the name (2), the name.
    Kafka,
}

/// A request's header up to the name.
const KAFKA_HEADER: usize = 14;

impl Greeting {
    /// The client's name, and what was read of the stream to learn it.
    pub(super) async fn hear(self, client: &mut TcpStream) -> io::Result<(String, Vec<u8>)> {
        match self {
            Self::Any => Ok((String::new(), Vec::new())),
            Self::Kafka => kafka(client).await,
        }
    }
}

async fn kafka(client: &mut TcpStream) -> io::Result<(String, Vec<u8>)> {
    let mut header = [0; KAFKA_HEADER];
    client.read_exact(&mut header).await?;
    // A client without a name has the length -1.
    let length = u16::from_be_bytes([header[12], header[13]]);
    let mut name = vec![0; usize::try_from(length.cast_signed()).unwrap_or(0)];
    client.read_exact(&mut name).await?;
    let begun = [&header[..], &name].concat();
    Ok((String::from_utf8_lossy(&name).into_owned(), begun))
}

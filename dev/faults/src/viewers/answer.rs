//! An answer of HTTP/1.1 on a connection that is kept: its body by its length, or in chunks.

use std::io;

use tokio::io::{AsyncBufRead, AsyncBufReadExt as _, AsyncReadExt as _};

/// The most bytes of a line, and of a body.
const MAX_LINE: u64 = 16 * 1024;
const MAX_BODY: usize = 4 << 20;

/// How the body of an answer is delimited and compressed.
#[derive(Debug, Default)]
struct Head {
    length: Option<usize>,
    is_chunked: bool,
    encoding: String,
}

/// Reads an answer to its end. Returns its `Content-Encoding`, which may be empty, and its body. Fails unless its status
/// is 200.
pub(super) async fn read(from: &mut (impl AsyncBufRead + Unpin)) -> io::Result<(String, Vec<u8>)> {
    let head = head(from).await?;
    let body = match (head.length, head.is_chunked) {
        (_, true) => chunks(from).await?,
        (Some(length), false) => exactly(from, length, Vec::new()).await?,
        (None, false) => return Err(io::Error::other("the answer says no length")),
    };
    Ok((head.encoding, body))
}

async fn head(from: &mut (impl AsyncBufRead + Unpin)) -> io::Result<Head> {
    let status = line(from).await?;
    if !status.starts_with("HTTP/1.1 200") {
        return Err(io::Error::other(status));
    }
    let mut head = Head::default();
    loop {
        let line = line(from).await?;
        let Some((name, value)) = line.split_once(':') else { return Ok(head) };
        let value = value.trim();
        match name.to_ascii_lowercase().as_str() {
            "content-length" => head.length = Some(value.parse().map_err(io::Error::other)?),
            "content-encoding" => value.clone_into(&mut head.encoding),
            "transfer-encoding" => head.is_chunked = value.eq_ignore_ascii_case("chunked"),
            _ => {}
        }
    }
}

async fn chunks(from: &mut (impl AsyncBufRead + Unpin)) -> io::Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let size = line(from).await?;
        let size = usize::from_str_radix(size.trim(), 16).map_err(io::Error::other)?;
        if size == 0 {
            line(from).await?;
            return Ok(body);
        }
        body = exactly(from, size, body).await?;
        line(from).await?;
    }
}

/// Adds so many bytes to a body.
async fn exactly(
    from: &mut (impl AsyncBufRead + Unpin),
    more: usize,
    mut body: Vec<u8>,
) -> io::Result<Vec<u8>> {
    let (from_byte, to) = (body.len(), body.len().saturating_add(more));
    if to > MAX_BODY {
        return Err(io::Error::other("the answer is too large"));
    }
    body.resize(to, 0);
    from.read_exact(&mut body[from_byte..]).await?;
    Ok(body)
}

/// A line without its end.
async fn line(from: &mut (impl AsyncBufRead + Unpin)) -> io::Result<String> {
    let mut line = String::new();
    from.take(MAX_LINE).read_line(&mut line).await?;
    match line.strip_suffix("\r\n") {
        Some(line) => Ok(line.to_owned()),
        None => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn answer(text: &str) -> io::Result<(String, String)> {
        let mut bytes = text.as_bytes();
        let (encoding, body) = read(&mut bytes).await?;
        assert!(bytes.is_empty(), "the next answer begins where this one ends");
        Ok((encoding, String::from_utf8(body).unwrap()))
    }

    #[tokio::test]
    async fn a_body_ends_by_its_length_or_with_its_last_chunk() {
        for text in [
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\ncontent-encoding: gzip\r\n\r\nhello",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Encoding: gzip\r\n\r\n\
             3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n",
        ] {
            assert_eq!(answer(text).await.unwrap(), ("gzip".to_owned(), "hello".to_owned()));
        }
    }

    #[tokio::test]
    async fn an_answer_that_is_no_success_or_is_cut_fails() {
        for text in [
            "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello",
            "HTTP/1.1 200 OK\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n",
            "",
        ] {
            assert!(read(&mut text.as_bytes()).await.is_err(), "{text}");
        }
    }
}

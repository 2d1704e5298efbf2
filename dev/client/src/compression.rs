//! The compressions of an answer that a browser takes.

use std::io::{self, Read};

use brotli::Decompressor;
use flate2::read::{MultiGzDecoder, ZlibDecoder};

/// The largest answer once it is decompressed. One of 500 bullets has a tenth of it.
pub(crate) const MAX_BYTES: u64 = 4 << 20;

/// A body without its compression: a value of `Content-Encoding`, or nothing.
pub(crate) fn decompressed(encoding: &str, body: &[u8]) -> io::Result<Vec<u8>> {
    let reader: Box<dyn Read + '_> = match encoding {
        "" | "identity" => Box::new(body),
        "gzip" => Box::new(MultiGzDecoder::new(body)),
        "deflate" => Box::new(ZlibDecoder::new(body)),
        "br" => Box::new(Decompressor::new(body, 4096)),
        other => return Err(io::Error::other(format!("an encoding that we do not know: {other}"))),
    };
    let mut json = Vec::new();
    match reader.take(MAX_BYTES).read_to_end(&mut json)? {
        size if size as u64 == MAX_BYTES => Err(io::Error::other("the answer is too large")),
        _ => Ok(json),
    }
}

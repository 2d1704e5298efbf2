//! A file in the encodings that browsers accept, each compressed once. Answers are compressed in `server.rs`.

use std::io::Write as _;
use std::sync::OnceLock;

use brotli::CompressorWriter;
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    /// Browsers accept it over HTTPS and from localhost.
    Brotli,
    /// Browsers accept it from any host.
    Gzip,
}

impl Encoding {
    /// The encodings, the one with the smallest result first.
    pub(crate) const ALL: [Self; 2] = [Self::Brotli, Self::Gzip];
}

pub(super) struct Compressed {
    plain: Bytes,
    gzip: OnceLock<Bytes>,
    brotli: OnceLock<Bytes>,
}

impl Compressed {
    pub(super) fn new(plain: Bytes) -> Self {
        Self { plain, gzip: OnceLock::new(), brotli: OnceLock::new() }
    }

    pub(super) fn plain(&self) -> &Bytes {
        &self.plain
    }

    /// The content in that encoding; `None` before `make` has compressed it.
    pub(super) fn get(&self, encoding: Encoding) -> Option<&Bytes> {
        match encoding {
            Encoding::Brotli => self.brotli.get(),
            Encoding::Gzip => self.gzip.get(),
        }
    }

    /// Compresses the content in every encoding, which takes a moment.
    pub(super) fn make(&self) {
        self.gzip.get_or_init(|| gzip(&self.plain));
        self.brotli.get_or_init(|| brotli(&self.plain));
    }
}

fn gzip(plain: &[u8]) -> Bytes {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    let written = encoder.write_all(plain).and_then(|()| encoder.finish());
    written.expect("memory can be written").into()
}

fn brotli(plain: &[u8]) -> Bytes {
    // The best quality, because it is done once, and a window of 256 KiB, which holds any of our files.
    let mut encoder = CompressorWriter::new(Vec::new(), 4096, 11, 18);
    encoder.write_all(plain).expect("memory can be written");
    encoder.into_inner().into()
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use brotli::Decompressor;
    use flate2::read::GzDecoder;

    use super::*;

    #[test]
    fn each_encoding_holds_the_same_content_and_is_smaller_than_the_next() {
        let text = include_bytes!("../../../../web/static/wall/wall.js");
        let content = Compressed::new(Bytes::from_static(text));
        assert_eq!(Encoding::ALL.map(|it| content.get(it)), [None; 2], "nothing is compressed yet");
        content.make();
        let [brotli, gzip] = Encoding::ALL.map(|it| content.get(it).unwrap());
        assert!(brotli.len() < gzip.len() && gzip.len() < content.plain().len());
        let mut decoded = [Vec::new(), Vec::new()];
        Decompressor::new(&brotli[..], 4096).read_to_end(&mut decoded[0]).unwrap();
        GzDecoder::new(&gzip[..]).read_to_end(&mut decoded[1]).unwrap();
        assert!(decoded.iter().all(|decoded| decoded == text));
    }
}

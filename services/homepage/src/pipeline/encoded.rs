//! An answer as bytes, plain and compressed. It is serialised once for all requests, and compressed once, by the first
//! request that asks for that.

use std::io::Write as _;
use std::sync::OnceLock;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde::Serialize;

#[derive(Debug)]
pub(super) struct Encoded {
    plain: Bytes,
    gzip: OnceLock<Bytes>,
}

impl Encoded {
    pub(super) fn of(answer: &impl Serialize) -> Self {
        let plain = serde_json::to_vec(answer).expect("the answer is texts and numbers");
        Self { plain: plain.into(), gzip: OnceLock::new() }
    }

    /// The bytes, and whether they are compressed.
    pub(super) fn answer(&self, accepts_gzip: bool) -> (Bytes, bool) {
        let bytes = if accepts_gzip {
            self.gzip.get_or_init(|| compressed(&self.plain))
        } else {
            &self.plain
        };
        (bytes.clone(), accepts_gzip)
    }
}

fn compressed(plain: &[u8]) -> Bytes {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    let written = encoder.write_all(plain).and_then(|()| encoder.finish());
    written.expect("memory can be written").into()
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use flate2::read::GzDecoder;

    use super::*;

    #[test]
    fn both_have_the_same_content() {
        let encoded = Encoded::of(&vec![None::<u64>; 90]);
        let (plain, (gzip, is_gzip)) = (encoded.answer(false).0, encoded.answer(true));
        let mut decoded = Vec::new();
        GzDecoder::new(&gzip[..]).read_to_end(&mut decoded).unwrap();
        assert!(is_gzip && decoded == plain && gzip.len() < plain.len());
    }
}

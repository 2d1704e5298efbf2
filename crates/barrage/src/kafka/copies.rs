//! Copies of the parts of a record that librdkafka still owns.

use bytes::{Bytes, BytesMut};

/// They share one allocation, unless they take more than was expected. So they also end together: one that is kept
/// keeps the memory of all.
#[derive(Debug)]
pub(super) struct Copies(BytesMut);

impl Copies {
    pub(super) fn with_capacity(bytes: usize) -> Self {
        Self(BytesMut::with_capacity(bytes))
    }

    pub(super) fn add(&mut self, part: &[u8]) -> Bytes {
        self.0.extend_from_slice(part);
        self.0.split().freeze()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_share_the_memory_that_was_expected_and_keep_their_bytes_beyond_it() {
        let mut copies = Copies::with_capacity(4);
        let within = [copies.add(b"ab"), copies.add(b""), copies.add(b"cd")];
        assert_eq!(within[0].as_ptr().wrapping_add(2), within[2].as_ptr());
        let beyond = copies.add(&[b'x'; 5000]);
        assert_eq!(within.concat(), b"abcd");
        assert_eq!(beyond, vec![b'x'; 5000]);
    }
}

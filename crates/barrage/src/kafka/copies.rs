//! Copies of the parts of a record that librdkafka still owns.

use bytes::{Bytes, BytesMut};

/// They share one allocation, as far as it has room; the others have their own. Those that share it end together: one
/// that is kept keeps the memory of all.
#[derive(Debug)]
pub(super) struct Copies(BytesMut);

impl Copies {
    pub(super) fn with_capacity(bytes: usize) -> Self {
        Self(BytesMut::with_capacity(bytes))
    }

    pub(super) fn add(&mut self, part: &[u8]) -> Bytes {
        // To grow, the buffer would take more than the part.
        if part.len() > self.0.capacity() {
            return Bytes::copy_from_slice(part);
        }
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
        let ab = copies.add(b"ab");
        let beyond = copies.add(&[b'x'; 5000]);
        let cd = copies.add(b"cd");
        assert_eq!(ab.as_ptr().wrapping_add(2), cd.as_ptr());
        assert_eq!([ab, cd, copies.add(b"")].concat(), b"abcd");
        assert_eq!(beyond, vec![b'x'; 5000]);
    }
}

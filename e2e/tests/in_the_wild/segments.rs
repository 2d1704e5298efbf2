//! The files in which Kafka keeps the records of a partition: batch after batch, each with its first offset, its codec
//! and a sum over its bytes (<https://kafka.apache.org/documentation/#recordbatch>).

use std::{fs, ops::Range, path::Path};

/// The name of a partition's first file.
const FIRST: &str = "00000000000000000000.log";

/// What stands before the records of a batch.
const HEADER: usize = 61;

/// One batch of a partition's first file.
#[derive(Debug)]
pub(crate) struct Batch {
    pub(crate) first_offset: i64,
    /// 0 none, 1 gzip, 2 snappy, 3 lz4, 4 zstd.
    pub(crate) codec: u8,
    /// Where its records are in the file.
    pub(crate) records: Range<usize>,
}

/// All batches of the first file in a partition's folder.
pub(crate) fn batches(folder: &Path) -> Vec<Batch> {
    let file = fs::read(folder.join(FIRST)).expect("a partition has a file");
    let (mut batches, mut at) = (Vec::new(), 0);
    while let Some(header) = file.get(at..at + HEADER) {
        let size = i32::from_be_bytes(header[8..12].try_into().expect("four bytes"));
        let end = at + 12 + usize::try_from(size).expect("a size");
        let first_offset = i64::from_be_bytes(header[..8].try_into().expect("eight bytes"));
        // A file may be longer than what was written to it.
        if size == 0 {
            break;
        }
        batches.push(Batch { first_offset, codec: header[22] & 7, records: at + HEADER..end });
        at = end;
    }
    batches
}

/// Changes one byte of this text in the batch that begins with this offset, so that its sum is wrong. Kafka must not
/// run.
pub(crate) fn corrupt(folder: &Path, offset: i64, text: &str) {
    let batch = batches(folder).into_iter().find(|batch| batch.first_offset == offset);
    let records = batch.expect("a batch begins there").records;
    let path = folder.join(FIRST);
    let mut file = fs::read(&path).expect("a partition has a file");
    let found = file[records.clone()].windows(text.len()).position(|it| it == text.as_bytes());
    file[records.start + found.expect("the text is in the batch")] ^= 1;
    fs::write(path, file).expect("the file can be written");
}

//! Row 32: records in every codec of Kafka, by producers and by the topic's own setting.

use serde_json::json;

use crate::{
    case::{Case, Numbers, messages},
    segments::batches,
};

/// Kafka's codecs, by their names and their numbers in a batch.
const CODECS: [(&str, u8); 5] = [("none", 0), ("gzip", 1), ("snappy", 2), ("lz4", 3), ("zstd", 4)];

/// The codecs of all batches of a partition, without repeats.
fn codecs(case: &Case, partition: i32) -> Vec<u8> {
    let mut codecs: Vec<_> =
        batches(&case.folder(partition)).into_iter().map(|batch| batch.codec).collect();
    codecs.dedup();
    codecs
}

#[tokio::test]
async fn records_in_every_codec_are_shown() {
    let partitions = i32::try_from(CODECS.len()).expect("it is small");
    let Some(mut case) = Case::with(partitions, &[]).await else { return };
    let mut all = Vec::new();
    for (partition, (codec, number)) in (0..).zip(CODECS) {
        let (records, texts) = messages(codec, 20, 1);
        let records: Vec<_> = records.into_iter().map(|(_, it)| (partition, it)).collect();
        case.send(codec, &records).await;
        assert_eq!(codecs(&case, partition), [number], "the batches are compressed by {codec}");
        all.extend(texts);
    }
    case.shows(Numbers::stored(100), &all).await;
}

#[tokio::test]
async fn a_burst_into_a_topic_that_the_broker_compresses_with_zstd_is_kept() {
    let Some(case) = Case::with(4, &[("compression.type", "zstd")]).await else { return };
    let burst =
        json!({ "message": "compress me ".repeat(8).trim(), "concurrency": 8, "duration": 2 });
    let id = case.stack.send_burst(burst).await;
    let burst = case.stack.settled(&id).await;
    assert_eq!((burst.state.as_str(), burst.failed, burst.stored), ("done", 0, burst.accepted));
    assert!(burst.accepted > 0);
    case.counts(Numbers::stored(burst.accepted)).await;
    case.is_committed().await;
    let codecs: Vec<_> = (0..4).flat_map(|partition| codecs(&case, partition)).collect();
    assert!(!codecs.is_empty() && codecs.iter().all(|codec| *codec == 4), "{codecs:?}");
    assert_eq!(case.stack.results(&id).await.len() as u64, burst.accepted);
}

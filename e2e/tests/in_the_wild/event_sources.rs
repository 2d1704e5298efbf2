//! Row 35: events of others. What a stock KafkaSource makes of a plain record, and ids that are unique only within
//! their source. What the processor accepts, the reader believes, also after a restart.

use client::{kafka::Content, message::Position};
use reqwest::{Client, StatusCode};
use stack::plan::name::ROUTER;

use crate::case::{Case, Numbers, message, value};

/// What a KafkaSource has said to the processor.
pub(crate) struct Delivery {
    pub(crate) status: StatusCode,
    pub(crate) body: String,
}

/// Posts a record as Knative's KafkaSource does. A record that is a CloudEvent keeps its attributes; any other becomes
/// an event of the source, without a content type. Both carry the record's position.
pub(crate) async fn deliver(case: &Case, at: Position, record: &Content) -> Delivery {
    let Position { partition, offset } = at;
    let client = Client::builder().no_proxy().build().expect("an HTTP client");
    let mut request = client.post(case.http_door());
    let is_event = record.text("ce_specversion").is_some();
    for (name, value) in &record.headers {
        let name = match name.strip_prefix("ce_") {
            Some(attribute) => format!("ce-{attribute}"),
            None if is_event || name == "content-type" => name.clone(),
            None => format!("ce-kafkaheader{name}"),
        };
        request = request.header(name, value.clone().unwrap_or_default());
    }
    if !is_event && record.text("content-type").is_none() {
        let source = "/apis/v1/namespaces/default/kafkasources/barrage";
        request = request
            .header("ce-specversion", "1.0")
            .header("ce-id", format!("partition:{partition}/offset:{offset}"))
            .header("ce-type", "dev.knative.kafka.event")
            .header("ce-source", format!("{source}#{}", case.topic))
            .header("ce-subject", format!("partition:{partition}#{offset}"))
            .header("ce-time", "2026-01-01T00:00:00Z");
    }
    request = request
        .header("ce-knativekafkapartition", partition.to_string())
        .header("ce-knativekafkaoffset", offset.to_string());
    let answer = request.body(record.value.clone().unwrap_or_default()).send().await;
    let answer = answer.expect("the processor answers");
    let status = answer.status();
    Delivery { status, body: answer.text().await.expect("a body") }
}

/// Sends records and has a KafkaSource deliver them, in place of the router.
async fn by_kafka_source(case: &mut Case, records: &[(i32, Content)]) {
    case.stack.terminate(ROUTER).await;
    let positions = case.send("none", records).await;
    for (at, (_, record)) in positions.into_iter().zip(records) {
        let Delivery { status, body } = deliver(case, at, record).await;
        assert_eq!(status, StatusCode::NO_CONTENT, "{at:?}: {body}");
    }
}

fn plain(text: &str) -> Content {
    Content { value: Some(value(text).into()), ..Content::default() }
}

/// The same ids from two sources, over two partitions.
fn from_two_sources() -> (Vec<(i32, Content)>, Vec<String>) {
    let of = |source: &'static str| {
        (1..=3).map(move |n| {
            let event = message(&format!("{source} {n}"));
            let event = event.header("ce_id", n.to_string()).header("ce_source", source);
            ((n % 2), event, format!("{source} {n}"))
        })
    };
    let all = of("/devices/a").chain(of("/devices/b"));
    all.map(|(partition, event, text)| ((partition, event), text)).unzip()
}

#[tokio::test]
async fn plain_records_that_a_kafka_source_has_wrapped_are_shown_and_believed_after_a_restart() {
    let Some(mut case) = Case::start().await else { return };
    let texts: Vec<_> = (0..6).map(|n| format!("wrapped {n}")).collect();
    let records: Vec<_> = (0..).zip(&texts).map(|(n, text)| (n % 4, plain(text))).collect();
    by_kafka_source(&mut case, &records).await;
    case.is_shown(Numbers::stored(6), &texts).await;
    for (at, bullet) in case.bullets().await {
        let Position { partition, offset } = at;
        assert_eq!(bullet.id, format!("partition:{partition}/offset:{offset}"));
    }
    // The router of this group reads them too, and writes the same rows.
    case.stack.start_again(ROUTER).await;
    case.is_committed().await;
    case.restart_homepage().await;
    case.counts(Numbers::stored(6)).await;
    assert_eq!(case.dead_letters().await.len(), 0);
}

#[tokio::test]
async fn ids_that_two_sources_share_are_six_bullets_by_the_router() {
    let Some(mut case) = Case::start().await else { return };
    let (records, texts) = from_two_sources();
    case.send("none", &records).await;
    case.shows(Numbers::stored(6), &texts).await;
}

#[tokio::test]
async fn ids_that_two_sources_share_are_six_bullets_by_a_kafka_source() {
    let Some(mut case) = Case::start().await else { return };
    let (records, texts) = from_two_sources();
    by_kafka_source(&mut case, &records).await;
    case.is_shown(Numbers::stored(6), &texts).await;
}

//! What a call answers if the table fails or the processor has too many calls.

use futures::future::join_all;
use proto::Record;
use proto::outcome::Kind;
use serde_json::Value;
use tonic::Code;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;

use crate::processor::{Processor, eventually};
use crate::records::{outcomes, record, request};
use crate::table::{HUGE, Table};

/// Nothing listens at this address.
const AWAY: &str = "http://127.0.0.1:1";

#[tokio::test]
async fn without_the_table_it_starts_and_says_by_http_and_grpc_that_it_is_not_ready() {
    let processor = Processor::start(AWAY, &[]).await;
    assert_eq!(processor.get("/healthz").await, (200.try_into().unwrap(), "ok\n".into()));

    let (status, body) = processor.get("/readyz").await;
    let body: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(status, 503);
    assert_eq!(body["dependencies"]["table"]["ready"], false, "{body}");

    let mut health = HealthClient::new(processor.channel().await);
    let health = health.check(HealthCheckRequest::default()).await.unwrap();
    assert_eq!(health.get_ref().status().as_str_name(), "NOT_SERVING");

    let call = request([record(1, "hi")]);
    let status = processor.client().await.process_batch(call).await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable);
    assert!(status.message().starts_with("the table service cannot be reached: "), "{status}");
}

#[tokio::test]
async fn a_throttling_table_fails_the_whole_call() {
    let (table, url) = Table::start().await;
    let processor = Processor::ready(&url, &[]).await;
    let mut client = processor.client().await;
    table.throttle(true);
    let call = request([record(1, "a"), Record { data: "poison".into(), ..record(2, "") }]);
    let status = client.process_batch(call.clone()).await.unwrap_err();
    assert_eq!(status.code(), Code::ResourceExhausted);
    assert_eq!(status.message(), "the table service throttles requests");
    table.throttle(false);
    assert_eq!(client.process_batch(call).await.unwrap().get_ref().outcomes.len(), 2);
}

#[tokio::test]
async fn a_table_whose_rows_do_not_expire_is_used_nevertheless() {
    let (table, url) = Table::start().await;
    table.disable_ttl();
    let processor = Processor::ready(&url, &[]).await;
    let answer = processor.client().await.process_batch(request([record(1, "hi")])).await;
    assert_eq!(outcomes(answer.unwrap().get_ref())[0].0, Kind::Stored);
    assert_eq!(table.offsets(), [1]);
}

#[tokio::test]
async fn a_row_that_the_table_never_accepts_does_not_hold_up_the_others() {
    let (table, url) = Table::start().await;
    let processor = Processor::ready(&url, &[]).await;
    let mut records: Vec<_> = (0..30).map(|offset| record(offset, "hi")).collect();
    records[7].event.as_mut().unwrap().id = HUGE.into();
    let answer = processor.client().await.process_batch(request(records)).await.unwrap();
    let rejected: Vec<_> =
        (0..).zip(outcomes(answer.get_ref())).filter(|(_, it)| it.0 != Kind::Stored).collect();
    let [(7, (Kind::Rejected, reason))] = rejected[..] else { panic!("{rejected:?}") };
    assert!(reason.starts_with("the table never accepts this row: "), "{reason}");
    let mut offsets = table.offsets();
    offsets.dedup();
    assert_eq!(offsets, (0..30).filter(|&offset| offset != 7).collect::<Vec<_>>());
}

#[tokio::test]
async fn calls_beyond_the_limit_are_refused() {
    let (table, url) = Table::start().await;
    let vars = [("CONTAINER_CONCURRENCY", "1"), ("WORK_MS", "1000")];
    let processor = Processor::ready(&url, &vars).await;
    let client = processor.client().await;
    let calls = (1..=3).map(|offset| {
        let mut client = client.clone();
        async move { client.process_batch(request([record(offset, "hi")])).await.err() }
    });
    let refused: Vec<_> = join_all(calls).await.into_iter().flatten().collect();
    assert_eq!(refused.len(), 2);
    for status in refused {
        assert_eq!(status.code(), Code::ResourceExhausted);
        assert_eq!(status.message(), "1 calls are being served already, which is the limit");
    }
    assert_eq!(table.rows().len(), 1);
}

#[tokio::test]
async fn a_call_whose_caller_goes_away_makes_room_for_the_next() {
    let (table, url) = Table::start().await;
    let vars = [("CONTAINER_CONCURRENCY", "1"), ("WORK_MS", "60000")];
    let processor = Processor::ready(&url, &vars).await;
    let mut client = processor.client().await;
    let call = tokio::spawn(async move { client.process_batch(request([record(1, "hi")])).await });
    let in_flight = async |count: u8| {
        let line = format!("processor_calls_in_flight {count}\n");
        processor.get("/metrics").await.1.contains(&line)
    };
    eventually("the call is in flight", async || in_flight(1).await).await;
    call.abort();
    eventually("the call has ended", async || in_flight(0).await).await;
    assert!(table.rows().is_empty());
}

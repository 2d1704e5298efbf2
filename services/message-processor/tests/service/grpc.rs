//! Records that arrive by gRPC become rows.

use proto::Record;
use proto::outcome::Kind;
use serde_json::Value;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;

use crate::processor::Processor;
use crate::records::{READ_AT, outcomes, record, request};
use crate::table::Table;

#[tokio::test]
async fn a_record_becomes_the_row_of_the_contract() {
    let (table, url) = Table::start().await;
    let processor = Processor::ready(&url, &[("TABLE_TTL", "3600")]).await;
    let call = request([record(70_000, " hi\u{0} ")]);
    processor.client().await.process_batch(call).await.unwrap();

    let row = &table.rows()[0];
    let texts = [
        "shard",
        "id",
        "source",
        "message",
        "verdict",
        "burst",
        "processor",
        "trace",
        "traceparent",
    ];
    assert_eq!(
        texts.map(|name| row[name]["S"].as_str().unwrap()),
        [
            "barrage-info#2#1",
            "id-70000",
            "/homepage/test",
            "hi",
            "shown",
            "019b76da-a800-7000-8000-00000000b0b5",
            "processor-1",
            "4bf92f3577b34da6a3ce929d0e0e4736",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        ]
    );
    let number = |name: &str| -> i64 { row[name]["N"].as_str().unwrap().parse().unwrap() };
    assert_eq!(["offset", "sender", "seq"].map(number), [70_000, 3, 17]);
    assert_eq!(["sent_at", "read_at"].map(number), [1_767_225_600_250, READ_AT]);
    assert!(number("received_at") <= number("stored_at"));
    assert_eq!(number("expires_at"), (number("stored_at") + 3_600_000) / 1000);
}

#[tokio::test]
async fn a_time_of_reading_that_is_missing_or_impossible_is_left_out_of_the_row() {
    let (table, url) = Table::start().await;
    let processor = Processor::ready(&url, &[]).await;
    let times = [0, -1, 1, i64::MIN, i64::MAX].into_iter().zip(1..);
    let records = times.map(|(read_at, offset)| Record { read_at, ..record(offset, "hi") });
    let call = request(records.collect::<Vec<_>>());
    let response = processor.client().await.process_batch(call).await.unwrap();
    assert_eq!(outcomes(response.get_ref()), [(Kind::Stored, ""); 5]);
    assert!(table.rows().iter().all(|row| row.get("read_at").is_none()));
}

#[tokio::test]
async fn each_record_has_its_own_outcome_in_the_order_of_the_call() {
    let (table, url) = Table::start().await;
    let processor = Processor::ready(&url, &[("BLOCKED_WORDS", "spam, 刷屏")]).await;
    let unknown = |mut record: Record| {
        record.event.as_mut().unwrap().r#type = "com.example.other".into();
        record
    };
    let poison = Record { data: "oops".into(), ..record(2, "") };
    let records = [record(1, "SPAM!"), poison, unknown(record(3, "hi")), record(4, "hi")];
    let response = processor.client().await.process_batch(request(records)).await.unwrap();
    assert_eq!(
        outcomes(response.get_ref()),
        [
            (Kind::Stored, ""),
            (Kind::Rejected, "the data is not JSON (line 1, column 1)"),
            (Kind::Rejected, "the event's type \"com.example.other\" is unknown"),
            (Kind::Stored, ""),
        ]
    );
    let verdicts: Vec<Value> = table.rows().iter().map(|row| row["verdict"]["S"].clone()).collect();
    assert_eq!(verdicts, ["blocked", "shown"]);
    let metrics = processor.get("/metrics").await.1;
    for line in [
        "processor_records_total{outcome=\"stored\"} 2",
        "processor_records_total{outcome=\"rejected\"} 2",
        "processor_batch_records_sum 4",
        "processor_call_duration_seconds_count 1",
        "processor_calls_in_flight 0",
    ] {
        assert!(metrics.contains(line), "{line} is not in\n{metrics}");
    }
}

#[tokio::test]
async fn the_health_service_says_serving_once_the_table_answers() {
    let (_table, url) = Table::start().await;
    let processor = Processor::ready(&url, &[]).await;
    let mut health = HealthClient::new(processor.channel().await);
    for service in ["", "barrage.v1.MessageProcessor"] {
        let request = HealthCheckRequest { service: service.into() };
        let mut statuses = health.watch(request).await.unwrap().into_inner();
        while statuses.message().await.unwrap().unwrap().status().as_str_name() != "SERVING" {}
    }
}

//! How the processor starts and how it stops.

use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;

use crate::processor::{Processor, command, eventually};
use crate::records::{record, request};
use crate::table::Table;

#[tokio::test]
async fn an_invalid_configuration_is_reported_line_by_line_and_ends_with_exit_code_2() {
    let output = command(&[("PORT", "x"), ("OTS_SECRET", "hush")]).output().await.unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(
        String::from_utf8(output.stderr).unwrap(),
        "PORT: expected 0 to 65535, saw \"x\"\n\
         OTS_ENDPOINT: expected an http:// or https:// URL, saw nothing\n\
         OTS_KEYID: expected an access key ID, saw nothing\n"
    );
}

#[tokio::test]
async fn help_names_its_variables() {
    let output = command(&[]).arg("--help").output().await.unwrap();
    let help = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success());
    for name in ["PORT", "OTS_ENDPOINT", "WORK_MS", "BLOCKED_WORDS", "TRACE_NAME2", "TRACING"] {
        assert!(help.lines().any(|line| line.starts_with(&format!("{name} "))), "{name}:\n{help}");
    }
}

#[tokio::test]
async fn after_sigterm_it_finishes_the_call_in_flight() {
    let (table, url) = Table::start().await;
    let processor = Processor::ready(&url, &[("WORK_MS", "3000")]).await;
    let mut client = processor.client().await;
    let call = tokio::spawn(async move { client.process_batch(request([record(1, "hi")])).await });
    eventually("the call is in flight", async || {
        processor.get("/metrics").await.1.contains("processor_calls_in_flight 1\n")
    })
    .await;
    processor.terminate();
    assert_eq!(call.await.unwrap().unwrap().get_ref().outcomes.len(), 1);
    assert_eq!(table.offsets(), [1]);
    assert_eq!(processor.exit_code().await, Some(0));
}

#[tokio::test]
async fn after_sigterm_it_says_not_serving_and_ends_the_watch_calls() {
    let (_table, url) = Table::start().await;
    let processor = Processor::ready(&url, &[]).await;
    let mut health = HealthClient::new(processor.channel().await);
    let watch = health.watch(HealthCheckRequest::default()).await.unwrap();
    let mut watch = watch.into_inner();
    while watch.message().await.unwrap().unwrap().status().as_str_name() != "SERVING" {}
    processor.terminate();
    let last = watch.message().await.unwrap().unwrap();
    assert_eq!(last.status().as_str_name(), "NOT_SERVING");
    assert_eq!(watch.message().await.unwrap(), None);
    assert_eq!(processor.exit_code().await, Some(0));
}

#[tokio::test]
async fn a_call_longer_than_the_grace_period_does_not_delay_its_end() {
    let (_table, url) = Table::start().await;
    let vars = [("WORK_MS", "60000"), ("SHUTDOWN_GRACE", "1")];
    let processor = Processor::ready(&url, &vars).await;
    let mut client = processor.client().await;
    let call = tokio::spawn(async move { client.process_batch(request([record(1, "hi")])).await });
    eventually("the call is in flight", async || {
        processor.get("/metrics").await.1.contains("processor_calls_in_flight 1\n")
    })
    .await;
    processor.terminate();
    assert_eq!(processor.exit_code().await, Some(0));
    assert!(call.await.unwrap().is_err());
}

//! What a tool such as grpcurl asks before it can call the processor.

use tonic_reflection::pb::v1::ServerReflectionRequest;
use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;

use crate::processor::Processor;

/// The table is away: a tool may look at a processor that is not ready.
async fn ask(request: MessageRequest) -> MessageResponse {
    let processor = Processor::start("http://127.0.0.1:1", &[]).await;
    let mut client = ServerReflectionClient::new(processor.channel().await);
    let request = ServerReflectionRequest { host: String::new(), message_request: Some(request) };
    let request = tokio_stream::once(request);
    let mut answers = client.server_reflection_info(request).await.unwrap().into_inner();
    let answer = answers.message().await.unwrap().unwrap();
    answer.message_response.unwrap()
}

#[tokio::test]
async fn the_processor_lists_its_services() {
    let list = ask(MessageRequest::ListServices(String::new())).await;
    let MessageResponse::ListServicesResponse(list) = list else { panic!("{list:?}") };
    let mut names: Vec<_> = list.service.into_iter().map(|service| service.name).collect();
    names.sort();
    assert_eq!(
        names,
        [
            "barrage.v1.MessageProcessor",
            "grpc.health.v1.Health",
            "grpc.reflection.v1.ServerReflection",
        ]
    );
}

#[tokio::test]
async fn the_processor_describes_its_contract() {
    let symbol = "barrage.v1.MessageProcessor.ProcessBatch".to_owned();
    let file = ask(MessageRequest::FileContainingSymbol(symbol)).await;
    let MessageResponse::FileDescriptorResponse(file) = file else { panic!("{file:?}") };
    let [file] = &file.file_descriptor_proto[..] else {
        panic!("{} files", file.file_descriptor_proto.len())
    };
    let text = String::from_utf8_lossy(file);
    assert!(text.contains("ProcessBatchRequest") && text.contains("traceparent"), "{text}");
}

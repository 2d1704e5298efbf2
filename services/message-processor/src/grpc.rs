//! The gRPC door: `barrage.v1.MessageProcessor`.

mod outcome;
mod record;
mod status;

use std::sync::Arc;

use proto::message_processor_server::MessageProcessor;
use proto::{ProcessBatchRequest, ProcessBatchResponse};
use tonic::{Code, Request, Response, Status};

use crate::call::{Calls, Error};

/// Hands in the records of calls.
#[derive(Debug)]
pub(crate) struct Grpc {
    calls: Arc<Calls>,
}

impl Grpc {
    pub(crate) fn new(calls: Arc<Calls>) -> Self {
        Self { calls }
    }

    async fn serve(&self, request: ProcessBatchRequest) -> Result<ProcessBatchResponse, Error> {
        let records = request.records.into_iter().map(record::incoming);
        let records = records.collect::<Result<Vec<_>, _>>()?;
        let outcomes = self.calls.serve(records).await?;
        Ok(ProcessBatchResponse { outcomes: outcomes.into_iter().map(outcome::answer).collect() })
    }
}

#[tonic::async_trait]
impl MessageProcessor for Grpc {
    async fn process_batch(
        &self,
        request: Request<ProcessBatchRequest>,
    ) -> Result<Response<ProcessBatchResponse>, Status> {
        match self.serve(request.into_inner()).await {
            Ok(answer) => Ok(Response::new(answer)),
            Err(error) => {
                let status = status::of(&error);
                // What is away or busy is told once by a probe; the call comes again until it is not.
                if matches!(status.code(), Code::Unavailable | Code::ResourceExhausted) {
                    tracing::debug!(%error, "a call failed: {error}");
                } else {
                    tracing::warn!(%error, "a call failed: {error}");
                }
                Err(status)
            }
        }
    }
}

//! A gRPC proxy in front of a processor. It answers some calls or records itself and forwards the rest.

use std::{io, net::SocketAddr, sync::Arc, time::Instant};

use parking_lot::Mutex;
use proto::{
    Outcome, ProcessBatchRequest, ProcessBatchResponse, Record,
    message_processor_client::MessageProcessorClient, message_processor_server::MessageProcessor,
    outcome::Kind,
};
use tonic::{
    Code, Request, Response, Status,
    transport::{Channel, Endpoint},
};

use crate::serving::Serving;

/// The reason of each RETRY that the proxy answers.
pub const REASON: &str = "the proxy answers RETRY";

/// What the proxy does with calls.
#[derive(Clone, Debug, Default)]
pub enum Mode {
    #[default]
    Forward,
    /// Fails every call with this code.
    Fail(Code),
    /// Answers STORED for every record, at once.
    Store,
    /// Answers RETRY for records whose data contains this text, and forwards the others.
    Retry(String),
}

/// A running proxy. Dropping it closes its port.
#[derive(Debug)]
pub struct ProcessorProxy {
    serving: Serving,
    service: Service,
}

#[derive(Clone, Debug, Default)]
struct Service(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    mode: Mode,
    processor: Option<MessageProcessorClient<Channel>>,
    own_answers: Vec<Instant>,
}

impl ProcessorProxy {
    /// Listens on a free port. Answers UNAVAILABLE until [`ProcessorProxy::forward_to`] is called.
    pub async fn start() -> io::Result<Self> {
        let service = Service::default();
        Ok(Self { serving: Serving::grpc(service.clone()).await?, service })
    }

    /// Its URL, as `SINK` expects it.
    pub fn url(&self) -> String {
        self.serving.url()
    }

    /// Forwards to this processor from now on.
    pub fn forward_to(&self, processor: SocketAddr) {
        self.service.0.lock().processor = Some(client(processor));
    }

    /// Changes what happens to calls from now on.
    pub fn set_mode(&self, mode: Mode) {
        self.service.0.lock().mode = mode;
    }

    /// When the proxy has answered itself: one entry for each failed call and for each RETRY.
    pub fn own_answers(&self) -> Vec<Instant> {
        self.service.0.lock().own_answers.clone()
    }
}

impl Service {
    async fn forward(&self, records: Vec<Record>) -> Result<Vec<Outcome>, Status> {
        let processor = self.0.lock().processor.clone();
        let mut processor = processor.ok_or_else(|| Status::unavailable("no processor yet"))?;
        let answer = processor.process_batch(ProcessBatchRequest { records }).await?;
        Ok(answer.into_inner().outcomes)
    }

    /// Answers RETRY for records that contain `text`, and forwards the others.
    async fn retry(&self, records: Vec<Record>, text: &str) -> Result<Vec<Outcome>, Status> {
        let contains =
            |record: &Record| record.data.windows(text.len()).any(|part| part == text.as_bytes());
        let chosen: Vec<_> = records.iter().map(contains).collect();
        let others: Vec<_> = records.into_iter().filter(|record| !contains(record)).collect();
        let forwarded = if others.is_empty() { Vec::new() } else { self.forward(others).await? };
        let (mut forwarded, now) = (forwarded.into_iter(), Instant::now());
        let outcome = |chosen: bool| {
            if !chosen {
                return forwarded.next();
            }
            self.0.lock().own_answers.push(now);
            Some(Outcome { kind: Kind::Retry.into(), reason: REASON.into() })
        };
        Ok(chosen.into_iter().filter_map(outcome).collect())
    }
}

/// A client that connects with its first call.
pub(crate) fn client(processor: SocketAddr) -> MessageProcessorClient<Channel> {
    let endpoint = Endpoint::from_shared(format!("http://{processor}"));
    MessageProcessorClient::new(endpoint.expect("an address makes a URL").connect_lazy())
}

fn stored(_: &Record) -> Outcome {
    Outcome { kind: Kind::Stored.into(), reason: String::new() }
}

#[tonic::async_trait]
impl MessageProcessor for Service {
    async fn process_batch(
        &self,
        request: Request<ProcessBatchRequest>,
    ) -> Result<Response<ProcessBatchResponse>, Status> {
        let records = request.into_inner().records;
        let mode = self.0.lock().mode.clone();
        let outcomes = match mode {
            Mode::Forward => self.forward(records).await?,
            Mode::Store => records.iter().map(stored).collect(),
            Mode::Retry(text) => self.retry(records, &text).await?,
            Mode::Fail(code) => {
                self.0.lock().own_answers.push(Instant::now());
                return Err(Status::new(code, "the proxy fails every call"));
            }
        };
        Ok(Response::new(ProcessBatchResponse { outcomes }))
    }
}

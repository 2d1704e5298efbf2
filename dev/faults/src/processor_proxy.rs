//! A front before a processor: answers itself what a test tells it to, and forwards the rest.

use std::{
    io,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use proto::{
    Outcome, ProcessBatchRequest, ProcessBatchResponse, Record,
    message_processor_client::MessageProcessorClient,
    message_processor_server::{MessageProcessor, MessageProcessorServer},
    outcome::Kind,
};
use tokio::net::TcpListener;
use tokio_util::task::AbortOnDropHandle;
use tonic::{
    Code, Request, Response, Status,
    transport::{Channel, Endpoint, Server, server::TcpIncoming},
};

/// The reason of each RETRY that the front answers.
pub const REASON: &str = "the front wants it again";

/// What the front does with calls.
#[derive(Clone, Debug, Default)]
pub enum Mode {
    /// It forwards all.
    #[default]
    Forward,
    /// It fails all with this code.
    Fail(Code),
    /// It answers STORED for all, at once.
    Store,
    /// It answers RETRY for records whose data contains this text, and forwards the rest.
    Retry(String),
}

/// A front that listens, until it is dropped.
#[derive(Debug)]
pub struct ProcessorProxy {
    address: SocketAddr,
    front: Front,
    _server: AbortOnDropHandle<()>,
}

#[derive(Clone, Debug, Default)]
struct Front(Arc<Mutex<Inside>>);

#[derive(Debug, Default)]
struct Inside {
    manner: Mode,
    processor: Option<MessageProcessorClient<Channel>>,
    own_answers: Vec<Instant>,
}

impl ProcessorProxy {
    /// Starts it on a free port. It answers UNAVAILABLE until it knows its processor.
    pub async fn start() -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let front = Front::default();
        let server = Server::builder()
            .add_service(MessageProcessorServer::new(front.clone()))
            .serve_with_incoming(TcpIncoming::from(listener));
        let serve = async {
            // Whoever waits for its answers will complain.
            _ = server.await;
        };
        Ok(Self { address, front, _server: AbortOnDropHandle::new(tokio::spawn(serve)) })
    }

    /// Where it listens, as `SINK` wants it.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Forwards to this processor from now on.
    pub fn forward_to(&self, processor: SocketAddr) {
        let endpoint = Endpoint::from_shared(format!("http://{processor}"));
        let channel = endpoint.expect("an address makes a URL").connect_lazy();
        self.front.inside().processor = Some(MessageProcessorClient::new(channel));
    }

    /// Behaves so from now on.
    pub fn set_mode(&self, manner: Mode) {
        self.front.inside().manner = manner;
    }

    /// When it has answered itself: once for each call that failed, and for each RETRY.
    pub fn own_answers(&self) -> Vec<Instant> {
        self.front.inside().own_answers.clone()
    }
}

impl Front {
    /// Nobody leaves it half changed, so a panic elsewhere does no harm.
    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn forward(&self, records: Vec<Record>) -> Result<Vec<Outcome>, Status> {
        let processor = self.inside().processor.clone();
        let mut processor = processor.ok_or_else(|| Status::unavailable("no processor yet"))?;
        let answer = processor.process_batch(ProcessBatchRequest { records }).await?;
        Ok(answer.into_inner().outcomes)
    }

    /// Forwards what it does not want again.
    async fn retry(&self, records: Vec<Record>, text: &str) -> Result<Vec<Outcome>, Status> {
        let is_meant =
            |record: &Record| record.data.windows(text.len()).any(|part| part == text.as_bytes());
        let meant: Vec<_> = records.iter().map(is_meant).collect();
        let others: Vec<_> = records.into_iter().filter(|record| !is_meant(record)).collect();
        let forwarded = if others.is_empty() { Vec::new() } else { self.forward(others).await? };
        let (mut forwarded, now) = (forwarded.into_iter(), Instant::now());
        let answer = |meant: bool| {
            if !meant {
                return forwarded.next();
            }
            self.inside().own_answers.push(now);
            Some(Outcome { kind: Kind::Retry.into(), reason: REASON.into() })
        };
        Ok(meant.into_iter().filter_map(answer).collect())
    }
}

fn stored(_: &Record) -> Outcome {
    Outcome { kind: Kind::Stored.into(), reason: String::new() }
}

#[tonic::async_trait]
impl MessageProcessor for Front {
    async fn process_batch(
        &self,
        request: Request<ProcessBatchRequest>,
    ) -> Result<Response<ProcessBatchResponse>, Status> {
        let records = request.into_inner().records;
        let manner = self.inside().manner.clone();
        let outcomes = match manner {
            Mode::Forward => self.forward(records).await?,
            Mode::Store => records.iter().map(stored).collect(),
            Mode::Retry(text) => self.retry(records, &text).await?,
            Mode::Fail(code) => {
                self.inside().own_answers.push(Instant::now());
                return Err(Status::new(code, "the front was told so"));
            }
        };
        Ok(Response::new(ProcessBatchResponse { outcomes }))
    }
}

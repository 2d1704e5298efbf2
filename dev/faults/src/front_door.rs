//! One address that hides several processors, as Knative's does: a gRPC proxy with a queue and an autoscaler.
//!
//! It behaves as Knative Serving was measured to behave:
//!
//! - A processor serves at most `containerConcurrency` calls at once. Ten times as many wait in the queue for each
//!   processor. What comes then is refused with UNAVAILABLE, as a gateway does.
//! - Every two seconds the autoscaler chooses how many processors get calls: the mean number of calls under way in
//!   the last six seconds, divided by 70 % of `containerConcurrency`. At least one and at most as many as are
//!   allowed.
//! - A processor that is taken away gets no more calls. Those that it has may finish.

use std::{collections::VecDeque, io, net::SocketAddr, sync::Arc, time::Duration};

use parking_lot::Mutex;
use proto::{
    ProcessBatchRequest, ProcessBatchResponse, message_processor_client::MessageProcessorClient,
    message_processor_server::MessageProcessor,
};
use tokio::{sync::Notify, time::interval};
use tokio_util::task::AbortOnDropHandle;
use tonic::{Request, Response, Status, transport::Channel};

use crate::{processor_proxy::client, serving::Serving};

/// How many calls wait for each call that is served.
const QUEUE: usize = 10;

/// The share of `containerConcurrency` that the autoscaler aims at.
const UTILIZATION: f64 = 0.7;

/// How often the calls under way are counted.
const SAMPLE: Duration = Duration::from_millis(100);

/// How many samples the mean has: six seconds.
const WINDOW: usize = 60;

/// After so many samples the autoscaler decides: every two seconds.
const DECISION: usize = 20;

/// A running front door. Dropping it closes its port.
#[derive(Debug)]
pub struct FrontDoor {
    serving: Serving,
    door: Door,
    _scaler: AbortOnDropHandle<()>,
}

#[derive(Clone, Debug)]
struct Door {
    concurrency: usize,
    state: Arc<Mutex<State>>,
    /// A processor may have become free.
    freed: Arc<Notify>,
}

#[derive(Debug, Default)]
struct State {
    processors: Vec<Processor>,
    /// How many of the processors get calls: the first ones.
    running: usize,
    allowed: usize,
    /// Calls that are served or wait.
    under_way: usize,
    refused: u64,
}

#[derive(Debug)]
struct Processor {
    client: MessageProcessorClient<Channel>,
    serving: usize,
    served: u64,
}

impl FrontDoor {
    /// Listens on a free port, with this `containerConcurrency`. Refuses all calls until
    /// [`FrontDoor::open_to`] is called.
    pub async fn start(concurrency: usize) -> io::Result<Self> {
        let door = Door { concurrency, state: Arc::default(), freed: Arc::default() };
        let serving = Serving::grpc(door.clone()).await?;
        let scaler = AbortOnDropHandle::new(tokio::spawn(door.clone().scale()));
        Ok(Self { serving, door, _scaler: scaler })
    }

    /// Its URL, as `SINK` expects it.
    pub fn url(&self) -> String {
        self.serving.url()
    }

    /// The processors behind it. The first one gets calls at once; more of them if the autoscaler decides so.
    pub fn open_to(&self, processors: impl IntoIterator<Item = SocketAddr>) {
        let processor = |address| Processor { client: client(address), serving: 0, served: 0 };
        let mut state = self.door.state.lock();
        state.processors = processors.into_iter().map(processor).collect();
        (state.running, state.allowed) = (1, 1);
    }

    /// How many processors the autoscaler may use at most.
    pub fn allow(&self, processors: usize) {
        self.door.state.lock().allowed = processors;
    }

    /// How many processors get calls now.
    pub fn running(&self) -> usize {
        self.door.state.lock().running
    }

    /// How many calls each processor was given so far.
    pub fn served(&self) -> Vec<u64> {
        self.door.state.lock().processors.iter().map(|it| it.served).collect()
    }

    /// How many calls are served or wait now.
    pub fn under_way(&self) -> usize {
        self.door.state.lock().under_way
    }

    /// How many calls were refused so far, because the queue was full.
    pub fn refused(&self) -> u64 {
        self.door.state.lock().refused
    }
}

impl Door {
    /// The autoscaler.
    async fn scale(self) {
        let (mut samples, mut ticks) = (VecDeque::from([0; WINDOW]), interval(SAMPLE));
        for n in 1_usize.. {
            ticks.tick().await;
            let mut state = self.state.lock();
            samples.pop_front();
            samples.push_back(state.under_way);
            if n.is_multiple_of(DECISION) {
                let mean = samples.iter().sum::<usize>() as f64 / WINDOW as f64;
                let desired = (mean / (self.concurrency as f64 * UTILIZATION)).ceil() as usize;
                state.running = desired.clamp(1, state.allowed.max(1));
                self.freed.notify_waiters();
            }
        }
    }

    fn enter(&self) -> Result<UnderWay, Status> {
        let mut state = self.state.lock();
        let room = state.running.min(state.processors.len()) * self.concurrency * (1 + QUEUE);
        if state.under_way >= room {
            state.refused += 1;
            return Err(Status::unavailable("the queue of every processor is full"));
        }
        state.under_way += 1;
        Ok(UnderWay { door: self.clone(), served_by: None })
    }

    /// Takes a place of the processor that has the most of them free.
    fn take_place(&self) -> Option<(usize, MessageProcessorClient<Channel>)> {
        let mut state = self.state.lock();
        let running = state.running;
        let processors = state.processors.iter_mut().take(running).enumerate();
        let free = processors.filter(|(_, it)| it.serving < self.concurrency);
        let (n, processor) = free.min_by_key(|(_, it)| it.serving)?;
        processor.serving += 1;
        processor.served += 1;
        Some((n, processor.client.clone()))
    }
}

/// A call that is served or waits. It ends when this is dropped, also if the caller has gone.
struct UnderWay {
    door: Door,
    served_by: Option<usize>,
}

impl UnderWay {
    /// Waits until a processor has a place for it.
    async fn place(&mut self) -> MessageProcessorClient<Channel> {
        loop {
            let freed = self.door.freed.notified();
            if let Some((n, client)) = self.door.take_place() {
                self.served_by = Some(n);
                return client;
            }
            freed.await;
        }
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        let mut state = self.door.state.lock();
        state.under_way -= 1;
        if let Some(n) = self.served_by {
            state.processors[n].serving -= 1;
        }
        self.door.freed.notify_one();
    }
}

#[tonic::async_trait]
impl MessageProcessor for Door {
    async fn process_batch(
        &self,
        request: Request<ProcessBatchRequest>,
    ) -> Result<Response<ProcessBatchResponse>, Status> {
        let mut call = self.enter()?;
        let mut processor = call.place().await;
        processor.process_batch(request.into_inner()).await
    }
}

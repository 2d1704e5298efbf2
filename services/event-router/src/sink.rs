//! The message processors: where calls go, and which of them get none for a while.

mod target;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use barrage::retry::Backoff;
use proto::message_processor_client::MessageProcessorClient;
use proto::{Outcome, ProcessBatchRequest, Record};
use tonic::Status;
use tonic::transport::{Channel, Endpoint};

pub(crate) use target::{Targets, resolve};

/// All processors that are known, by their URL.
#[derive(Debug)]
pub(crate) struct Sink {
    processors: BTreeMap<Arc<str>, Processor>,
    timeout: Duration,
}

#[derive(Debug)]
struct Processor {
    client: MessageProcessorClient<Channel>,
    calls: usize,
    backoff: Backoff,
    /// It gets no calls before this, because one has failed.
    resting_until: Option<Instant>,
}

/// A call that is ready to be made.
pub(crate) struct Call {
    pub(crate) url: Arc<str>,
    client: MessageProcessorClient<Channel>,
    timeout: Duration,
}

impl Call {
    /// Makes it. The answer has one outcome for each record, or the call has failed.
    pub(crate) async fn make(&mut self, records: Vec<Record>) -> Result<Vec<Outcome>, Status> {
        let count = records.len();
        let answer = self.client.process_batch(ProcessBatchRequest { records });
        let late = |_| Status::deadline_exceeded("the processor did not answer in time");
        let answer = tokio::time::timeout(self.timeout, answer).await.map_err(late)??;
        let outcomes = answer.into_inner().outcomes;
        if outcomes.len() == count {
            return Ok(outcomes);
        }
        let text = format!("{} outcomes for {count} records", outcomes.len());
        Err(Status::failed_precondition(text))
    }
}

impl Sink {
    const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
    const KEEP_ALIVE: Duration = Duration::from_secs(5);

    /// No processor yet; each call may take `timeout`.
    pub(crate) fn new(timeout: Duration) -> Self {
        Self { processors: BTreeMap::new(), timeout }
    }

    /// From now on these are the processors. Connections to those that stay are kept.
    pub(crate) fn update(&mut self, urls: &[String]) {
        self.processors.retain(|known, _| urls.iter().any(|url| **url == **known));
        for url in urls {
            if !self.processors.contains_key(url.as_str()) {
                match Processor::new(url) {
                    Ok(processor) => drop(self.processors.insert(url.as_str().into(), processor)),
                    Err(error) => tracing::warn!(url, %error, "no processor has such an address"),
                }
            }
        }
    }

    /// A call to the processor that has the fewest; `None` while all of them rest.
    pub(crate) fn pick(&mut self, now: Instant) -> Option<Call> {
        let awake = self.processors.iter_mut().filter(|(_, it)| it.is_awake(now));
        // One that failed is tried by a single call, whose success lets the others come.
        let free = awake.filter(|(_, it)| it.calls == 0 || it.backoff.failures() == 0);
        let (url, processor) = free.min_by_key(|(_, it)| it.calls)?;
        processor.calls += 1;
        Some(Call { url: url.clone(), client: processor.client.clone(), timeout: self.timeout })
    }

    /// When the first processor that rests may be called again.
    pub(crate) fn next_awake(&self) -> Option<Instant> {
        self.processors.values().filter_map(|it| it.resting_until).min()
    }

    /// How a call ended.
    pub(crate) fn ended(&mut self, url: &str, succeeded: bool, now: Instant) {
        let Some(processor) = self.processors.get_mut(url) else { return };
        processor.calls = processor.calls.saturating_sub(1);
        if succeeded {
            processor.backoff.reset();
            processor.resting_until = None;
        } else {
            processor.resting_until = Some(now + processor.backoff.next_wait());
        }
    }
}

impl Processor {
    fn new(url: &str) -> Result<Self, tonic::transport::Error> {
        let channel = Endpoint::from_shared(url.to_owned())?
            .connect_timeout(Sink::CONNECT_TIMEOUT)
            .http2_keep_alive_interval(Sink::KEEP_ALIVE)
            .keep_alive_timeout(Sink::KEEP_ALIVE)
            .tcp_nodelay(true)
            .connect_lazy();
        Ok(Self {
            client: MessageProcessorClient::new(channel),
            calls: 0,
            backoff: Backoff::new(Duration::from_millis(50), Duration::from_secs(1)),
            resting_until: None,
        })
    }

    fn is_awake(&self, now: Instant) -> bool {
        self.resting_until.is_none_or(|until| until <= now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sink(urls: &[&str]) -> Sink {
        let mut sink = Sink::new(Duration::from_secs(1));
        sink.update(&urls.iter().map(|url| (*url).to_owned()).collect::<Vec<_>>());
        sink
    }

    #[tokio::test]
    async fn calls_go_to_the_processor_that_has_the_fewest() {
        let mut sink = sink(&["http://a:1", "http://b:1"]);
        let now = Instant::now();
        let urls: Vec<_> = (0..4).filter_map(|_| sink.pick(now)).map(|call| call.url).collect();
        let on_a = urls.iter().filter(|url| ***url == *"http://a:1").count();
        assert_eq!((urls.len(), on_a), (4, 2));
    }

    #[tokio::test]
    async fn a_processor_that_failed_rests_and_is_then_tried_by_a_single_call() {
        let mut sink = sink(&["http://a:1"]);
        let now = Instant::now();
        let url = sink.pick(now).unwrap().url;
        sink.ended(&url, false, now);
        assert!(sink.pick(now).is_none());
        let later = sink.next_awake().unwrap();
        assert!(later > now);
        assert!(sink.pick(later).is_some());
        assert!(sink.pick(later).is_none());
        sink.ended(&url, true, later);
        assert!(sink.pick(later).is_some());
        assert!(sink.pick(later).is_some());
    }

    #[tokio::test]
    async fn while_one_rests_the_others_get_its_calls() {
        let mut sink = sink(&["http://a:1", "http://b:1"]);
        let now = Instant::now();
        sink.ended("http://a:1", false, now);
        for _ in 0..3 {
            assert_eq!(&*sink.pick(now).unwrap().url, "http://b:1");
        }
    }

    #[tokio::test]
    async fn processors_come_and_go() {
        let mut sink = sink(&["http://a:1"]);
        sink.update(&["http://b:1".to_owned()]);
        assert_eq!(&*sink.pick(Instant::now()).unwrap().url, "http://b:1");
        sink.ended("http://a:1", true, Instant::now());
    }
}

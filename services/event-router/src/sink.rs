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
    /// The most calls at once to one of them.
    in_flight: usize,
    /// How many calls were handed out.
    turns: u64,
}

#[derive(Debug)]
struct Processor {
    client: MessageProcessorClient<Channel>,
    calls: usize,
    /// When it got its last call, counted in calls.
    turn: u64,
    backoff: Backoff,
    /// It gets no calls before this, because one has failed.
    resting_until: Option<Instant>,
}

/// A call that is ready to be made.
pub(crate) struct Call {
    pub(crate) url: Arc<str>,
    /// It tries a processor that has failed: one record is enough to learn whether it is back.
    pub(crate) is_probe: bool,
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

    /// No processor yet; each gets at most `in_flight` calls at once, each of which may take `timeout`.
    pub(crate) fn new(timeout: Duration, in_flight: usize) -> Self {
        Self { processors: BTreeMap::new(), timeout, in_flight, turns: 0 }
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

    /// A call to the processor that has the fewest, by turns where several have; `None` while all
    /// of them rest or have their fill.
    pub(crate) fn pick(&mut self, now: Instant) -> Option<Call> {
        let in_flight = self.in_flight;
        let awake = self.processors.iter_mut().filter(|(_, it)| it.is_awake(now));
        // One that failed is tried by a single call, whose success lets the others come.
        let free = awake.filter(|(_, it)| it.calls < if it.has_failed() { 1 } else { in_flight });
        let (url, processor) = free.min_by_key(|(_, it)| (it.calls, it.turn))?;
        self.turns += 1;
        processor.calls += 1;
        processor.turn = self.turns;
        let (url, client) = (url.clone(), processor.client.clone());
        Some(Call { url, is_probe: processor.has_failed(), client, timeout: self.timeout })
    }

    /// When the first processor that rests may be called again.
    pub(crate) fn next_awake(&self) -> Option<Instant> {
        let idle = self.processors.values().filter(|it| it.calls == 0);
        idle.filter_map(|it| it.resting_until).min()
    }

    /// Whether no processor answers.
    pub(crate) fn all_rest(&self) -> bool {
        self.processors.values().all(Processor::has_failed)
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
            turn: 0,
            backoff: Backoff::new(Duration::from_millis(50), Duration::from_secs(1)),
            resting_until: None,
        })
    }

    /// Its last call has failed.
    fn has_failed(&self) -> bool {
        self.backoff.failures() > 0
    }

    fn is_awake(&self, now: Instant) -> bool {
        self.resting_until.is_none_or(|until| until <= now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sink(urls: &[&str]) -> Sink {
        let mut sink = Sink::new(Duration::from_secs(1), 2);
        sink.update(&urls.iter().map(|url| (*url).to_owned()).collect::<Vec<_>>());
        sink
    }

    #[tokio::test]
    async fn every_processor_gets_its_share_of_calls_and_no_more() {
        let mut sink = sink(&["http://a:1", "http://b:1"]);
        let now = Instant::now();
        let urls: Vec<_> = (0..9).filter_map(|_| sink.pick(now)).map(|call| call.url).collect();
        let on_a = urls.iter().filter(|url| ***url == *"http://a:1").count();
        assert_eq!((urls.len(), on_a), (4, 2));
    }

    #[tokio::test]
    async fn processors_that_have_nothing_to_do_get_calls_by_turns() {
        let mut sink = sink(&["http://a:1", "http://b:1"]);
        let now = Instant::now();
        let mut call = || {
            let url = sink.pick(now).unwrap().url;
            sink.ended(&url, true, now);
            url
        };
        let (first, second, third) = (call(), call(), call());
        assert_ne!(first, second);
        assert_eq!(first, third);
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
        assert!(sink.all_rest());
        assert!(sink.pick(later).unwrap().is_probe);
        assert_eq!(sink.next_awake(), None);
        assert!(sink.pick(later).is_none());
        sink.ended(&url, true, later);
        assert!(!sink.pick(later).unwrap().is_probe);
        assert!(sink.pick(later).is_some());
    }

    #[tokio::test]
    async fn while_one_rests_the_others_get_its_calls() {
        let mut sink = sink(&["http://a:1", "http://b:1"]);
        let now = Instant::now();
        sink.ended("http://a:1", false, now);
        for _ in 0..2 {
            assert_eq!(&*sink.pick(now).unwrap().url, "http://b:1");
        }
        assert!(!sink.all_rest());
    }

    #[tokio::test]
    async fn processors_come_and_go() {
        let mut sink = sink(&["http://a:1"]);
        sink.update(&["http://b:1".to_owned()]);
        assert_eq!(&*sink.pick(Instant::now()).unwrap().url, "http://b:1");
        sink.ended("http://a:1", true, Instant::now());
    }
}

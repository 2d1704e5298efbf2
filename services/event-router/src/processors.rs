//! The message processors: which of them gets the next call.
//!
//! A call goes to the processor with the fewest calls in flight. A processor whose last call failed backs
//! off: it gets no call for a while, then a single call with one record, the probe. While the probe runs
//! it gets nothing else. If the probe succeeds, the processor is used like the others again. If it fails,
//! the wait doubles, up to a second.
//!
//! Example with processors a and b:
//!
//! | what happens | calls to a | calls to b |
//! | --- | --- | --- |
//! | both work | up to `IN_FLIGHT` | up to `IN_FLIGHT` |
//! | a call to a fails | none for 25 to 50 ms | up to `IN_FLIGHT` |
//! | the wait is over | one, with one record | up to `IN_FLIGHT` |
//! | the probe fails | none for 50 to 100 ms, then a probe; the wait grows up to 1 s | up to `IN_FLIGHT` |
//! | the probe succeeds | up to `IN_FLIGHT` | up to `IN_FLIGHT` |

mod target;

use std::collections::BTreeMap;
use std::error::Error as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use barrage::retry::Backoff;
use proto::message_processor_client::MessageProcessorClient;
use proto::{Outcome, ProcessBatchRequest, Record};
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Status};

pub(crate) use target::{Targets, resolve};

/// All known processors by their URL.
#[derive(Debug)]
pub(crate) struct Processors {
    processors: BTreeMap<Arc<str>, Processor>,
    timeout: Duration,
    /// The most calls in flight to one processor.
    max_calls: usize,
    /// How many calls were handed out so far.
    calls_made: u64,
}

#[derive(Debug)]
struct Processor {
    client: MessageProcessorClient<Channel>,
    calls_in_flight: usize,
    /// The number of its last call, counted over all processors: the round robin among equals.
    last_call: u64,
    backoff: Backoff,
    /// It gets no call before this time, because a call has failed.
    backs_off_until: Option<Instant>,
    /// Whether it has answered the last call, if only with an error.
    answers: bool,
}

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CallEnd {
    Succeeded,
    /// The processor has answered with an error.
    Refused,
    /// The processor cannot be reached, or has not answered in time.
    Unanswered,
}

impl CallEnd {
    /// A status that our side has made has a source, which says why there is no answer.
    pub(crate) fn of<T>(result: &Result<T, Status>) -> Self {
        match result {
            Ok(_) => Self::Succeeded,
            Err(status) if status.code() == Code::DeadlineExceeded => Self::Unanswered,
            Err(status) if status.source().is_some() => Self::Unanswered,
            Err(_) => Self::Refused,
        }
    }
}

/// A call that is ready to be made.
pub(crate) struct Call {
    pub(crate) url: Arc<str>,
    /// Whether it tests a processor that has failed: one record is enough for that.
    pub(crate) is_probe: bool,
    client: MessageProcessorClient<Channel>,
    timeout: Duration,
}

impl Call {
    /// Sends the records. `Ok` has one outcome for each record, in order.
    pub(crate) async fn send(&mut self, records: Vec<Record>) -> Result<Vec<Outcome>, Status> {
        let count = records.len();
        let response = self.client.process_batch(ProcessBatchRequest { records });
        let late = |_| Status::deadline_exceeded("the processor did not answer in time");
        let response = tokio::time::timeout(self.timeout, response).await.map_err(late)??;
        let outcomes = response.into_inner().outcomes;
        if outcomes.len() == count {
            return Ok(outcomes);
        }
        let text = format!("{} outcomes for {count} records", outcomes.len());
        Err(Status::failed_precondition(text))
    }
}

impl Processors {
    const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
    const KEEP_ALIVE: Duration = Duration::from_secs(5);

    /// Without processors at first. Each gets at most `max_calls` calls at once, each with this `timeout`.
    pub(crate) fn new(timeout: Duration, max_calls: usize) -> Self {
        Self { processors: BTreeMap::new(), timeout, max_calls, calls_made: 0 }
    }

    /// Replaces the list of processors. Connections to those that stay are kept.
    pub(crate) fn update(&mut self, urls: &[String]) {
        self.processors.retain(|known, _| urls.iter().any(|url| **url == **known));
        for url in urls {
            if !self.processors.contains_key(url.as_str()) {
                match Processor::new(url) {
                    Ok(processor) => drop(self.processors.insert(url.as_str().into(), processor)),
                    Err(error) => tracing::warn!(url, %error, "invalid address of a processor"),
                }
            }
        }
    }

    /// A call to the processor with the fewest calls in flight. Among equals it is the one whose last call
    /// is the longest ago. `None` while all of them back off or have as many calls as they may.
    pub(crate) fn pick(&mut self, now: Instant) -> Option<Call> {
        let max_calls = self.max_calls;
        let available = self.processors.iter_mut().filter(|(_, it)| !it.backs_off(now));
        let free = available.filter(|(_, it)| it.calls_in_flight < it.most_calls(max_calls));
        let (url, processor) = free.min_by_key(|(_, it)| (it.calls_in_flight, it.last_call))?;
        self.calls_made += 1;
        processor.calls_in_flight += 1;
        processor.last_call = self.calls_made;
        let (url, client) = (url.clone(), processor.client.clone());
        Some(Call { url, is_probe: processor.has_failed(), client, timeout: self.timeout })
    }

    /// When the first processor that backs off may be called again. A processor with calls in flight does
    /// not count: the end of its call decides.
    pub(crate) fn next_attempt_at(&self) -> Option<Instant> {
        let idle = self.processors.values().filter(|it| it.calls_in_flight == 0);
        idle.filter_map(|it| it.backs_off_until).min()
    }

    /// Whether the last call to every processor has failed.
    pub(crate) fn all_have_failed(&self) -> bool {
        self.processors.values().all(Processor::has_failed)
    }

    /// How many processors are known, and how many of them have answered the last call.
    pub(crate) fn known_and_answering(&self) -> (usize, usize) {
        let answering = self.processors.values().filter(|it| it.answers).count();
        (self.processors.len(), answering)
    }

    /// Notes how a call ended.
    pub(crate) fn call_ended(&mut self, url: &str, how: CallEnd, now: Instant) {
        let Some(processor) = self.processors.get_mut(url) else { return };
        processor.calls_in_flight = processor.calls_in_flight.saturating_sub(1);
        processor.answers = how != CallEnd::Unanswered;
        if how == CallEnd::Succeeded {
            processor.backoff.reset();
            processor.backs_off_until = None;
        } else {
            processor.backs_off_until = Some(now + processor.backoff.next_wait());
        }
    }
}

impl Processor {
    fn new(url: &str) -> Result<Self, tonic::transport::Error> {
        let channel = Endpoint::from_shared(url.to_owned())?
            .connect_timeout(Processors::CONNECT_TIMEOUT)
            .http2_keep_alive_interval(Processors::KEEP_ALIVE)
            .keep_alive_timeout(Processors::KEEP_ALIVE)
            .tcp_nodelay(true)
            .connect_lazy();
        Ok(Self {
            client: MessageProcessorClient::new(channel),
            calls_in_flight: 0,
            last_call: 0,
            backoff: Backoff::new(Duration::from_millis(50), Duration::from_secs(1)),
            backs_off_until: None,
            answers: false,
        })
    }

    /// Whether its last call has failed.
    fn has_failed(&self) -> bool {
        self.backoff.failures() > 0
    }

    fn backs_off(&self, now: Instant) -> bool {
        self.backs_off_until.is_some_and(|until| now < until)
    }

    /// How many calls it may have: only the probe if its last call has failed.
    fn most_calls(&self, max: usize) -> usize {
        if self.has_failed() { 1 } else { max }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn processors(urls: &[&str]) -> Processors {
        let mut processors = Processors::new(Duration::from_secs(1), 2);
        processors.update(&urls.iter().map(|url| (*url).to_owned()).collect::<Vec<_>>());
        processors
    }

    #[tokio::test]
    async fn every_processor_gets_its_share_of_calls_and_no_more() {
        let mut processors = processors(&["http://a:1", "http://b:1"]);
        let now = Instant::now();
        let urls: Vec<_> =
            (0..9).filter_map(|_| processors.pick(now)).map(|call| call.url).collect();
        let on_a = urls.iter().filter(|url| ***url == *"http://a:1").count();
        assert_eq!((urls.len(), on_a), (4, 2));
    }

    #[tokio::test]
    async fn processors_without_calls_get_the_next_call_in_turn() {
        let mut processors = processors(&["http://a:1", "http://b:1"]);
        let now = Instant::now();
        let mut call = || {
            let url = processors.pick(now).unwrap().url;
            processors.call_ended(&url, CallEnd::Succeeded, now);
            url
        };
        let (first, second, third) = (call(), call(), call());
        assert_ne!(first, second);
        assert_eq!(first, third);
    }

    #[tokio::test]
    async fn a_processor_that_failed_backs_off_and_then_gets_a_single_call() {
        let mut processors = processors(&["http://a:1"]);
        let now = Instant::now();
        let url = processors.pick(now).unwrap().url;
        processors.call_ended(&url, CallEnd::Unanswered, now);
        assert!(processors.pick(now).is_none());
        let later = processors.next_attempt_at().unwrap();
        assert!(later > now);
        assert!(processors.all_have_failed());
        assert!(processors.pick(later).unwrap().is_probe);
        assert_eq!(processors.next_attempt_at(), None);
        assert!(processors.pick(later).is_none());
        processors.call_ended(&url, CallEnd::Succeeded, later);
        assert!(!processors.pick(later).unwrap().is_probe);
        assert!(processors.pick(later).is_some());
    }

    #[tokio::test]
    async fn while_one_backs_off_the_others_get_its_calls() {
        let mut processors = processors(&["http://a:1", "http://b:1"]);
        let now = Instant::now();
        processors.call_ended("http://a:1", CallEnd::Unanswered, now);
        for _ in 0..2 {
            assert_eq!(&*processors.pick(now).unwrap().url, "http://b:1");
        }
        assert!(!processors.all_have_failed());
    }

    #[tokio::test]
    async fn a_processor_that_answers_with_an_error_is_no_processor_that_cannot_be_reached() {
        let mut processors = processors(&["http://a:1", "http://b:1"]);
        assert_eq!(processors.known_and_answering(), (2, 0));
        let answered: Result<(), _> = Err(Status::unavailable("the table is away"));
        let mut unreachable = Status::unavailable("no route");
        unreachable.set_source(Arc::new(std::io::Error::other("no route")));
        let (late, now) = (Status::deadline_exceeded("too late"), Instant::now());
        processors.call_ended("http://a:1", CallEnd::of(&answered), now);
        processors.call_ended("http://b:1", CallEnd::of::<()>(&Err(unreachable)), now);
        assert_eq!(processors.known_and_answering(), (2, 1));
        processors.call_ended("http://a:1", CallEnd::of::<()>(&Err(late)), now);
        assert_eq!(processors.known_and_answering(), (2, 0));
    }

    #[tokio::test]
    async fn processors_come_and_go() {
        let mut processors = processors(&["http://a:1"]);
        processors.update(&["http://b:1".to_owned()]);
        assert_eq!(&*processors.pick(Instant::now()).unwrap().url, "http://b:1");
        processors.call_ended("http://a:1", CallEnd::Succeeded, Instant::now());
    }
}

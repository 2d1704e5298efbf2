//! The message processors: which of them gets the next call, and of how many records.
//!
//! A call goes to the address with the fewest calls in flight that may have one more. Each address learns for itself
//! how many calls ([`Concurrency`]) of how many records ([`BatchSize`]) it may have, so a slow processor
//! has little and keeps no other idle.
//!
//! A processor whose last call failed backs off: it gets no call for a while, then a single call with one record,
//! the probe. While the probe runs it gets nothing else. If the probe succeeds, or a call that began before the
//! failure, the processor is used like the others again. If the probe fails, the wait doubles, up to a second.
//!
//! Example with processors a and b:
//!
//! | what happens | calls to a | calls to b |
//! | --- | --- | --- |
//! | both work | as many as it may have | as many as it may have |
//! | a call to a fails | none for 25 to 50 ms | the same |
//! | the wait is over | one, with one record | the same |
//! | the probe fails | none for 50 to 100 ms, then a probe; the wait grows up to 1 s | the same |
//! | the probe succeeds | as many as it may have | the same |
//!
//! Processors come and go. One that has left gets no call any more, and its calls in flight may end, for as long as a
//! processor may take to stop ([`GRACE`]), where that is known. If it comes back, nothing is known of it.

mod address_file;
mod call;
mod processor;
mod sink;
mod url;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::metrics;

pub(crate) use call::{Call, CallEnd, CallId, Work};
pub(crate) use sink::{Sink, resolve};

use processor::Processor;

/// How long calls to a processor that has left may take to end: longer than a processor takes to finish them, which is
/// its `SHUTDOWN_GRACE`, 25 s by default. A call that has not ended then never will, and its records must not wait.
const GRACE: Duration = Duration::from_secs(30);

/// All known processors by their URL.
#[derive(Debug)]
pub(crate) struct Processors {
    processors: BTreeMap<Arc<str>, Processor>,
    timeout: Duration,
    /// How long calls to a processor that has left may take to end.
    grace: Duration,
    /// The most records of one call.
    batch_max: usize,
    /// The most calls at once to one address.
    max_calls: usize,
    /// How many calls were handed out so far.
    calls_made: u64,
}

impl Processors {
    /// Without processors at first. Each address gets at most `max_calls` calls at once, each of at most
    /// `batch_max` records and with this `timeout`. Calls to a processor that has left end no sooner than others.
    pub(crate) fn new(timeout: Duration, batch_max: usize, max_calls: usize) -> Self {
        let (processors, grace) = (BTreeMap::new(), timeout);
        Self { processors, timeout, grace, batch_max, max_calls, calls_made: 0 }
    }

    /// With the word of whoever starts and stops the processors: one that has left is gone after the [`GRACE`].
    /// DNS gives no such word: an address may be missing from one answer and be back in the next.
    pub(crate) fn with_grace(self) -> Self {
        Self { grace: GRACE.min(self.timeout), ..self }
    }

    /// Replaces the list of processors. Connections to those that stay are kept.
    pub(crate) fn update(&mut self, urls: &[String]) {
        let gone = |known: &str| !urls.iter().any(|url| url == known);
        for (url, processor) in self.processors.extract_if(.., |known, _| gone(known)) {
            processor.has_left.cancel();
            metrics::calls_allowed(&url, 0);
        }
        for url in urls {
            if !self.processors.contains_key(url.as_str()) {
                match Processor::new(url, self.batch_max, self.max_calls, self.calls_made) {
                    Ok(processor) => {
                        metrics::calls_allowed(url, processor.concurrency.calls());
                        self.processors.insert(url.as_str().into(), processor);
                    }
                    Err(error) => tracing::warn!(url, %error, "invalid address of a processor"),
                }
            }
        }
    }

    /// A call to the processor with the fewest calls in flight. Among equals it is the one whose last call
    /// is the longest ago. `None` while all of them back off or have as many calls as they may.
    pub(crate) fn pick(&mut self, now: Instant) -> Option<Call> {
        let available = self.processors.iter_mut().filter(|(_, it)| !it.backs_off(now));
        let free = available.filter(|(_, it)| it.may_be_called());
        let (url, processor) = free.min_by_key(|(_, it)| (it.calls_in_flight, it.last_call))?;
        self.calls_made += 1;
        processor.calls_in_flight += 1;
        processor.last_call = self.calls_made;
        processor.probe = processor.has_failed().then_some(self.calls_made);
        let most_records = if processor.probe.is_some() { 1 } else { processor.size.records() };
        let at_once = processor.calls_in_flight;
        let id = CallId { url: url.clone(), number: self.calls_made, at_once };
        Some(Call {
            id,
            most_records,
            client: processor.client.clone(),
            timeout: self.timeout,
            grace: self.grace,
            processor_has_left: processor.has_left.clone(),
            _counted: processor.counter.begin(),
        })
    }

    /// When the first processor that backs off may be called again. A processor with a probe in flight does not
    /// count: the end of its call decides.
    pub(crate) fn next_attempt_at(&self) -> Option<Instant> {
        let unprobed = self.processors.values().filter(|it| it.probe.is_none());
        unprobed.filter_map(|it| it.backs_off_until).min()
    }

    /// Whether no processor does its work: the last calls to each have failed, and no call that began before
    /// is still in flight. Not if there is none.
    pub(crate) fn all_have_failed(&self) -> bool {
        let has_failed =
            |it: &Processor| it.has_failed() && (it.calls_in_flight == 0 || it.probe.is_some());
        !self.processors.is_empty() && self.processors.values().all(has_failed)
    }

    /// How many processors are known, and how many of them have answered the last call.
    pub(crate) fn known_and_answering(&self) -> (usize, usize) {
        let answering = self.processors.values().filter(|it| it.answers).count();
        (self.processors.len(), answering)
    }

    /// Learns from how a call ended, unless its processor has left since.
    pub(crate) fn call_ended(&mut self, call: &CallId, how: CallEnd, work: Work, now: Instant) {
        let processor = self.processors.get_mut(&call.url);
        let Some(processor) = processor.filter(|it| call.number > it.came_after) else { return };
        let allowed = processor.concurrency.calls();
        match how {
            CallEnd::Succeeded => processor.succeeded(call, work, now),
            CallEnd::Refused | CallEnd::Overloaded | CallEnd::Unanswered => {
                processor.failed(call.number, how, now);
            }
        }
        processor.calls_in_flight = processor.calls_in_flight.saturating_sub(1);
        processor.probe = processor.probe.filter(|probe| *probe != call.number);
        processor.answers = how != CallEnd::Unanswered;
        if processor.concurrency.calls() != allowed {
            metrics::calls_allowed(&call.url, processor.concurrency.calls());
        }
    }
}

#[cfg(test)]
mod tests {
    use tonic::Status;

    use super::*;

    fn processors(urls: &[&str]) -> Processors {
        let mut processors = Processors::new(Duration::from_secs(1), 500, 2);
        processors.update(&urls.iter().map(|url| (*url).to_owned()).collect::<Vec<_>>());
        processors
    }

    fn end(processors: &mut Processors, call: &Call, how: CallEnd, now: Instant) {
        let took = Duration::from_millis(1);
        let work = Work { records: 1, accepted: 1, took, others_wait: true };
        processors.call_ended(&call.id, how, work, now);
    }

    /// Makes a call to each of the processors that are free, and ends it.
    fn fail_all(processors: &mut Processors, how: &[(&str, CallEnd)], now: Instant) {
        let calls: Vec<_> = how.iter().map(|_| processors.pick(now).unwrap()).collect();
        for call in calls {
            let (_, how) = how.iter().find(|(url, _)| **url == *call.id.url).unwrap();
            end(processors, &call, *how, now);
        }
    }

    #[tokio::test]
    async fn every_processor_gets_its_share_of_calls_and_no_more() {
        let mut processors = processors(&["http://a:1", "http://b:1"]);
        let now = Instant::now();
        let urls: Vec<_> =
            (0..9).filter_map(|_| processors.pick(now)).map(|call| call.id.url).collect();
        let on_a = urls.iter().filter(|url| ***url == *"http://a:1").count();
        assert_eq!((urls.len(), on_a), (4, 2));
    }

    #[tokio::test]
    async fn processors_without_calls_get_the_next_call_in_turn() {
        let mut processors = processors(&["http://a:1", "http://b:1"]);
        let now = Instant::now();
        let mut call = || {
            let call = processors.pick(now).unwrap();
            end(&mut processors, &call, CallEnd::Succeeded, now);
            call.id.url
        };
        let (first, second, third) = (call(), call(), call());
        assert_ne!(first, second);
        assert_eq!(first, third);
    }

    #[tokio::test]
    async fn a_processor_that_failed_backs_off_and_then_gets_a_single_call() {
        let mut processors = processors(&["http://a:1"]);
        let now = Instant::now();
        let call = processors.pick(now).unwrap();
        end(&mut processors, &call, CallEnd::Unanswered, now);
        assert!(processors.pick(now).is_none());
        let later = processors.next_attempt_at().unwrap();
        assert!(later > now);
        assert!(processors.all_have_failed());
        let probe = processors.pick(later).unwrap();
        assert_eq!((probe.most_records, processors.next_attempt_at()), (1, None));
        assert!(processors.all_have_failed());
        assert!(processors.pick(later).is_none());
        end(&mut processors, &probe, CallEnd::Succeeded, later);
        assert!(!processors.all_have_failed());
        assert!(processors.pick(later).is_some());
        assert!(processors.pick(later).is_some());
    }

    #[tokio::test]
    async fn calls_that_fail_together_are_one_failure() {
        let mut processors = processors(&["http://a:1"]);
        let now = Instant::now();
        let [first, second] = [(); 2].map(|()| processors.pick(now).unwrap());
        end(&mut processors, &first, CallEnd::Unanswered, now);
        let next = processors.processors.values().next().unwrap().backs_off_until;
        end(&mut processors, &second, CallEnd::Unanswered, now);
        assert_eq!(processors.next_attempt_at(), next);
    }

    /// As behind a gateway that refuses what is too much for the processors behind it.
    #[tokio::test]
    async fn a_refused_call_among_others_that_succeed_is_no_failure_of_the_processor() {
        let mut processors = processors(&["http://a:1"]);
        let now = Instant::now();
        let [first, second] = [(); 2].map(|()| processors.pick(now).unwrap());
        end(&mut processors, &first, CallEnd::Refused, now);
        assert!(!processors.all_have_failed());
        end(&mut processors, &second, CallEnd::Succeeded, now);
        assert!(!processors.all_have_failed());
        assert!(processors.pick(now).is_some(), "it does not back off");
    }

    #[tokio::test]
    async fn while_one_backs_off_the_others_get_its_calls() {
        let mut processors = processors(&["http://a:1", "http://b:1"]);
        let now = Instant::now();
        let failed = processors.pick(now).unwrap();
        end(&mut processors, &failed, CallEnd::Unanswered, now);
        for _ in 0..2 {
            assert_ne!(processors.pick(now).unwrap().id.url, failed.id.url);
        }
        assert!(!processors.all_have_failed());
    }

    /// What one processor works on for long does not keep the others idle.
    #[tokio::test]
    async fn a_processor_that_answers_nothing_leaves_all_other_calls_to_the_others() {
        let mut processors = processors(&["http://a:1", "http://b:1"]);
        let now = Instant::now();
        let mut on_a = 0;
        for _ in 0..100 {
            let call = processors.pick(now).unwrap();
            if &*call.id.url == "http://a:1" {
                on_a += 1;
            } else {
                end(&mut processors, &call, CallEnd::Succeeded, now);
            }
        }
        assert_eq!(on_a, 1);
    }

    #[tokio::test]
    async fn a_processor_that_answers_with_an_error_is_no_processor_that_cannot_be_reached() {
        let mut processors = processors(&["http://a:1", "http://b:1"]);
        assert_eq!(processors.known_and_answering(), (2, 0));
        let answered: Result<(), _> = Err(Status::unavailable("the table is away"));
        let mut unreachable = Status::unavailable("no route");
        unreachable.set_source(Arc::new(std::io::Error::other("no route")));
        let (late, now) = (Status::deadline_exceeded("too late"), Instant::now());
        let on_a = ("http://a:1", CallEnd::of(&answered));
        let on_b = ("http://b:1", CallEnd::of::<()>(&Err(unreachable)));
        fail_all(&mut processors, &[on_a, on_b], now);
        assert_eq!(processors.known_and_answering(), (2, 1));
        let (on_a, later) =
            (("http://a:1", CallEnd::of::<()>(&Err(late))), now + Duration::from_secs(1));
        fail_all(&mut processors, &[on_a, on_b], later);
        assert_eq!(processors.known_and_answering(), (2, 0));
    }

    fn update(processors: &mut Processors, urls: &[&str]) {
        processors.update(&urls.iter().map(|url| (*url).to_owned()).collect::<Vec<_>>());
    }

    #[tokio::test]
    async fn processors_come_and_go() {
        let mut processors = processors(&["http://a:1"]);
        let gone = processors.pick(Instant::now()).unwrap();
        update(&mut processors, &["http://b:1"]);
        assert_eq!(&*processors.pick(Instant::now()).unwrap().id.url, "http://b:1");
        end(&mut processors, &gone, CallEnd::Succeeded, Instant::now());
    }

    #[tokio::test]
    async fn without_any_processor_none_has_failed_and_the_first_that_comes_is_called_at_once() {
        let mut processors = processors(&["http://a:1"]);
        let now = Instant::now();
        let call = processors.pick(now).unwrap();
        end(&mut processors, &call, CallEnd::Unanswered, now);
        assert!(processors.all_have_failed());
        update(&mut processors, &[]);
        assert!(!processors.all_have_failed());
        assert!(processors.pick(now).is_none());
        assert_eq!(processors.next_attempt_at(), None);
        update(&mut processors, &["http://b:1"]);
        assert!(processors.pick(now).is_some());
    }

    /// It may be another processor, and calls from before say nothing about it.
    #[tokio::test]
    async fn a_processor_that_comes_back_starts_fresh() {
        let mut processors = processors(&["http://a:1"]);
        let now = Instant::now();
        let [failed, late] = [(); 2].map(|()| processors.pick(now).unwrap());
        end(&mut processors, &failed, CallEnd::Unanswered, now);
        update(&mut processors, &[]);
        update(&mut processors, &["http://a:1"]);
        let new = processors.pick(now).unwrap();
        assert!(late.processor_has_left.is_cancelled() && !new.processor_has_left.is_cancelled());
        end(&mut processors, &late, CallEnd::Unanswered, now);
        assert!(!processors.all_have_failed());
        assert_eq!(processors.processors["http://a:1"].calls_in_flight, 1);
        end(&mut processors, &new, CallEnd::Succeeded, now);
        assert_eq!(processors.processors["http://a:1"].calls_in_flight, 0);
    }
}

//! One address: what it may get, and what is known of it.

use std::time::{Duration, Instant};

use barrage::retry::Backoff;
use proto::message_processor_client::MessageProcessorClient;
use tokio_util::sync::CancellationToken;
use tonic::transport::{Channel, Endpoint, Error};

use super::call::{CallEnd, CallId, Work};
use crate::batch::{BatchSize, Load};
use crate::concurrency::{Answer, Concurrency};
use crate::metrics::CallCounter;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
const KEEP_ALIVE: Duration = Duration::from_secs(5);

#[derive(Debug)]
pub(super) struct Processor {
    pub(super) client: MessageProcessorClient<Channel>,
    pub(super) concurrency: Concurrency,
    pub(super) size: BatchSize,
    /// Calls up to this number were made before it came: to a processor that had the same address.
    pub(super) came_after: u64,
    /// Is cancelled when it leaves.
    pub(super) has_left: CancellationToken,
    /// Since it came. The counter also has those to a processor that had the address before.
    pub(super) calls_in_flight: usize,
    pub(super) counter: CallCounter,
    /// The number of its last call, counted over all processors: the round robin among equals.
    pub(super) last_call: u64,
    backoff: Backoff,
    /// The number of its last call when a call failed. The other calls of that time may fail for the same reason.
    failed_after: u64,
    /// The number of the probe that is in flight.
    pub(super) probe: Option<u64>,
    /// It gets no call before this time, because a call has failed.
    pub(super) backs_off_until: Option<Instant>,
    /// Whether it has answered the last call, if only with an error.
    pub(super) answers: bool,
}

impl Processor {
    pub(super) fn new(
        url: &str,
        batch_max: usize,
        max_calls: usize,
        came_after: u64,
    ) -> Result<Self, Error> {
        let channel = Endpoint::from_shared(url.to_owned())?
            .connect_timeout(CONNECT_TIMEOUT)
            .http2_keep_alive_interval(KEEP_ALIVE)
            .keep_alive_timeout(KEEP_ALIVE)
            .tcp_nodelay(true)
            .connect_lazy();
        Ok(Self {
            client: MessageProcessorClient::new(channel),
            concurrency: Concurrency::new(max_calls),
            size: BatchSize::new(batch_max),
            came_after,
            has_left: CancellationToken::new(),
            calls_in_flight: 0,
            counter: CallCounter::new(url),
            last_call: 0,
            backoff: Backoff::new(Duration::from_millis(50), Duration::from_secs(1)),
            failed_after: 0,
            probe: None,
            backs_off_until: None,
            answers: false,
        })
    }

    pub(super) fn succeeded(&mut self, call: &CallId, work: Work, now: Instant) {
        self.backoff.reset();
        self.backs_off_until = None;
        let Work { records, accepted, took, others_wait } = work;
        let answer = Answer {
            number: call.number,
            took,
            expected: self.size.expected(records),
            is_limiting: others_wait && self.calls_in_flight >= self.concurrency.calls(),
            is_busy: self.size.is_busy(),
        };
        self.concurrency.answered(answer, self.last_call, now);
        let calls = call.at_once.max(self.calls_in_flight);
        self.size.succeeded(Load { records, accepted, took, calls });
    }

    pub(super) fn failed(&mut self, number: u64, how: CallEnd, now: Instant) {
        if number <= self.failed_after {
            return;
        }
        self.failed_after = self.last_call;
        self.backs_off_until = Some(now + self.backoff.next_wait());
        if how == CallEnd::Unanswered {
            self.concurrency.start_again();
            self.size.start_again();
        } else if self.concurrency.refused(number, self.last_call, now) {
            if how == CallEnd::Overloaded {
                self.size.overloaded();
            } else {
                self.size.start_again();
            }
        }
    }

    /// Whether its last call has failed.
    pub(super) fn has_failed(&self) -> bool {
        self.backoff.failures() > 0
    }

    pub(super) fn backs_off(&self, now: Instant) -> bool {
        self.backs_off_until.is_some_and(|until| now < until)
    }

    /// Whether it may have one more call: only the probe if its last call has failed, whatever calls from before are
    /// still in flight. One address may hide many processors, and some of them may never answer.
    pub(super) fn may_be_called(&self) -> bool {
        if self.has_failed() {
            self.probe.is_none()
        } else {
            self.calls_in_flight < self.concurrency.calls()
        }
    }
}

//! One call to a message processor: what it sends, how it ended, and what it had to do.

use std::error::Error as _;
use std::sync::Arc;
use std::time::Duration;

use barrage::retry::pause;
use proto::message_processor_client::MessageProcessorClient;
use proto::{Outcome, ProcessBatchRequest, Record};
use tokio_util::sync::CancellationToken;
use tonic::transport::Channel;
use tonic::{Code, Status};

use crate::metrics::CallInFlight;

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CallEnd {
    Succeeded,
    /// The processor has answered with an error.
    Refused,
    /// The processor has answered that this is too much: too many calls, or too large ones.
    Overloaded,
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
            Err(status) if matches!(status.code(), Code::ResourceExhausted | Code::OutOfRange) => {
                Self::Overloaded
            }
            Err(_) => Self::Refused,
        }
    }
}

/// A call that is ready to be made.
pub(crate) struct Call {
    pub(crate) id: CallId,
    /// How many records it may have. One is enough to test a processor that has failed.
    pub(crate) most_records: usize,
    pub(super) client: MessageProcessorClient<Channel>,
    pub(super) timeout: Duration,
    /// How long it may take once its processor has left.
    pub(super) grace: Duration,
    pub(super) processor_has_left: CancellationToken,
    pub(super) _counted: CallInFlight,
}

/// Which call it is.
#[derive(Clone, Debug)]
pub(crate) struct CallId {
    pub(crate) url: Arc<str>,
    /// The calls are numbered in the order of their starts.
    pub(super) number: u64,
    /// How many calls the address had then, with this one.
    pub(super) at_once: usize,
}

/// What a call had to do.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Work {
    pub(crate) records: usize,
    /// How many of them were not rejected.
    pub(crate) accepted: usize,
    pub(crate) took: Duration,
    /// Whether records wait for a call, now that it has ended.
    pub(crate) others_wait: bool,
}

impl Call {
    /// Sends the records. `Ok` has one outcome for each record, in order.
    pub(crate) async fn send(&mut self, records: Vec<Record>) -> Result<Vec<Outcome>, Status> {
        let count = records.len();
        let response = self.client.process_batch(ProcessBatchRequest { records });
        let response = tokio::time::timeout(self.timeout, response);
        let response = unless_left(&self.processor_has_left, self.grace, response).await;
        let given_up = || Status::cancelled("the processor has left, and did not answer any more");
        let response = response.ok_or_else(given_up)?;
        let late = |_| Status::deadline_exceeded("the processor did not answer in time");
        let response = response.map_err(late)??;
        let outcomes = response.into_inner().outcomes;
        if outcomes.len() == count {
            return Ok(outcomes);
        }
        let text = format!("{} outcomes for {count} records", outcomes.len());
        Err(Status::failed_precondition(text))
    }
}

/// What the call returns; `None` if the processor has left this long ago.
async fn unless_left<T>(
    has_left: &CancellationToken,
    grace: Duration,
    call: impl Future<Output = T>,
) -> Option<T> {
    let given_up = async {
        has_left.cancelled().await;
        pause(grace).await;
    };
    tokio::select! { biased;
        result = call => Some(result),
        () = given_up => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_call_to_a_processor_that_left_may_end_but_is_given_up_after_the_grace() {
        let (has_left, soon) = (CancellationToken::new(), Duration::from_millis(5));
        let answer = async {
            pause(soon).await;
            "stored"
        };
        assert_eq!(unless_left(&has_left, Duration::ZERO, answer).await, Some("stored"));
        has_left.cancel();
        assert_eq!(
            unless_left(&has_left, Duration::ZERO, async { "stored" }).await,
            Some("stored")
        );
        let never = std::future::pending::<&str>();
        assert_eq!(unless_left(&has_left, soon, never).await, None);
    }
}

//! Asks Kafka again while it elects a leader.

use rdkafka::{error::KafkaError, types::RDKafkaErrorCode as Code};

use super::{PATIENCE, blocking};
use crate::eventually::within;

/// Asks until there is an answer; panics with `what` when none comes. A topic that was just made has no
/// leader at first, and one that is deleted goes partition by partition.
pub(super) async fn patiently<T: Send + 'static>(
    what: &str,
    ask: impl Fn() -> Result<T, KafkaError> + Copy + Send + 'static,
) -> T {
    let mut answer = None;
    within(PATIENCE, what, async || {
        answer = match blocking(ask).await {
            Err(error) if passes(&error) => None,
            answer => Some(answer.expect(what)),
        };
        answer.is_some()
    })
    .await;
    answer.expect(what)
}

fn passes(error: &KafkaError) -> bool {
    matches!(
        error.rdkafka_error_code(),
        Some(
            Code::NotLeaderForPartition
                | Code::LeaderNotAvailable
                | Code::UnknownTopicOrPartition
                | Code::UnknownPartition
        )
    )
}

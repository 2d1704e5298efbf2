//! How a message is named, and where it lies in Kafka.

use std::fmt;

use serde::Deserialize;
use uuid::Uuid;

/// Names a message wherever it is: in Kafka, in the table, on the page. Every message of a burst has its own.
///
/// What homepages send has a UUID as its burst. Others may send any text to Kafka: `MessageId<String>`.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct MessageId<Burst = Uuid> {
    /// A message that was sent by itself is a burst of one.
    pub burst: Burst,
    pub sender: u32,
    /// From 1, without gaps within a sender.
    pub seq: u64,
}

/// Where a record lies in its topic.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd)]
pub struct Position {
    pub partition: i32,
    pub offset: i64,
}

impl<Burst: fmt::Display> fmt::Display for MessageId<Burst> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.burst, self.sender, self.seq)
    }
}

/// The messages that do not lie before the next message of their sender.
///
/// All messages of one sender go to one partition, so a next message in another partition counts too. For example,
/// with messages 1, 2 and 3 at the offsets 10, 9 and 12, message 1 is out of order.
pub fn out_of_order<Burst: Clone + Ord>(
    messages: impl IntoIterator<Item = (MessageId<Burst>, Position)>,
) -> Vec<MessageId<Burst>> {
    let mut messages: Vec<_> = messages.into_iter().collect();
    messages.sort_unstable();
    let is_wrong = |pair: &&[(MessageId<Burst>, Position)]| {
        let [(id, position), (next, next_position)] = [&pair[0], &pair[1]];
        let is_before =
            position.partition == next_position.partition && position.offset < next_position.offset;
        (&id.burst, id.sender) == (&next.burst, next.sender) && !is_before
    };
    messages.windows(2).filter(is_wrong).map(|pair| pair[0].0.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn out_of_order_of(messages: &[(u32, u64, i32, i64)]) -> Vec<(u32, u64)> {
        let message = |(sender, seq, partition, offset): &(u32, u64, i32, i64)| {
            let id = MessageId { burst: Uuid::nil(), sender: *sender, seq: *seq };
            (id, Position { partition: *partition, offset: *offset })
        };
        out_of_order(messages.iter().map(message)).iter().map(|id| (id.sender, id.seq)).collect()
    }

    #[test]
    fn a_message_behind_the_next_one_of_its_sender_is_out_of_order() {
        assert_eq!(out_of_order_of(&[(1, 2, 0, 0), (1, 1, 0, 1), (1, 3, 0, 2)]), [(1, 1)]);
        assert_eq!(out_of_order_of(&[(1, 3, 0, 5), (1, 4, 0, 4)]), [(1, 3)]);
        assert_eq!(out_of_order_of(&[(1, 1, 0, 5), (1, 2, 1, 9)]), [(1, 1)]);
    }

    #[test]
    fn a_message_that_lies_there_again_behind_a_later_one_is_out_of_order() {
        assert_eq!(out_of_order_of(&[(1, 1, 0, 0), (1, 2, 0, 1), (1, 1, 0, 2)]), [(1, 1)]);
    }

    #[test]
    fn senders_have_no_order_among_each_other() {
        assert_eq!(out_of_order_of(&[(1, 1, 0, 9), (2, 2, 0, 1), (2, 3, 0, 7)]), []);
    }
}

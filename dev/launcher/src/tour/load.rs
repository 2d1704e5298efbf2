//! What the tour sends: so much that a few processors are wanted, and not more than a laptop can serve.

use serde_json::{Value, json};

/// How many processors the load needs, where so many are allowed.
const NEEDED: u16 = 3;

/// What a message costs where this is enough, and the most that the load may take, in milliseconds.
const LEAST_COST_MS: f64 = 100.0;
const MOST_COST_MS: f64 = 500.0;

/// Messages per second. A debug build on two cores serves so many, and people can still read some of them.
const MOST_RATE: f64 = 400.0;

/// The limits of `POST /bursts`.
const MOST_SENDERS: f64 = 100.0;

/// The first message of each round.
const FIRST: [&str; 2] = ["Hello! I wake a processor", "你好！我唤醒一个处理器"];

/// Each is a burst of its own, so that not all of the wall says the same.
const TEXTS: [&str; 6] = [
    "Hello, everybody!",
    "大家好！",
    "More messages, more processors",
    "消息越多，处理器越多",
    "Nothing to do? Back to zero",
    "没有消息？缩容到零",
];

/// What each message costs, and how many come.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Load {
    /// Milliseconds, 100 to 500.
    pub(super) cost_ms: u32,
    /// Senders of each burst. Each of them sends a message a second.
    senders: u32,
    seconds: u64,
}

impl Load {
    /// So much that three processors are wanted, or `most` if that is less. `target` is the number of calls under way
    /// for which the autoscaler wants a processor.
    ///
    /// An example: with a target of 7, three are wanted for more than 14 and up to 21 calls under way. 17.5 of them
    /// are right in the middle; with 100 ms for each message, these are 175 messages a second.
    pub(super) fn new(target: f64, most: u16, seconds: u64) -> Self {
        let calls = (f64::from(NEEDED.min(most)) - 0.5) * target;
        let cost_ms = (calls / MOST_RATE * 1000.0).clamp(LEAST_COST_MS, MOST_COST_MS).round();
        let rate = (calls / cost_ms * 1000.0).min(MOST_RATE);
        let senders = (rate / TEXTS.len() as f64).ceil().clamp(1.0, MOST_SENDERS);
        // Whole, and small.
        Self { cost_ms: cost_ms as u32, senders: senders as u32, seconds }
    }

    /// The bodies of `POST /bursts`.
    pub(super) fn bursts(&self) -> impl Iterator<Item = Value> + Send + use<> {
        let Self { senders, seconds, .. } = *self;
        let burst = move |text| json!({ "message": text, "concurrency": senders, "rate": 1, "duration": seconds });
        TEXTS.into_iter().map(burst)
    }
}

/// The first message of a round.
pub(super) fn first_message(round: u32) -> &'static str {
    FIRST[round as usize % FIRST.len()]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rate(load: &Load) -> u32 {
        load.senders * TEXTS.len() as u32
    }

    /// Worked out by hand: the target and the most processors, then the cost and the messages per second.
    #[test]
    fn three_processors_are_wanted_where_so_many_are_allowed() {
        let table = [
            // 2.5 × 7 = 17.5 calls: 175 a second of 100 ms, by six bursts of 30 senders.
            (7.0, 4, 100, 180),
            (7.0, 64, 100, 180),
            // 1.5 × 7 = 10.5 calls: 105 a second, by six bursts of 18 senders.
            (7.0, 2, 100, 108),
            // 2.5 × 70 = 175 calls: 400 a second need 437.5 ms, and six bursts of 67 senders.
            (70.0, 4, 438, 402),
            // 2.5 × 0.7 = 1.75 calls: 17.5 a second, by six bursts of 3 senders.
            (0.7, 4, 100, 18),
            // 1,750 calls are more than a laptop can serve: as many as it can.
            (700.0, 4, 500, 402),
        ];
        for (target, most, cost_ms, messages) in table {
            let load = Load::new(target, most, 60);
            assert_eq!((load.cost_ms, rate(&load)), (cost_ms, messages), "{target} {most}");
        }
    }

    #[test]
    fn each_text_is_a_message() {
        let mut texts: Vec<_> = TEXTS.iter().chain(&FIRST).collect();
        assert!(texts.iter().all(|text| (1..=100).contains(&text.chars().count())));
        texts.sort();
        texts.dedup();
        assert_eq!(texts.len(), TEXTS.len() + FIRST.len());
        assert_eq!([1, 2, 3].map(first_message), [FIRST[1], FIRST[0], FIRST[1]]);
    }

    proptest! {
        /// Wherever the laptop can serve it, the autoscaler wants as many processors as the load needs, and none more.
        #[test]
        fn a_load_wants_two_or_three_processors(concurrency in 4u32..=100, most in 2u16..=64) {
            let target = f64::from(concurrency) * 0.7;
            let load = Load::new(target, most, 60);
            let calls = f64::from(rate(&load)) * f64::from(load.cost_ms) / 1000.0;
            prop_assert_eq!((calls / target).ceil() as u16, most.min(NEEDED));
            prop_assert!((100..=500).contains(&load.cost_ms) && rate(&load) <= 405);
        }
    }
}

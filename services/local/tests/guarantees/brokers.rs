//! Kafka dies, or the way to it does.

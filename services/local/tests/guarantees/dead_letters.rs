//! The way of a dead letter is broken.

//! Tests that measure. They run one at a time, because a second test would change their figures.

mod front_door;
mod scaling;
mod tracing;
mod viewers;

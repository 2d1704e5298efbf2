//! The tracing endpoint is down, slow, or silent.

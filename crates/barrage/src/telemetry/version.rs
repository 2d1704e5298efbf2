//! Which version a service reports in its spans and metrics.

/// All crates have the same version.
pub(super) const VERSION: &str = env!("CARGO_PKG_VERSION");

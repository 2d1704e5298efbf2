//! What `cargo demo` and `cargo verify` share.

pub mod cargo;

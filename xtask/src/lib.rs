//! What `cargo demo`, `cargo xtask` and the end-to-end tests share.

pub mod cargo;
pub mod generated;
pub mod variables;

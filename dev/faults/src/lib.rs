//! What tests put between real processes to break their path.

pub mod disk;
pub mod processor_proxy;
pub mod table_proxy;
pub mod tcp_proxy;
pub mod viewers;

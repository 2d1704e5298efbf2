//! What tests put between real processes to break their path.

pub mod crowd;
pub mod disk;
pub mod processor_front;
pub mod proxy;
pub mod table_front;

//! One machine: what the launcher, the measurements and the whole-path tests share.
//!
//! Nothing here knows a service or a stand-in but as a process. The stand-ins' engines stay in
//! their own binaries: each brings its own SQLite, and one binary cannot hold both.

pub mod backend;
pub mod bench;
pub mod eventually;
pub mod folder_lock;
pub mod guard;
pub mod homepage;
pub mod log;
pub mod plan;
pub mod port;
pub mod process;
pub mod real;
pub mod signals;
pub mod stack;
pub mod stand_in;

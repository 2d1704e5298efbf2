//! What every program of a stack needs: a port, a folder that only it uses, signals, child processes and
//! their logs.

pub mod child;
pub mod folder_lock;
pub mod guard;
pub mod log;
pub mod port;
pub mod signals;
pub mod stand_in;

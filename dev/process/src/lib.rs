//! Child processes as a launcher and tests need them. It knows nothing of Barrage.
//!
//! A [`Port`](port::Port) is reserved first, so that everybody knows it before the process starts. A
//! [`Spec`](child::Spec) says what to run there. [`Process::spawn`](child::Process::spawn) starts it, reads
//! its output into a [`Log`](log::Log), and `ready()` waits for its first line on stdout. Dropping
//! the `Process` kills it.
//!
//! ```no_run
//! # async fn example(folder: &std::path::Path) -> Result<(), Box<dyn std::error::Error>> {
//! use process::{child::{Process, Spec}, death_signal::DeathSignal, log::Log, port::Port};
//!
//! let log = Log::open(folder, "table", false)?;
//! let spec = Spec::new("table", "/programs/table".into(), folder, Port::reserve(0)?, DeathSignal::find());
//! let mut table = Process::spawn(&spec, &log)?;
//! println!("{}", table.ready().await?);
//! # Ok(()) }
//! ```

pub mod child;
pub mod death_signal;
pub mod folder_lock;
pub mod log;
pub mod port;
pub mod signals;

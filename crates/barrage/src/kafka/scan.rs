//! Reads a range of a topic once, without joining a group: what was in it, when nobody noted it at the time.
//!
//! [`Scanner`] has the one loop. On top of it stand three questions: [`EventIds`] (which event is at which
//! offset), [`RecordCounter`] (how many records have a key that begins so), and [`RecordFinder`] (at which
//! offset is this record).

mod event_ids;
mod record_counter;
mod record_finder;
mod scanner;

pub use event_ids::EventIds;
pub use record_counter::{RecordCount, RecordCounter};
pub(super) use record_finder::RecordFinder;

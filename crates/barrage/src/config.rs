//! Configuration by environment variables, which are the public contract of a service.
//!
//! A [`Variable`] declares a variable once: its default, what its value must be, and what it is for.
//! Reading it with a [`Reader`] also lists it for `--help`, so no second list exists: a new variable is one
//! declaration, one read and the field that holds its value.

mod error;
mod listen;
mod misspelt;
mod reader;
mod values;
mod variable;
mod vars;

pub use error::{Faults, VarError};
pub use listen::Listen;
pub use misspelt::warn_of_misspelt;
pub use reader::{Reader, parse, variables_of};
pub use values::{Endpoint, Instance, Ratio, Seconds, Secret};
pub use variable::{Variable, help, wants_health, wants_help};
pub use vars::Vars;

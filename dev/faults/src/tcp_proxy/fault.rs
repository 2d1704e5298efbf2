//! What can be wrong with a connection, and with whose.

use std::time::Duration;

use client::CLIENT_ID;

/// What is wrong with a connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fault {
    #[default]
    None,
    /// Each chunk of bytes arrives this much later.
    Delay(Duration),
    /// Connections stay open and new ones are accepted, but no byte arrives, as when packets are dropped.
    /// What was sent meanwhile arrives when the fault ends.
    BlackHole,
    /// Connections are closed, and new ones as soon as they are made.
    Cut,
}

/// The fault of each client. Where several entries fit a client's name, the newest one counts.
#[derive(Clone, Debug, Default)]
pub(super) struct Faults(Vec<(String, Fault)>);

impl Faults {
    /// Sets the fault of all clients whose name starts with `client`.
    pub(super) fn set(&mut self, client: &str, fault: Fault) {
        self.0.retain(|(known, _)| !known.starts_with(client));
        self.0.push((client.to_owned(), fault));
    }

    /// The fault of a client. The tests' own clients never have one.
    pub(super) fn of(&self, client: &str) -> Fault {
        let matching = self.0.iter().rev().find(|(known, _)| client.starts_with(known.as_str()));
        let fault = matching.map(|(_, fault)| *fault).unwrap_or_default();
        if client.starts_with(CLIENT_ID) { Fault::None } else { fault }
    }
}

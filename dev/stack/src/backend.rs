//! What stands behind the services of a stack: the stand-ins, or what others have written.

use std::{env, io, net::SocketAddr};

use process::child::Spec;

use crate::{
    plan::name::{BROKER, TABLE},
    real::{
        Broker, NotFetched, Real, Table,
        guarded::{Door, User},
    },
};

/// The variable by which whoever runs tests or measures says which of them it shall be.
pub const VARIABLE: &str = "BARRAGE_BACKEND";

/// What stands behind the services of a stack.
#[derive(Clone, Debug)]
pub enum Backend {
    /// The stand-ins: nothing is needed but what is built here.
    StandIns,
    /// Apache Kafka and Dynalite, as processes like any others.
    Real(Real),
    /// The same, but these come by SCRAM over TLS, the services by the users that have their names.
    Guarded(Real, Vec<User>),
}

/// Why it cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The variable has another value.
    #[error("{VARIABLE}: expected stand-ins or real, saw {0:?}")]
    Unknown(String),
    /// It is not there.
    #[error(transparent)]
    NotFetched(#[from] NotFetched),
}

impl Backend {
    /// What was asked for by [`VARIABLE`]; the stand-ins without it. This is the one place that reads it.
    ///
    /// # Errors
    /// When it is no such word, or what was asked for is not there.
    pub fn asked_for() -> Result<Self, Error> {
        let word = env::var_os(VARIABLE).unwrap_or_default();
        match word.to_string_lossy().as_ref() {
            "" | "stand-ins" => Ok(Self::StandIns),
            "real" => Ok(Self::Real(Real::of_this_user()?)),
            other => Err(Error::Unknown(other.into())),
        }
    }

    /// Makes the broker and the table of a plan those that are wanted, and tells the services how to come in.
    ///
    /// # Errors
    /// When their files cannot be written, or there is no port.
    pub(crate) fn furnish(&self, specs: &mut [Spec]) -> io::Result<()> {
        if let Self::Real(real) | Self::Guarded(real, _) = self {
            for table in specs.iter_mut().filter(|spec| spec.name == TABLE) {
                let folder = table.folder.join(TABLE);
                Table { real, folder: &folder }.furnish(table);
            }
        }
        let Some(broker) = specs.iter_mut().find(|spec| spec.name == BROKER) else { return Ok(()) };
        let folder = broker.folder.join(BROKER);
        match self {
            Self::StandIns => Ok(()),
            Self::Real(real) => Broker { real, folder: &folder, door: None }.furnish(broker),
            Self::Guarded(real, users) => {
                let door = Door::new(&folder, users.clone())?;
                Broker { real, folder: &folder, door: Some(&door) }.furnish(broker)?;
                let known: Vec<_> = users.iter().map(|user| door.variables(user)).collect();
                broker.other_ports.push(door.into_port());
                for (user, variables) in users.iter().zip(known) {
                    let services = specs.iter_mut().filter(|spec| spec.name == user.name);
                    services.for_each(|spec| spec.env.extend(variables.clone()));
                }
                Ok(())
            }
        }
    }

    /// The arguments by which its broker tells clients another address than its own: a proxy's.
    pub(crate) fn advertise(&self, address: SocketAddr) -> [String; 2] {
        match self {
            Self::StandIns => ["--advertise".into(), address.to_string()],
            Self::Real(_) | Self::Guarded(..) => Real::advertise(address),
        }
    }
}

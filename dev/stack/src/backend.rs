//! Which broker and table a stack uses: the stand-ins, Apache Kafka and Dynalite, or one of each.

use std::{env, io, net::SocketAddr};

use process::child::Spec;

use crate::{
    plan::name::{BROKER, TABLE},
    real::{Installation, KafkaBroker, NotInstalled, SecureListener, User},
};

/// The variable by which tests and measurements choose the backend: `stand-ins` (default), `real`, or `kafka`.
pub const VARIABLE: &str = "BARRAGE_BACKEND";

/// The broker and the table of a stack.
#[derive(Clone, Debug)]
pub enum Backend {
    /// The stand-ins, which `cargo xtask build` builds.
    StandIns,
    /// Apache Kafka and Dynalite, without users and encryption.
    Real(Installation),
    /// The same, and the services named like one of the users connect by SCRAM over TLS.
    Secure(Installation, Vec<User>),
    /// Like `Real`, but with the stand-in for the table, which is several times as fast as Dynalite.
    Kafka(Installation),
}

/// The backend cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{VARIABLE}: expected stand-ins, real or kafka, saw {0:?}")]
    Unknown(String),
    #[error(transparent)]
    NotInstalled(#[from] NotInstalled),
}

impl Backend {
    /// The backend that [`VARIABLE`] names. No other code reads this variable.
    pub fn from_env() -> Result<Self, Error> {
        let value = env::var_os(VARIABLE).unwrap_or_default();
        match value.to_string_lossy().as_ref() {
            "" | "stand-ins" => Ok(Self::StandIns),
            "real" => Ok(Self::Real(Installation::find()?)),
            "kafka" => Ok(Self::Kafka(Installation::find()?)),
            other => Err(Error::Unknown(other.into())),
        }
    }

    /// Changes the broker and the table of a plan to this backend, and gives the services their users.
    pub(crate) fn configure(&self, specs: &mut [Spec]) -> io::Result<()> {
        if let Self::Real(installation) | Self::Secure(installation, _) = self {
            for table in specs.iter_mut().filter(|spec| spec.name == TABLE) {
                installation.configure_table(table);
            }
        }
        let Some(broker) = specs.iter_mut().find(|spec| spec.name == BROKER) else { return Ok(()) };
        let folder = broker.folder.join(BROKER);
        match self {
            Self::StandIns => Ok(()),
            Self::Real(installation) | Self::Kafka(installation) => {
                KafkaBroker { installation, folder: &folder, secure: None }.configure(broker)
            }
            Self::Secure(installation, users) => {
                let listener = SecureListener::new(&folder, users.clone())?;
                let kafka = KafkaBroker { installation, folder: &folder, secure: Some(&listener) };
                kafka.configure(broker)?;
                let variables: Vec<_> = users.iter().map(|user| listener.variables(user)).collect();
                broker.other_ports.push(listener.into_port());
                for (user, variables) in users.iter().zip(variables) {
                    let services = specs.iter_mut().filter(|spec| spec.name == user.name);
                    services.for_each(|spec| spec.env.extend(variables.clone()));
                }
                Ok(())
            }
        }
    }

    /// Arguments that make the broker tell clients this address: that of a proxy before it.
    pub(crate) fn advertise_args(&self, address: SocketAddr) -> [String; 2] {
        match self {
            Self::StandIns => ["--advertise".into(), address.to_string()],
            Self::Real(_) | Self::Kafka(_) | Self::Secure(..) => {
                KafkaBroker::advertise_args(address)
            }
        }
    }
}

//! The variables that every service has: where it listens, its name, and how long a stop may take.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use super::{Faults, Instance, Reader, Seconds, Variable, Vars};

const HOST: Variable =
    Variable::new("HOST", "0.0.0.0", "an IP address", "The IP address to listen on.");
const PORT: Variable = Variable::new(
    "PORT",
    "8080",
    "0 to 65535",
    "The port to listen on. With 0 the system chooses a free port; the ready line names it.",
);
const INSTANCE: Variable = Variable::optional(
    "INSTANCE",
    "1 to 64 of a-z A-Z 0-9 . _ -",
    "The name of this process. If unset: the host name and a few random letters.",
);
const SHUTDOWN_GRACE: Variable = Variable::new(
    "SHUTDOWN_GRACE",
    "25",
    "seconds, 1 to 3600",
    "How long the service may take to finish its work after SIGTERM.",
);

/// Where a service listens, its name, and how long a stop may take.
#[derive(Clone, Debug)]
pub struct Listen {
    /// With port 0 the system chooses a free port.
    pub address: SocketAddr,
    pub instance: Instance,
    /// The limit from the signal to stop until the process ends.
    pub grace: Duration,
}

impl Listen {
    pub fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let address = Self::read_address(reader);
        let instance = reader.read_optional(&INSTANCE);
        let grace = reader.read::<Seconds>(&SHUTDOWN_GRACE);
        Some(Self {
            address: address?,
            instance: instance?.unwrap_or_else(Instance::of_host),
            grace: grace?.0,
        })
    }

    /// The address alone: problems of all other variables are ignored.
    ///
    /// # Errors
    /// When `HOST` or `PORT` is wrong.
    pub fn address(vars: &Vars) -> Result<SocketAddr, Faults> {
        super::parse(vars, Self::read_address)
    }

    fn read_address(reader: &mut Reader<'_>) -> Option<SocketAddr> {
        let host = reader.read::<IpAddr>(&HOST);
        let port = reader.read(&PORT);
        Some(SocketAddr::new(host?, port?))
    }
}

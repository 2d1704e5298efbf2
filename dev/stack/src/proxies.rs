//! TCP proxies between the processes of a stack.

use std::{ffi::OsString, io, net::SocketAddr};

use faults::{
    table_proxy::TableProxy,
    tcp_proxy::{Fault, TcpProxy},
};
use process::child::Spec;

use crate::{
    backend::Backend,
    plan::name::{BROKER, TABLE},
};

/// One proxy for each pair of processes, but a single one for all clients of the broker.
#[derive(Debug, Default)]
pub(crate) struct Proxies(Vec<Link>);

#[derive(Debug)]
struct Link {
    /// None for the broker's proxy, which knows its clients by their `client.id`.
    from: Option<String>,
    to: String,
    proxy: TcpProxy,
}

impl Proxies {
    /// Puts a proxy wherever a process has the address of another in its variables. A table proxy stays
    /// between these proxies and the table.
    pub(crate) fn between(
        specs: &mut [Spec],
        table_proxy: Option<&TableProxy>,
        backend: &Backend,
    ) -> io::Result<Self> {
        let target = |spec: &Spec| {
            let table_proxy = table_proxy.filter(|_| spec.name == TABLE).map(TableProxy::address);
            (spec.name.clone(), table_proxy.unwrap_or(spec.port.address()))
        };
        let (brokers, others): (Vec<_>, Vec<_>) =
            specs.iter().map(target).partition(|(name, _)| name == BROKER);
        let mut links = Vec::new();
        for (to, address) in brokers {
            let proxy = TcpProxy::for_kafka(address)?;
            for spec in specs.iter_mut() {
                redirect(spec, address, proxy.address());
                if spec.name == to {
                    let advertise = backend.advertise_args(proxy.address());
                    spec.args.extend(advertise.map(OsString::from));
                }
            }
            links.push(Link { from: None, to, proxy });
        }
        for (to, address) in others {
            for spec in specs.iter_mut().filter(|spec| knows(spec, address)) {
                let proxy = TcpProxy::new(address)?;
                redirect(spec, address, proxy.address());
                links.push(Link { from: Some(spec.name.clone()), to: to.clone(), proxy });
            }
        }
        Ok(Self(links))
    }

    /// Sets the fault of all links whose names start so. Panics if there is none.
    pub(crate) fn set(&self, from: &str, to: &str, fault: Fault) {
        let mut changed = 0;
        for link in self.0.iter().filter(|link| link.to.starts_with(to)) {
            match &link.from {
                None => link.proxy.set_for(from, fault),
                Some(name) if name.starts_with(from) => link.proxy.set(fault),
                Some(_) => continue,
            }
            changed += 1;
        }
        assert!(changed > 0, "there is no proxy between {from:?} and {to:?}");
    }

    pub(crate) fn heal(&self) {
        self.0.iter().for_each(|link| link.proxy.set(Fault::None));
    }
}

fn knows(spec: &Spec, address: SocketAddr) -> bool {
    let address = address.to_string();
    spec.env.values().any(|value| value.contains(&address))
}

fn redirect(spec: &mut Spec, from: SocketAddr, to: SocketAddr) {
    for value in spec.env.values_mut() {
        *value = value.replace(&from.to_string(), &to.to_string());
    }
}

//! Proxies between the processes of a stack, where they are asked for.

use std::{ffi::OsString, io, net::SocketAddr};

use faults::{
    table_proxy::TableProxy,
    tcp_proxy::{Fault, TcpProxy},
};
use process::child::Spec;

use super::Stack;
use crate::{
    backend::Backend,
    plan::name::{BROKER, TABLE},
};

/// A proxy on each way from one process to another.
#[derive(Debug, Default)]
pub(super) struct Proxies(Vec<Way>);

#[derive(Debug)]
struct Way {
    /// Nobody for the way to the broker: there, clients say who they are.
    from: Option<String>,
    to: String,
    proxy: TcpProxy,
}

impl Proxies {
    /// Puts one wherever a process has the address of another among its variables. With a front
    /// before the table, they lie before the front.
    pub(super) fn between(
        specs: &mut [Spec],
        front: Option<&TableProxy>,
        backend: &Backend,
    ) -> io::Result<Self> {
        let place = |spec: &Spec| {
            let front = front.filter(|_| spec.name == TABLE).map(TableProxy::address);
            (spec.name.clone(), front.unwrap_or(spec.port.address()))
        };
        let (brokers, targets): (Vec<_>, Vec<_>) =
            specs.iter().map(place).partition(|(name, _)| name == BROKER);
        let mut ways = Vec::new();
        for (to, address) in brokers {
            let proxy = TcpProxy::for_kafka(address)?;
            for spec in specs.iter_mut() {
                redirect(spec, address, proxy.address());
                if spec.name == to {
                    spec.args.extend(backend.advertise(proxy.address()).map(OsString::from));
                }
            }
            ways.push(Way { from: None, to, proxy });
        }
        for (to, address) in targets {
            for spec in specs.iter_mut().filter(|spec| knows(spec, address)) {
                let proxy = TcpProxy::new(address)?;
                redirect(spec, address, proxy.address());
                ways.push(Way { from: Some(spec.name.clone()), to: to.clone(), proxy });
            }
        }
        Ok(Self(ways))
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

impl Stack {
    /// From now on this is wrong between a process and another, of a stack with [proxies].
    ///
    /// Both may be the first part of a name: `"message-processor"` is all of these, and `""` is
    /// everybody. To the broker, `from` may also be a single Kafka client: `"event-router-producer"`
    /// or `"homepage-offsets"`. A process that was scaled out goes the ways of the one it is like.
    ///
    /// [proxies]: super::Setup::proxied
    pub fn break_between(&self, from: &str, to: &str, fault: Fault) {
        let concerned = self.proxies.0.iter().filter(|way| way.to.starts_with(to));
        let mut broken = 0;
        for way in concerned {
            match &way.from {
                None => way.proxy.set_for(from, fault),
                Some(name) if name.starts_with(from) => way.proxy.set(fault),
                Some(_) => continue,
            }
            broken += 1;
        }
        assert!(broken > 0, "there is no proxy between {from:?} and {to:?}");
    }

    /// Nothing is wrong any more between any two processes.
    pub fn heal(&self) {
        self.proxies.0.iter().for_each(|way| way.proxy.set(Fault::None));
    }
}

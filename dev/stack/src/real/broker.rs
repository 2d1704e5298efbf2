//! One Kafka broker that is its own controller: its settings, and how it starts.

use std::{fs, io, path::Path};

use process::{
    child::{Inherits, Spec},
    port::Port,
};

use super::{Real, copy_all, guarded::Door};

/// What suits one machine and short lives.
const SETTINGS: &str = "\
process.roles=broker,controller
node.id=1
controller.listener.names=CONTROLLER
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SASL_SSL:SASL_SSL
inter.broker.listener.name=PLAINTEXT
# Topics are made by whoever needs them, with the partitions they want.
auto.create.topics.enable=false
offsets.topic.num.partitions=1
offsets.topic.replication.factor=1
transaction.state.log.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.num.partitions=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
# We start one router, so a group need not wait for others.
group.initial.rebalance.delay.ms=0
# A broker that was killed is let in again when its last session is over.
broker.heartbeat.interval.ms=500
broker.session.timeout.ms=2000
num.network.threads=2
num.io.threads=4
log.cleaner.dedupe.buffer.size=4194304
";

/// A broker that has its own folder.
#[derive(Debug)]
pub struct Broker<'a> {
    /// What runs it.
    pub real: &'a Real,
    /// Its data and settings.
    pub folder: &'a Path,
    /// By which services come that have to say who they are.
    pub door: Option<&'a Door>,
}

impl Broker<'_> {
    /// Completes what starts it. It listens for all who need not say who they are at the spec's port.
    ///
    /// # Errors
    /// When its files cannot be written, or there is no port.
    pub fn furnish(&self, spec: &mut Spec) -> io::Result<()> {
        let log = self.folder.join("log");
        if !log.join("meta.properties").exists() {
            self.format(&log)?;
        }
        let controller = Port::reserve(0)?;
        let settings = self.folder.join("server.properties");
        fs::write(&settings, self.settings(&log, &spec.port, &controller))?;
        spec.program = self.real.java.clone();
        spec.args = self.real.class("kafka.Kafka");
        spec.args.push(settings.into());
        spec.inherits = Inherits::Nothing;
        spec.other_ports.push(controller);
        Ok(())
    }

    fn format(&self, log: &Path) -> io::Result<()> {
        match self.door {
            Some(door) => {
                // The tool reads where to write from the settings; the ports do not matter to it.
                let (port, controller) = (Port::reserve(0)?, Port::reserve(0)?);
                let settings = self.folder.join("format.properties");
                fs::write(&settings, self.settings(log, &port, &controller))?;
                self.real.format(&settings, door.users())
            }
            None => copy_all(&self.real.formatted(), log),
        }
    }

    fn settings(&self, log: &Path, port: &Port, controller: &Port) -> String {
        let (plain, controller) = (port.address(), controller.address());
        let door = self.door.map(Door::listener).unwrap_or_default();
        let guard = self.door.map(Door::settings).unwrap_or_default();
        format!(
            "{SETTINGS}log.dirs={}\n\
             controller.quorum.voters=1@{controller}\n\
             listeners=PLAINTEXT://{plain},CONTROLLER://{controller}{door}\n\
             advertised.listeners=PLAINTEXT://{plain}{door}\n{guard}",
            log.display()
        )
    }
}

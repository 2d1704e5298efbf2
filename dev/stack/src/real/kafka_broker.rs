//! One Kafka broker that is its own controller (KRaft): its settings and its start.

use std::{fs, io, net::SocketAddr, path::Path, process::Stdio};

use process::{
    child::{Inherits, Spec},
    port::Port,
};

use super::{
    installation::{Installation, copy_files},
    secure_listener::{SecureListener, User},
};

/// Every cluster has this id. Each is a single broker, so two clusters never meet.
const CLUSTER_ID: &str = "YmFycmFnZS1vbi1vbmUtMQ";

/// Settings for one machine and short runs.
const SETTINGS: &str = "\
process.roles=broker,controller
node.id=1
controller.listener.names=CONTROLLER
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SASL_SSL:SASL_SSL
inter.broker.listener.name=PLAINTEXT
# The services create their topics themselves, with the partitions that they need.
auto.create.topics.enable=false
offsets.topic.num.partitions=1
offsets.topic.replication.factor=1
transaction.state.log.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.num.partitions=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
# One router starts, so its group need not wait for further members.
group.initial.rebalance.delay.ms=0
# A killed broker may register again only when its last session has expired.
broker.heartbeat.interval.ms=500
broker.session.timeout.ms=2000
num.network.threads=2
num.io.threads=4
log.cleaner.dedupe.buffer.size=4194304
# A compacted topic is compacted within a second, not after fifteen.
log.cleaner.backoff.ms=500
";

/// A broker with a folder of its own for data and settings.
#[derive(Debug)]
pub struct KafkaBroker<'a> {
    pub installation: &'a Installation,
    pub folder: &'a Path,
    /// A second listener, for clients with a user and password.
    pub secure: Option<&'a SecureListener>,
}

impl KafkaBroker<'_> {
    /// Makes a spec run this broker. It listens without users or encryption at the spec's port.
    pub fn configure(&self, spec: &mut Spec) -> io::Result<()> {
        let log = self.folder.join("log");
        if !log.join("meta.properties").exists() {
            self.create_log(&log)?;
        }
        let controller = Port::reserve(0)?;
        let settings = self.folder.join("server.properties");
        fs::write(&settings, self.settings(&log, &spec.port, &controller))?;
        spec.program = self.installation.java.clone();
        spec.args = self.installation.java_args("kafka.Kafka");
        spec.args.push(settings.into());
        spec.inherits = Inherits::Nothing;
        spec.other_ports.push(controller);
        Ok(())
    }

    /// Arguments that make the broker tell clients this address.
    pub(crate) fn advertise_args(address: SocketAddr) -> [String; 2] {
        ["--override".into(), format!("advertised.listeners=PLAINTEXT://{address}")]
    }

    fn create_log(&self, log: &Path) -> io::Result<()> {
        match self.secure {
            Some(listener) => {
                // The tool reads only the log's folder from the settings, so these ports do not matter.
                let (port, controller) = (Port::reserve(0)?, Port::reserve(0)?);
                let settings = self.folder.join("format.properties");
                fs::write(&settings, self.settings(log, &port, &controller))?;
                format_log(self.installation, &settings, listener.users())
            }
            None => copy_files(&self.installation.formatted(), log),
        }
    }

    fn settings(&self, log: &Path, port: &Port, controller: &Port) -> String {
        let (plain, controller) = (port.address(), controller.address());
        let listener = self.secure.map(SecureListener::listener).unwrap_or_default();
        let security = self.secure.map(SecureListener::settings).unwrap_or_default();
        format!(
            "{SETTINGS}log.dirs={}\n\
             controller.quorum.voters=1@{controller}\n\
             listeners=PLAINTEXT://{plain},CONTROLLER://{controller}{listener}\n\
             advertised.listeners=PLAINTEXT://{plain}{listener}\n{security}",
            log.display()
        )
    }
}

/// Creates the first files of a cluster with Kafka's `StorageTool`, where the settings say, with these users.
pub(super) fn format_log(
    installation: &Installation,
    settings: &Path,
    users: &[User],
) -> io::Result<()> {
    let mut tool = installation.tool("kafka.tools.StorageTool");
    tool.args(["format", "--cluster-id", CLUSTER_ID, "--config"]).arg(settings);
    for User { name, password, .. } in users {
        for mechanism in ["SCRAM-SHA-256", "SCRAM-SHA-512"] {
            let scram = format!("{mechanism}=[name={name},password={password}]");
            tool.args(["--add-scram", &scram]);
        }
    }
    let output = tool.stdin(Stdio::null()).output()?;
    let message = String::from_utf8_lossy(&output.stderr);
    if output.status.success() { Ok(()) } else { Err(io::Error::other(message)) }
}

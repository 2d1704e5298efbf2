//! Fetches Kafka by Maven and its table by npm, and makes ready what each start needs.

use std::{
    fs, io,
    path::Path,
    process::{Command, Stdio},
};

use anyhow::{Context as _, ensure};
use nix::sys::signal::Signal;
use process::{
    child::{Process, Spec},
    death_signal::DeathSignal,
    folder_lock::FolderLock,
    log::Log,
    port::Port,
};

use super::{Broker, LOGGING, NotFetched, POM, Real, copy_all, guarded::User};

/// Maven's plugin that copies what a POM depends on.
const COPY: &str = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies";

/// The id of every cluster. Each is a single broker, so none meets another.
const CLUSTER: &str = "YmFycmFnZS1vbi1vbmUtMQ";

/// Fetching, once for each user and version.
#[derive(Debug)]
pub struct Fetch(Real);

impl Fetch {
    /// For the user who runs us.
    ///
    /// # Errors
    /// When there is no Java, no Node.js, or no folder.
    pub fn for_this_user() -> Result<Self, NotFetched> {
        Real::place().map(Self)
    }

    /// Fetches what is not there yet. Afterwards nothing needs a network.
    ///
    /// # Errors
    /// When Maven, npm, or Kafka's own tool, does not do it.
    pub async fn run(self) -> anyhow::Result<Real> {
        if let Ok(real) = Real::of_this_user() {
            return Ok(real);
        }
        let real = self.0;
        fs::create_dir_all(&real.folder)?;
        let _lock = FolderLock::take(&real.folder, "fetch.lock", "fetch")?;
        for old in [real.jars(), real.formatted()] {
            remove(&old)?;
        }
        fs::write(real.folder.join("pom.xml"), POM)?;
        fs::write(real.logging(), LOGGING)?;
        _ = fs::remove_file(real.archive());
        real.fetch_table()?;
        copy_jars(&real)?;
        let settings = real.folder.join("format.properties");
        fs::write(&settings, real.settings_to_format())?;
        real.format(&settings, &[])?;
        archive_classes(&real).await?;
        fs::write(real.stamp(), real.version())?;
        Ok(real)
    }
}

impl Real {
    fn settings_to_format(&self) -> String {
        format!(
            "process.roles=broker,controller\nnode.id=1\ncontroller.listener.names=CONTROLLER\n\
             controller.quorum.voters=1@127.0.0.1:1\nlisteners=PLAINTEXT://127.0.0.1:2,\
             CONTROLLER://127.0.0.1:1\nlog.dirs={}\n",
            self.formatted().display()
        )
    }

    /// Makes the first files of a cluster, as these settings say, that knows these users.
    pub(super) fn format(&self, settings: &Path, users: &[User]) -> io::Result<()> {
        let mut tool = Command::new(&self.java);
        tool.args(self.class("kafka.tools.StorageTool"));
        tool.args(["format", "--cluster-id", CLUSTER, "--config"]).arg(settings);
        for User { name, password, .. } in users {
            for mechanism in ["SCRAM-SHA-256", "SCRAM-SHA-512"] {
                let scram = format!("{mechanism}=[name={name},password={password}]");
                tool.args(["--add-scram", &scram]);
            }
        }
        let output = tool.stdin(Stdio::null()).output()?;
        let said = String::from_utf8_lossy(&output.stderr);
        if output.status.success() { Ok(()) } else { Err(io::Error::other(said)) }
    }
}

fn remove(folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

fn copy_jars(real: &Real) -> anyhow::Result<()> {
    let mut maven = Command::new("mvn");
    maven.args(["--batch-mode", "--quiet", COPY, "-DincludeScope=runtime"]);
    maven.arg(format!("-DoutputDirectory={}", real.jars().display()));
    let status = maven.current_dir(&real.folder).stdin(Stdio::null()).stdout(Stdio::null());
    let status = status.status().context("mvn could not be started")?;
    ensure!(status.success(), "mvn could not fetch Apache Kafka ({status})");
    Ok(())
}

/// Starts a broker once and lets Java write down which classes it has loaded, and how.
async fn archive_classes(real: &Real) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let log = Log::open(folder.path(), "broker", false)?;
    let port = Port::reserve(0)?;
    let mut spec = Spec::new("broker", real.java.clone(), folder.path(), port, DeathSignal::find());
    copy_all(&real.formatted(), &folder.path().join("log"))?;
    Broker { real, folder: folder.path(), door: None }.furnish(&mut spec)?;
    let write = format!("-XX:ArchiveClassesAtExit={}", real.archive().display());
    spec.args.retain(|arg| !arg.to_string_lossy().starts_with("-XX:SharedArchiveFile"));
    spec.args.insert(0, write.into());
    let mut broker = Process::spawn(&spec, &log)?;
    let ready = broker.ready().await;
    ready.with_context(|| format!("Kafka does not start: {}", log.tail().join("\n")))?;
    broker.signal(Signal::SIGTERM);
    broker.wait().await?;
    Ok(())
}

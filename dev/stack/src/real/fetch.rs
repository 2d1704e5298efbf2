//! Fetches Kafka with Maven and Dynalite with npm, and prepares what every start needs.

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

use super::{
    installation::{Installation, LOGGING, POM, TABLE_FILES, copy_files},
    kafka_broker::{KafkaBroker, format_log},
};

/// The goal of Maven's plugin that copies the dependencies of a POM.
const COPY_DEPENDENCIES: &str =
    "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies";

/// Installs Kafka and Dynalite for this user, unless they are installed. Later starts need no network.
pub async fn fetch() -> anyhow::Result<Installation> {
    if let Ok(installation) = Installation::find() {
        return Ok(installation);
    }
    let installation = Installation::locate()?;
    fs::create_dir_all(&installation.folder)?;
    let _lock = FolderLock::take(&installation.folder, "fetch.lock", "fetch")?;
    for old in [installation.jars(), installation.formatted()] {
        remove(&old)?;
    }
    fs::write(installation.folder.join("pom.xml"), POM)?;
    fs::write(installation.logging(), LOGGING)?;
    _ = fs::remove_file(installation.class_archive());
    fetch_dynalite(&installation)?;
    fetch_kafka(&installation)?;
    format_empty_cluster(&installation)?;
    archive_classes(&installation).await?;
    fs::write(installation.stamp(), installation.version())?;
    Ok(installation)
}

fn remove(folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

fn fetch_kafka(installation: &Installation) -> anyhow::Result<()> {
    let mut maven = Command::new("mvn");
    maven.args(["--batch-mode", "--quiet", COPY_DEPENDENCIES, "-DincludeScope=runtime"]);
    maven.arg(format!("-DoutputDirectory={}", installation.jars().display()));
    let status = maven.current_dir(&installation.folder).stdin(Stdio::null()).stdout(Stdio::null());
    let status = status.status().context("mvn could not be started")?;
    ensure!(status.success(), "mvn could not fetch Apache Kafka ({status})");
    Ok(())
}

fn fetch_dynalite(installation: &Installation) -> anyhow::Result<()> {
    let folder = installation.table();
    fs::create_dir_all(&folder)?;
    let write = |(name, content)| fs::write(folder.join(name), content);
    TABLE_FILES.into_iter().try_for_each(write).context("the table's files cannot be written")?;
    let mut npm = Command::new("npm");
    // Its native module is in the package as a binary, so no install script has to run.
    npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]);
    npm.current_dir(&folder).stdin(Stdio::null()).stdout(Stdio::null());
    let status = npm.status().context("npm could not be started")?;
    ensure!(status.success(), "npm could not fetch Dynalite ({status})");
    Ok(())
}

/// Without users, all clusters begin with the same files, so they are created once and copied.
fn format_empty_cluster(installation: &Installation) -> io::Result<()> {
    let settings = installation.folder.join("format.properties");
    let text = format!(
        "process.roles=broker,controller\nnode.id=1\ncontroller.listener.names=CONTROLLER\n\
         controller.quorum.voters=1@127.0.0.1:1\nlisteners=PLAINTEXT://127.0.0.1:2,\
         CONTROLLER://127.0.0.1:1\nlog.dirs={}\n",
        installation.formatted().display()
    );
    fs::write(&settings, text)?;
    format_log(installation, &settings, &[])
}

/// Starts a broker once, so that Java writes an archive of the classes that it has loaded.
async fn archive_classes(installation: &Installation) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let log = Log::open(folder.path(), "broker", false)?;
    let (java, port) = (installation.java.clone(), Port::reserve(0)?);
    let mut spec = Spec::new("broker", java, folder.path(), port, DeathSignal::find());
    copy_files(&installation.formatted(), &folder.path().join("log"))?;
    KafkaBroker { installation, folder: folder.path(), secure: None }.configure(&mut spec)?;
    let write = format!("-XX:ArchiveClassesAtExit={}", installation.class_archive().display());
    spec.args.retain(|arg| !arg.to_string_lossy().starts_with("-XX:SharedArchiveFile"));
    spec.args.insert(0, write.into());
    let mut broker = Process::spawn(&spec, &log)?;
    let ready = broker.ready().await;
    ready.with_context(|| format!("Kafka does not start: {}", log.tail().join("\n")))?;
    broker.signal(Signal::SIGTERM);
    broker.wait().await?;
    Ok(())
}

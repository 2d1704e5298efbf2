//! Apache Kafka and a table that others have written, without a container: fetched once, then processes of
//! a stack like any others.

mod broker;
pub mod guarded;

mod fetch;
mod table;

use std::{
    env,
    ffi::OsString,
    fs, io,
    net::SocketAddr,
    path::{Path, PathBuf},
};

pub use self::{broker::Broker, fetch::Fetch, table::Table};

/// Which Kafka it is, and what it needs: for Maven.
const POM: &str = include_str!("../real/pom.xml");

/// What it logs.
const LOGGING: &str = include_str!("../real/log4j2.properties");

/// What was fetched for this user, and what runs it.
#[derive(Clone, Debug)]
pub struct Real {
    folder: PathBuf,
    java: PathBuf,
    node: PathBuf,
}

/// It is not there, or it is another one than we want now.
#[derive(Debug, thiserror::Error)]
pub enum NotFetched {
    /// There is no Java.
    #[error("no java in JAVA_HOME or PATH")]
    NoJava,
    /// There is no Node.js.
    #[error("no node in PATH")]
    NoNode,
    /// Nobody has a folder of their own.
    #[error("neither XDG_CACHE_HOME nor HOME is set")]
    NoHome,
    /// It is missing.
    #[error("Apache Kafka and its table are not in {}; run cargo xtask real fetch", .0.display())]
    Nothing(PathBuf),
}

impl Real {
    /// What was fetched for the user who runs us.
    ///
    /// # Errors
    /// When something is missing.
    pub fn of_this_user() -> Result<Self, NotFetched> {
        let real = Self::place()?;
        let is_ours = fs::read_to_string(real.stamp()).is_ok_and(|stamp| stamp == real.version());
        if is_ours { Ok(real) } else { Err(NotFetched::Nothing(real.folder)) }
    }

    /// Where it is or will be: outside the clone, so that the next clone finds it.
    fn place() -> Result<Self, NotFetched> {
        let home = || Some(PathBuf::from(env::var_os("HOME")?).join(".cache"));
        let cache = env::var_os("XDG_CACHE_HOME").map(PathBuf::from).or_else(home);
        let folder = cache.ok_or(NotFetched::NoHome)?.join("barrage/real");
        let java = find("java").ok_or(NotFetched::NoJava)?;
        Ok(Self { folder, java, node: find("node").ok_or(NotFetched::NoNode)? })
    }

    /// Written when all is there.
    fn stamp(&self) -> PathBuf {
        self.folder.join("fetched")
    }

    /// Changes when anything has to be fetched anew.
    fn version(&self) -> String {
        let table = table::FILES.map(|(_, content)| content).concat();
        format!("{}\n{POM}\n{LOGGING}\n{table}", self.java.display())
    }

    /// A cluster's first files, as Kafka's own tool has made them.
    fn formatted(&self) -> PathBuf {
        self.folder.join("formatted")
    }

    /// What Java is told to run a class of Kafka's.
    fn class(&self, name: &str) -> Vec<OsString> {
        let logging = format!("-Dlog4j2.configurationFile={}", self.logging().display());
        let archive = format!("-XX:SharedArchiveFile={}", self.archive().display());
        // Java's own warnings would stand on stdout, before the ready line.
        let plain = ["-Xlog:disable", "-Xlog:all=error:stderr", "-XX:-UsePerfData"];
        let small = ["-Xms64m", "-Xmx384m", "-XX:+UseSerialGC"];
        let mut args: Vec<OsString> = plain.into_iter().chain(small).map(OsString::from).collect();
        args.extend([archive, logging].map(OsString::from));
        args.extend(["-cp".into(), self.jars().join("*").into(), name.into()]);
        args
    }

    fn jars(&self) -> PathBuf {
        self.folder.join("jars")
    }

    fn logging(&self) -> PathBuf {
        self.folder.join("log4j2.properties")
    }

    /// Kafka's classes as Java has them in memory: it halves the time of a start.
    fn archive(&self) -> PathBuf {
        self.folder.join("kafka.jsa")
    }

    /// How a broker is told where clients shall look for it.
    pub(crate) fn advertise(address: SocketAddr) -> [String; 2] {
        ["--override".into(), format!("advertised.listeners=PLAINTEXT://{address}")]
    }
}

/// A program of Java or Node.js, as it is there.
fn find(program: &str) -> Option<PathBuf> {
    let home = env::var_os("JAVA_HOME").map(|home| Path::new(&home).join("bin"));
    let path = env::var_os("PATH").unwrap_or_default();
    let places = home.into_iter().chain(env::split_paths(&path));
    places.map(|place| place.join(program)).find(|program| program.is_file())
}

fn copy_all(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        fs::copy(entry.path(), to.join(entry.file_name()))?;
    }
    Ok(())
}

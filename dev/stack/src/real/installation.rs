//! Where Kafka and Dynalite are installed, and the command lines of their programs.

use std::{
    env,
    ffi::OsString,
    fs, io,
    path::{Path, PathBuf},
    process::Command,
};

use process::child::{Inherits, Spec};

/// The version of Kafka and its dependencies, for Maven.
pub(super) const POM: &str = include_str!("../../real/pom.xml");

pub(super) const LOGGING: &str = include_str!("../../real/log4j2.properties");

/// The version of Dynalite and its dependencies for npm, and the script that starts it.
pub(super) const TABLE_FILES: [(&str, &str); 3] = [
    ("package.json", include_str!("../../real/package.json")),
    ("package-lock.json", include_str!("../../real/package-lock.json")),
    ("table.js", include_str!("../../real/table.js")),
];

/// The files in the user's cache folder, and the programs that run them.
#[derive(Clone, Debug)]
pub struct Installation {
    pub(super) folder: PathBuf,
    pub(super) java: PathBuf,
    node: PathBuf,
}

/// Something is missing, or another version is installed.
#[derive(Debug, thiserror::Error)]
pub enum NotInstalled {
    #[error("no java in JAVA_HOME or PATH")]
    NoJava,
    #[error("no node in PATH")]
    NoNode,
    #[error("neither XDG_CACHE_HOME nor HOME is set")]
    NoHome,
    #[error("Apache Kafka and its table are not in {}; run cargo xtask real fetch", .0.display())]
    NotFetched(PathBuf),
}

impl Installation {
    /// The installation of this user, with the versions that this build expects.
    pub fn find() -> Result<Self, NotInstalled> {
        let found = Self::locate()?;
        let stamp = fs::read_to_string(found.stamp());
        let is_complete = stamp.is_ok_and(|stamp| stamp == found.version());
        if is_complete { Ok(found) } else { Err(NotInstalled::NotFetched(found.folder)) }
    }

    /// Where the installation is or will be: outside the clone, so that all clones share it.
    pub(super) fn locate() -> Result<Self, NotInstalled> {
        let home = || Some(PathBuf::from(env::var_os("HOME")?).join(".cache"));
        let cache = env::var_os("XDG_CACHE_HOME").map(PathBuf::from).or_else(home);
        let folder = cache.ok_or(NotInstalled::NoHome)?.join("barrage/real");
        let java = find_program("java").ok_or(NotInstalled::NoJava)?;
        let node = find_program("node").ok_or(NotInstalled::NoNode)?;
        Ok(Self { folder, java, node })
    }

    /// This file holds [`Installation::version`]. It is written last.
    pub(super) fn stamp(&self) -> PathBuf {
        self.folder.join("fetched")
    }

    /// A text that changes whenever something must be fetched again.
    pub(super) fn version(&self) -> String {
        let table = TABLE_FILES.map(|(_, content)| content).concat();
        format!("{}\n{POM}\n{LOGGING}\n{table}", self.java.display())
    }

    /// The first files of a cluster, as Kafka's `StorageTool` has formatted them.
    pub(super) fn formatted(&self) -> PathBuf {
        self.folder.join("formatted")
    }

    pub(super) fn jars(&self) -> PathBuf {
        self.folder.join("jars")
    }

    pub(super) fn logging(&self) -> PathBuf {
        self.folder.join("log4j2.properties")
    }

    /// Java's archive of Kafka's loaded classes (AppCDS). It halves the time of a start.
    pub(super) fn class_archive(&self) -> PathBuf {
        self.folder.join("kafka.jsa")
    }

    pub(super) fn table(&self) -> PathBuf {
        self.folder.join("table")
    }

    /// One of Kafka's tools, by its main class.
    pub fn tool(&self, class: &str) -> Command {
        let mut tool = Command::new(&self.java);
        tool.args(self.java_args(class));
        tool
    }

    /// Java's arguments for a main class of Kafka.
    pub(super) fn java_args(&self, class: &str) -> Vec<OsString> {
        let logging = format!("-Dlog4j2.configurationFile={}", self.logging().display());
        let archive = format!("-XX:SharedArchiveFile={}", self.class_archive().display());
        // Without these, Java may print warnings to stdout before the ready line.
        let quiet = ["-Xlog:disable", "-Xlog:all=error:stderr", "-XX:-UsePerfData"];
        let small = ["-Xms64m", "-Xmx384m", "-XX:+UseSerialGC"];
        let mut args: Vec<OsString> = quiet.into_iter().chain(small).map(OsString::from).collect();
        args.extend([archive, logging].map(OsString::from));
        args.extend(["-cp".into(), self.jars().join("*").into(), class.into()]);
        args
    }

    /// Makes a spec run Dynalite at the spec's port.
    pub(crate) fn configure_table(&self, spec: &mut Spec) {
        let port = spec.port.address().port().to_string();
        let data = spec.folder.join(&spec.name);
        spec.program = self.node.clone();
        spec.args = vec![self.table().join("table.js").into(), port.into(), data.into()];
        spec.inherits = Inherits::Nothing;
    }
}

/// The path of a program in `JAVA_HOME/bin` or `PATH`.
pub(super) fn find_program(name: &str) -> Option<PathBuf> {
    let java_home = env::var_os("JAVA_HOME").map(|home| Path::new(&home).join("bin"));
    let path = env::var_os("PATH").unwrap_or_default();
    let folders = java_home.into_iter().chain(env::split_paths(&path));
    folders.map(|folder| folder.join(name)).find(|program| program.is_file())
}

/// Copies the files of a folder that has no subfolders.
pub(super) fn copy_files(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        fs::copy(entry.path(), to.join(entry.file_name()))?;
    }
    Ok(())
}

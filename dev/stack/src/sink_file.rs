//! The file from which the router of a stack learns where the processors are.

use std::{
    fs, io,
    net::SocketAddr,
    path::{Path, PathBuf},
};

/// Its name in the folder of the data.
pub const FILE: &str = "processors";

/// Where it is in the data of a stack.
pub(crate) fn path(data: &Path) -> PathBuf {
    data.join(FILE)
}

/// Replaces it by a rename, so that the router never reads half of it.
pub(crate) fn write(data: &Path, processors: impl Iterator<Item = SocketAddr>) -> io::Result<()> {
    let lines: String = processors.map(|address| format!("http://{address}\n")).collect();
    let new = data.join("processors.new");
    fs::write(&new, lines)?;
    fs::rename(new, path(data))
}

//! The file from which the router of a stack learns where the processors are, one URL a line.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// Its name in the data of a stack.
pub const FILE: &str = "processors";

/// Where it is in the data of a stack.
pub fn path(data: &Path) -> PathBuf {
    data.join(FILE)
}

/// Replaces it by a rename, so that the router never reads half of it.
///
/// # Errors
///
/// The folder cannot be written.
pub fn write(data: &Path, urls: &[String]) -> io::Result<()> {
    let new = data.join("processors.new");
    fs::write(&new, urls.iter().map(|url| format!("{url}\n")).collect::<String>())?;
    fs::rename(new, path(data))
}

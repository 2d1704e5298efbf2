//! Whether a program is older than the sources that it was built from.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::SystemTime,
};

/// A source that was changed after the program was built. `None` also where cargo has not listed the sources.
pub(crate) fn newer_source(program: &Path) -> Option<PathBuf> {
    let list = fs::read_to_string(program.with_extension("d")).ok()?;
    let built = changed(program).ok()?;
    sources(&list).find(|source| changed(source).is_ok_and(|at| at > built))
}

/// The sources in cargo's list beside a program, which has the form of a rule of make: `program: source source`.
/// A space in a path is `\\ `.
fn sources(list: &str) -> impl Iterator<Item = PathBuf> {
    const SPACE: &str = "\0"; // no path has it
    let (_, sources) = list.trim_end().split_once(": ").unwrap_or_default();
    let sources = sources.replace("\\ ", SPACE);
    let sources: Vec<_> = sources.split(' ').map(|path| path.replace(SPACE, " ").into()).collect();
    sources.into_iter()
}

fn changed(file: &Path) -> io::Result<SystemTime> {
    fs::metadata(file)?.modified()
}

#[cfg(test)]
mod tests {
    use std::{fs::File, time::Duration};

    use super::*;

    #[test]
    fn a_list_of_sources_may_have_spaces_in_paths() {
        let list = "/target/debug/a: /src/main.rs /my\\ web/index.html\n";
        let expected = ["/src/main.rs", "/my web/index.html"].map(PathBuf::from);
        assert!(sources(list).eq(expected));
    }

    #[test]
    fn a_program_is_outdated_once_one_of_its_sources_is_newer() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let touch = |name: &str, second| {
            let at = SystemTime::UNIX_EPOCH + Duration::from_secs(second);
            File::create(path(name)).unwrap().set_modified(at).unwrap();
        };
        let [program, old, source] = ["event-router", "old.rs", "new.rs"].map(path);
        touch("event-router", 2);
        touch("old.rs", 1);
        touch("new.rs", 2);
        assert_eq!(newer_source(&program), None, "without a list");
        let list = format!("{}: {} {}\n", program.display(), old.display(), source.display());
        fs::write(path("event-router.d"), list).unwrap();
        assert_eq!(newer_source(&program), None, "as old as the program");
        touch("new.rs", 3);
        assert_eq!(newer_source(&program), Some(source));
    }
}

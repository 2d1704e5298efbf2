//! How many connections this process may have at once.

use nix::{
    errno::Errno,
    sys::resource::{Resource::RLIMIT_NOFILE, getrlimit, setrlimit},
};

/// More files than a tool has open besides its connections.
const OTHER_FILES: u64 = 100;

/// A process may not have so many connections.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(
        "{needed} connections are more than this system allows one program: ulimit -Hn says {most}, and {} are needed",
        needed + OTHER_FILES
    )]
    TooMany { needed: u64, most: u64 },
    #[error("the limit of open files cannot be changed: {0}")]
    System(#[from] Errno),
}

/// Makes room for so many connections: raises the soft limit of open files to the hard limit, which processes that are
/// started later inherit. Fails if the hard limit is too low: only an administrator raises that.
pub fn allow(needed: u64) -> Result<(), Error> {
    let (_, most) = getrlimit(RLIMIT_NOFILE)?;
    setrlimit(RLIMIT_NOFILE, most, most)?;
    check(needed, most)
}

fn check(needed: u64, most: u64) -> Result<(), Error> {
    match needed.saturating_add(OTHER_FILES) <= most {
        true => Ok(()),
        false => Err(Error::TooMany { needed, most }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_many_connections_are_refused_with_both_limits() {
        assert!(check(900, 1000).is_ok());
        let fault = check(901, 1000).unwrap_err().to_string();
        assert!(
            fault.contains("901") && fault.contains("1000") && fault.contains("1001"),
            "{fault}"
        );
    }

    #[test]
    fn the_soft_limit_is_raised_to_the_hard_limit() {
        allow(1).unwrap();
        let (soft, hard) = getrlimit(RLIMIT_NOFILE).unwrap();
        assert_eq!(soft, hard);
    }
}

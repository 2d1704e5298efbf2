//! No child outlives us, even when we are killed without a chance to stop it.

use std::{path::Path, process::Stdio};

use tokio::process::Command;

/// Where `setpriv` (util-linux) lives; children may run without a `PATH` to look it up.
const PLACES: [&str; 2] = ["/usr/bin/setpriv", "/bin/setpriv"];

/// What makes the kernel kill a child when we die.
///
/// Linux offers this as `prctl(PR_SET_PDEATHSIG)`, which the child must call between fork and exec:
/// unsafe code for us, everyday work for `setpriv`, which then becomes the child and keeps its
/// process id. Killing does no harm: what a child holds survives that by contract. Where there is
/// no such program (or a smaller one without this option) children run unguarded, and the
/// launcher's next start ends what the last one left.
#[derive(Clone, Copy, Debug)]
pub struct Guard(Option<&'static str>);

impl Guard {
    /// Looks for a `setpriv` that works.
    pub fn find() -> Self {
        let found = PLACES.into_iter().find(|place| Path::new(place).exists() && works(place));
        Self(found)
    }

    /// The command that becomes `program`.
    pub fn command(&self, program: &Path) -> Command {
        match self.0 {
            Some(setpriv) => {
                let mut command = Command::new(setpriv);
                command.args(["--pdeathsig", "KILL", "--"]).arg(program);
                command
            }
            None => Command::new(program),
        }
    }
}

fn works(setpriv: &'static str) -> bool {
    let mut command = Guard(Some(setpriv)).command(Path::new(setpriv)).into_std();
    command.arg("--version").stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

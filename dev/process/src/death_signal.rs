//! Ends child processes when their parent dies, even if the parent is killed with SIGKILL.

use std::{path::Path, process::Stdio};

use tokio::process::Command;

/// Where `setpriv` (util-linux) is installed. Children may run without a `PATH`, so it is not looked up.
const PATHS: [&str; 2] = ["/usr/bin/setpriv", "/bin/setpriv"];

/// Lets the kernel kill a child when its parent dies.
///
/// Linux offers this as `prctl(PR_SET_PDEATHSIG)`. The child must call it between fork and exec, which is
/// unsafe code in Rust. `setpriv --pdeathsig` does it for us: it sets the signal, then becomes the program
/// and keeps its process id. Killing is harmless, because what the programs acknowledged survives SIGKILL.
///
/// Without `setpriv`, or with a smaller one that lacks the option (BusyBox), children run without it. The
/// launcher's next start then ends the children that are left.
#[derive(Clone, Copy, Debug)]
pub struct DeathSignal {
    setpriv: Option<&'static str>,
}

impl DeathSignal {
    /// Finds a `setpriv` that has the option. Runs it once for that.
    pub fn find() -> Self {
        let found = PATHS.into_iter().find(|path| Path::new(path).exists() && has_option(path));
        Self { setpriv: found }
    }

    /// The command that runs `program` with the death signal set.
    pub fn command(&self, program: &Path) -> Command {
        match self.setpriv {
            Some(setpriv) => {
                let mut command = Command::new(setpriv);
                command.args(["--pdeathsig", "KILL", "--"]).arg(program);
                command
            }
            None => Command::new(program),
        }
    }
}

fn has_option(setpriv: &'static str) -> bool {
    let tried = DeathSignal { setpriv: Some(setpriv) };
    let mut command = tried.command(Path::new(setpriv)).into_std();
    command.arg("--version").stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

//! `cargo xtask real`: Apache Kafka and Dynalite on this machine, without a container.

use std::{fs, process::ExitCode, time::Duration};

use anyhow::bail;
use clap::Parser;
use process::signals::Stop;
use stack::{
    Setup, Stack,
    backend::Backend,
    plan::name::{BROKER, TABLE},
    real::{
        Fetch, Real,
        guarded::{User, exports_of},
    },
};
use tokio::time::interval;

/// Who may do everything, of those who have to say who they are.
const USER: &str = "barrage";

/// Apache Kafka and Dynalite (DynamoDB's API) on this machine, without a container.
#[derive(Debug, Parser)]
#[command(override_usage = "cargo xtask real COMMAND")]
enum Command {
    /// Fetch them by Maven and npm, once for each user; afterwards nothing needs a network.
    Fetch,
    /// Start them, with fresh data, and print what to export; Ctrl-C stops both.
    Up,
}

// One thread, which lives as long as we do: children are told to die with the thread that
// started them.
#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run(Command::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("real: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(command: Command) -> anyhow::Result<()> {
    let real = Fetch::for_this_user()?.run().await?;
    match command {
        Command::Fetch => Ok(()),
        Command::Up => up(real).await,
    }
}

async fn up(real: Real) -> anyhow::Result<()> {
    let stop = Stop::on_signal()?;
    let backend = Backend::Guarded(real, vec![User::new(USER, true)]);
    let mut stack = Setup::stand_ins().backend(backend).start().await;
    print(&stack)?;
    tokio::select! {
        () = stop.requested.cancelled() => {}
        name = ended(&mut stack) => bail!("{name} has ended: {}", stack.tail(name).join("\n")),
    }
    stack.stop_all().await;
    Ok(())
}

/// Waits until one of them has ended, which nobody wanted.
async fn ended(stack: &mut Stack) -> &'static str {
    let mut again = interval(Duration::from_millis(200));
    loop {
        again.tick().await;
        if let Some(name) = [BROKER, TABLE].into_iter().find(|name| stack.has_ended(name)) {
            return name;
        }
    }
}

#[expect(clippy::print_stdout, reason = "what was asked for belongs on stdout")]
fn print(stack: &Stack) -> anyhow::Result<()> {
    let (broker, table) = (stack.address(BROKER), stack.address(TABLE));
    let guarded = fs::read_to_string(exports_of(&stack.data_folder().join(BROKER), USER))?;
    println!(
        "# Apache Kafka, as anybody, and Dynalite\n\
         export KAFKA_SERVER={broker}\n\
         export OTS_ENDPOINT=http://{table}\n\
         export OTS_KEYID=local\n\
         export OTS_SECRET=local\n\n\
         # or Kafka over TLS, as a user\n{guarded}\n\
         # Ctrl-C stops both."
    );
    Ok(())
}

//! `cargo xtask real`: Apache Kafka and Dynalite on this machine, without a container.

use std::{fs, process::ExitCode, time::Duration};

use anyhow::bail;
use clap::Parser;
use process::signals::Stop;
use stack::{
    Setup, Stack,
    backend::Backend,
    plan::name::{BROKER, TABLE},
    real::{self, Installation, User, exports_file},
};
use tokio::time::interval;

/// The user of the secure listener. It may do everything.
const USER: &str = "barrage";

/// Apache Kafka and Dynalite (DynamoDB's API) on this machine, without a container.
#[derive(Debug, Parser)]
#[command(override_usage = "cargo xtask real COMMAND")]
enum Command {
    /// Fetch both with Maven and npm, once for each user; later starts need no network.
    Fetch,
    /// Start both with fresh data and print the variables to export; Ctrl-C stops both.
    Up,
}

// A single thread, because the death signal of a child is sent when the thread that started it ends.
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
    let installation = real::fetch().await?;
    match command {
        Command::Fetch => Ok(()),
        Command::Up => up(installation).await,
    }
}

async fn up(installation: Installation) -> anyhow::Result<()> {
    let stop = Stop::on_signal()?;
    let backend = Backend::Secure(installation, vec![User::new(USER, true)]);
    let mut stack = Setup::stand_ins().backend(backend).start().await;
    print(&stack)?;
    tokio::select! {
        () = stop.requested.cancelled() => {}
        name = ended(&mut stack) => bail!("{name} has ended: {}", stack.tail(name).join("\n")),
    }
    stack.stop_all().await;
    Ok(())
}

/// Waits until one of the two has ended by itself.
async fn ended(stack: &mut Stack) -> &'static str {
    let mut due = interval(Duration::from_millis(200));
    loop {
        due.tick().await;
        if let Some(name) = [BROKER, TABLE].into_iter().find(|name| stack.has_ended(name)) {
            return name;
        }
    }
}

#[expect(clippy::print_stdout, reason = "the output is for a shell")]
fn print(stack: &Stack) -> anyhow::Result<()> {
    let (broker, table) = (stack.address(BROKER), stack.address(TABLE));
    let secure = fs::read_to_string(exports_file(&stack.data_folder().join(BROKER), USER))?;
    println!(
        "# Apache Kafka without users, and Dynalite\n\
         export KAFKA_SERVER={broker}\n\
         export OTS_ENDPOINT=http://{table}\n\
         export OTS_KEYID=local\n\
         export OTS_SECRET=local\n\n\
         # Instead: Kafka over TLS, with a user and password\n{secure}\n\
         # Ctrl-C stops both."
    );
    Ok(())
}

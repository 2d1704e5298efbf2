//! The homepage's process. It alone sees the environment, the signals and the subscriber.

use std::process::ExitCode;

use barrage::config::{self, Vars};
use barrage::{shutdown, telemetry};
use homepage::{Config, Service};

#[tokio::main]
#[expect(clippy::print_stdout, reason = "the help and the ready line")]
async fn main() -> ExitCode {
    if config::wants_help(std::env::args()) {
        print!("{}", config::help("homepage", Config::VARIABLES));
        return ExitCode::SUCCESS;
    }
    shutdown::exit_code(run().await)
}

#[expect(clippy::print_stdout, reason = "the ready line")]
async fn run() -> anyhow::Result<()> {
    let config = Config::parse(&Vars::from_process())?;
    let metrics = telemetry::init(&config.telemetry)?;
    let stop = shutdown::on_signal()?;
    let service = Service::bind(config, metrics).await?;
    println!("homepage ready on http://{}", service.local_addr());
    Ok(service.run(stop).await?)
}

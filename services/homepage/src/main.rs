//! The homepage's process. It alone sees the environment, the signals and the subscriber.

use std::process::ExitCode;

use barrage::config::{self, Vars};
use barrage::{health, shutdown, telemetry};
use homepage::{Config, Service};

#[tokio::main]
async fn main() -> ExitCode {
    shutdown::exit_code(run().await)
}

#[expect(clippy::print_stdout, reason = "the help, and the one ready line")]
async fn run() -> anyhow::Result<()> {
    if config::wants_help(std::env::args()) {
        print!("{}", config::help("homepage", &Config::variables()));
        return Ok(());
    } else if config::wants_health(std::env::args()) {
        return Ok(health::check_liveness(&Vars::from_process()).await?);
    }
    let vars = Vars::from_process();
    let config = Config::parse(&vars)?;
    let metrics = telemetry::init(&config.telemetry, "homepage")?;
    config::warn_of_misspelt(&vars, "homepage", &Config::variables());
    let stop = shutdown::on_signal()?;
    let service = Service::bind(config, metrics).await?;
    println!("homepage ready on http://{}", service.local_addr());
    Ok(service.run(stop).await?)
}

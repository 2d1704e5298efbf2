//! The stand-in for Kafka: an embedded broker that keeps its topics in one SQLite file.

use std::{net::SocketAddr, process::ExitCode, time::Duration};

use anyhow::Context as _;
use clap::Parser;
use nisshi_broker::{
    broker::Broker,
    coordinator::group::administrator::{Controller, GroupCoordinatorConfig},
};
use nisshi_storage::ArcDynStorage;
use process::port::Port;
use reqwest::Url;
use tokio::{
    net::TcpStream,
    time::{Instant, interval},
};
use uuid::Uuid;

const NAME: &str = "broker";

/// A Kafka-compatible broker for one machine.
#[derive(Debug, Parser)]
struct Args {
    #[command(flatten)]
    options: startup::Options,
    /// Address that clients are told to connect to, if it is another one: that of a proxy.
    #[arg(long, value_name = "HOST:PORT")]
    advertise: Option<SocketAddr>,
}

#[tokio::main]
async fn main() -> ExitCode {
    startup::exit_code(NAME, run(Args::parse()).await)
}

async fn run(Args { options, advertise }: Args) -> anyhow::Result<()> {
    startup::log_to_stderr();
    startup::ignore_file_size_signal()?;
    let _lock = startup::lock_data_folder(&options.data, NAME)?;
    // The engine opens its file relative to the working folder, even for an absolute URL.
    std::env::set_current_dir(&options.data)?;
    // The broker is built with the address that it tells to clients, so the port is reserved first.
    let port = Port::reserve(options.port).with_context(|| format!("port {}", options.port))?;
    let advertised = advertise.unwrap_or(port.address());
    let broker = build(port.address(), advertised).await.context("cannot open the topics")?;
    tokio::spawn(announce(port.address()));
    broker.main(Instant::now()).await.context("died")?;
    Ok(())
}

type Engine = Broker<Controller<ArcDynStorage>, ArcDynStorage>;

async fn build(listener: SocketAddr, advertised: SocketAddr) -> anyhow::Result<Engine> {
    let url = |address: SocketAddr| format!("tcp://{address}").parse::<Url>();
    let groups = GroupCoordinatorConfig {
        // The default of three seconds is for many consumers that start together; we start one router.
        initial_rebalance_delay: Duration::from_millis(100),
        ..GroupCoordinatorConfig::default()
    };
    let broker = Engine::builder()
        .node_id(1)
        .cluster_id("barrage")
        .incarnation_id(Uuid::now_v7())
        .listener(url(listener)?)
        .advertised_listener(url(advertised)?)
        .storage("sqlite://broker.db".parse()?)
        .group_coordinator(groups)
        .silent(true)
        .build()
        .await?;
    Ok(broker)
}

/// Prints the ready line once clients can connect. The engine does not report this moment itself.
async fn announce(address: SocketAddr) {
    let mut retry = interval(Duration::from_millis(10));
    while TcpStream::connect(address).await.is_err() {
        retry.tick().await;
    }
    #[expect(clippy::print_stdout, reason = "stdout carries the ready line alone")]
    {
        println!("{NAME} ready on {address}");
    }
}

//! The demo's Kafka: an embedded broker that keeps its topics in one SQLite file.

use std::{net::SocketAddr, process::ExitCode, time::Duration};

use anyhow::Context as _;
use clap::Parser;
use nisshi_broker::{
    broker::Broker,
    coordinator::group::administrator::{Controller, GroupCoordinatorConfig},
};
use nisshi_storage::ArcDynStorage;
use process::{
    port::Port,
    stand_in::{self, Place},
};
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
    place: Place,
    /// Where clients are told to find it, when that is not where it listens: a proxy's HOST:PORT.
    #[arg(long, value_name = "HOST:PORT")]
    advertise: Option<SocketAddr>,
}

#[tokio::main]
async fn main() -> ExitCode {
    stand_in::exit_code(NAME, run(Args::parse()).await)
}

async fn run(Args { place, advertise }: Args) -> anyhow::Result<()> {
    stand_in::log_to_stderr();
    stand_in::outlive_file_limits()?;
    let _lock = stand_in::claim(&place.data, NAME)?;
    // The engine takes the name of its file relative to the working folder, whatever its URL
    // looks like.
    std::env::set_current_dir(&place.data)?;
    // Clients are told the broker's address, so it must be known before the broker is built.
    let port = Port::reserve(place.port).with_context(|| format!("port {}", place.port))?;
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
        // Its three seconds are for a fleet that starts together; we start one router.
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

/// Prints the ready line once clients can connect, which the engine itself tells nobody.
async fn announce(address: SocketAddr) {
    let mut again = interval(Duration::from_millis(10));
    while TcpStream::connect(address).await.is_err() {
        again.tick().await;
    }
    #[expect(clippy::print_stdout, reason = "the ready line is what a process says on stdout")]
    {
        println!("{NAME} ready on {address}");
    }
}

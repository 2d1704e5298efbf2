//! The stand-in for Kafka: an embedded broker that keeps its topics in one SQLite file.

mod answers;
mod engine;
mod file;
mod finished_records;
mod offset_metadata;
mod schema;

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    process::ExitCode,
};

use anyhow::Context as _;
use clap::Parser;
use process::signals::Stop;
use tokio::net::TcpSocket;

use crate::engine::{Engine, Limits};

const NAME: &str = "broker";

/// The group of the event-router, unless `KAFKA_GROUP` says another one.
const ROUTERS: &str = "barrage-info-consumer";

/// How many connections may wait to be accepted.
const BACKLOG: u32 = 1024;

/// A Kafka-compatible broker for one machine.
#[derive(Debug, Parser)]
struct Args {
    #[command(flatten)]
    options: startup::Options,
    /// Address that clients are told to connect to, if it is another one: that of a proxy.
    #[arg(long, value_name = "HOST:PORT")]
    advertise: Option<SocketAddr>,
    /// The group of the router: with --keep, only records that it has committed are deleted.
    #[arg(long, env = "KAFKA_GROUP", default_value = ROUTERS)]
    group: String,
}

#[tokio::main]
async fn main() -> ExitCode {
    startup::exit_code(NAME, run(Args::parse()).await)
}

async fn run(Args { options, advertise, group }: Args) -> anyhow::Result<()> {
    startup::log_to_stderr();
    startup::ignore_file_size_signal()?;
    let stop = Stop::on_signal()?;
    let _lock = startup::lock_data_folder(&options.data, NAME)?;
    // The engine opens its file relative to the working folder, even for an absolute URL.
    std::env::set_current_dir(&options.data)?;
    // Bound first, because the engine is built with the address that it tells to clients.
    let port = || format!("port {}", options.port);
    let socket = bind(options.port).with_context(port)?;
    let address = socket.local_addr()?;
    let limits = options.keep.map(|share| Limits { share, group: group_or_default(group) });
    let engine = Engine::open(advertise.unwrap_or(address), limits, stop.requested);
    let engine = engine.await.context("cannot open the topics")?;
    let listener = socket.listen(BACKLOG).with_context(port)?;
    announce(address);
    engine.serve(listener).await.context("died")
}

/// A blank variable is none, as for the services.
fn group_or_default(group: String) -> String {
    if group.trim().is_empty() { ROUTERS.into() } else { group.trim().into() }
}

fn bind(port: u16) -> io::Result<TcpSocket> {
    let socket = TcpSocket::new_v4()?;
    // Whoever started us may hold the port reserved; see `process::port`.
    socket.set_reuseaddr(true)?;
    // Connections inherit it. Without it, an answer may wait for the acknowledgement of the one before.
    socket.set_nodelay(true)?;
    socket.bind((Ipv4Addr::LOCALHOST, port).into())?;
    Ok(socket)
}

fn announce(address: SocketAddr) {
    #[expect(clippy::print_stdout, reason = "stdout carries the ready line alone")]
    {
        println!("{NAME} ready on {address}");
    }
}

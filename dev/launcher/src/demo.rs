//! One run of the demo: starts all processes in order, prints where the page is, stops them in reverse order.

use std::{
    collections::BTreeSet, ffi::OsString, io, net::SocketAddr, path::PathBuf, sync::Arc,
    time::Duration,
};

use anyhow::{Context as _, bail, ensure};
use client::homepage::Homepage;
use process::{child::Spec, log::Log, port::Port, signals::Stop};
use serde_json::Value;
use stack::plan::{
    Plan, check_built,
    name::{BROKER, TABLE},
};
use tokio::time::{Instant, interval, timeout};

use crate::{data_folder::DataFolder, network, stack_file::StackFile, supervisor::Supervisor};

/// Many times what a start takes on a slow machine.
const START: Duration = Duration::from_secs(90);

const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// How long the homepage of a demo that was just killed may still hold its port.
const PORT_RELEASE: Duration = Duration::from_secs(1);

/// What to run. See the arguments in `main.rs`.
#[derive(Debug)]
pub(crate) struct Options {
    /// The folder of the programs.
    pub(crate) programs: PathBuf,
    pub(crate) data: PathBuf,
    pub(crate) fresh: bool,
    pub(crate) page: SocketAddr,
    pub(crate) processors: u16,
    pub(crate) verbose: bool,
    /// The names of the variables that the user has set.
    pub(crate) environment: BTreeSet<OsString>,
}

/// Runs the demo until a stop signal.
pub(crate) async fn run(options: Options) -> anyhow::Result<()> {
    let stop = Stop::on_signal()?;
    // First, because this ends processes of a killed demo, which may still hold the port.
    let folder = DataFolder::open(&options.data, options.fresh).await?;
    let page = reserve_page(options.page).await?;
    let homepage = Homepage::new(page.local_address())?;
    let public_url = network::url(page.address());
    let plan = Plan {
        programs: options.programs,
        data: folder.path().into(),
        processors: options.processors,
        sink: None,
        page,
        public_url: public_url.clone(),
        environment: Some(options.environment),
    };
    let specs = plan.specs()?;
    check_built(specs.iter().map(|spec| spec.program.clone()))?;
    let stack_file = Arc::new(StackFile::create(folder.path(), homepage.url(), &specs)?);
    let mut demo = Demo { supervisors: Vec::new(), stack_file, homepage, public_url, folder, stop };
    let outcome = demo.start(specs, options.verbose).await;
    if let Ok(true) = outcome {
        demo.stop.requested.cancelled().await;
    }
    demo.end().await;
    outcome.map(|_| ())
}

async fn reserve_page(address: SocketAddr) -> anyhow::Result<Port> {
    let port = address.port();
    let started = Instant::now();
    let mut retry = interval(POLL_INTERVAL);
    loop {
        retry.tick().await;
        match Port::reserve_at(address) {
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => ensure!(
                started.elapsed() < PORT_RELEASE,
                "port {port} is in use; choose another with --port (0 = any)"
            ),
            reserved => return reserved.with_context(|| format!("cannot use {address}")),
        }
    }
}

struct Demo {
    supervisors: Vec<Supervisor>,
    stack_file: Arc<StackFile>,
    homepage: Homepage,
    public_url: Option<String>,
    folder: DataFolder,
    stop: Stop,
}

impl Demo {
    /// Starts all processes. False if a stop signal came first.
    async fn start(&mut self, specs: Vec<Spec>, verbose: bool) -> anyhow::Result<bool> {
        let started = Instant::now();
        let stop = self.stop.requested.clone();
        let in_time = tokio::select! {
            up = timeout(START, self.start_each(specs, verbose)) => up,
            () = stop.cancelled() => return Ok(false),
        };
        match in_time {
            Ok(up) => up?,
            Err(_) => bail!("not up after {START:?}: {}", self.what_is_missing().await),
        }
        #[expect(clippy::print_stdout, reason = "scripts wait for this line")]
        {
            println!("barrage is up on {}", self.homepage.url());
        }
        // On stderr as all that follows: whoever waits for that line may have closed the pipe.
        eprintln!("{BROKER}: {} (Kafka's protocol)", self.stack_file.address(BROKER));
        eprintln!("{TABLE}: http://{} (DynamoDB's API)", self.stack_file.address(TABLE));
        if let Some(url) = &self.public_url {
            eprintln!("other machines of this network open {url}");
        }
        eprintln!(
            "started in {:.1} s; logs are in {}; Ctrl-C stops everything",
            started.elapsed().as_secs_f32(),
            self.folder.logs().display()
        );
        Ok(true)
    }

    async fn start_each(&mut self, specs: Vec<Spec>, verbose: bool) -> anyhow::Result<()> {
        for spec in specs {
            let (name, address) = (spec.name.clone(), spec.port.address());
            let started = Instant::now();
            eprintln!("starting {name} on {address} …");
            let log = Log::open(&self.folder.logs(), &name, verbose)?;
            let force_stop = self.stop.forced.clone();
            let supervisor = Supervisor::start(spec, log, Arc::clone(&self.stack_file), force_stop);
            let ready = supervisor.readiness();
            // Kept before the wait, so that a stop signal meanwhile stops this process too.
            self.supervisors.push(supervisor);
            ready.await?;
            eprintln!("{name} is ready after {:.2} s", started.elapsed().as_secs_f32());
        }
        let mut poll = interval(POLL_INTERVAL);
        while !self.is_ready().await {
            poll.tick().await;
        }
        Ok(())
    }

    async fn is_ready(&self) -> bool {
        self.homepage.readiness().await.is_ok_and(|answer| answer.status.is_success())
    }

    async fn what_is_missing(&self) -> String {
        if let Some(waiting) = self.supervisors.iter().find(|supervisor| !supervisor.is_ready()) {
            return format!("{} is not ready; see its log", waiting.name());
        }
        match self.homepage.readiness().await {
            Ok(answer) => missing_dependencies(&answer.body),
            Err(error) => format!("the homepage does not answer: {error}"),
        }
    }

    /// Stops all processes in reverse order: senders first, storage last.
    async fn end(self) {
        for supervisor in self.supervisors.into_iter().rev() {
            eprintln!("stopping {} …", supervisor.name());
            supervisor.stop().await;
        }
        self.stack_file.remove();
    }
}

/// The dependencies that the homepage's `/readyz` calls not ready, with the reasons.
fn missing_dependencies(readiness: &Value) -> String {
    let dependencies = readiness["dependencies"].as_object().into_iter().flatten();
    let missing = dependencies.filter(|(_, dependency)| dependency["ready"] != true);
    let missing: Vec<_> = missing
        .map(|(name, dependency)| {
            format!("{name} ({})", dependency["reason"].as_str().unwrap_or("?"))
        })
        .collect();
    format!("the homepage waits for {}", missing.join(", "))
}

//! One run of the demo: start all in order, say where the page is, stop all in order.

use std::{
    collections::BTreeSet, ffi::OsString, io, net::SocketAddr, path::PathBuf, sync::Arc,
    time::Duration,
};

use anyhow::{Context as _, bail, ensure};
use client::homepage::Homepage;
use process::{child::Spec, log::Log, port::Port, signals::Stop};
use serde_json::Value;
use stack::plan::{Plan, check_built};
use tokio::time::{Instant, interval, timeout};

use crate::{data_folder::DataFolder, keeper::Keeper, network, roster::Roster};

/// Many times what a start takes on a slow machine.
const START: Duration = Duration::from_secs(90);

const BETWEEN_LOOKS: Duration = Duration::from_millis(50);

/// How long the homepage of a demo that was killed a moment ago may still hold its port.
const RELEASE: Duration = Duration::from_secs(1);

/// What the person asked for.
#[derive(Debug)]
pub(crate) struct Wish {
    pub(crate) programs: PathBuf,
    pub(crate) data: PathBuf,
    pub(crate) fresh: bool,
    pub(crate) page: SocketAddr,
    pub(crate) processors: u16,
    pub(crate) verbose: bool,
    pub(crate) environment: BTreeSet<OsString>,
}

/// Runs the demo until it is told to stop.
pub(crate) async fn run(wish: Wish) -> anyhow::Result<()> {
    let stop = Stop::on_signal()?;
    // First, because that ends what a killed demo may have left, which would still hold the port.
    let folder = DataFolder::open(&wish.data, wish.fresh).await?;
    let page = reserve_page(wish.page).await?;
    let homepage = Homepage::new(page.local_address())?;
    let public_url = network::url(page.address());
    let plan = Plan {
        programs: wish.programs,
        data: folder.path().into(),
        processors: wish.processors,
        page,
        public_url: public_url.clone(),
        environment: Some(wish.environment),
    };
    let specs = plan.specs()?;
    check_built(&specs)?;
    let roster = Arc::new(Roster::create(folder.path(), homepage.url(), &specs)?);
    let mut demo = Demo { keepers: Vec::new(), roster, homepage, public_url, folder, stop };
    let outcome = demo.start(specs, wish.verbose).await;
    if let Ok(true) = outcome {
        demo.stop.requested.cancelled().await;
    }
    demo.end().await;
    outcome.map(|_| ())
}

/// What the homepage's `/readyz` names as missing, with the reasons.
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

async fn reserve_page(address: SocketAddr) -> anyhow::Result<Port> {
    let port = address.port();
    let started = Instant::now();
    let mut look = interval(BETWEEN_LOOKS);
    loop {
        look.tick().await;
        match Port::reserve_at(address) {
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => ensure!(
                started.elapsed() < RELEASE,
                "port {port} is in use; choose another with --port (0 = any)"
            ),
            reserved => return reserved.with_context(|| format!("cannot use {address}")),
        }
    }
}

struct Demo {
    keepers: Vec<Keeper>,
    roster: Arc<Roster>,
    homepage: Homepage,
    public_url: Option<String>,
    folder: DataFolder,
    stop: Stop,
}

impl Demo {
    /// Whether all is up; not so when it was told to stop meanwhile.
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
        #[expect(clippy::print_stdout, reason = "the one line that scripts wait for")]
        {
            println!("barrage is up on {}", self.homepage.url());
        }
        if let Some(url) = &self.public_url {
            eprintln!("other machines of this network find it on {url}");
        }
        eprintln!(
            "up after {:.1} s; logs in {}; Ctrl-C stops all",
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
            let hurry = self.stop.forced.clone();
            let keeper = Keeper::start(spec, log, Arc::clone(&self.roster), hurry);
            let ready = keeper.readiness();
            // In our hands before we wait: we may be told to stop meanwhile.
            self.keepers.push(keeper);
            ready.await?;
            eprintln!("{name} is ready after {:.2} s", started.elapsed().as_secs_f32());
        }
        let mut look = interval(BETWEEN_LOOKS);
        while !self.is_ready().await {
            look.tick().await;
        }
        Ok(())
    }

    async fn is_ready(&self) -> bool {
        self.homepage.readiness().await.is_ok_and(|answer| answer.status.is_success())
    }

    async fn what_is_missing(&self) -> String {
        if let Some(keeper) = self.keepers.iter().find(|keeper| !keeper.is_ready()) {
            return format!("{} is not ready; see its log", keeper.name());
        }
        match self.homepage.readiness().await {
            Ok(answer) => missing_dependencies(&answer.body),
            Err(error) => format!("the homepage does not answer: {error}"),
        }
    }

    /// Stops all against the order of their start: first who sends, last who keeps.
    async fn end(self) {
        for keeper in self.keepers.into_iter().rev() {
            eprintln!("stopping {} …", keeper.name());
            keeper.stop().await;
        }
        self.roster.remove();
    }
}

//! One run of the demo: starts all processes in order, prints where the page is, stops them in reverse order.

use std::{
    collections::BTreeSet, ffi::OsString, io, net::SocketAddr, path::PathBuf, sync::Arc,
    time::Duration,
};

use anyhow::{Context as _, bail, ensure};
use client::homepage::Homepage;
use process::{child::Spec, port::Port, signals::Stop};
use serde_json::Value;
use stack::plan::{
    Parts, Plan, ProcessorSpecs, check_built,
    name::{BROKER, ROUTER, TABLE},
};
use tokio::{
    sync::mpsc,
    time::{Instant, interval, timeout},
};

use crate::{
    capacity::Machine,
    control::{Control, Token},
    data_folder::DataFolder,
    network,
    scaler::Scale,
    scaling::{Scaling, Start},
    sink_file::SinkFile,
    size::Size,
    stack_file::StackFile,
    supervisor::{Notice, Supervisor, Surroundings},
};

/// Many times what a start takes on a slow machine.
const START: Duration = Duration::from_secs(90);

const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// How long the homepage of a demo that was just killed may still hold its port.
const PORT_RELEASE: Duration = Duration::from_secs(1);

/// More than all processes tell before the scaler listens.
const NOTICES: usize = 1024;

/// What to run. See the arguments in `cli.rs`.
#[derive(Debug)]
pub(crate) struct Options {
    /// The folder of the programs.
    pub(crate) programs: PathBuf,
    pub(crate) data: PathBuf,
    pub(crate) fresh: bool,
    pub(crate) keep: Size,
    pub(crate) page: SocketAddr,
    pub(crate) scale: Scale,
    pub(crate) tour: bool,
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
    let sink = SinkFile::new(folder.path());
    let plan = Plan {
        programs: options.programs,
        data: folder.path().into(),
        processors: 0,
        sink: Some(sink.path()),
        page,
        public_url: public_url.clone(),
        keep: Some(options.keep.bytes()),
        environment: Some(options.environment),
    };
    let mut parts = parts(plan)?;
    let token = Token::random();
    let control = Control::bind(token).await?;
    control.introduce(&mut parts.homepage)?;
    let specs: Vec<_> = parts.storage.iter().chain([&parts.router, &parts.homepage]).collect();
    let programs = specs.iter().map(|spec| spec.program.clone());
    check_built(programs.chain([parts.processors.program()]))?;
    let stack_file = Arc::new(StackFile::create(folder.path(), homepage.url(), &specs)?);
    let (notices, inbox) = mpsc::channel(NOTICES);
    let around = Surroundings {
        stack_file,
        logs: folder.logs(),
        verbose: options.verbose,
        force_stop: stop.forced.clone(),
        notices,
        open_logs: Arc::default(),
    };
    let start = Start { scale: options.scale, sink, control, inbox, homepage: homepage.clone() };
    let mut demo = Demo::new(homepage, public_url, folder, stop, around);
    let outcome = demo.run(parts, start, token, options.tour).await;
    demo.end().await;
    outcome
}

/// All processes. There is one router, so Kafka can give it its partitions back as soon as it has restarted, also after a
/// kill. Kafka's tools show it under this id, which is that of its client.
fn parts(plan: Plan) -> io::Result<Parts> {
    let mut parts = plan.parts()?;
    parts.router.env.insert("KAFKA_GROUP_INSTANCE_ID".into(), format!("{ROUTER}-consumer"));
    Ok(parts)
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
    /// The broker and the table.
    storage: Vec<Supervisor>,
    /// A processor that is tried before there is a router.
    trial: Option<Supervisor>,
    scaling: Option<Scaling>,
    /// The router and the homepage.
    services: Vec<Supervisor>,
    around: Surroundings,
    homepage: Homepage,
    public_url: Option<String>,
    folder: DataFolder,
    stop: Stop,
}

impl Demo {
    fn new(
        homepage: Homepage,
        public_url: Option<String>,
        folder: DataFolder,
        stop: Stop,
        around: Surroundings,
    ) -> Self {
        let (storage, services) = (Vec::new(), Vec::new());
        Self {
            storage,
            trial: None,
            scaling: None,
            services,
            around,
            homepage,
            public_url,
            folder,
            stop,
        }
    }

    /// Until the stop signal, or a processor does not accept its configuration.
    async fn run(
        &mut self,
        parts: Parts,
        start: Start,
        token: Token,
        tour: bool,
    ) -> anyhow::Result<()> {
        if let Some(warning) = Machine::this().warning(start.scale.range.max()) {
            eprintln!("{warning}");
        }
        let started = Instant::now();
        let stop = self.stop.requested.clone();
        let in_time = tokio::select! {
            up = timeout(START, self.start_each(parts, start)) => up,
            () = stop.cancelled() => return Ok(()),
        };
        match in_time {
            Ok(up) => up?,
            Err(_) => bail!("not up after {START:?}: {}", self.what_is_missing().await),
        }
        self.say_where(started.elapsed(), token);
        let scaling = self.scaling.as_mut().context("the demo has no processors")?;
        if tour {
            scaling.play_tour().await?;
        }
        tokio::select! {
            () = stop.cancelled() => Ok(()),
            failed = scaling.failed() => Err(failed),
        }
    }

    fn say_where(&self, took: Duration, token: Token) {
        #[expect(clippy::print_stdout, reason = "scripts wait for this line")]
        {
            println!("barrage is up on {}", self.homepage.url());
        }
        // On stderr as all that follows: whoever waits for that line may have closed the pipe.
        let address = |name| self.around.stack_file.address(name);
        eprintln!("{BROKER}: {} (Kafka's protocol)", address(BROKER));
        eprintln!("{TABLE}: http://{} (DynamoDB's API)", address(TABLE));
        if let Some(url) = &self.public_url {
            eprintln!("other machines of this network open {url}");
            eprintln!("with controls, for you alone: {url}/#controls={}", token.to_text());
        }
        eprintln!(
            "started in {:.1} s; logs are in {}; Ctrl-C stops everything",
            took.as_secs_f32(),
            self.folder.logs().display()
        );
    }

    async fn start_each(&mut self, parts: Parts, start: Start) -> anyhow::Result<()> {
        let Parts { storage, router, homepage, processors } = parts;
        for spec in storage {
            start_part(spec, &self.around, &mut self.storage).await?;
        }
        if start.scale.begin() == 0 {
            self.try_processor(&processors).await?;
        }
        let router_address = router.port.address();
        let hold = self.stop.requested.clone();
        let scaling = Scaling::start(start, processors, self.around.clone(), hold, router_address);
        self.scaling.insert(scaling).until_ready().await?;
        for spec in [router, homepage] {
            start_part(spec, &self.around, &mut self.services).await?;
        }
        let mut poll = interval(POLL_INTERVAL);
        while !is_ready(&self.homepage).await {
            poll.tick().await;
        }
        Ok(())
    }

    /// Runs a processor for a moment, although none is wanted: it creates the table, and says here and now if
    /// it does not accept its configuration. Knative does the same: its `initial-scale` is 1.
    async fn try_processor(&mut self, specs: &ProcessorSpecs) -> anyhow::Result<()> {
        let spec = specs.spec(1, Port::reserve(0)?);
        let (name, stack_file) = (spec.name.clone(), Arc::clone(&self.around.stack_file));
        eprintln!("trying {name} …");
        stack_file.add(&spec);
        let processor = Homepage::new(spec.port.address())?;
        // Nobody needs to know of it.
        let around = Surroundings { notices: mpsc::channel::<Notice>(1).0, ..self.around.clone() };
        let trial = self.trial.insert(Supervisor::start(spec, &around)?);
        trial.readiness().await?;
        let mut poll = interval(POLL_INTERVAL);
        while !is_ready(&processor).await {
            poll.tick().await;
        }
        if let Some(trial) = self.trial.take() {
            trial.stop().await;
        }
        stack_file.forget(&name);
        Ok(())
    }

    async fn what_is_missing(&self) -> String {
        let parts = self.storage.iter().chain(&self.trial).chain(&self.services);
        if let Some(waiting) = parts.into_iter().find(|supervisor| !supervisor.is_ready()) {
            return format!("{} is not ready; see its log", waiting.name());
        }
        if self.services.is_empty() {
            return "a message-processor is not ready; see its log".into();
        }
        match self.homepage.readiness().await {
            Ok(answer) => missing_dependencies(&answer.body),
            Err(error) => format!("the homepage does not answer: {error}"),
        }
    }

    /// Stops all processes in reverse order: senders first, storage last.
    async fn end(self) {
        stop_each(self.services).await;
        if let Some(scaling) = self.scaling {
            scaling.end().await;
        }
        stop_each(self.trial.into_iter().collect()).await;
        stop_each(self.storage).await;
        self.around.stack_file.remove();
    }
}

/// Starts a process and waits until it is ready.
async fn start_part(
    spec: Spec,
    around: &Surroundings,
    started: &mut Vec<Supervisor>,
) -> anyhow::Result<()> {
    let (name, began) = (spec.name.clone(), Instant::now());
    eprintln!("starting {name} on {} …", spec.port.address());
    let supervisor = Supervisor::start(spec, around)?;
    let ready = supervisor.readiness();
    // Kept before the wait, so that a stop signal meanwhile stops this process too.
    started.push(supervisor);
    ready.await?;
    eprintln!("{name} is ready after {:.2} s", began.elapsed().as_secs_f32());
    Ok(())
}

async fn stop_each(supervisors: Vec<Supervisor>) {
    for supervisor in supervisors.into_iter().rev() {
        eprintln!("stopping {} …", supervisor.name());
        supervisor.stop().await;
    }
}

async fn is_ready(service: &Homepage) -> bool {
    service.readiness().await.is_ok_and(|answer| answer.status.is_success())
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

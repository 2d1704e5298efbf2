//! Everything that scales the processors: the scaler, who asks the router, the API for people, and the tour.

use std::net::SocketAddr;

use anyhow::anyhow;
use client::homepage::Homepage;
use stack::plan::ProcessorSpecs;
use tokio::{
    sync::{mpsc, watch},
    task::{JoinHandle, JoinSet},
};
use tokio_util::sync::CancellationToken;

use crate::{
    control::{Api, Control},
    processors::Processors,
    sampler,
    scaler::{Inbox, Outside, Scale, Scaler},
    sink_file::SinkFile,
    supervisor::{InvalidConfiguration, Notice, Surroundings},
    tour::{self, PlayError, Tour},
};

/// How many requests may wait.
const REQUESTS: usize = 16;

/// What is there before the first processor.
pub(crate) struct Start {
    pub(crate) scale: Scale,
    pub(crate) sink: SinkFile,
    pub(crate) control: Control,
    pub(crate) inbox: mpsc::Receiver<Notice>,
    /// For the tour. It need not listen yet.
    pub(crate) homepage: Homepage,
}

/// The running tasks.
pub(crate) struct Scaling {
    /// None once it has ended.
    scaler: Option<JoinHandle<Result<(), InvalidConfiguration>>>,
    tour: tour::Handle,
    /// The sampler, the API and the tour.
    others: JoinSet<()>,
    stop: CancellationToken,
    ready: watch::Receiver<u16>,
    begin: u16,
}

impl Scaling {
    /// Starts the processors that are wanted at first. After `hold`, no further one is started.
    pub(crate) fn start(
        start: Start,
        specs: ProcessorSpecs,
        around: Surroundings,
        hold: CancellationToken,
        router: SocketAddr,
    ) -> Self {
        let Start { scale, sink, control, inbox: notices, homepage } = start;
        let (to_scaler, requests) = mpsc::channel(REQUESTS);
        let (publish, samples) = watch::channel(None);
        let (tell_ready, ready) = watch::channel(0);
        let stop = CancellationToken::new();
        let mut others = JoinSet::new();
        others.spawn(sampler::run(router, publish));
        let (it, tour) = Tour::new(to_scaler.clone(), homepage, &scale);
        others.spawn(it.run(hold.clone()));
        let (api, stop_control) = (Api { scaler: to_scaler, tour: tour.clone() }, stop.clone());
        others.spawn(async move {
            if let Err(error) = control.run(api, stop_control).await {
                eprintln!("the launcher's API has ended: {error}");
            }
        });
        let outside = Outside { ready: tell_ready, hold, stop: stop.clone() };
        let scaler = Scaler::new(scale, Processors::new(specs, sink, around), outside);
        let scaler = tokio::spawn(scaler.run(Inbox { notices, requests, samples }));
        Self { scaler: Some(scaler), tour, others, stop, ready, begin: scale.begin() }
    }

    /// Waits until the first processors are ready.
    pub(crate) async fn until_ready(&mut self) -> anyhow::Result<()> {
        let begin = self.begin;
        match self.ready.wait_for(|ready| *ready >= begin).await.map(drop) {
            Ok(()) => Ok(()),
            Err(_) => Err(self.failed().await),
        }
    }

    /// Starts the tour, once the homepage is ready.
    pub(crate) async fn play_tour(&self) -> Result<(), PlayError> {
        match self.tour.play().await {
            Err(PlayError::Stopping) => Ok(()), // whoever has asked sees the stop, too
            result => result,
        }
    }

    /// Waits until it fails: a processor does not accept its configuration.
    pub(crate) async fn failed(&mut self) -> anyhow::Error {
        let Some(scaler) = &mut self.scaler else { return anyhow!("the scaler has ended") };
        let ended = scaler.await;
        self.scaler = None;
        match ended {
            Ok(Ok(())) => anyhow!("the scaler has ended"),
            Ok(Err(invalid)) => invalid.into(),
            Err(error) => anyhow!(error),
        }
    }

    /// Stops all processors and waits for their ends.
    pub(crate) async fn end(mut self) {
        self.stop.cancel();
        if let Some(scaler) = self.scaler {
            // If it has panicked, its processes are killed when this program ends.
            _ = scaler.await;
        }
        self.others.shutdown().await;
    }
}

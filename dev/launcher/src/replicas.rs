//! Processors that come and go by the load, in a stack that somebody else runs, such as that of chaos.

use std::{io, net::SocketAddr, path::Path, sync::Arc, time::Duration};

use client::homepage::Homepage;
use process::child::Spec;
use stack::plan::ProcessorSpecs;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::{
    control::{Control, Token},
    range::Range,
    scaler::Scale,
    scaling::{Scaling, Start},
    sink_file::SinkFile,
    stack_file::StackFile,
    supervisor::Surroundings,
};

/// How many notices may wait for the scaler.
const NOTICES: usize = 64;

/// The autoscaler and its processors.
pub struct Replicas {
    scaling: Scaling,
    api: SocketAddr,
    token: Token,
}

impl Replicas {
    /// Starts to run as many replicas of this processor as the calls of this router want. The router must find them
    /// in the file `processors` of the folder `data`. A tour would send its messages through this homepage.
    /// Fails if the processor has no `CONTAINER_CONCURRENCY` and `WORK_MS`, which count here too.
    pub async fn start(
        range: Range,
        window: Duration,
        processor: Spec,
        data: &Path,
        router: SocketAddr,
        homepage: Homepage,
    ) -> io::Result<Self> {
        let token = Token::random();
        let control = Control::bind(token).await?;
        let api = control.address()?;
        let (notices, inbox) = mpsc::channel(NOTICES);
        let around = Surroundings {
            stack_file: Arc::new(StackFile::create(data, "", &[])?),
            logs: data.join("logs"),
            verbose: false,
            force_stop: CancellationToken::new(),
            notices,
            open_logs: Arc::default(),
        };
        let specs = ProcessorSpecs::like(processor);
        let number = |name: &str| {
            let number = specs.var(name).and_then(|value| value.parse().ok());
            number.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, name))
        };
        let scale = Scale {
            range,
            fixed: None,
            window,
            concurrency: number("CONTAINER_CONCURRENCY")?,
            tells_concurrency: false,
            work_ms: number("WORK_MS")?,
        };
        let start = Start { scale, sink: SinkFile::new(data), control, inbox, homepage };
        let scaling = Scaling::start(start, specs, around, CancellationToken::new(), router);
        Ok(Self { scaling, api, token })
    }

    /// Where the launcher's API listens, and its token.
    pub fn api(&self) -> (SocketAddr, String) {
        (self.api, self.token.to_text())
    }

    /// Stops all processors and waits for their ends.
    pub async fn end(self) {
        self.scaling.end().await;
    }
}

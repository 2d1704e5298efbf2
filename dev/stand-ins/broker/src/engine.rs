//! The engine: nisshi's storage and group coordinator, behind a listener of our own.
//!
//! nisshi's `Broker` listens by itself and lets nobody change its answers. So we put its layers together ourselves,
//! with [`AnswersLayer`] among them.

use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, SystemTime},
};

use nisshi_broker::{
    Error,
    coordinator::group::administrator::{Controller, GroupCoordinatorConfig},
    service,
};
use nisshi_service::{
    BytesFrameLayer, FrameRouteService, TcpBytesLayer, TcpContext, TcpContextLayer,
    TcpListenerInput, TcpListenerLayer,
};
use nisshi_storage::{ArcDynStorage, BrokerRegistrationRequest, Storage as _, StorageContainer};
use nisshi_storage_sql::LiteEngineFactory;
use rama::{Layer as _, Service as _, extensions::Extensions};
use reqwest::Url;
use startup::{keep::Share, retention::Retention};
use tokio::{
    net::TcpListener,
    time::{MissedTickBehavior, interval},
};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{answers::AnswersLayer, file, finished_records::FinishedRecords};

/// The file of the topics, in the working folder.
const FILE: &str = "broker.db";

const CLUSTER: &str = "barrage";
const NODE: i32 = 1;

/// How often records beyond a topic's retention are removed.
const RETENTION_INTERVAL: Duration = Duration::from_secs(600);

/// How often transactions that took too long are aborted.
const TRANSACTION_INTERVAL: Duration = Duration::from_secs(10);

/// How much the topics may take.
pub(crate) struct Limits {
    pub(crate) share: Share,
    /// The group of the router. What it has committed may go.
    pub(crate) group: String,
}

/// A broker that does not listen yet.
pub(crate) struct Engine {
    storage: ArcDynStorage,
    groups: Controller<ArcDynStorage>,
    retention: Option<Retention<FinishedRecords>>,
    stop: CancellationToken,
}

impl Engine {
    /// Opens the topics in the working folder, and keeps them within these limits.
    pub(crate) async fn open(
        advertised: SocketAddr,
        limits: Option<Limits>,
        stop: CancellationToken,
    ) -> anyhow::Result<Self> {
        let file = file::prepare(FILE.into()).await?;
        let mut storage = StorageContainer::builder();
        storage.with_factory(Arc::new(LiteEngineFactory));
        let storage = storage
            .node_id(NODE)
            .cluster_id(CLUSTER)
            .advertised_listener(format!("tcp://{advertised}").parse::<Url>()?)
            .storage(format!("sqlite://{FILE}").parse()?)
            .cancellation(stop.clone())
            .silent(true)
            .build()
            .await?;
        let registration = BrokerRegistrationRequest {
            broker_id: NODE,
            cluster_id: CLUSTER.into(),
            incarnation_id: Uuid::now_v7(),
            rack: None,
        };
        storage.register_broker(registration).await?;
        let groups = GroupCoordinatorConfig {
            // The default of three seconds is for many consumers that start together; we start one router.
            initial_rebalance_delay: Duration::from_millis(100),
            ..GroupCoordinatorConfig::default()
        };
        let groups = Controller::new(Arc::clone(&storage), groups);
        let retention = limits.map(|Limits { share, group }| {
            let storage = Arc::clone(&storage);
            Retention::new(FinishedRecords { storage, file, group }, share)
        });
        Ok(Self { storage, groups, retention, stop })
    }

    /// Serves clients until the stop signal. What a request has not finished then was not acknowledged.
    pub(crate) async fn serve(self, listener: TcpListener) -> anyhow::Result<()> {
        let Self { storage, groups, retention, stop } = self;
        let routes = FrameRouteService::<Error>::builder();
        let routes = service::storage::services(routes, Arc::clone(&storage))?;
        let routes = service::coordinator::services(routes, groups)?;
        let routes = service::auth::services(routes)?.build()?;
        tokio::spawn(maintain(Arc::clone(&storage)));
        if let Some(retention) = retention {
            tokio::spawn(stop.clone().run_until_cancelled_owned(retention.run()));
        }
        let clients = (
            TcpListenerLayer::new(stop),
            TcpContextLayer::new(TcpContext::default().cluster_id(Some(CLUSTER.into()))),
            TcpBytesLayer,
            BytesFrameLayer::default(),
            AnswersLayer { storage },
        );
        let clients = clients.into_layer(routes);
        clients.serve(TcpListenerInput { listener, extensions: Extensions::default() }).await?;
        Ok(())
    }
}

/// Removes old records and ends old transactions, again and again. The storage does this only on request.
async fn maintain(storage: ArcDynStorage) {
    let [mut retention, mut transactions] = [RETENTION_INTERVAL, TRANSACTION_INTERVAL].map(every);
    loop {
        let done = tokio::select! {
            _ = retention.tick() => storage.maintain(SystemTime::now()).await,
            _ = transactions.tick() => storage.maintain_transactions(SystemTime::now()).await,
        };
        if let Err(error) = done {
            tracing::warn!(%error, "the topics were not maintained");
        }
    }
}

fn every(period: Duration) -> tokio::time::Interval {
    let mut due = interval(period);
    due.set_missed_tick_behavior(MissedTickBehavior::Skip);
    due
}

//! The service `grpc.health.v1`: it says to gRPC clients what `/readyz` says over HTTP.

use std::time::Duration;

use barrage::health::Readiness;
use barrage::retry::pause;
use proto::message_processor_server::SERVICE_NAME;
use tokio_util::sync::CancellationToken;
use tonic_health::ServingStatus;
use tonic_health::server::HealthReporter;

/// The names in the protocol: the empty name is the whole server.
const SERVICES: [&str; 2] = ["", SERVICE_NAME];

/// The longest time until clients see a change.
const INTERVAL: Duration = Duration::from_millis(200);

pub(crate) async fn set(reporter: &HealthReporter, ready: bool) {
    let status = if ready { ServingStatus::Serving } else { ServingStatus::NotServing };
    for service in SERVICES {
        reporter.set_service_status(service, status).await;
    }
}

/// Until `stop`, says whether all dependencies answer. Then it says that the processor is stopping, also in
/// `/readyz`, and ends the clients' `Watch` calls.
pub(crate) async fn follow(
    readiness: Readiness,
    mut reporter: HealthReporter,
    stop: CancellationToken,
) {
    let copy = async {
        let mut last = false;
        loop {
            let ready = readiness.report().ready;
            if ready != last {
                set(&reporter, ready).await;
                last = ready;
            }
            pause(INTERVAL).await;
        }
    };
    let _stopped: Option<()> = stop.run_until_cancelled(copy).await;
    readiness.dependency("processor").down("is stopping");
    set(&reporter, false).await;
    // Ends the `Watch` calls of clients. Otherwise the drain would wait for them.
    for service in SERVICES {
        reporter.clear_service_status(service).await;
    }
}

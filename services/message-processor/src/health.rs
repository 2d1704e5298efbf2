//! Tells callers by `grpc.health.v1` what `/readyz` tells people.

use std::time::Duration;

use barrage::health::Readiness;
use barrage::retry::pause;
use proto::message_processor_server::SERVICE_NAME;
use tokio_util::sync::CancellationToken;
use tonic_health::ServingStatus;
use tonic_health::server::HealthReporter;

/// The whole server, which has no name in the protocol, and its one service.
const SERVICES: [&str; 2] = ["", SERVICE_NAME];

/// How soon callers hear of a change.
const INTERVAL: Duration = Duration::from_millis(200);

/// Sets what callers hear.
pub(crate) async fn set(reporter: &HealthReporter, ready: bool) {
    let status = if ready { ServingStatus::Serving } else { ServingStatus::NotServing };
    for service in SERVICES {
        reporter.set_service_status(service, status).await;
    }
}

/// Until `stop`, tells whether all dependencies answer; then, by both ways, that the processor goes.
pub(crate) async fn announce(
    readiness: Readiness,
    mut reporter: HealthReporter,
    stop: CancellationToken,
) {
    let follow = async {
        let mut told = false;
        loop {
            let ready = readiness.report().ready;
            if ready != told {
                set(&reporter, ready).await;
                told = ready;
            }
            pause(INTERVAL).await;
        }
    };
    let _stopped: Option<()> = stop.run_until_cancelled(follow).await;
    readiness.dependency("processor").down("is stopping");
    set(&reporter, false).await;
    // This ends the callers' `Watch` calls, for which the drain would wait otherwise.
    for service in SERVICES {
        reporter.clear_service_status(service).await;
    }
}

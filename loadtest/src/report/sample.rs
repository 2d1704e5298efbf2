//! A report that the tests of this folder use.

use super::{
    Environment, Expectation, Failure, Latencies, Latency, Ledger, Mode, Plan, Process, Report,
    SCHEMA, Second, Sending, Stage, Viewers,
};

/// The report of a run of two seconds in which no message was lost.
pub(crate) fn report() -> Report {
    let (p95, p99) = (Some(60.0), 90.0);
    let latency =
        Latency { count: 1000, mean: 8.0, p50: 4.0, p90: 20.0, p95, p99, p999: 95.0, max: 99.0 };
    Report {
        schema: SCHEMA.into(),
        url: "http://127.0.0.1:8080/".into(),
        accepts_any_certificate: false,
        started_at: "2026-01-02T03:04:05Z".parse().unwrap(),
        took_s: 2.5,
        interrupted: false,
        plan: Plan {
            modes: vec![Mode::Messages],
            stages: vec![Stage { from: 500, to: 500, seconds: 2 }],
            in_flight: 256,
            viewers: 2,
            guests: 0,
            settle_s: 60,
        },
        environment: environment(),
        ledger: Ledger { accepted: 1000, stored: 999, blocked: 1, ..Ledger::default() },
        sending: sending(),
        latency: Latencies {
            accept: Some(latency),
            accept_naive: Some(latency),
            shown: Some(latency),
            poll: Some(latency),
            received: Some(latency),
        },
        viewers: Some(Viewers { count: 2, polls: 10, bullets: 900, passed: 1000, bytes: 300_000 }),
        audience: None,
        expectations: vec![Expectation {
            text: "p99<200ms".into(),
            measured: Some(90.0),
            holds: true,
        }],
        seconds: [1.0, 2.0].map(second).into(),
    }
}

fn sending() -> Sending {
    let failure = Failure {
        request: "message".into(),
        kind: "429 Too Many Requests".into(),
        count: 3,
        hint: Some("raise MAX_CLIENT_RATE".into()),
    };
    Sending {
        due: 1003,
        sent: 1003,
        accepted_per_s: 500.0,
        settled_per_s: 480.0,
        failures: vec![failure],
    }
}

fn environment() -> Environment {
    Environment {
        version: "0.1.0".into(),
        system: "Linux".into(),
        cpu: None,
        cores: 2,
        memory_mib: Some(8192),
        local: true,
    }
}

fn second(at: f64) -> Second {
    let process = |name: &str| Process {
        name: name.into(),
        cpu: Some(0.4),
        rss_mib: Some(30.0),
        restarts: 0,
    };
    Second {
        at,
        due: 500,
        accepted: 500,
        stored: Some(490),
        waiting: Some(10),
        processors: Some(1),
        accept_p50: Some(4.0),
        accept_p99: Some(90.0),
        polls: 5,
        batch: Some(25.0),
        in_flight: Some(1.0),
        processing: Some(1.0),
        table_reads: Some(20.0),
        processes: ["homepage", "event-router"].map(process).into(),
        ..Second::default()
    }
}

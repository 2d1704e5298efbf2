//! `cargo demo -- --tour` and `PUT /demo/tour`: the talk that plays by itself, and how people stop it.

use std::{fs, time::Duration};

use client::{
    eventually::{eventually, within},
    ledger::Ledger,
};
use serde_json::{Value, json};
use stack::demo::Demo;

const STEPS: [&str; 8] = [
    "zero",
    "first_message",
    "burst",
    "scale_out",
    "processor_killed",
    "kafka_killed",
    "recovery",
    "to_zero",
];

/// Four times what a round takes with a window of 6 s.
const ROUND: Duration = Duration::from_secs(300);

/// So few calls for each processor that 72 messages a second are enough for three of them.
const CONCURRENCY: (&str, &str) = ("CONTAINER_CONCURRENCY", "4");

/// Where the tour is, as the homepage says it; `None` also while it does not answer.
async fn step(demo: &Demo) -> Option<String> {
    let pipeline = demo.homepage().pipeline().await.ok()?;
    let tour = pipeline.tour?;
    assert_eq!(STEPS.get(tour.number as usize - 1), Some(&tour.step.as_str()));
    assert_eq!(tour.of, 8);
    Some(tour.step)
}

async fn set_tour(demo: &Demo, playing: bool) -> u16 {
    let body = json!({ "playing": playing });
    let answer = demo.homepage().put("/demo/tour", &body).await.unwrap();
    answer.status.as_u16()
}

#[tokio::test]
async fn a_tour_shows_all_its_steps_and_begins_again_and_nothing_is_lost() {
    let demo = Demo::new(&["--scale", "0..3", "--scale-window", "6", "--tour"])
        .var(CONCURRENCY.0, CONCURRENCY.1);
    let launcher = demo.start().await;
    let control = demo.control();
    let mut seen: Vec<String> = Vec::new();
    within(ROUND, "the tour begins again", async || {
        if let Some(step) = step(&demo).await
            && seen.last() != Some(&step)
        {
            seen.push(step);
        }
        seen.len() > STEPS.len()
    })
    .await;
    assert_eq!(seen[..8], STEPS);
    assert_eq!(seen[8], "zero");
    // It has shown what it says.
    assert_ne!(control.events("cold_start").await.len(), 0);
    assert!(control.events("scaled").await.iter().any(|it| it["to"] == 2 || it["to"] == 3));
    let back = control.events("back").await;
    let parts: Vec<_> = back.iter().map(|event| event["part"].as_str().unwrap()).collect();
    assert!(parts.contains(&"broker"), "{parts:?}");
    assert!(parts.iter().any(|part| part.starts_with("message-processor-")), "{parts:?}");
    assert_ne!(control.events("to_zero").await.len(), 0);

    assert_eq!(control.scaling().await["work_ms"], 100);
    assert_eq!(set_tour(&demo, false).await, 204);
    eventually("the tour has stopped", async || step(&demo).await.is_none()).await;
    let scaling = control.scaling().await;
    assert_eq!((&scaling["mode"], &scaling["work_ms"]), (&json!("automatic"), &json!(0)));
    assert_eq!(scaling["tour"], Value::Null);
    let ledger = Ledger::of(demo.sources(), |_| true, |_| false).await;
    assert_eq!(ledger.faults(), Vec::<String>::new());
    assert!(ledger.accepted() > 1000 && ledger.stored() == ledger.accepted(), "{ledger:?}");
    demo.stop(launcher).await;
}

#[tokio::test]
async fn whoever_lays_a_hand_on_the_demo_stops_the_tour_and_its_burst() {
    let demo = Demo::new(&["--scale", "0..3", "--scale-window", "6"])
        .var(CONCURRENCY.0, CONCURRENCY.1)
        .var("WORK_MS", "20");
    let launcher = demo.start().await;
    let control = demo.control();
    assert_eq!(control.scaling().await["tour"], Value::Null);
    assert_eq!(set_tour(&demo, true).await, 204);
    let place = control.scaling().await["tour"].clone();
    assert_eq!(place, json!({ "step": "zero", "number": 1, "of": 8 }));
    eventually("its burst runs", async || {
        let pipeline = demo.homepage().pipeline().await.unwrap();
        pipeline.accepted.is_some_and(|rate| rate > 40.0)
    })
    .await;
    assert_eq!(control.scaling().await["work_ms"], 100);

    assert_eq!(control.put("/scaling", json!({ "processors": 2 })).await, 204);
    let scaling = control.scaling().await;
    assert_eq!(scaling["tour"], Value::Null);
    assert_eq!((&scaling["mode"], &scaling["wanted"]), (&json!("by_hand"), &json!(2)));
    assert_eq!(scaling["work_ms"], 20);
    // By itself it would last 39 s.
    eventually("its burst has stopped", async || {
        let pipeline = demo.homepage().pipeline().await.unwrap();
        pipeline.accepted == Some(0.0) && pipeline.waiting == Some(0)
    })
    .await;
    assert_eq!(step(&demo).await, None);

    for request in ["cost", "kill"] {
        assert_eq!(set_tour(&demo, true).await, 204);
        assert_eq!(control.scaling().await["tour"]["number"], 1);
        let answered = match request {
            "cost" => control.put("/work-ms", json!(20)).await,
            _ => control.break_part("table", "kill").await,
        };
        assert_eq!(answered, 204, "{request}");
        let scaling = control.scaling().await;
        let now = (&scaling["tour"], &scaling["work_ms"]);
        assert_eq!(now, (&Value::Null, &json!(20)), "{request}");
        assert_eq!(scaling["mode"], "automatic", "{request}");
    }
    demo.stop(launcher).await;
}

#[tokio::test]
async fn with_a_tour_a_processor_takes_ten_calls_at_once_unless_it_is_told_otherwise() {
    let demo = Demo::new(&["--scale", "0..2", "--scale-window", "6", "--tour"]);
    let launcher = demo.start().await;
    assert_eq!(demo.control().scaling().await["concurrency"], 10);
    eventually("a processor knows it", async || {
        let processor = demo.entry("message-processor-1");
        let Some(pid) = processor.and_then(|it| it["pid"].as_i64()) else { return false };
        let environ = fs::read_to_string(format!("/proc/{pid}/environ")).unwrap_or_default();
        environ.split('\0').any(|variable| variable == "CONTAINER_CONCURRENCY=10")
    })
    .await;
    demo.stop(launcher).await;
}

#[tokio::test]
async fn a_tour_needs_zero_and_more_than_one_processor() {
    let demo = Demo::new(&["--processors", "2"]);
    let _launcher = demo.start().await;
    assert_eq!(set_tour(&demo, true).await, 409);
    assert_eq!(set_tour(&demo, false).await, 204);
    assert_eq!(demo.control().put("/tour", json!({ "playing": 1 })).await, 422);
}

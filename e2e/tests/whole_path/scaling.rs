//! `cargo demo -- --scale`: processors that come and go with the load, and a hand on them.

use std::time::Duration;

use client::{
    eventually::{eventually, within},
    ledger::Ledger,
};
use serde_json::{Value, json};
use stack::demo::Demo;

/// From the message until its row, the start of the processor included.
const FROM_ZERO: Duration = Duration::from_secs(5);

fn names(scaling: &Value, state: &str) -> Vec<String> {
    let processors = scaling["processors"].as_array().unwrap().iter();
    let names = processors.filter(|processor| processor["state"] == state);
    names.map(|processor| processor["name"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn the_first_message_starts_a_processor() {
    let demo = Demo::new(&["--scale", "0..2"]);
    let launcher = demo.start().await;
    let control = demo.control();
    let scaling = control.scaling().await;
    assert_eq!((&scaling["mode"], &scaling["wanted"]), (&json!("automatic"), &json!(0)));
    assert_eq!(scaling["processors"], json!([]));
    assert_eq!(demo.processors(), Vec::<String>::new());

    demo.homepage().send_message("the first").await.unwrap();
    within(FROM_ZERO, "the message is in the feed", async || {
        let feed = demo.homepage().feed(None, 10).await.unwrap();
        feed.bullets.len() == 1
    })
    .await;
    let starts = control.events("cold_start").await;
    assert_eq!(starts.len(), 1, "{starts:?}");
    assert_eq!(starts[0]["processor"], "message-processor-1");
    let scaling = control.scaling().await;
    assert_eq!(scaling["cold_start_ms"], starts[0]["ms"]);
    assert_eq!(names(&scaling, "ready"), ["message-processor-1"]);
    // 60 s until the call has left the window, and 30 s of grace.
    within(FROM_ZERO, "the time until zero is known", async || {
        let left = control.scaling().await["zero_in_ms"].as_u64();
        left.is_some_and(|ms| (80_000..=90_000).contains(&ms))
    })
    .await;
    demo.stop(launcher).await;
}

#[tokio::test]
async fn processors_come_with_the_load_and_go_to_zero_and_nothing_is_lost() {
    // 150 messages a second of 100 ms are 15 calls under way, and one processor serves 10 at once: by the
    // target of 7 calls, ceil(15 / 7) = 3 are wanted.
    let demo = Demo::new(&["--scale", "0..3", "--scale-window", "6"])
        .var("WORK_MS", "100")
        .var("CONTAINER_CONCURRENCY", "10");
    let launcher = demo.start().await;
    let control = demo.control();
    let burst = json!({ "message": "hello", "concurrency": 30, "duration": 8, "rate": 5 });
    let burst = demo.homepage().start_burst(&burst).await.unwrap();
    within(Duration::from_secs(15), "three processors are ready", async || {
        control.count("ready").await == 3
    })
    .await;
    assert_eq!(control.scaling().await["target"], 7.0);
    eventually("the burst is settled", async || {
        demo.homepage().burst(&burst.id).await.unwrap().state == "done"
    })
    .await;
    // The window of 6 s and the grace, which is as long.
    within(Duration::from_secs(40), "no processor is left", async || demo.processors().is_empty())
        .await;
    assert_eq!(control.events("to_zero").await.len(), 1);
    let accepted = demo.homepage().burst(&burst.id).await.unwrap().accepted;
    let ledger = Ledger::of(demo.sources(), |id| id.burst == burst.id, |_| false).await;
    assert_eq!(ledger.faults(), Vec::<String>::new());
    assert_eq!((ledger.accepted() as u64, ledger.stored() as u64), (accepted, accepted));
    demo.stop(launcher).await;
}

#[tokio::test]
async fn a_person_chooses_how_many_processors_there_are() {
    let demo = Demo::new(&["--scale", "1..3"]);
    let _launcher = demo.start().await;
    let control = demo.control();
    assert_eq!(names(&control.scaling().await, "ready"), ["message-processor-1"]);
    for (body, status) in [
        (json!({ "processors": 3 }), 204),
        (json!({ "processors": 4 }), 422),
        (json!({ "processors": 0 }), 422),
        (json!({ "processors": "many" }), 422),
        (json!({}), 422),
    ] {
        assert_eq!(control.put("/scaling", body.clone()).await, status, "{body}");
    }
    eventually("three are ready", async || control.count("ready").await == 3).await;
    let scaling = control.scaling().await;
    assert_eq!((&scaling["mode"], &scaling["wanted"]), (&json!("by_hand"), &json!(3)));
    assert_eq!(scaling["calls"], json!(null));

    assert_eq!(control.put("/scaling", json!({ "processors": 1 })).await, 204);
    eventually("one is left", async || demo.processors().len() == 1).await;
    assert_eq!(demo.processors(), ["message-processor-1"]);
    assert_eq!(control.put("/scaling", json!({ "processors": "automatic" })).await, 204);
    assert_eq!(control.scaling().await["mode"], "automatic");
    let kinds: Vec<_> =
        [control.events("by_hand").await, control.events("automatic").await].concat();
    assert_eq!(kinds.len(), 3, "{kinds:?}");
}

#[tokio::test]
async fn a_person_changes_what_a_message_costs_while_the_demo_runs() {
    let demo = Demo::new(&["--scale", "1..2"]);
    let _launcher = demo.start().await;
    let control = demo.control();
    for wrong in [json!(501), json!(-1), json!("fast"), json!(1.5), json!(null)] {
        assert_eq!(control.put("/work-ms", wrong.clone()).await, 422, "{wrong}");
    }
    assert_eq!(control.put("/work-ms", json!(300)).await, 204);
    assert_eq!(control.scaling().await["work_ms"], 300);
    let cost = control.events("cost").await;
    assert_eq!((&cost[0]["from_ms"], &cost[0]["to_ms"]), (&json!(0), &json!(300)));
    // The second one starts later, and the first one starts again: it costs the same there.
    assert_eq!(control.put("/scaling", json!({ "processors": 2 })).await, 204);
    assert_eq!(control.break_part("message-processor-1", "kill").await, 204);
    eventually("both are ready", async || {
        control.count("ready").await == 2 && !control.events("back").await.is_empty()
    })
    .await;
    for _ in 0..20 {
        demo.homepage().send_message("slow").await.unwrap();
    }
    eventually("all are in the feed", async || {
        demo.homepage().feed(None, 50).await.unwrap().bullets.len() == 20
    })
    .await;
    for bullet in demo.homepage().feed(None, 50).await.unwrap().bullets {
        let took = bullet.stored_at - bullet.received_at;
        assert!(took >= 300, "{took} ms at {}", bullet.processor);
    }
}

#[tokio::test]
async fn a_person_kills_and_freezes_parts() {
    let demo = Demo::new(&["--scale", "0..2"]);
    let launcher = demo.start().await;
    let control = demo.control();
    assert_eq!(control.put("/scaling", json!({ "processors": 2 })).await, 204);
    eventually("two are ready", async || control.count("ready").await == 2).await;
    for (name, how, status) in [
        ("message-processor-2", "kill", 204),
        ("message-processor-3", "kill", 404),
        ("launcher", "kill", 404),
        ("table", "erase", 404),
        ("event-router", "freeze", 204),
    ] {
        assert_eq!(control.break_part(name, how).await, status, "{how} {name}");
    }
    eventually("the processor is back", async || {
        let back = control.events("back").await;
        back.iter().any(|event| event["part"] == "message-processor-2" && event["ms"].is_u64())
    })
    .await;
    eventually("the router is frozen", async || {
        control.events("frozen").await.iter().any(|event| event["part"] == "event-router")
    })
    .await;
    assert_eq!(control.break_part("event-router", "freeze").await, 409);
    eventually("nobody knows how many calls are under way", async || {
        control.scaling().await["calls_now"].is_null()
    })
    .await;
    within(Duration::from_secs(15), "the router goes on", async || {
        !control.events("thawed").await.is_empty()
    })
    .await;
    // The homepage passes this on in reality, so it is answered first.
    assert_eq!(control.break_part("homepage", "kill").await, 204);
    eventually("the homepage is back", async || {
        control.events("back").await.iter().any(|event| event["part"] == "homepage")
    })
    .await;
    demo.stop(launcher).await;
}

#[tokio::test]
async fn nobody_uses_the_launcher_without_its_token() {
    let demo = Demo::new(&["--scale", "0..1"]);
    let _launcher = demo.start().await;
    let control = demo.control();
    let wrong = control.open.clone().with_token("00000000000000000000000000000000").unwrap();
    for api in [&control.open, &wrong] {
        let answers = [
            api.get("/scaling").await,
            api.put("/scaling", &json!({ "processors": 1 })).await,
            api.put("/work-ms", &json!(100)).await,
            api.put("/tour", &json!({ "playing": true })).await,
            api.post("/parts/table/kill", "application/json", "{}".into()).await,
            api.get("/other").await,
        ];
        for answer in answers {
            assert_eq!(answer.unwrap().status.as_u16(), 401);
        }
    }
    assert_eq!(control.scaling().await["events"], json!([]));
}

#[tokio::test]
async fn a_fixed_number_of_processors_stays() {
    let demo = Demo::new(&["--processors", "2"]);
    let _launcher = demo.start().await;
    let control = demo.control();
    let scaling = control.scaling().await;
    assert_eq!((&scaling["mode"], &scaling["wanted"]), (&json!("fixed"), &json!(2)));
    assert_eq!(names(&scaling, "ready"), ["message-processor-1", "message-processor-2"]);
    assert_eq!(control.put("/scaling", json!({ "processors": 3 })).await, 422);
    assert_eq!(control.put("/scaling", json!({ "processors": 1 })).await, 204);
    eventually("one is left", async || demo.processors().len() == 1).await;
    assert_eq!(control.put("/scaling", json!({ "processors": "automatic" })).await, 204);
    eventually("both are ready again", async || control.count("ready").await == 2).await;
    assert_eq!(control.scaling().await["mode"], "fixed");
}

#[tokio::test]
async fn no_process_is_left_when_the_demo_stops_while_it_scales() {
    let demo = Demo::new(&["--scale", "0..4"]);
    let launcher = demo.start().await;
    let control = demo.control();
    assert_eq!(control.put("/scaling", json!({ "processors": 4 })).await, 204);
    eventually("one of them starts", async || !demo.processors().is_empty()).await;
    demo.stop(launcher).await;

    // And while they go.
    let launcher = demo.start().await;
    let control = demo.control();
    assert_eq!(control.put("/scaling", json!({ "processors": 4 })).await, 204);
    eventually("all are ready", async || control.count("ready").await == 4).await;
    assert_eq!(control.put("/scaling", json!({ "processors": 0 })).await, 204);
    eventually("they go", async || control.count("ready").await == 0).await;
    demo.stop(launcher).await;
}

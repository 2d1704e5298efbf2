//! A page below a path of a gateway, which keeps the path or strips it.

use client::eventually::eventually;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use stack::{Stack, plan::name::HOMEPAGE};

use crate::http::{get, request};

const FORM: &str = "application/x-www-form-urlencoded";

/// What a request for an address below the path becomes on its way through a gateway.
type Gateway = fn(&str) -> &str;

const KEEPS: Gateway = |address| address;
const STRIPS: Gateway = |address| {
    address.strip_prefix("/barrage").expect("a gateway gets only addresses below the path")
};
const GATEWAYS: [Gateway; 2] = [KEEPS, STRIPS];

async fn start() -> Stack {
    Stack::with([(HOMEPAGE, "BASE_PATH", "/barrage")]).await
}

/// The addresses of this server that a page has: in links, forms, files and pictures.
fn addresses(page: &str) -> Vec<String> {
    let attributes = ["href=\"", "src=\"", "action=\""];
    let values = attributes.iter().flat_map(|attribute| page.split(attribute).skip(1));
    let values = values.filter_map(|rest| rest.split('"').next());
    values.filter(|it| !it.starts_with('#')).map(|it| it.replace("&amp;", "&")).collect()
}

#[tokio::test]
async fn every_address_of_a_page_is_below_the_path_and_answers() {
    let stack = start().await;
    for gateway in GATEWAYS {
        for path in ["/barrage/", "/barrage/stage", "/barrage/?lang=zh"] {
            let page = get(&stack, gateway(path), &[]).await.text().await.unwrap();
            assert!(page.contains("name=\"base-path\" content=\"/barrage/\""), "{page}");
            let addresses = addresses(&page);
            assert!(addresses.len() > 7, "{path}: {addresses:?}");
            for address in addresses {
                assert!(address.starts_with("/barrage/"), "{path}: {address}");
                let answer = get(&stack, gateway(&address), &[]).await;
                let is_form = address.starts_with("/barrage/bursts");
                let expected =
                    if is_form { StatusCode::METHOD_NOT_ALLOWED } else { StatusCode::OK };
                assert_eq!(answer.status(), expected, "{path}: {address}");
            }
        }
    }
    let page = get(&stack, "/barrage", &[]).await;
    assert_eq!(page.status(), StatusCode::OK);
    for unknown in ["/barrage/nothing", "/nothing"] {
        let answer = get(&stack, unknown, &[]).await;
        assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{unknown}");
        assert_eq!(answer.headers()["content-type"], "application/problem+json", "{unknown}");
    }
}

#[tokio::test]
async fn an_answer_that_names_an_address_names_one_below_the_path() {
    let stack = start().await;
    for gateway in GATEWAYS {
        let bursts = || request(&stack, Method::POST, gateway("/barrage/bursts"));
        let burst = json!({ "message": "below a path", "concurrency": 1, "duration": 1 });
        let begun = bursts().json(&burst).send().await.unwrap();
        assert_eq!(begun.status(), StatusCode::ACCEPTED);
        let location = begun.headers()["location"].to_str().unwrap().to_owned();
        assert!(location.starts_with("/barrage/bursts/"), "{location}");
        eventually("the burst is settled", async || {
            let burst: Value = get(&stack, gateway(&location), &[]).await.json().await.unwrap();
            burst["state"] == "done" && burst["stored"] == burst["accepted"]
        })
        .await;

        let form = "message=hi&concurrency=1&duration=1&rate=1";
        let sent = bursts().header("content-type", FORM).body(form).send().await.unwrap();
        assert_eq!(sent.status(), StatusCode::SEE_OTHER);
        assert_eq!(sent.headers()["location"], "/barrage/");

        let document = get(&stack, gateway("/barrage/openapi.json"), &[]).await;
        let document: Value = document.json().await.unwrap();
        assert_eq!(document["servers"], json!([{ "url": "/barrage" }]));
    }
}

#[tokio::test]
async fn probes_and_metrics_stay_at_the_root() {
    let stack = start().await;
    for address in ["/healthz", "/readyz", "/metrics", "/barrage/healthz"] {
        assert_eq!(get(&stack, address, &[]).await.status(), StatusCode::OK, "{address}");
    }
}

#[tokio::test]
async fn the_public_url_names_the_path() {
    let stack = Stack::with([(HOMEPAGE, "PUBLIC_URL", "https://a.example/b/")]).await;
    let stage = get(&stack, "/stage", &[]).await.text().await.unwrap();
    assert!(stage.contains("<b>a.example/b<wbr>/join</b>"), "{stage}");
    assert!(stage.contains("src=\"/b/qr.svg\""), "{stage}");
}

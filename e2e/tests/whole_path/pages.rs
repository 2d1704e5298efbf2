//! The pages: their files, their languages, and their addresses.

use client::eventually::eventually;
use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};
use stack::{Stack, plan::name::HOMEPAGE};

use crate::http::{get, header, request, with_headers};

const FORM: &str = "application/x-www-form-urlencoded";

async fn post(stack: &Stack, path: &str, headers: &[(&str, &str)], body: &str) -> Response {
    let request = with_headers(request(stack, Method::POST, path), headers);
    request.body(body.to_owned()).send().await.unwrap()
}

#[tokio::test]
async fn every_file_of_a_page_is_compressed_and_cacheable_for_ever() {
    let stack = Stack::start().await;
    for path in ["/", "/stage"] {
        let page = get(&stack, path, &[]).await.text().await.unwrap();
        let files: Vec<_> = page.split('"').filter(|text| text.starts_with("/static/")).collect();
        assert!(files.len() > 7, "{path}: {files:?}");
        for file in files {
            let answer = get(&stack, file, &[("accept-encoding", "gzip")]).await;
            assert_eq!(answer.status(), StatusCode::OK, "{file}");
            assert!(header(&answer, "cache-control").ends_with("immutable"), "{file}");
            assert_eq!(header(&answer, "content-encoding"), "gzip", "{file}");
            assert_eq!(header(&answer, "vary"), "Accept-Encoding", "{file}");
            assert!(answer.bytes().await.unwrap().starts_with(&[0x1f, 0x8b]), "{file}");
            let is_brotli = async || {
                let answer = get(&stack, file, &[("accept-encoding", "gzip, br")]).await;
                header(&answer, "content-encoding") == "br"
            };
            eventually("the file is compressed with brotli too", is_brotli).await;
            let plain = get(&stack, file, &[]).await;
            assert_eq!(header(&plain, "content-encoding"), "", "{file}");
            assert!(plain.text().await.is_ok(), "{file}");
        }
    }
}

#[tokio::test]
async fn a_file_of_another_version_is_revalidated() {
    let stack = Stack::start().await;
    let file = "/static/0123456789abcdef/app.js";
    let first = get(&stack, file, &[]).await;
    assert_eq!(header(&first, "cache-control"), "no-cache");
    let tag = header(&first, "etag").to_owned();
    assert!(!first.bytes().await.unwrap().is_empty());
    // Twice, because a body after a 304 would be read as a part of the next answer.
    for _ in 0..2 {
        let again = get(&stack, file, &[("if-none-match", &tag)]).await;
        assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
        assert!(again.bytes().await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn a_page_is_in_the_language_of_its_address_or_of_the_browser() {
    let stack = Stack::start().await;
    for (path, accepted, language, text) in [
        ("/", "", "en", "The wall is quiet."),
        ("/", "zh-CN,zh;q=0.9,en;q=0.8", "zh-CN", "弹幕墙还很安静。"),
        ("/?lang=zh", "en", "zh-CN", "href=\"/stage?lang=zh\""),
        ("/stage", "zh", "zh-CN", "已展示"),
        ("/stage?lang=en", "zh", "en", "Shown"),
    ] {
        let answer = get(&stack, path, &[("accept-language", accepted)]).await;
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        assert_eq!(header(&answer, "content-language"), language, "{path} {accepted}");
        assert_eq!(header(&answer, "vary"), "Accept-Language", "{path}");
        assert_eq!(header(&answer, "cache-control"), "no-store", "{path}");
        assert!(header(&answer, "content-security-policy").contains("script-src 'self'"), "{path}");
        let page = answer.text().await.unwrap();
        assert!(page.contains(&format!("<html lang=\"{language}\">")), "{path} {accepted}");
        assert!(page.contains(text), "{path} {accepted}: {page}");
    }
}

#[tokio::test]
async fn a_form_is_answered_in_the_language_of_its_page_and_json_in_english() {
    let stack = Stack::start().await;
    let (form, zh) = (("content-type", FORM), ("accept-language", "zh"));
    let invalid = "message=hi&concurrency=250";
    let refused = post(&stack, "/bursts?lang=zh", &[form], invalid).await;
    assert_eq!(refused.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let page = refused.text().await.unwrap();
    assert!(page.contains("请填 1 到 100 的整数。") && page.contains("value=\"250\""), "{page}");

    let valid = "message=hi&concurrency=1&duration=1&rate=1";
    for (path, back) in [("/bursts?lang=zh", "/?lang=zh"), ("/bursts", "/")] {
        let accepted = post(&stack, path, &[form, zh], valid).await;
        assert_eq!(accepted.status(), StatusCode::SEE_OTHER);
        assert_eq!(header(&accepted, "location"), back);
    }
    let headers = [("content-type", "application/json"), zh];
    let json = json!({ "message": "hi", "concurrency": 250 }).to_string();
    let refused = post(&stack, "/bursts?lang=zh", &headers, &json).await;
    let problem: Value = refused.json().await.unwrap();
    assert_eq!(problem["errors"][0]["detail"], "Whole number, 1 to 100.");
}

#[tokio::test]
async fn the_qr_code_has_the_address_that_the_browser_uses() {
    let stack = Stack::start().await;
    for method in [Method::GET, Method::HEAD] {
        let code = request(&stack, method, "/qr.svg").send().await.unwrap();
        assert_eq!(code.status(), StatusCode::OK);
        assert_eq!(header(&code, "content-type"), "image/svg+xml");
        assert_eq!(header(&code, "cache-control"), "no-store");
        assert_eq!(header(&code, "x-content-type-options"), "nosniff");
    }
    let named = get(&stack, "/stage", &[("host", "barrage.example")]).await.text().await.unwrap();
    assert!(named.contains("<b>barrage.example<wbr>/join</b>"), "{named}");
    let here = get(&stack, "/stage", &[]).await.text().await.unwrap();
    assert!(here.contains("Only this machine"), "{here}");
    for path in ["/", "/stage", "/qr.svg"] {
        let answer = get(&stack, path, &[("host", "\"><script>")]).await;
        assert_eq!(answer.status(), StatusCode::BAD_REQUEST, "{path}");
    }
}

#[tokio::test]
async fn the_public_url_wins_over_the_address_that_the_browser_uses() {
    let stack = Stack::with([
        (HOMEPAGE, "PUBLIC_URL", "https://barrage.example/"),
        (HOMEPAGE, "TRACE_UI", "http://jaeger:16686"),
    ])
    .await;
    let stage = get(&stack, "/stage", &[("host", "\"><script>")]).await.text().await.unwrap();
    assert!(stage.contains("<b>barrage.example<wbr>/join</b>"), "{stage}");
    let page = get(&stack, "/", &[]).await.text().await.unwrap();
    assert!(page.contains("data-trace-ui=\"http://jaeger:16686/trace/{trace}\""), "{page}");
}

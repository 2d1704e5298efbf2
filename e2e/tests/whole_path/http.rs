//! Requests with any header, and answers with all of theirs, as browsers, proxies and gateways see them.

use std::time::Duration;

use reqwest::{Client, Method, RequestBuilder, Response, redirect::Policy};
use stack::Stack;

/// Keeps no cookie, and follows no redirect. No answer takes a minute, not even one that waits for news.
pub(crate) fn client() -> Client {
    let timeout = Duration::from_secs(60);
    Client::builder().no_proxy().redirect(Policy::none()).timeout(timeout).build().unwrap()
}

/// A request to the homepage of a stack.
pub(crate) fn request(stack: &Stack, method: Method, path: &str) -> RequestBuilder {
    client().request(method, format!("{}{path}", stack.homepage().url()))
}

/// A GET with these headers.
pub(crate) async fn get(stack: &Stack, path: &str, headers: &[(&str, &str)]) -> Response {
    with_headers(request(stack, Method::GET, path), headers).send().await.unwrap()
}

/// The request with these headers.
pub(crate) fn with_headers(request: RequestBuilder, headers: &[(&str, &str)]) -> RequestBuilder {
    headers.iter().fold(request, |request, (name, value)| request.header(*name, *value))
}

/// The value of a header; empty if it is missing.
pub(crate) fn header<'a>(answer: &'a Response, name: &str) -> &'a str {
    answer.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

//! Requests with any header, and answers with all of theirs, as browsers, proxies and gateways see them.

use reqwest::{Client, Method, RequestBuilder, Response, redirect::Policy};
use stack::Stack;

/// Keeps no cookie, and follows no redirect.
pub(crate) fn client() -> Client {
    Client::builder().no_proxy().redirect(Policy::none()).build().unwrap()
}

/// A request to the homepage of a stack.
pub(crate) fn request(stack: &Stack, method: Method, path: &str) -> RequestBuilder {
    client().request(method, format!("{}{path}", stack.homepage().url()))
}

/// A GET with these headers.
pub(crate) async fn get(stack: &Stack, path: &str, headers: &[(&str, &str)]) -> Response {
    with(request(stack, Method::GET, path), headers).send().await.unwrap()
}

pub(crate) fn with(request: RequestBuilder, headers: &[(&str, &str)]) -> RequestBuilder {
    headers.iter().fold(request, |request, (name, value)| request.header(*name, *value))
}

/// The value of a header; empty if it is missing.
pub(crate) fn header<'a>(answer: &'a Response, name: &str) -> &'a str {
    answer.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

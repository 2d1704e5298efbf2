//! The barrage that is measured: the URL on the command line, and whether a barrage answers there.

use std::time::Duration;

use client::{
    homepage::Homepage,
    http::{self, Url},
};

/// Longer than barrage itself waits for an acknowledgement of Kafka.
const TIMEOUT: Duration = Duration::from_secs(10);

/// How the title of barrage's OpenAPI document begins.
const TITLE: &str = "Barrage";

/// A URL that cannot be measured.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("{0:?} is not the URL of a barrage; an example is http://127.0.0.1:8080")]
    NoUrl(String),
    #[error("{url} cannot be reached: {error}")]
    Unreachable { url: Url, error: http::Error },
    #[error("{0} is no barrage: its /openapi.json does not exist or describes something else")]
    NoBarrage(Url),
    #[error("no HTTP client can be created")]
    NoClient(#[source] http::ClientError),
}

/// A barrage at an address.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) homepage: Homepage,
    /// Scheme, host and port, with the path `/`.
    pub(crate) url: Url,
}

impl Target {
    /// Keeps only scheme, host and port of a URL.
    pub(crate) fn new(text: &str) -> Result<Self, Error> {
        let no_url = || Error::NoUrl(text.into());
        let url = Url::parse(text).ok().filter(|url| url.scheme() == "http");
        let mut url = url.filter(Url::has_host).ok_or_else(no_url)?;
        url.set_path("/");
        url.set_query(None);
        url.set_fragment(None);
        let homepage = Homepage::at(&url, TIMEOUT).map_err(Error::NoClient)?;
        Ok(Self { homepage, url })
    }

    /// Fails unless a barrage answers there.
    pub(crate) async fn check(&self) -> Result<(), Error> {
        let unreachable = |error| Error::Unreachable { url: self.url.clone(), error };
        let answer = self.homepage.get("/openapi.json").await.map_err(unreachable)?;
        let title = answer.body["info"]["title"].as_str();
        let is_barrage = title.is_some_and(|title| title.starts_with(TITLE));
        is_barrage.then_some(()).ok_or_else(|| Error::NoBarrage(self.url.clone()))
    }
}

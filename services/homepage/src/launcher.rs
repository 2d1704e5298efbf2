//! The launcher of `cargo demo`, which starts and stops the processors: what it says of scaling, and what it is asked to
//! do. Nobody else has one: on a cluster, Knative scales.

pub(crate) mod scaling;

use std::str::FromStr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use barrage::config::{Endpoint, Secret};
use barrage::retry::pause;
use barrage::shutdown::with_sources;
use parking_lot::Mutex;
use reqwest::{Client, Method, Response};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use self::scaling::Scaling;

/// Where the launcher listens: an `http://` URL. It is on the same machine, so no TLS is needed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LauncherUrl(Endpoint);

impl FromStr for LauncherUrl {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let endpoint: Endpoint = text.parse().map_err(|_| ())?;
        endpoint.as_str().starts_with("http://").then_some(Self(endpoint)).ok_or(())
    }
}

/// A client of the launcher, and what the launcher has said last.
#[derive(Debug)]
pub(crate) struct Launcher {
    client: Client,
    url: LauncherUrl,
    token: Secret,
    scaling: Mutex<Option<Arc<Scaling>>>,
}

/// Why the launcher did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("the launcher does not answer")]
    NoAnswer(#[from] reqwest::Error),
    /// An answer with this status, and what it says.
    #[error("the launcher answers {0}: {1}")]
    Refused(u16, String),
}

impl Launcher {
    /// How often it is polled, and how long an answer may take.
    const POLL: Duration = Duration::from_millis(250);
    const TIMEOUT: Duration = Duration::from_secs(1);
    /// How long its last answer counts. One lost answer is no news.
    const REMEMBERED: Duration = Duration::from_secs(3);
    /// The most characters of a refusal that are passed on.
    const MAX_DETAIL: usize = 300;

    /// # Errors
    /// If no HTTP client can be built.
    pub(crate) fn new(url: LauncherUrl, token: Secret) -> reqwest::Result<Self> {
        let client = Client::builder().no_proxy().timeout(Self::TIMEOUT).build()?;
        Ok(Self { client, url, token, scaling: Mutex::default() })
    }

    /// What it said in the last seconds; `None` if it does not answer.
    pub(crate) fn scaling(&self) -> Option<Arc<Scaling>> {
        self.scaling.lock().clone()
    }

    /// Polls the launcher until `stop`. It is logged when it stops to answer, and when it answers again.
    pub(crate) async fn watch(self: Arc<Self>, stop: CancellationToken) {
        let watch = async {
            let (mut is_away, mut answered) = (false, Instant::now());
            loop {
                match self.poll().await {
                    Ok(scaling) => {
                        if is_away {
                            tracing::info!("the launcher answers again");
                        }
                        (is_away, answered) = (false, Instant::now());
                        *self.scaling.lock() = Some(Arc::new(scaling));
                    }
                    Err(error) if !is_away && answered.elapsed() >= Self::REMEMBERED => {
                        tracing::warn!(error = with_sources(&error), "nothing is known of scaling");
                        is_away = true;
                        *self.scaling.lock() = None;
                    }
                    Err(_) => {}
                }
                pause(Self::POLL).await;
            }
        };
        let _stopped = stop.run_until_cancelled(watch).await;
    }

    async fn poll(&self) -> Result<Scaling, Error> {
        Ok(self.call(Method::GET, "/scaling", None).await?.json().await?)
    }

    /// All that it says of scaling now, for a page.
    pub(crate) async fn ask(&self) -> Result<Value, Error> {
        Ok(self.call(Method::GET, "/scaling", None).await?.json().await?)
    }

    pub(crate) async fn put(&self, path: &str, body: &Value) -> Result<(), Error> {
        self.call(Method::PUT, path, Some(body)).await.map(drop)
    }

    pub(crate) async fn post(&self, path: &str) -> Result<(), Error> {
        self.call(Method::POST, path, None).await.map(drop)
    }

    async fn call(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Response, Error> {
        let url = format!("{}{path}", self.url.0.as_str());
        let request = self.client.request(method, url).bearer_auth(self.token.expose());
        let request = match body {
            Some(body) => request.json(body),
            None => request,
        };
        let answer = request.send().await?;
        if answer.status().is_success() {
            return Ok(answer);
        }
        let (status, text) = (answer.status().as_u16(), answer.text().await.unwrap_or_default());
        Err(Error::Refused(status, detail(&text)))
    }
}

/// What a refusal says: the detail of problem details, or its text.
fn detail(body: &str) -> String {
    let problem: Option<Value> = serde_json::from_str(body).ok();
    let detail = problem.as_ref().and_then(|problem| problem["detail"].as_str());
    detail.unwrap_or(body).chars().take(Launcher::MAX_DETAIL).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_launcher_is_reached_over_http() {
        assert!("http://127.0.0.1:4000".parse::<LauncherUrl>().is_ok());
        for bad in ["", "127.0.0.1:4000", "https://127.0.0.1:4000", "http://"] {
            assert!(bad.parse::<LauncherUrl>().is_err(), "{bad}");
        }
    }

    #[test]
    fn the_token_is_not_printed() {
        let url = "http://127.0.0.1:1".parse().unwrap();
        let launcher = Launcher::new(url, "hush".parse().unwrap()).unwrap();
        assert!(!format!("{launcher:?}").contains("hush"));
    }

    #[test]
    fn a_refusal_is_told_by_its_detail_or_its_text() {
        assert_eq!(detail(r#"{"title":"Conflict","detail":"it does not run"}"#), "it does not run");
        assert_eq!(detail("no"), "no");
        assert_eq!(detail(&"x".repeat(9_000)).len(), 300);
    }
}

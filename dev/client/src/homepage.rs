//! The homepage as its users reach it: over HTTP.

use std::{fmt::Display, net::SocketAddr, sync::Arc, time::Duration};

use reqwest::{
    Client, Method, RequestBuilder,
    header::{ACCEPT, CONTENT_TYPE, COOKIE, HeaderValue, SET_COOKIE},
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::json;

pub use crate::answers::*;
use crate::{
    base_url::BaseUrl,
    browser::{self, Ask, Decoder},
    http::{self, Error, Url},
    message::Position,
    metrics::Metrics,
    pipeline::Pipeline,
    trust::Trust,
};

/// How long an answer may take in tests: longer than it should, shorter than a test waits for anything.
const TIMEOUT: Duration = Duration::from_secs(20);

/// How long the results of a burst may take that are handed over as they come: there may be millions of rows.
const EACH_RESULT: Duration = Duration::from_secs(3600);

/// A homepage at an address. Other services answer `/readyz` and `/metrics` in the same way.
#[derive(Clone, Debug)]
pub struct Homepage {
    client: Client,
    /// Scheme, host, port and path, without a slash at the end.
    url: String,
    /// Requested so often that it is parsed only once.
    messages: Url,
    /// By which each request logs in.
    authorization: Option<HeaderValue>,
    /// The cookie of a device, as a browser sends it with each request.
    cookie: Option<HeaderValue>,
}

impl Homepage {
    /// A homepage that listens there, now or later.
    pub fn new(address: SocketAddr) -> reqwest::Result<Self> {
        let url = Url::parse(&format!("http://{address}")).expect("an address is part of a URL");
        Ok(Self::below(&url, http::client(TIMEOUT)?, None))
    }

    /// The homepage below this URL, if its certificate is accepted. Waits so long for each answer.
    pub fn at(base: &BaseUrl, trust: &Trust, timeout: Duration) -> reqwest::Result<Self> {
        let client = http::far_client(timeout, trust)?;
        Ok(Self::below(base.url(), client, base.authorization()))
    }

    fn below(base: &Url, client: Client, authorization: Option<HeaderValue>) -> Self {
        let messages = base.join("messages").expect("any http URL can have this path");
        let url = base.as_str().trim_end_matches('/').to_owned();
        Self { client, url, messages, authorization, cookie: None }
    }

    /// The same, with this token in each request. `None` if a header cannot have it.
    pub fn with_token(mut self, token: &str) -> Option<Self> {
        let mut value = HeaderValue::from_str(&format!("Bearer {token}")).ok()?;
        value.set_sensitive(true);
        self.authorization = Some(value);
        Some(self)
    }

    /// The same, as a device with this cookie reaches it.
    pub(crate) fn with_cookie(mut self, mut cookie: HeaderValue) -> Self {
        cookie.set_sensitive(true);
        self.cookie = Some(cookie);
        self
    }

    pub(crate) fn cookie(&self) -> Option<&HeaderValue> {
        self.cookie.as_ref()
    }

    /// Scheme, host, port and path, without a slash at its end.
    pub fn url(&self) -> &str {
        &self.url
    }

    pub async fn readiness(&self) -> Result<Answer, Error> {
        self.get("/readyz").await
    }

    /// All metrics of this service.
    pub async fn metrics(&self) -> Result<Metrics, Error> {
        let answer = http::success(self.request(Method::GET, "/metrics")).await?;
        Ok(Metrics::parse(&answer.text().await?))
    }

    /// The value of one series, by its name with its labels; 0 where the service does not have it yet.
    pub async fn metric(&self, series: &str) -> Result<f64, Error> {
        Ok(self.metrics().await?.get(series).unwrap_or_default())
    }

    /// Sends one message, which may be refused.
    pub async fn post_message(&self, message: &str) -> Result<Answer, Error> {
        answer(self.request(Method::POST, "/messages").json(&json!({ "message": message }))).await
    }

    /// Sends one message. After an error Kafka may have it all the same.
    pub async fn send_message(&self, message: &str) -> Result<Accepted, Error> {
        #[derive(Serialize)]
        struct Message<'a> {
            message: &'a str,
        }
        let request = self.client.post(self.messages.clone()).json(&Message { message });
        read(http::authorized(request, self.authorization.as_ref())).await
    }

    /// Sends a burst, which may be refused.
    pub async fn post_burst(&self, burst: &impl Serialize) -> Result<Answer, Error> {
        answer(self.request(Method::POST, "/bursts").json(burst)).await
    }

    pub async fn start_burst(&self, burst: &impl Serialize) -> Result<Burst, Error> {
        let answer = http::success(self.request(Method::POST, "/bursts").json(burst)).await?;
        let cookie = answer.headers().get(SET_COOKIE).and_then(|value| value.to_str().ok());
        let cookie = cookie.and_then(|it| Some(it.split_once(';')?.0.to_owned()));
        let burst = answer.bytes().await?;
        let burst: Burst = serde_json::from_slice(&burst).map_err(|_| Error::Malformed)?;
        Ok(Burst { cookie, ..burst })
    }

    /// Stops a burst by its token, which may be refused. The answer says by its status whether the burst had ended
    /// already.
    pub async fn delete_burst(
        &self,
        id: impl Display,
        stop_token: Option<&str>,
    ) -> Result<Answer, Error> {
        let request = self.request(Method::DELETE, &format!("/bursts/{id}"));
        answer(match stop_token {
            Some(token) => request.bearer_auth(token),
            None => request,
        })
        .await
    }

    /// Stops a burst that this client has begun. It has the burst's cookie for that: a gateway may need the header for
    /// a password.
    pub async fn stop_burst(&self, burst: &Burst) -> Result<Burst, Error> {
        let request = self.request(Method::DELETE, &format!("/bursts/{}", burst.id));
        read(match &burst.cookie {
            Some(cookie) => request.header(COOKIE, cookie),
            None => request,
        })
        .await
    }

    /// How a burst is doing.
    pub async fn burst(&self, id: impl Display) -> Result<Burst, Error> {
        read(self.request(Method::GET, &format!("/bursts/{id}"))).await
    }

    /// Every row of a burst, in the time of any other answer.
    pub async fn results(&self, id: impl Display) -> Result<Vec<Bullet>, Error> {
        let mut rows = Vec::new();
        read_lines(self.results_request(id), |row| rows.push(row)).await?;
        Ok(rows)
    }

    /// Hands over every row of a burst as it comes, so that they need not fit into memory together. This may take
    /// up to an hour.
    pub async fn each_result(
        &self,
        id: impl Display,
        each: impl FnMut(Bullet),
    ) -> Result<(), Error> {
        read_lines(self.results_request(id).timeout(EACH_RESULT), each).await
    }

    /// What became of the message at a position; `None` where barrage knows of none there.
    pub async fn result(&self, at: Position) -> Result<Option<MessageResult>, Error> {
        let path = format!("/messages/{}/{}", at.partition, at.offset);
        match read(self.request(Method::GET, &path)).await {
            Err(error) if error.is_not_found() => Ok(None),
            answer => answer.map(Some),
        }
    }

    /// At most `limit` of the newest bullets after `cursor`.
    pub async fn feed(&self, cursor: Option<&str>, limit: u32) -> Result<Feed, Error> {
        self.feed_within(cursor, limit, Duration::ZERO).await
    }

    /// The same, as soon as there is news after `cursor`, at the latest after so many whole seconds, 0 to 25. The
    /// answer must come before the client gives up.
    pub async fn feed_within(
        &self,
        cursor: Option<&str>,
        limit: u32,
        wait: Duration,
    ) -> Result<Feed, Error> {
        // A cursor has only characters that may stand in a query.
        let after = cursor.map(|cursor| format!("&after={cursor}")).unwrap_or_default();
        let wait = match wait.as_secs() {
            0 => String::new(),
            seconds => format!("&wait={seconds}"),
        };
        let request = self.request(Method::GET, &format!("/feed?limit={limit}{after}{wait}"));
        let body = http::success(request).await?.bytes().await?;
        let feed: Feed = serde_json::from_slice(&body).map_err(|_| Error::Malformed)?;
        Ok(Feed { bytes: body.len() as u64, ..feed })
    }

    /// The newest bullets after `cursor`, as a page in a browser asks for them, which takes compressed answers.
    pub async fn feed_as_page(
        &self,
        ask: Ask,
        cursor: Option<&str>,
        decoder: &Decoder,
    ) -> Result<Arc<browser::Answer>, Error> {
        let path = ask.path(cursor);
        let request = self.request_as_browser(Method::GET, &path, "application/json");
        let answer = http::success(request.timeout(browser::PATIENCE)).await?;
        let encoding = http::encoding(&answer);
        decoder.read(&encoding, &answer.bytes().await?)
    }

    /// How the pipeline is doing.
    pub async fn pipeline(&self) -> Result<Pipeline, Error> {
        read(self.request(Method::GET, "/pipeline")).await
    }

    /// Asks for the same as a page in a browser does, which takes a compressed answer, and drops it.
    pub async fn pipeline_as_page(&self) -> Result<(), Error> {
        let request = self.request_as_browser(Method::GET, "/pipeline", "application/json");
        http::success(request).await?.bytes().await?;
        Ok(())
    }

    /// Posts a body of any content type to any path.
    pub async fn post(&self, path: &str, kind: &str, body: String) -> Result<Answer, Error> {
        answer(self.request(Method::POST, path).header(CONTENT_TYPE, kind).body(body)).await
    }

    /// Puts a value as JSON to any path.
    pub async fn put(&self, path: &str, body: &impl Serialize) -> Result<Answer, Error> {
        answer(self.request(Method::PUT, path).json(body)).await
    }

    pub async fn get(&self, path: &str) -> Result<Answer, Error> {
        answer(self.request(Method::GET, path)).await
    }

    fn results_request(&self, id: impl Display) -> RequestBuilder {
        self.request(Method::GET, &format!("/bursts/{id}/results"))
    }

    /// A request with a browser's headers and the cookie of its device.
    pub(crate) fn request_as_browser(
        &self,
        method: Method,
        path: &str,
        accept: &'static str,
    ) -> RequestBuilder {
        let request = self.client.request(method, format!("{}{path}", self.url));
        let request = http::authorized(request, self.authorization.as_ref()).header(ACCEPT, accept);
        let request =
            browser::HEADERS.iter().fold(request, |it, (name, value)| it.header(*name, *value));
        match &self.cookie {
            Some(cookie) => request.header(COOKIE, cookie),
            None => request,
        }
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.client.request(method, format!("{}{path}", self.url));
        let request = http::authorized(request, self.authorization.as_ref());
        request.header(ACCEPT, "application/json")
    }
}

async fn answer(request: RequestBuilder) -> Result<Answer, Error> {
    Answer::of(request.send().await?).await
}

async fn read<T: DeserializeOwned>(request: RequestBuilder) -> Result<T, Error> {
    let body = http::success(request).await?.bytes().await?;
    serde_json::from_slice(&body).map_err(|_| Error::Malformed)
}

/// Hands over the value of each line of JSON as it comes.
async fn read_lines<T: DeserializeOwned>(
    request: RequestBuilder,
    mut each: impl FnMut(T),
) -> Result<(), Error> {
    let mut answer = http::success(request).await?;
    let mut rest = Vec::new();
    while let Some(piece) = answer.chunk().await? {
        rest.extend_from_slice(&piece);
        let complete = rest.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let lines = rest.drain(..complete);
        for line in lines.as_slice().split(|byte| *byte == b'\n').filter(|it| !it.is_empty()) {
            each(serde_json::from_slice(line).map_err(|_| Error::Malformed)?);
        }
    }
    if rest.is_empty() { Ok(()) } else { Err(Error::Malformed) }
}

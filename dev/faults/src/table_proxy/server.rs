//! How the proxy serves one request, with the faults that are set.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use axum::{
    body::{Body, Bytes},
    extract,
    http::{HeaderMap, StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse as _, Response},
};
use futures::stream;
use parking_lot::Mutex;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    batch,
    faults::{Faults, SeededRandom},
    statistics::Statistics,
};

const TARGET: &str = "x-amz-target";
const JSON: &str = "application/x-amz-json-1.0";

/// The operations on rows. Only these have a limited throughput.
const ROW_OPERATIONS: [&str; 8] = [
    "BatchWriteItem",
    "BatchGetItem",
    "PutItem",
    "GetItem",
    "UpdateItem",
    "DeleteItem",
    "Query",
    "Scan",
];

#[derive(Debug)]
pub(super) struct Server {
    table_url: String,
    client: reqwest::Client,
    faults: Mutex<Faults>,
    random: SeededRandom,
    statistics: Statistics,
}

struct Request {
    operation: String,
    headers: HeaderMap,
    body: Bytes,
}

/// Answers a request on a task of its own, because a real table writes even if the client has given up.
pub(super) async fn answer(
    extract::State(server): extract::State<Arc<Server>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let target = headers.get(TARGET).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let operation = target.rsplit('.').next().unwrap_or_default().to_owned();
    let request = Request { operation, headers, body };
    match tokio::spawn(async move { server.serve(request).await }).await {
        Ok(Ok(answer)) => answer,
        _ => broken_connection(),
    }
}

impl Server {
    pub(super) fn new(table: SocketAddr, seed: u64) -> Self {
        Self {
            table_url: format!("http://{table}"),
            client: reqwest::Client::builder().no_proxy().build().expect("an HTTP client"),
            faults: Mutex::default(),
            random: SeededRandom::new(seed),
            statistics: Statistics::default(),
        }
    }

    pub(super) fn set_faults(&self, faults: Faults) {
        *self.faults.lock() = faults;
    }

    pub(super) fn statistics(&self) -> &Statistics {
        &self.statistics
    }

    async fn serve(&self, request: Request) -> reqwest::Result<Response> {
        let faults = *self.faults.lock();
        let operation = request.operation.clone();
        self.statistics.count(|counts| *counts.requests.entry(operation).or_default() += 1);
        if self.random.chance(faults.slow) {
            wait(faults.slow_by).await;
        }
        let is_limited = ROW_OPERATIONS.contains(&request.operation.as_str());
        if is_limited && self.random.chance(faults.throttled) {
            return Ok(throttled());
        }
        match (request.operation.as_str(), serde_json::from_slice(&request.body)) {
            ("BatchWriteItem", Ok(input)) => self.batch_write(&request, input, faults).await,
            ("BatchGetItem", Ok(input)) => self.batch_get(&request, input, faults).await,
            ("Query" | "GetItem", Ok(input)) => self.read(&request, &input, faults).await,
            _ => self.forward(&request, request.body.clone()).await,
        }
    }

    /// Returns some writes unprocessed, and does some of them late.
    async fn batch_write(
        &self,
        request: &Request,
        mut input: Value,
        faults: Faults,
    ) -> reqwest::Result<Response> {
        let unprocessed = batch::take(&mut input["RequestItems"], |write| {
            let Some(key) = batch::key(write) else { return false };
            self.statistics.item_arrived(&key);
            let is_returned = self.random.chance(faults.unprocessed);
            if is_returned {
                self.statistics.item_returned(key)
            } else {
                self.statistics.item_written(&key)
            }
            is_returned
        });
        if batch::is_empty(&input["RequestItems"]) {
            // DynamoDB answers so if it has done nothing of a batch.
            return Ok(throttled());
        }
        let mut late = input.clone();
        late["RequestItems"] =
            batch::take(&mut input["RequestItems"], |_| self.random.chance(faults.late));
        for (input, is_late) in [(input, false), (late, true)] {
            if batch::is_empty(&input["RequestItems"]) {
                continue;
            }
            if is_late {
                self.statistics.count(|counts| counts.late += batch::len(&input["RequestItems"]));
                wait(self.random.up_to(faults.late_by)).await;
            }
            let answer = self.forward(request, input.to_string().into()).await?;
            if !answer.status().is_success() {
                return Ok(answer);
            }
        }
        Ok(response(StatusCode::OK, json!({ "UnprocessedItems": unprocessed }).to_string()))
    }

    /// Returns some of the requested keys unprocessed.
    async fn batch_get(
        &self,
        request: &Request,
        mut input: Value,
        faults: Faults,
    ) -> reqwest::Result<Response> {
        let unprocessed =
            batch::take(&mut input["RequestItems"], |_| self.random.chance(faults.unprocessed));
        self.statistics.count(|counts| counts.unprocessed += batch::len(&unprocessed));
        if batch::is_empty(&input["RequestItems"]) {
            return Ok(throttled());
        }
        let (status, mut answer) = self.call(request, input.to_string().into()).await?;
        if status.is_success() {
            answer["UnprocessedKeys"] = unprocessed;
        }
        Ok(response(status, answer.to_string()))
    }

    /// Omits some rows from the answer to a Query or GetItem that is eventually consistent.
    async fn read(
        &self,
        request: &Request,
        input: &Value,
        faults: Faults,
    ) -> reqwest::Result<Response> {
        if input["ConsistentRead"] == true || faults.stale == 0.0 {
            return self.forward(request, request.body.clone()).await;
        }
        let (status, mut answer) = self.call(request, request.body.clone()).await?;
        batch::omit(&mut answer, || {
            let is_omitted = self.random.chance(faults.stale);
            self.statistics.count(|counts| counts.omitted += u64::from(is_omitted));
            is_omitted
        });
        Ok(response(status, answer.to_string()))
    }

    async fn call(&self, request: &Request, body: Bytes) -> reqwest::Result<(StatusCode, Value)> {
        let answer = self.send(request, body).await?;
        Ok((answer.status(), answer.json().await?))
    }

    async fn forward(&self, request: &Request, body: Bytes) -> reqwest::Result<Response> {
        let answer = self.send(request, body).await?;
        Ok(response(answer.status(), answer.bytes().await?))
    }

    /// A changed body no longer matches the request's signature. The stand-in does not check it.
    async fn send(&self, request: &Request, body: Bytes) -> reqwest::Result<reqwest::Response> {
        let names = [TARGET, "authorization", "x-amz-date", "content-type"];
        let header = |name| Some((name, request.headers.get(name)?));
        let post = self.client.post(&self.table_url).body(body);
        let headers = names.into_iter().filter_map(header);
        headers.fold(post, |post, (name, value)| post.header(name, value)).send().await
    }
}

fn response(status: StatusCode, body: impl Into<Body>) -> Response {
    let headers = [
        (CONTENT_TYPE.as_str(), JSON.to_owned()),
        ("x-amzn-requestid", Uuid::new_v4().to_string()),
    ];
    (status, headers, body.into()).into_response()
}

fn throttled() -> Response {
    let answer = json!({
        "__type": "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException",
        "message": "The level of configured provisioned throughput for the table was exceeded.",
    });
    response(StatusCode::BAD_REQUEST, answer.to_string())
}

/// The table does not answer: the client's connection breaks, as it would without the proxy.
fn broken_connection() -> Response {
    let reset = Err::<Bytes, _>(io::Error::from(io::ErrorKind::ConnectionReset));
    Response::new(Body::from_stream(stream::iter([reset])))
}

#[expect(clippy::disallowed_methods, reason = "here the time is the fault")]
async fn wait(time: Duration) {
    tokio::time::sleep(time).await;
}

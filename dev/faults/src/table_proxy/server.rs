//! One request through the front: what its faults make of it.

use std::{io, sync::Arc, time::Duration};

use axum::{
    body::{Body, Bytes},
    extract,
    http::{HeaderMap, StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse as _, Response},
};
use futures::stream;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Faults, State, batch};

const TARGET: &str = "x-amz-target";
const JSON: &str = "application/x-amz-json-1.0";

/// The operations that read or write rows, which have a limited throughput.
const OF_ROWS: [&str; 8] = [
    "BatchWriteItem",
    "BatchGetItem",
    "PutItem",
    "GetItem",
    "UpdateItem",
    "DeleteItem",
    "Query",
    "Scan",
];

/// A request as it came in.
struct Request {
    operation: String,
    headers: HeaderMap,
    body: Bytes,
}

/// Answers a request, on a task of its own: a write whose client gives up still lands, as it does
/// in a real table.
pub(super) async fn answer(
    extract::State(state): extract::State<Arc<State>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let target = headers.get(TARGET).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let operation = target.rsplit('.').next().unwrap_or_default().to_owned();
    let request = Request { operation, headers, body };
    match tokio::spawn(async move { state.serve(request).await }).await {
        Ok(Ok(answer)) => answer,
        _ => broken(),
    }
}

impl State {
    async fn serve(&self, request: Request) -> reqwest::Result<Response> {
        let faults = *self.faults();
        let operation = request.operation.clone();
        self.book.count(|counts| *counts.requests.entry(operation).or_default() += 1);
        if self.dice.happens(faults.slow) {
            self.book.count(|counts| counts.slowed += 1);
            wait(faults.slow_by).await;
        }
        let of_rows = OF_ROWS.contains(&request.operation.as_str());
        if of_rows && self.dice.happens(faults.throttled) {
            return Ok(self.throttled());
        }
        match (request.operation.as_str(), serde_json::from_slice(&request.body)) {
            ("BatchWriteItem", Ok(asked)) => self.write(&request, asked, faults).await,
            ("BatchGetItem", Ok(asked)) => self.read(&request, asked, faults).await,
            ("Query" | "GetItem", Ok(asked)) => self.look(&request, &asked, faults).await,
            _ => self.forward(&request, request.body.clone()).await,
        }
    }

    /// A batch of writes: some go back undone, some are done late.
    async fn write(
        &self,
        request: &Request,
        mut asked: Value,
        faults: Faults,
    ) -> reqwest::Result<Response> {
        let undone = batch::take(&mut asked["RequestItems"], |write| {
            let Some(key) = batch::key(write) else { return false };
            self.book.came(&key);
            let back = self.dice.happens(faults.unprocessed);
            if back {
                self.book.handed_back(key)
            } else {
                self.book.went(&key)
            }
            back
        });
        if batch::is_empty(&asked["RequestItems"]) {
            // So DynamoDB says that it has done nothing of a batch.
            return Ok(self.throttled());
        }
        let mut late = asked.clone();
        late["RequestItems"] =
            batch::take(&mut asked["RequestItems"], |_| self.dice.happens(faults.late));
        for (asked, is_late) in [(asked, false), (late, true)] {
            if batch::is_empty(&asked["RequestItems"]) {
                continue;
            }
            if is_late {
                self.book.count(|counts| counts.late += batch::len(&asked["RequestItems"]));
                wait(self.dice.up_to(faults.late_by)).await;
            }
            let answer = self.forward(request, asked.to_string().into()).await?;
            if !answer.status().is_success() {
                return Ok(answer);
            }
        }
        Ok(said(StatusCode::OK, json!({ "UnprocessedItems": undone }).to_string()))
    }

    /// A batch of reads: some go back undone.
    async fn read(
        &self,
        request: &Request,
        mut asked: Value,
        faults: Faults,
    ) -> reqwest::Result<Response> {
        let undone =
            batch::take(&mut asked["RequestItems"], |_| self.dice.happens(faults.unprocessed));
        self.book.count(|counts| counts.handed_back += batch::len(&undone));
        if batch::is_empty(&asked["RequestItems"]) {
            return Ok(self.throttled());
        }
        let (status, mut answer) = self.ask(request, asked.to_string().into()).await?;
        if status.is_success() {
            answer["UnprocessedKeys"] = undone;
        }
        Ok(said(status, answer.to_string()))
    }

    /// A query, or a read of one row: an eventually consistent answer does not know all.
    async fn look(
        &self,
        request: &Request,
        asked: &Value,
        faults: Faults,
    ) -> reqwest::Result<Response> {
        if asked["ConsistentRead"] == true || faults.stale == 0.0 {
            return self.forward(request, request.body.clone()).await;
        }
        let (status, mut answer) = self.ask(request, request.body.clone()).await?;
        batch::leave_out(&mut answer, || {
            let left_out = self.dice.happens(faults.stale);
            self.book.count(|counts| counts.left_out += u64::from(left_out));
            left_out
        });
        Ok(said(status, answer.to_string()))
    }

    fn throttled(&self) -> Response {
        self.book.count(|counts| counts.throttled += 1);
        let answer = json!({
            "__type": "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException",
            "message": "The level of configured provisioned throughput for the table was exceeded.",
        });
        said(StatusCode::BAD_REQUEST, answer.to_string())
    }

    async fn ask(&self, request: &Request, body: Bytes) -> reqwest::Result<(StatusCode, Value)> {
        let answer = self.send(request, body).await?;
        Ok((answer.status(), answer.json().await?))
    }

    async fn forward(&self, request: &Request, body: Bytes) -> reqwest::Result<Response> {
        let answer = self.send(request, body).await?;
        Ok(said(answer.status(), answer.bytes().await?))
    }

    /// The signature no longer fits what is sent, which a stand-in does not mind.
    async fn send(&self, request: &Request, body: Bytes) -> reqwest::Result<reqwest::Response> {
        let names = [TARGET, "authorization", "x-amz-date", "content-type"];
        let header = |name| Some((name, request.headers.get(name)?));
        let post = self.client.post(&self.behind).body(body);
        let headers = names.into_iter().filter_map(header);
        headers.fold(post, |post, (name, value)| post.header(name, value)).send().await
    }
}

fn said(status: StatusCode, answer: impl Into<Body>) -> Response {
    let headers = [
        (CONTENT_TYPE.as_str(), JSON.to_owned()),
        ("x-amzn-requestid", Uuid::new_v4().to_string()),
    ];
    (status, headers, answer.into()).into_response()
}

/// The table does not answer: the connection breaks, as it would without us.
fn broken() -> Response {
    let reset = Err::<Bytes, _>(io::Error::from(io::ErrorKind::ConnectionReset));
    Response::new(Body::from_stream(stream::iter([reset])))
}

#[expect(clippy::disallowed_methods, reason = "time itself is the fault")]
async fn wait(time: Duration) {
    tokio::time::sleep(time).await;
}

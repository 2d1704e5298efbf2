//! A stand-in for the table that can be told to misbehave.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// The id of a row that it finds too large.
pub(crate) const HUGE: &str = "huge";

#[derive(Default)]
struct Inside {
    throttles: bool,
    has_no_ttl: bool,
    rows: Vec<Value>,
}

/// Speaks as much of DynamoDB's API as a processor asks.
#[derive(Clone, Default)]
pub(crate) struct Table(Arc<Mutex<Inside>>);

impl Table {
    /// Starts it; gives its URL too.
    pub(crate) async fn start() -> (Self, String) {
        let table = Self::default();
        let router = Router::new().route("/", post(answer)).with_state(table.clone());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        (table, url)
    }

    /// From now on it throttles writes, or not.
    pub(crate) fn throttle(&self, throttles: bool) {
        self.0.lock().unwrap().throttles = throttles;
    }

    /// It cannot let rows expire, or we may not have it do so.
    pub(crate) fn lack_ttl(&self) {
        self.0.lock().unwrap().has_no_ttl = true;
    }

    /// All items that were written, in DynamoDB's JSON, by offset.
    pub(crate) fn rows(&self) -> Vec<Value> {
        let mut rows = self.0.lock().unwrap().rows.clone();
        rows.sort_by_key(offset);
        rows
    }

    /// The offsets of all items that were written.
    pub(crate) fn offsets(&self) -> Vec<i64> {
        self.rows().iter().map(offset).collect()
    }

    fn write(&self, body: &Value) -> Result<Value, &'static str> {
        let mut inside = self.0.lock().unwrap();
        let puts = body["RequestItems"]["barrage.barrage"].as_array().unwrap();
        let items: Vec<_> = puts.iter().map(|put| put["PutRequest"]["Item"].clone()).collect();
        if inside.throttles {
            return Err("ProvisionedThroughputExceededException");
        }
        if items.iter().any(|item| item["id"]["S"] == HUGE) {
            return Err("ItemCollectionSizeLimitExceededException");
        }
        inside.rows.extend(items);
        Ok(json!({"UnprocessedItems": {}}))
    }
}

fn offset(item: &Value) -> i64 {
    item["offset"]["N"].as_str().unwrap().parse().unwrap()
}

async fn answer(
    State(table): State<Table>,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, String) {
    let operation = headers["x-amz-target"].to_str().unwrap().rsplit('.').next().unwrap();
    let answer = match operation {
        "DescribeTable" => Ok(json!({"Table": {"TableStatus": "ACTIVE"}})),
        "DescribeTimeToLive" => {
            let has_ttl = !table.0.lock().unwrap().has_no_ttl;
            let status = if has_ttl { "ENABLED" } else { "DISABLED" };
            Ok(json!({"TimeToLiveDescription": {"TimeToLiveStatus": status}}))
        }
        "UpdateTimeToLive" => Err("AccessDeniedException"),
        "BatchWriteItem" => table.write(&serde_json::from_slice(&body).unwrap()),
        other => panic!("{other} was asked"),
    };
    match answer {
        Ok(answer) => (StatusCode::OK, answer.to_string()),
        Err(code) => {
            let fault = json!({"__type": format!("com.amazonaws.dynamodb.v20120810#{code}")});
            (StatusCode::BAD_REQUEST, fault.to_string())
        }
    }
}

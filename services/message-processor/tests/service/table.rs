//! A stand-in for the table that can throttle, refuse a row, or have no TTL.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// The table refuses a row with this id as too large.
pub(crate) const HUGE: &str = "huge";

#[derive(Default)]
struct Contents {
    throttles: bool,
    has_no_ttl: bool,
    rows: Vec<Value>,
}

/// Speaks the part of DynamoDB's API that a processor uses.
#[derive(Clone, Default)]
pub(crate) struct Table(Arc<Mutex<Contents>>);

impl Table {
    /// Starts the stand-in, and returns its URL as well.
    pub(crate) async fn start() -> (Self, String) {
        let table = Self::default();
        let router = Router::new().route("/", post(answer)).with_state(table.clone());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        (table, url)
    }

    /// Begins or stops to throttle writes.
    pub(crate) fn throttle(&self, throttles: bool) {
        self.0.lock().unwrap().throttles = throttles;
    }

    /// From now on TTL is off and cannot be switched on.
    pub(crate) fn disable_ttl(&self) {
        self.0.lock().unwrap().has_no_ttl = true;
    }

    /// All items that were written, in DynamoDB's JSON, sorted by offset.
    pub(crate) fn rows(&self) -> Vec<Value> {
        let mut rows = self.0.lock().unwrap().rows.clone();
        rows.sort_by_key(offset);
        rows
    }

    pub(crate) fn offsets(&self) -> Vec<i64> {
        self.rows().iter().map(offset).collect()
    }

    fn write(&self, body: &Value) -> Result<Value, &'static str> {
        let mut contents = self.0.lock().unwrap();
        let puts = body["RequestItems"]["barrage.barrage"].as_array().unwrap();
        let items: Vec<_> = puts.iter().map(|put| put["PutRequest"]["Item"].clone()).collect();
        if contents.throttles {
            return Err("ProvisionedThroughputExceededException");
        }
        if items.iter().any(|item| item["id"]["S"] == HUGE) {
            return Err("ItemCollectionSizeLimitExceededException");
        }
        contents.rows.extend(items);
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
    let result = match operation {
        "DescribeTable" => Ok(json!({"Table": {"TableStatus": "ACTIVE"}})),
        "DescribeTimeToLive" => {
            let has_ttl = !table.0.lock().unwrap().has_no_ttl;
            let status = if has_ttl { "ENABLED" } else { "DISABLED" };
            Ok(json!({"TimeToLiveDescription": {"TimeToLiveStatus": status}}))
        }
        "UpdateTimeToLive" => Err("AccessDeniedException"),
        "BatchWriteItem" => table.write(&serde_json::from_slice(&body).unwrap()),
        other => panic!("{other} is not supported"),
    };
    match result {
        Ok(answer) => (StatusCode::OK, answer.to_string()),
        Err(code) => {
            let fault = json!({"__type": format!("com.amazonaws.dynamodb.v20120810#{code}")});
            (StatusCode::BAD_REQUEST, fault.to_string())
        }
    }
}

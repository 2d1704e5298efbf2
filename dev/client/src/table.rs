//! The table as tools and tests reach it: with a client of their own.

use std::{collections::HashMap, net::SocketAddr};

use aws_sdk_dynamodb::{
    Client, Config,
    config::{BehaviorVersion, Credentials, Region},
    types::{
        AttributeDefinition, AttributeValue, BillingMode, KeySchemaElement, KeyType, PutRequest,
        ScalarAttributeType, TableStatus, WriteRequest,
    },
};

use crate::eventually::eventually;

/// Its physical name: instance and table.
const TABLE: &str = "barrage.barrage";

/// A row, by the names of its attributes.
pub type Row = HashMap<String, AttributeValue>;

/// The table of a stack.
#[derive(Clone, Debug)]
pub struct Table(Client);

impl Table {
    /// The table that listens there.
    pub fn at(address: SocketAddr) -> Self {
        let config = Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .endpoint_url(format!("http://{address}"))
            .region(Region::new("test"))
            .credentials_provider(Credentials::new("test", "test", None, None, "test"))
            .build();
        Self(Client::from_conf(config))
    }

    /// Every row of the table, also those of the bursts.
    pub async fn all(&self) -> Vec<Row> {
        let pages = self.0.scan().table_name(TABLE).consistent_read(true).into_paginator();
        pages.items().send().collect::<Result<Vec<_>, _>>().await.expect("the table can be read")
    }

    /// Creates the table as the processor does, where no processor runs, and waits until it can be used.
    pub async fn create(&self) {
        let key = |name: &str, key: KeyType| {
            KeySchemaElement::builder()
                .attribute_name(name)
                .key_type(key)
                .build()
                .expect("all is set")
        };
        let attribute = |name: &str, kind: ScalarAttributeType| {
            let attribute = AttributeDefinition::builder().attribute_name(name);
            attribute.attribute_type(kind).build().expect("all is set")
        };
        let create = self.0.create_table().table_name(TABLE);
        create
            .key_schema(key("shard", KeyType::Hash))
            .key_schema(key("offset", KeyType::Range))
            .attribute_definitions(attribute("shard", ScalarAttributeType::S))
            .attribute_definitions(attribute("offset", ScalarAttributeType::N))
            .billing_mode(BillingMode::PayPerRequest)
            .send()
            .await
            .expect("the table answers");
        eventually("the table is active", async || {
            let answer = self.0.describe_table().table_name(TABLE).send().await;
            let table = answer.expect("the table answers").table;
            table.and_then(|table| table.table_status) == Some(TableStatus::Active)
        })
        .await;
    }

    /// How many rows a shard has between these offsets, both included; at most as many as fit into one answer.
    pub async fn range(&self, shard: &str, from: i64, to: i64) -> usize {
        let query = self.0.query().table_name(TABLE);
        let query = query
            .key_condition_expression("#shard = :shard AND #offset BETWEEN :from AND :to")
            .expression_attribute_names("#shard", "shard")
            .expression_attribute_names("#offset", "offset")
            .expression_attribute_values(":shard", string(shard))
            .expression_attribute_values(":from", number(from))
            .expression_attribute_values(":to", number(to));
        query.send().await.expect("the table answers").items().len()
    }

    /// Writes at most 25 rows, which is the limit of one request.
    pub async fn put_batch(&self, rows: impl Iterator<Item = Row>) {
        let put = |row| PutRequest::builder().set_item(Some(row)).build().expect("all is set");
        let requests = rows.map(|row| WriteRequest::builder().put_request(put(row)).build());
        let batch = self.0.batch_write_item().request_items(TABLE, requests.collect());
        let answer = batch.send().await.expect("the table answers");
        let left = answer.unprocessed_items().is_none_or(HashMap::is_empty);
        assert!(left, "the stand-in leaves nothing unprocessed");
    }
}

/// A text, as an attribute of a row.
pub fn string(text: &str) -> AttributeValue {
    AttributeValue::S(text.into())
}

/// A number, as an attribute of a row.
pub fn number(number: i64) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

/// A text or a number of a row, as text; `None` when the row does not have it.
pub fn text(row: &Row, name: &str) -> Option<String> {
    let value = row.get(name)?;
    value.as_s().or_else(|_| value.as_n()).ok().cloned()
}

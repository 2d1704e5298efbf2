//! The client of the table, and what several requests need. The requests are in `row_requests.rs`, `burst.rs`, `totals.rs` and `schema.rs`.

use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};

use super::item_builder::Item;
use super::{Config, Error, Name, metrics};

/// The table. Clones share its connections.
#[derive(Clone, Debug)]
pub struct Table {
    pub(super) client: Client,
    pub(super) name: Name,
}

impl Table {
    /// How long one request may take.
    const REQUEST_TIMEOUT: Duration = Duration::from_secs(5);
    const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

    /// Connects at the first request.
    pub fn new(config: &Config) -> Self {
        metrics::describe();
        let http = aws_smithy_http_client::Builder::new()
            .tls_provider(Provider::Rustls(CryptoMode::Ring))
            .build_https();
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(Self::CONNECT_TIMEOUT)
            .operation_timeout(Self::REQUEST_TIMEOUT)
            .build();
        let (key, secret) = (&config.key_id, config.secret.expose());
        let client = aws_sdk_dynamodb::Config::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .http_client(http)
            .endpoint_url(config.endpoint.as_str())
            .region(Region::new(config.region.clone()))
            .credentials_provider(Credentials::new(key, secret, None, None, "environment"))
            // The callers retry failed requests. Retries in two layers would multiply.
            .retry_config(RetryConfig::disabled())
            .timeout_config(timeouts)
            .build();
        Self { client: Client::from_conf(client), name: config.name.clone() }
    }

    pub fn name(&self) -> &Name {
        &self.name
    }
    /// The item of this key; strongly consistent.
    pub(super) async fn item(&self, key: Item) -> Result<Option<Item>, Error> {
        let request = self.client.get_item().table_name(self.name.as_str()).consistent_read(true);
        let answer = request.set_key(Some(key)).send().await;
        Ok(answer.map_err(|error| Error::of(error, &self.name))?.item)
    }

    /// Whether the condition of a write did hold.
    pub(super) fn condition_held<T, E, R>(
        &self,
        answer: Result<T, SdkError<E, R>>,
    ) -> Result<bool, Error>
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
        R: std::fmt::Debug + 'static,
    {
        let condition_failed = |error: &E| error.code() == Some("ConditionalCheckFailedException");
        match answer {
            Ok(_) => Ok(true),
            Err(error) if error.as_service_error().is_some_and(condition_failed) => Ok(false),
            Err(error) => Err(Error::of(error, &self.name)),
        }
    }
}

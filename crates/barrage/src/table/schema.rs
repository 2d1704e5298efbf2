//! Creates the table when it is missing, and reports whether it answers.

use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType,
    TableDescription, TableStatus, TimeToLiveSpecification, TimeToLiveStatus,
};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::{Error, Table};
use crate::health::Probe;
use crate::retry::pause;
use crate::time::Millis;

impl Table {
    const CHECK_INTERVAL: Duration = Duration::from_secs(2);

    /// Whether the table can be used.
    ///
    /// # Errors
    /// [`Error::NoTable`] when it does not exist or is still being created.
    pub async fn check(&self) -> Result<(), Error> {
        match self.describe().await?.and_then(|table| table.table_status) {
            Some(TableStatus::Active | TableStatus::Updating) => Ok(()),
            _ => Err(Error::NoTable(self.name.clone())),
        }
    }

    /// When the table was created; `None` if the service does not say it.
    ///
    /// # Errors
    /// When the table does not answer, or does not exist.
    pub async fn created_at(&self) -> Result<Option<Millis>, Error> {
        let created = self.describe().await?.and_then(|table| table.creation_date_time);
        Ok(created.and_then(|at| at.to_millis().ok()).map(Millis))
    }

    async fn describe(&self) -> Result<Option<TableDescription>, Error> {
        let answer = self.client.describe_table().table_name(self.name.as_str()).send().await;
        Ok(answer.map_err(|error| Error::of(error, &self.name))?.table)
    }

    /// Creates the table when it does not exist, and has it delete rows by their `expires_at`. If the service
    /// does not do that, rows stay in the table, but readers leave out expired ones anyway.
    ///
    /// # Errors
    /// [`Error::NoTable`] while the table is being created: call again.
    pub async fn ensure(&self) -> Result<(), Error> {
        if let Err(error) = self.check().await {
            if !matches!(error, Error::NoTable(_)) {
                return Err(error);
            }
            self.create().await?;
            self.check().await?;
        }
        match self.enable_expiry().await {
            Err(Error::Denied(why) | Error::Other(why)) => {
                tracing::warn!(table = %self.name, why, "expired rows stay in the table");
                Ok(())
            }
            answer => answer,
        }
    }

    /// Until `stop`, reports whether the table answers. With `create`, creates it when it is missing.
    pub async fn watch(self, create: bool, probe: Probe, stop: CancellationToken) {
        let watch = async {
            let mut ensured = !create;
            loop {
                let answer = if ensured { self.check().await } else { self.ensure().await };
                ensured = match &answer {
                    Ok(()) => true,
                    Err(Error::NoTable(_)) => !create,
                    Err(_) => ensured,
                };
                probe.report(&answer);
                pause(if answer.is_ok() { Self::CHECK_INTERVAL } else { Self::CHECK_INTERVAL / 8 })
                    .await;
            }
        };
        let _stopped = stop.run_until_cancelled(watch).await;
    }

    async fn create(&self) -> Result<(), Error> {
        let invalid = |error: BuildError| Error::Other(error.to_string());
        let key =
            |name, kind| KeySchemaElement::builder().attribute_name(name).key_type(kind).build();
        let attribute = |name, kind| {
            AttributeDefinition::builder().attribute_name(name).attribute_type(kind).build()
        };
        let answer = self
            .client
            .create_table()
            .table_name(self.name.as_str())
            .billing_mode(BillingMode::PayPerRequest)
            .key_schema(key("shard", KeyType::Hash).map_err(invalid)?)
            .key_schema(key("offset", KeyType::Range).map_err(invalid)?)
            .attribute_definitions(attribute("shard", ScalarAttributeType::S).map_err(invalid)?)
            .attribute_definitions(attribute("offset", ScalarAttributeType::N).map_err(invalid)?)
            .send()
            .await;
        match answer {
            Ok(_) => tracing::info!(table = %self.name, "created table {}", self.name),
            Err(error) if is_in_use(&error) => {}
            Err(error) => return Err(Error::of(error, &self.name)),
        }
        Ok(())
    }

    async fn enable_expiry(&self) -> Result<(), Error> {
        let (client, name) = (&self.client, self.name.as_str());
        let answer = client.describe_time_to_live().table_name(name).send().await;
        let known = answer.map_err(|error| Error::of(error, &self.name))?.time_to_live_description;
        let status = known.and_then(|description| description.time_to_live_status);
        if matches!(status, Some(TimeToLiveStatus::Enabled | TimeToLiveStatus::Enabling)) {
            return Ok(());
        }
        let ttl = TimeToLiveSpecification::builder().attribute_name("expires_at").enabled(true);
        let ttl = ttl.build().map_err(|error| Error::Other(error.to_string()))?;
        let answer = client
            .update_time_to_live()
            .table_name(name)
            .time_to_live_specification(ttl)
            .send()
            .await;
        answer.map(drop).map_err(|error| Error::of(error, &self.name))
    }
}

type CreateError =
    aws_sdk_dynamodb::error::SdkError<aws_sdk_dynamodb::operation::create_table::CreateTableError>;

/// Another processor has created the table at the same time.
fn is_in_use(error: &CreateError) -> bool {
    error.as_service_error().is_some_and(|error| error.is_resource_in_use_exception())
}

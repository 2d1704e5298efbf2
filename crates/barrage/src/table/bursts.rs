//! Writing and reading the rows of bursts. Who writes one holds no lock: each write says on what it depends.

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::put_item::builders::PutItemFluentBuilder;
use aws_sdk_dynamodb::types::AttributeValue;
use uuid::Uuid;

use super::item::Build;
use super::{BurstRow, Error, State, Table};
use crate::time::Millis;

/// The mark that asks a burst's homepage to stop it.
const STOP: &str = "stop";

impl Table {
    /// Writes the row of a burst, whatever it held.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn put_burst(&self, burst: &BurstRow) -> Result<(), Error> {
        let answer = self.put(burst).send().await;
        answer.map(drop).map_err(|error| Error::of(error, &self.name))
    }

    /// Writes the row of a burst, unless somebody has asked for its stop. Answers whether it was written.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn put_burst_unless_stop_requested(&self, burst: &BurstRow) -> Result<bool, Error> {
        let request = self.put(burst).condition_expression("attribute_not_exists(#stop)");
        self.holds(request.expression_attribute_names("#stop", STOP).send().await)
    }

    /// Writes the row of a burst, unless somebody has written it since its `seen` heartbeat. Answers
    /// whether it was written.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn replace_burst(&self, burst: &BurstRow, seen: Millis) -> Result<bool, Error> {
        let request = self.put(burst).condition_expression("heartbeat = :seen");
        let seen = AttributeValue::N(seen.0.to_string());
        self.holds(request.expression_attribute_values(":seen", seen).send().await)
    }

    /// Asks the homepage of a burst to stop it, which it sees when it next writes the row. Answers
    /// whether the burst had not ended already.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn request_stop(&self, id: Uuid) -> Result<bool, Error> {
        let state = |state: State| AttributeValue::S(state.as_str().to_owned());
        let request = self.client.update_item().table_name(self.name.as_str());
        let answer = request
            .set_key(Some(Build::keyed(BurstRow::shard(id), 0).item()))
            .update_expression("SET #stop = :yes")
            .condition_expression("#state IN (:running, :draining)")
            .expression_attribute_names("#stop", STOP)
            .expression_attribute_names("#state", "state")
            .expression_attribute_values(":yes", AttributeValue::Bool(true))
            .expression_attribute_values(":running", state(State::Running))
            .expression_attribute_values(":draining", state(State::Draining))
            .send()
            .await;
        self.holds(answer)
    }

    /// The row of a burst, if there is one that has not expired; strongly consistent.
    ///
    /// # Errors
    /// When the table does not answer, or holds what is no burst.
    pub async fn burst(&self, id: Uuid) -> Result<Option<BurstRow>, Error> {
        let key = Build::keyed(BurstRow::shard(id), 0).item();
        let request = self.client.get_item().table_name(self.name.as_str()).consistent_read(true);
        let answer = request.set_key(Some(key)).send().await;
        let item = answer.map_err(|error| Error::of(error, &self.name))?.item;
        let row = item.as_ref().map(|item| BurstRow::from_item(id, item)).transpose()?;
        Ok(row.filter(|row| !row.expires_at.has_surely_passed(Millis::now())))
    }

    fn put(&self, burst: &BurstRow) -> PutItemFluentBuilder {
        let request = self.client.put_item().table_name(self.name.as_str());
        request.set_item(Some(burst.to_item()))
    }

    /// Whether the condition of a write has held.
    fn holds<T, E, R>(&self, answer: Result<T, SdkError<E, R>>) -> Result<bool, Error>
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
        R: std::fmt::Debug + 'static,
    {
        let refused = |error: &E| error.code() == Some("ConditionalCheckFailedException");
        match answer {
            Ok(_) => Ok(true),
            Err(error) if error.as_service_error().is_some_and(refused) => Ok(false),
            Err(error) => Err(Error::of(error, &self.name)),
        }
    }
}

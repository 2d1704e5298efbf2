//! What an operator does to a broker's topics.

use std::time::Duration;

use rdkafka::{
    admin::{AdminClient, AdminOptions},
    client::DefaultClientContext,
};

use super::Kafka;

const PATIENCE: Duration = Duration::from_secs(10);

impl Kafka {
    /// Deletes a topic with all its records.
    pub async fn delete(self, topic: &'static str) {
        let admin: AdminClient<DefaultClientContext> =
            self.config().create().expect("an admin client");
        let options = AdminOptions::new().operation_timeout(Some(PATIENCE));
        let deleted = admin.delete_topics(&[topic], &options).await.expect("Kafka answers");
        assert!(deleted.iter().all(Result::is_ok), "{deleted:?}");
    }
}

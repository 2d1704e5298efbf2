//! What an operator does to a broker's topics.

use std::time::Duration;

use rdkafka::{
    admin::{AdminClient, AdminOptions, NewTopic, TopicReplication},
    client::DefaultClientContext,
    types::RDKafkaErrorCode,
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

    /// Deletes a topic and makes it anew at once, with so many partitions: its offsets restart.
    pub async fn make_anew(self, topic: &'static str, partitions: i32) {
        self.delete(topic).await;
        self.make(topic, partitions).await;
    }

    /// Makes a topic with so many partitions, if there is none.
    pub async fn make(self, topic: &'static str, partitions: i32) {
        let admin: AdminClient<DefaultClientContext> =
            self.config().create().expect("an admin client");
        let new = NewTopic::new(topic, partitions, TopicReplication::Fixed(1));
        let options = AdminOptions::new().operation_timeout(Some(PATIENCE));
        let made = admin.create_topics([&new], &options).await.expect("Kafka answers");
        // A service may have been quicker.
        let is_there = made
            .iter()
            .all(|made| matches!(made, Ok(_) | Err((_, RDKafkaErrorCode::TopicAlreadyExists))));
        assert!(is_there, "{made:?}");
    }
}

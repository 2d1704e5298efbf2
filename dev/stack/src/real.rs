//! Apache Kafka and Dynalite (DynamoDB's API on LevelDB) as processes of a stack, without containers.
//!
//! They show that nothing depends on a behaviour of our stand-ins. They are fetched once for each user.
//! Amazon's own DynamoDB Local is not free software, so nothing here fetches it.

mod fetch;
mod installation;
mod kafka_broker;
mod secure_listener;

pub use self::{
    fetch::fetch,
    installation::{Installation, NotInstalled},
    kafka_broker::KafkaBroker,
    secure_listener::{SecureListener, User, exports_file},
};

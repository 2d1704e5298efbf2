//! librdkafka's producer, with a future for the delivery of each record.
//!
//! rdkafka's own `FutureProducer` polls for 100 ms at a time, and the last millisecond of each poll without a pause:
//! less than one is a limit of zero to librdkafka. That takes a hundredth of a core for each producer, also while
//! nothing is sent. Here the thread sleeps while nothing is in flight, and polls for longer otherwise.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rdkafka::ClientConfig;
use rdkafka::client::{Client, ClientContext};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{DeliveryResult, Message as _};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer as _, ProducerContext, PurgeConfig};
use tokio::sync::oneshot;

use crate::position::Partition;
use crate::retry::pause;

/// Where a record is, as the broker says it: its partition, and its offset unless that is negative.
pub(super) type Delivery = (Partition, i64);

/// A record that is to be sent.
pub(super) type Outgoing<'a> = BaseRecord<'a, [u8], [u8], Waiter>;

/// Who waits for the delivery of a record.
pub(super) type Waiter = Box<oneshot::Sender<Result<Delivery, KafkaError>>>;

/// A producer whose thread tells of deliveries. Clones share it.
#[derive(Clone)]
pub(super) struct DeliveryProducer(Arc<Polled>);

struct Polled {
    inner: Arc<BaseProducer<DeliveryCallback>>,
    must_stop: Arc<AtomicBool>,
    /// `None` once it is stopped.
    thread: Option<JoinHandle<()>>,
}

/// Hands deliveries to those who wait for them.
pub(super) struct DeliveryCallback;

impl DeliveryProducer {
    /// How long one poll takes while a record is in flight. rdkafka spends the last millisecond of each without a pause.
    /// It is also the longest time that the thread takes to stop.
    const POLL: Duration = Duration::from_millis(250);
    /// How often the events of an idle client are taken, which are its errors.
    const IDLE: Duration = Duration::from_secs(1);
    /// How often it is tried to send while librdkafka's queue is full.
    const FULL: Duration = Duration::from_millis(100);

    pub(super) fn new(settings: &ClientConfig) -> Result<Self, KafkaError> {
        let inner = settings.create_with_context(DeliveryCallback)?;
        let (inner, must_stop) = (Arc::new(inner), Arc::new(AtomicBool::new(false)));
        let (polled, stop) = (Arc::clone(&inner), Arc::clone(&must_stop));
        let thread = thread::Builder::new().name("kafka-producer".into());
        let thread = thread.spawn(move || poll(&polled, &stop));
        let thread = thread.map_err(|error| KafkaError::ClientCreation(error.to_string()))?;
        Ok(Self(Arc::new(Polled { inner, must_stop, thread: Some(thread) })))
    }

    /// Sends a record and waits until it is delivered. While librdkafka's queue is full it waits for room, for as long
    /// as `limit`. `record` makes the record of whom it is told.
    pub(super) async fn send<'a>(
        &self,
        record: impl FnOnce(Waiter) -> Outgoing<'a>,
        limit: Duration,
    ) -> Result<Delivery, KafkaError> {
        let (waiter, delivered) = oneshot::channel();
        let mut outgoing = record(Box::new(waiter));
        let began = Instant::now();
        let is_full = KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull);
        while let Err((error, record)) = self.0.inner.send(outgoing) {
            if error != is_full || began.elapsed() >= limit {
                return Err(error);
            }
            outgoing = record;
            pause(Self::FULL).await;
        }
        self.0.wake();
        // Each record is delivered or fails before its producer ends.
        delivered.await.unwrap_or(Err(KafkaError::Canceled))
    }

    pub(super) fn client(&self) -> &Client<DeliveryCallback> {
        self.0.inner.client()
    }

    /// Lets all records fail that are not delivered yet.
    pub(super) fn purge(&self) {
        self.0.inner.purge(PurgeConfig::default().queue().inflight().non_blocking());
        self.0.wake();
    }
}

impl Polled {
    fn wake(&self) {
        if let Some(thread) = &self.thread {
            thread.thread().unpark();
        }
    }
}

impl Drop for Polled {
    fn drop(&mut self) {
        self.must_stop.store(true, Ordering::Release);
        self.wake();
        // Otherwise the process could end while the thread still uses the client.
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the thread of a kafka producer has panicked");
        }
    }
}

/// Takes the events of the producer until it must stop.
fn poll(producer: &BaseProducer<DeliveryCallback>, must_stop: &AtomicBool) {
    while !must_stop.load(Ordering::Acquire) {
        let is_idle = producer.in_flight_count() == 0;
        if is_idle {
            thread::park_timeout(DeliveryProducer::IDLE);
        }
        let is_idle = is_idle && producer.in_flight_count() == 0;
        producer.poll(if is_idle { Duration::ZERO } else { DeliveryProducer::POLL });
    }
}

impl ClientContext for DeliveryCallback {}

impl ProducerContext for DeliveryCallback {
    type DeliveryOpaque = Waiter;

    fn delivery(&self, result: &DeliveryResult<'_>, waiter: Waiter) {
        let delivery = match result {
            Ok(message) => Ok((message.partition(), message.offset())),
            Err((error, _)) => Err(error.clone()),
        };
        // Whoever sent the record may be gone.
        let _unheard = waiter.send(delivery);
    }
}

//! A front before the table that does what DynamoDB may do and the stand-in never does: it hands
//! items back, throttles, is slow, tells old news, and writes late.

mod batch;
mod dice;
mod server;
mod statistics;

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use axum::{Router, extract::DefaultBodyLimit};
use tokio::{net::TcpListener, task::JoinHandle};

pub use self::statistics::Counts;
use self::{dice::Dice, statistics::Statistics};

/// The largest body that DynamoDB takes.
const LARGEST_BODY: usize = 16 << 20;

/// What the front does wrong. Shares lie between 0, never, and 1, always.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Faults {
    /// The share of the items of a batch, written or read, that is handed back undone.
    pub unprocessed: f64,
    /// The share of requests for rows that is refused since throughput is exceeded.
    pub throttled: f64,
    /// The share of requests, of any kind, that takes `slow_by` longer.
    pub slow: f64,
    /// How much longer.
    pub slow_by: Duration,
    /// The share of rows that an eventually consistent answer leaves out although they are there.
    pub stale: f64,
    /// The share of the rows of a batch that is written up to `late_by` after the others.
    pub late: f64,
    /// How late at most. Where the client gives up before, the rows are written all the same.
    pub late_by: Duration,
}

/// A front before one table, in the test's own process. Dropping it closes its port.
#[derive(Debug)]
pub struct TableProxy {
    address: SocketAddr,
    state: Arc<State>,
    serving: JoinHandle<()>,
}

#[derive(Debug)]
struct State {
    /// The table's URL.
    behind: String,
    client: reqwest::Client,
    faults: Mutex<Faults>,
    dice: Dice,
    book: Statistics,
}

impl TableProxy {
    /// A front before the table that listens there, now or later. It does nothing wrong yet; what
    /// it will do by chance follows from the seed.
    pub async fn before(table: SocketAddr, seed: u64) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let client = reqwest::Client::builder().no_proxy().build().expect("an HTTP client");
        let state = Arc::new(State {
            behind: format!("http://{table}"),
            client,
            faults: Mutex::default(),
            dice: Dice::of(seed),
            book: Statistics::default(),
        });
        let router = Router::new().fallback(server::answer).with_state(Arc::clone(&state));
        let router = router.layer(DefaultBodyLimit::max(LARGEST_BODY));
        eprintln!("the table's front at {address} has the seed {seed}");
        let serving = tokio::spawn(async move {
            axum::serve(listener, router).await.expect("axum serves without end");
        });
        Self { address, state, serving }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where it listens, as `OTS_ENDPOINT` wants it.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// From now on these faults and no others.
    pub fn set(&self, faults: Faults) {
        *self.state.faults() = faults;
    }

    /// From now on nothing is wrong.
    pub fn heal(&self) {
        self.set(Faults::default());
    }

    /// What it has done so far.
    pub fn counts(&self) -> Counts {
        self.state.book.counts()
    }

    /// How long clients waited before they sent an item again that was handed back: at n those
    /// waits that followed the item's n-th return in a row, from 0.
    pub fn waits(&self) -> Vec<Vec<Duration>> {
        self.state.book.waits()
    }
}

impl State {
    fn faults(&self) -> MutexGuard<'_, Faults> {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for TableProxy {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

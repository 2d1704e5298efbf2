//! An HTTP proxy in front of the table. It does what DynamoDB may do and the stand-in never does: it
//! returns items unprocessed, throttles, is slow, answers with old data, and writes late.

mod batch;
mod faults;
mod server;
mod statistics;

use std::{net::SocketAddr, sync::Arc, time::Duration};

use axum::{Router, extract::DefaultBodyLimit};

use self::server::Server;
pub use self::{faults::Faults, statistics::Counts};
use crate::serving::Serving;

/// The largest request body of DynamoDB, in bytes.
const MAX_BODY: usize = 16 << 20;

/// A running proxy in front of one table. Dropping it closes its port.
#[derive(Debug)]
pub struct TableProxy {
    server: Arc<Server>,
    serving: Serving,
}

impl TableProxy {
    /// Listens on a free port, without faults at first. The table may start later. The seed decides which
    /// requests and items the faults hit.
    pub async fn new(table: SocketAddr, seed: u64) -> Self {
        let server = Arc::new(Server::new(table, seed));
        let router = Router::new().fallback(server::answer).with_state(Arc::clone(&server));
        let router = router.layer(DefaultBodyLimit::max(MAX_BODY));
        let serving = Serving::http(router).await.expect("a free port");
        eprintln!("the table proxy at {} has the seed {seed}", serving.address());
        Self { server, serving }
    }

    pub fn address(&self) -> SocketAddr {
        self.serving.address()
    }

    /// Its URL, as `OTS_ENDPOINT` expects it.
    pub fn url(&self) -> String {
        self.serving.url()
    }

    pub fn set(&self, faults: Faults) {
        self.server.set_faults(faults);
    }

    pub fn heal(&self) {
        self.set(Faults::default());
    }

    /// What the proxy has done so far.
    pub fn counts(&self) -> Counts {
        self.server.statistics().counts()
    }

    /// How long clients waited before they sent an unprocessed item again. The first list has the waits
    /// after an item's first return, the second list those after its second return in a row, and so on.
    pub fn waits(&self) -> Vec<Vec<Duration>> {
        self.server.statistics().waits()
    }
}

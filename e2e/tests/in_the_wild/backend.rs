//! One Apache Kafka and one table for all tests that run at the time: a start of Kafka takes longer than most tests.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, Weak, mpsc},
    thread::{self, JoinHandle},
};

use stack::{
    Setup,
    backend::Backend,
    plan::name::{BROKER, TABLE},
    real::Installation,
};
use tokio::sync::oneshot;

static RUNNING: Mutex<Weak<Shared>> = Mutex::new(Weak::new());

/// A Kafka and a table that several tests use. They end with the last test that uses them.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) broker: SocketAddr,
    pub(crate) table: SocketAddr,
    /// The folder of the processes' data.
    data: PathBuf,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// Apache Kafka and Dynalite, whatever `BARRAGE_BACKEND` says. `None` where they are not installed, and then says so. With `BARRAGE_BACKEND=real`, as
/// `cargo verify` sets it, that is a failure: a test that was skipped counts as passed.
pub(crate) fn installed() -> Option<Backend> {
    let chosen = Backend::from_env().unwrap_or_else(|error| panic!("{error}"));
    if matches!(chosen, Backend::Real(_)) {
        return Some(chosen);
    }
    match Installation::find() {
        Ok(installation) => Some(Backend::Real(installation)),
        Err(missing) => {
            eprintln!("skipped: {missing}");
            None
        }
    }
}

/// Those that run already, or new ones.
pub(crate) fn shared() -> Option<Arc<Shared>> {
    let backend = installed()?;
    // A test that failed while it held the lock has left nothing half done.
    let mut running = RUNNING.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    if let Some(shared) = running.upgrade() {
        return Some(shared);
    }
    let shared = Arc::new(Shared::start(backend));
    *running = Arc::downgrade(&shared);
    Some(shared)
}

/// New ones for one test, which is too much for others beside it.
pub(crate) fn own() -> Option<Arc<Shared>> {
    installed().map(|backend| Arc::new(Shared::start(backend)))
}

impl Shared {
    /// On a thread of their own: the kernel ends a child when the thread that has started it ends, and a test's thread
    /// ends with the test.
    fn start(backend: Backend) -> Self {
        let (stop, stopped) = oneshot::channel();
        let (started, addresses) = mpsc::channel();
        let thread = thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime").block_on(async {
                let stack = Setup::stand_ins().backend(backend).start().await;
                let data = stack.data_folder().to_owned();
                _ = started.send((stack.address(BROKER), stack.address(TABLE), data));
                _ = stopped.await;
            });
        });
        let (broker, table, data) = addresses.recv().expect("Kafka and its table start");
        Self { broker, table, data, stop: Some(stop), thread: Some(thread) }
    }

    /// Where Kafka keeps its topics.
    pub(crate) fn topics(&self) -> PathBuf {
        topics(&self.data)
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        drop(self.stop.take());
        _ = self.thread.take().map(JoinHandle::join);
    }
}

/// Where the Kafka of a stack with this folder keeps its topics.
pub(crate) fn topics(data: &Path) -> PathBuf {
    data.join(BROKER).join("log")
}

//! Thousands of viewers of one homepage: some follow the feed as a page in a browser does, and some read one byte a
//! second. They use bare sockets, so they cost little CPU compared with the homepage.

use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

pub use client::browser::Ask;
use client::browser::{self, Body, Decoder};
use parking_lot::Mutex;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpSocket, TcpStream},
    task::JoinSet,
    time::{Instant, sleep_until},
};

use self::answer::read;

mod answer;

/// The receive window of a slow reader, in bytes. The system makes it a little larger.
const SMALL_WINDOW: u32 = 1024;

/// Room for the head of an answer. A body goes past it.
const HEAD_BYTES: usize = 2048;

/// How long a viewer waits after a failure.
const AGAIN: Duration = Duration::from_secs(1);

/// Which viewers there are.
#[derive(Clone, Copy, Debug)]
pub struct Crowd {
    pub ask: Ask,
    pub watching: u32,
    /// Viewers who request all they can get and read one byte a second.
    pub slow: u32,
    /// Their starts are spread evenly over this time.
    pub arrival: Duration,
}

/// The viewers of one homepage. Dropping this ends them.
#[derive(Debug)]
pub struct Viewers {
    seen: Arc<Seen>,
    watching: u32,
    _tasks: JoinSet<()>,
}

/// One answer that one viewer has received.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Receipt {
    pub viewer: u32,
    /// Answers with the same cursor have the same number.
    pub tick: u64,
    /// When the homepage made it, in milliseconds since 1970.
    pub made: i64,
    /// How long after that the viewer had all of it, in milliseconds. Both clocks are the same.
    pub late: f64,
}

#[derive(Debug, Default)]
struct Seen {
    decoder: Decoder,
    receipts: Mutex<Vec<Receipt>>,
    answers: AtomicU64,
    failures: AtomicU64,
    last_failure: Mutex<String>,
    slow_bytes: AtomicU64,
}

impl Viewers {
    /// Starts the viewers.
    pub fn start(at: SocketAddr, crowd: Crowd) -> Self {
        let Crowd { ask, watching, slow, arrival } = crowd;
        let (seen, mut tasks) = (Arc::new(Seen::default()), JoinSet::new());
        let began = Instant::now();
        for n in 0..watching + slow {
            let (seen, due) = (seen.clone(), began + arrival * n / (watching + slow));
            tasks.spawn(async move {
                sleep_until(due).await;
                loop {
                    let ended = if n < watching {
                        follow(at, ask, n, &seen).await
                    } else {
                        read_slowly(at, &seen).await
                    };
                    // A homepage may close the connection of a slow reader, who then connects again.
                    if let Err(error) = ended
                        && n < watching
                    {
                        seen.failures.fetch_add(1, Ordering::Relaxed);
                        *seen.last_failure.lock() = error.to_string();
                    }
                    sleep_until(Instant::now() + AGAIN).await;
                }
            });
        }
        Self { seen, watching, _tasks: tasks }
    }

    /// How many answers all viewers together have received.
    pub fn answers(&self) -> u64 {
        self.seen.answers.load(Ordering::Relaxed)
    }

    /// How many viewers have received so many answers or more since the last call of [`Viewers::take_receipts`].
    pub fn with_answers(&self, count: u32) -> u32 {
        let mut of_each = vec![0; self.watching as usize];
        for receipt in self.seen.receipts.lock().iter() {
            of_each[receipt.viewer as usize] += 1;
        }
        let viewers = of_each.iter().filter(|answers| **answers >= count).count();
        u32::try_from(viewers).unwrap_or(u32::MAX)
    }

    /// The answers since the last call of this.
    pub fn take_receipts(&self) -> Vec<Receipt> {
        std::mem::take(&mut *self.seen.receipts.lock())
    }

    /// How many different bodies the answers had, and the last of them. A homepage has compressed each at least once.
    pub fn bodies(&self) -> (u64, Vec<Body>) {
        (self.seen.decoder.bodies(), self.seen.decoder.last_bodies())
    }

    /// How many requests had no answer, or a wrong one.
    pub fn failures(&self) -> u64 {
        self.seen.failures.load(Ordering::Relaxed)
    }

    /// Why the last of them failed; empty before one has.
    pub fn last_failure(&self) -> String {
        self.seen.last_failure.lock().clone()
    }

    /// How many bytes all slow readers together have read.
    pub fn slow_bytes(&self) -> u64 {
        self.seen.slow_bytes.load(Ordering::Relaxed)
    }
}

/// Follows the feed without end, on one connection.
async fn follow(at: SocketAddr, ask: Ask, viewer: u32, seen: &Seen) -> io::Result<()> {
    let stream = TcpStream::connect(at).await?;
    stream.set_nodelay(true)?;
    let mut stream = BufReader::with_capacity(HEAD_BYTES, stream);
    let mut cursor: Option<String> = None;
    loop {
        let path = ask.path(cursor.as_deref());
        stream.write_all(request(&path, viewer).as_bytes()).await?;
        let (encoding, body) = read(&mut stream).await?;
        let received = now_ms();
        let answer = seen.decoder.read(&encoding, &body).map_err(io::Error::other)?;
        drop(body);
        let late = received - answer.made as f64;
        let receipt = Receipt { viewer, tick: answer.tick, made: answer.made, late };
        seen.receipts.lock().push(receipt);
        seen.answers.fetch_add(1, Ordering::Relaxed);
        let pause = ask.pause(cursor.is_none(), &answer);
        // A homepage that has just started has no cursor to give yet.
        cursor = Some(answer.cursor.clone()).filter(|cursor| !cursor.is_empty());
        drop(answer);
        sleep_until(Instant::now() + pause).await;
    }
}

/// Requests a large answer and reads one byte of it a second, until the homepage closes the connection.
async fn read_slowly(at: SocketAddr, seen: &Seen) -> io::Result<()> {
    let socket = TcpSocket::new_v4()?;
    socket.set_recv_buffer_size(SMALL_WINDOW)?;
    let mut stream = socket.connect(at).await?;
    stream.write_all(b"GET /feed?limit=500 HTTP/1.1\r\nHost: barrage\r\n\r\n").await?;
    loop {
        stream.read_u8().await?;
        seen.slow_bytes.fetch_add(1, Ordering::Relaxed);
        sleep_until(Instant::now() + Duration::from_secs(1)).await;
    }
}

/// What a browser sends on a connection that it keeps. Each viewer is a device of its own.
fn request(path: &str, viewer: u32) -> String {
    let head = format!(
        "GET {path} HTTP/1.1\r\nhost: barrage\r\naccept: application/json\r\n\
         cookie: barrage_device={viewer:032x}\r\n"
    );
    let headers = browser::HEADERS.iter();
    headers.fold(head, |head, (name, value)| head + name + ": " + value + "\r\n") + "\r\n"
}

/// Milliseconds since 1970, with their fractions.
fn now_ms() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64() * 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_has_a_browsers_headers_and_the_cookie_of_a_device() {
        let request = request("/feed?limit=100", 255);
        assert!(request.starts_with("GET /feed?limit=100 HTTP/1.1\r\n"), "{request}");
        assert!(request.ends_with("\r\n\r\n") && request.matches("\r\n\r\n").count() == 1);
        for line in ["accept-encoding: gzip, deflate, br, zstd", "sec-fetch-mode: cors"] {
            assert!(request.contains(line), "{line}: {request}");
        }
        assert!(
            request.contains("barrage_device=000000000000000000000000000000ff\r\n"),
            "{request}"
        );
    }
}

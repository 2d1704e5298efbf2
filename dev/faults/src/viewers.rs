//! Thousands of viewers of one homepage: some poll the feed as often as it tells them to, and some read one
//! byte a second. They use bare sockets, so they cost little CPU compared with the homepage.

use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use parking_lot::Mutex;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpSocket, TcpStream},
    task::JoinSet,
    time::{Instant, sleep_until},
};

/// The receive window of a slow reader, in bytes. The system makes it a little larger.
const SMALL_WINDOW: u32 = 1024;

/// The viewers of one homepage. Dropping this ends them.
#[derive(Debug)]
pub struct Viewers {
    seen: Arc<Seen>,
    _tasks: JoinSet<()>,
}

#[derive(Debug, Default)]
struct Seen {
    delays: Mutex<Vec<Duration>>,
    failures: AtomicU64,
    slow_bytes: AtomicU64,
}

impl Viewers {
    /// Starts viewers who poll, and viewers who request all they can get and read one byte a second. Their
    /// starts are spread evenly over `arrival`.
    pub fn start(at: SocketAddr, polling: u32, slow: u32, arrival: Duration) -> Self {
        let (seen, mut tasks) = (Arc::new(Seen::default()), JoinSet::new());
        let began = Instant::now();
        for n in 0..polling + slow {
            let (seen, due) = (seen.clone(), began + arrival * n / (polling + slow));
            tasks.spawn(async move {
                sleep_until(due).await;
                loop {
                    let ended = if n < polling {
                        poll(at, &seen).await
                    } else {
                        read_slowly(at, &seen).await
                    };
                    // A homepage may close the connection of a slow reader, who then connects again.
                    if ended.is_err() && n < polling {
                        seen.failures.fetch_add(1, Ordering::Relaxed);
                    }
                    sleep_until(Instant::now() + Duration::from_secs(1)).await;
                }
            });
        }
        Self { seen, _tasks: tasks }
    }

    /// Whether at least `count` polls were answered since the last call of [`Viewers::take_delays`].
    pub fn has_delays(&self, count: usize) -> bool {
        self.seen.delays.lock().len() >= count
    }

    /// How long each answer took since the last call of this, shortest first.
    pub fn take_delays(&self) -> Vec<Duration> {
        let mut delays = std::mem::take(&mut *self.seen.delays.lock());
        delays.sort();
        delays
    }

    /// How many polls had no answer, or a wrong one.
    pub fn failures(&self) -> u64 {
        self.seen.failures.load(Ordering::Relaxed)
    }

    /// How many bytes all slow readers together have read.
    pub fn slow_bytes(&self) -> u64 {
        self.seen.slow_bytes.load(Ordering::Relaxed)
    }
}

/// Polls without end, on one connection.
async fn poll(at: SocketAddr, seen: &Seen) -> io::Result<()> {
    let mut stream = BufReader::new(TcpStream::connect(at).await?);
    let mut cursor = String::new();
    loop {
        let sent = Instant::now();
        let path = format!("/feed?limit=100&after={cursor}");
        stream.write_all(request(&path).as_bytes()).await?;
        let body = answer(&mut stream).await?;
        seen.delays.lock().push(sent.elapsed());
        cursor = between(&body, "\"cursor\":\"", "\"")?.to_owned();
        let wait = between(&body, "\"poll_after_ms\":", ",")?.parse().map_err(io::Error::other)?;
        sleep_until(Instant::now() + Duration::from_millis(wait)).await;
    }
}

/// Requests a large answer and reads one byte of it a second, until the homepage closes the connection.
async fn read_slowly(at: SocketAddr, seen: &Seen) -> io::Result<()> {
    let socket = TcpSocket::new_v4()?;
    socket.set_recv_buffer_size(SMALL_WINDOW)?;
    let mut stream = socket.connect(at).await?;
    stream.write_all(request("/feed?limit=500").as_bytes()).await?;
    loop {
        stream.read_u8().await?;
        seen.slow_bytes.fetch_add(1, Ordering::Relaxed);
        sleep_until(Instant::now() + Duration::from_secs(1)).await;
    }
}

fn request(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: barrage\r\n\r\n")
}

async fn answer(stream: &mut BufReader<TcpStream>) -> io::Result<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await?);
    }
    let head = String::from_utf8_lossy(&head).to_lowercase();
    if !head.starts_with("http/1.1 200") {
        return Err(io::Error::other(head));
    }
    let length = between(&head, "content-length: ", "\r\n")?.parse().map_err(io::Error::other)?;
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await?;
    String::from_utf8(body).map_err(io::Error::other)
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> io::Result<&'a str> {
    let found = text.rsplit_once(before).and_then(|(_, rest)| rest.split_once(after));
    found.map(|(found, _)| found).ok_or_else(|| io::Error::other(format!("no {before}")))
}

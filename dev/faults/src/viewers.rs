//! An audience: thousands of viewers who poll the feed at the pace they are told, over bare sockets, so that
//! they cost little beside what they watch.

use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpSocket, TcpStream},
    task::JoinSet,
    time::{Instant, sleep_until},
};

/// How small the window of a slow reader is, in bytes; the system makes it a little larger.
const SMALL_WINDOW: u32 = 1024;

/// People who watch one homepage; dropping it sends them home.
#[derive(Debug)]
pub struct Viewers {
    seen: Arc<Seen>,
    _viewers: JoinSet<()>,
}

#[derive(Debug, Default)]
struct Seen {
    delays: Mutex<Vec<Duration>>,
    failures: AtomicU64,
    slow_bytes: AtomicU64,
}

impl Viewers {
    /// So many viewers who poll, and so many who ask for all they can get and read one byte a second. They
    /// come over the course of `arrival`.
    pub fn start(at: SocketAddr, polling: u32, slow: u32, arrival: Duration) -> Self {
        let (seen, mut viewers) = (Arc::new(Seen::default()), JoinSet::new());
        let begin = Instant::now();
        for n in 0..polling + slow {
            let (seen, come) = (seen.clone(), begin + arrival * n / (polling + slow));
            viewers.spawn(async move {
                sleep_until(come).await;
                loop {
                    let watching =
                        if n < polling { poll(at, &seen).await } else { crawl(at, &seen).await };
                    // Whoever is cut off comes again.
                    if watching.is_err() && n < polling {
                        seen.failures.fetch_add(1, Ordering::Relaxed);
                    }
                    sleep_until(Instant::now() + Duration::from_secs(1)).await;
                }
            });
        }
        Self { seen, _viewers: viewers }
    }

    /// Whether there are so many answers since their delays were taken last.
    pub fn has_delays(&self, many: usize) -> bool {
        self.seen.delays.lock().unwrap_or_else(PoisonError::into_inner).len() >= many
    }

    /// How long each answer took since this was asked last, shortest first.
    pub fn take_delays(&self) -> Vec<Duration> {
        let delays = &mut *self.seen.delays.lock().unwrap_or_else(PoisonError::into_inner);
        let mut delays = std::mem::take(delays);
        delays.sort();
        delays
    }

    /// How many of the polls were not answered as they should.
    pub fn failures(&self) -> u64 {
        self.seen.failures.load(Ordering::Relaxed)
    }

    /// How many bytes the slow ones have read, all together.
    pub fn slow_bytes(&self) -> u64 {
        self.seen.slow_bytes.load(Ordering::Relaxed)
    }
}

/// Polls for ever, on one connection.
async fn poll(at: SocketAddr, seen: &Seen) -> io::Result<()> {
    let mut stream = BufReader::new(TcpStream::connect(at).await?);
    let mut cursor = String::new();
    loop {
        let asked = Instant::now();
        let path = format!("/feed?limit=100&after={cursor}");
        stream.write_all(request(&path).as_bytes()).await?;
        let body = answer(&mut stream).await?;
        let delays = &seen.delays;
        delays.lock().unwrap_or_else(PoisonError::into_inner).push(asked.elapsed());
        cursor = between(&body, "\"cursor\":\"", "\"")?.to_owned();
        let wait = between(&body, "\"poll_after_ms\":", ",")?.parse().map_err(io::Error::other)?;
        sleep_until(Instant::now() + Duration::from_millis(wait)).await;
    }
}

/// Asks for as much as there is and reads a byte a second of it, until it is cut off.
async fn crawl(at: SocketAddr, seen: &Seen) -> io::Result<()> {
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

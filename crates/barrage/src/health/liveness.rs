//! Asks a service that runs here whether it lives: what a container's health check does without a shell.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;

use crate::config::{Faults, Listen, Vars};

/// Why a service does not count as alive.
#[derive(Debug, thiserror::Error)]
pub enum NotAlive {
    /// Where it listens is not known.
    // Not a source: a wrong configuration ends the service itself with 2, but the question with 1.
    #[error("{0}")]
    Configuration(Faults),
    /// The ready line alone tells where it listens.
    #[error("PORT: expected the port it listens on, saw \"0\"")]
    AnyPort,
    /// It does not answer.
    #[error("{0} does not answer")]
    Silent(SocketAddr, #[source] io::Error),
    /// It answers, but not that it lives.
    #[error("{0} answered {1:?}")]
    Unwell(SocketAddr, String),
}

/// Longer than a service that lives takes.
const DEADLINE: Duration = Duration::from_secs(2);

/// Asks `/healthz` of the service that has these variables, of which only `HOST` and `PORT` matter.
///
/// # Errors
/// When it does not answer that it lives.
pub async fn check_liveness(vars: &Vars) -> Result<(), NotAlive> {
    let address = Listen::address(vars).map_err(NotAlive::Configuration)?;
    if address.port() == 0 {
        return Err(NotAlive::AnyPort);
    }
    let address = SocketAddr::new(reachable(address.ip()), address.port());
    let answer = tokio::time::timeout(DEADLINE, first_line(address)).await;
    let line = answer.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()));
    let line = line.map_err(|error| NotAlive::Silent(address, error))?;
    if line.contains(" 200 ") { Ok(()) } else { Err(NotAlive::Unwell(address, line)) }
}

/// The first line of the answer, which has the status.
async fn first_line(address: SocketAddr) -> io::Result<String> {
    let mut stream = TcpStream::connect(address).await?;
    let request = format!("GET /healthz HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut line = String::new();
    BufReader::new(stream.take(4096)).read_line(&mut line).await?;
    Ok(line.trim_end().to_owned())
}

/// Who listens everywhere listens here.
fn reachable(host: IpAddr) -> IpAddr {
    match host {
        one if !one.is_unspecified() => one,
        IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
    }
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    /// A port of which the first caller gets this answer.
    async fn answering(answer: &'static str) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut asked = BufReader::new(&mut stream).lines();
            while asked.next_line().await.unwrap().is_some_and(|line| !line.is_empty()) {}
            stream.write_all(answer.as_bytes()).await.unwrap();
        });
        port.to_string()
    }

    async fn asked(port: &str) -> Result<(), String> {
        // A configuration of which nothing else is right.
        let vars = Vars::from_iter([("PORT", port), ("SHUTDOWN_GRACE", "never")]);
        check_liveness(&vars).await.map_err(|error| error.to_string())
    }

    #[tokio::test]
    async fn a_service_lives_when_it_says_so() {
        assert_eq!(asked(&answering("HTTP/1.1 200 OK\r\n\r\nok\n").await).await, Ok(()));
        let error = asked(&answering("HTTP/1.1 503 Busy\r\n\r\n").await).await.unwrap_err();
        assert!(error.ends_with(" answered \"HTTP/1.1 503 Busy\""), "{error}");
    }

    #[tokio::test]
    async fn a_service_that_cannot_be_asked_does_not_live() {
        let gone = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        let error = asked(&gone.port().to_string()).await.unwrap_err();
        assert_eq!(error, format!("{gone} does not answer"));
        let error = asked("0").await.unwrap_err();
        assert_eq!(error, "PORT: expected the port it listens on, saw \"0\"");
        let error = asked("eighty").await.unwrap_err();
        assert_eq!(error, "PORT: expected 0 to 65535, saw \"eighty\"");
    }

    #[test]
    fn who_listens_everywhere_is_asked_here() {
        for (host, here) in [("0.0.0.0", "127.0.0.1"), ("::", "::1"), ("127.0.0.9", "127.0.0.9")] {
            assert_eq!(reachable(host.parse().unwrap()), here.parse::<IpAddr>().unwrap());
        }
    }
}

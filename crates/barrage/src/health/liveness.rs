//! `SERVICE --health`: requests `/healthz` of the service on this machine. So a container's health check needs
//! neither a shell nor `curl`.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;

use crate::config::{Faults, Listen, Vars};

/// Why a service does not count as alive.
#[derive(Debug, thiserror::Error)]
pub enum NotAlive {
    // Not a `#[source]`: an invalid variable ends a service with exit code 2, but a health check with 1.
    #[error("{0}")]
    Configuration(Faults),
    /// With port 0 only the ready line says where the service listens.
    #[error("PORT: expected the port it listens on, saw \"0\"")]
    AnyPort,
    #[error("{0} does not answer")]
    NoAnswer(SocketAddr, #[source] io::Error),
    /// The status of its answer is not 200.
    #[error("{0} answered {1:?}")]
    Unhealthy(SocketAddr, String),
}

/// A service that is alive answers much sooner.
const DEADLINE: Duration = Duration::from_secs(2);

/// Requests `/healthz` of the service that has these variables. Only `HOST` and `PORT` matter.
///
/// # Errors
/// When the answer is not 200, or does not come within 2 seconds.
pub async fn check_liveness(vars: &Vars) -> Result<(), NotAlive> {
    let address = Listen::address(vars).map_err(NotAlive::Configuration)?;
    if address.port() == 0 {
        return Err(NotAlive::AnyPort);
    }
    let address = SocketAddr::new(reachable(address.ip()), address.port());
    let answer = tokio::time::timeout(DEADLINE, first_line(address)).await;
    let line = answer.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()));
    let line = line.map_err(|error| NotAlive::NoAnswer(address, error))?;
    if line.contains(" 200 ") { Ok(()) } else { Err(NotAlive::Unhealthy(address, line)) }
}

/// The status line of the answer.
async fn first_line(address: SocketAddr) -> io::Result<String> {
    let mut stream = TcpStream::connect(address).await?;
    let request = format!("GET /healthz HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut line = String::new();
    BufReader::new(stream.take(4096)).read_line(&mut line).await?;
    Ok(line.trim_end().to_owned())
}

/// An address to connect to: a service that listens on all addresses listens on loopback too.
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

    /// A port whose first caller gets this answer.
    async fn answering(answer: &'static str) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = BufReader::new(&mut stream).lines();
            while request.next_line().await.unwrap().is_some_and(|line| !line.is_empty()) {}
            stream.write_all(answer.as_bytes()).await.unwrap();
        });
        port.to_string()
    }

    async fn check(port: &str) -> Result<(), String> {
        // A health check must not mind that another variable is wrong.
        let vars = Vars::from_iter([("PORT", port), ("SHUTDOWN_GRACE", "never")]);
        check_liveness(&vars).await.map_err(|error| error.to_string())
    }

    #[tokio::test]
    async fn a_service_is_alive_when_it_answers_200() {
        assert_eq!(check(&answering("HTTP/1.1 200 OK\r\n\r\nok\n").await).await, Ok(()));
        let error = check(&answering("HTTP/1.1 503 Busy\r\n\r\n").await).await.unwrap_err();
        assert!(error.ends_with(" answered \"HTTP/1.1 503 Busy\""), "{error}");
    }

    #[tokio::test]
    async fn a_service_that_cannot_be_reached_is_not_alive() {
        let gone = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        let error = check(&gone.port().to_string()).await.unwrap_err();
        assert_eq!(error, format!("{gone} does not answer"));
        let error = check("0").await.unwrap_err();
        assert_eq!(error, "PORT: expected the port it listens on, saw \"0\"");
        let error = check("eighty").await.unwrap_err();
        assert_eq!(error, "PORT: expected 0 to 65535, saw \"eighty\"");
    }

    #[test]
    fn a_service_that_listens_on_all_addresses_is_checked_on_loopback() {
        for (host, here) in [("0.0.0.0", "127.0.0.1"), ("::", "::1"), ("127.0.0.9", "127.0.0.9")] {
            assert_eq!(reachable(host.parse().unwrap()), here.parse::<IpAddr>().unwrap());
        }
    }
}

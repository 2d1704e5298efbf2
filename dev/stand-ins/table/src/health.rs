//! `table --health`: asks the table on this machine. So a container's health check needs neither a shell nor `curl`.

use std::{io, net::Ipv4Addr, time::Duration};

use anyhow::{Context as _, ensure};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};

/// A table that lives answers much sooner.
const DEADLINE: Duration = Duration::from_secs(2);

/// How a good answer begins. The engine gives it to `GET /`.
const GOOD: &[u8; 13] = b"HTTP/1.1 200 ";

pub(crate) async fn check(port: u16) -> anyhow::Result<()> {
    let answer = timeout(DEADLINE, ask(port)).await.context("no answer within 2 seconds")?;
    let answer = answer.with_context(|| format!("no answer at port {port}"))?;
    ensure!(answer == *GOOD, "the answer begins with {:?}", String::from_utf8_lossy(&answer));
    Ok(())
}

/// How the answer begins.
async fn ask(port: u16) -> io::Result<[u8; GOOD.len()]> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await?;
    stream.write_all(b"GET / HTTP/1.1\r\nhost: table\r\nconnection: close\r\n\r\n").await?;
    let mut beginning = [0; GOOD.len()];
    stream.read_exact(&mut beginning).await?;
    Ok(beginning)
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use dynoxide::{Database, server};
    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn a_table_that_answers_is_healthy_and_one_that_is_gone_is_not() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let database = Database::memory().unwrap();
        let served = tokio::spawn(server::serve_with_shutdown(listener, database, pending()));
        check(port).await.unwrap();
        served.abort();
        assert!(served.await.unwrap_err().is_cancelled());
        let error = check(port).await.unwrap_err();
        assert_eq!(error.to_string(), format!("no answer at port {port}"));
    }

    #[tokio::test]
    async fn whatever_else_answers_is_not_a_healthy_table() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            stream.write_all(b"HTTP/1.1 503 Busy\r\n\r\n").await.unwrap();
        });
        let error = check(port).await.unwrap_err();
        assert_eq!(error.to_string(), "the answer begins with \"HTTP/1.1 503 \"");
    }
}

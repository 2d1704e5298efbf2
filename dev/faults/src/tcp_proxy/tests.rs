//! The proxy's faults do what they say, and reach only the clients that they name.

use std::time::Duration;

use client::CLIENT_ID;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    time::{Instant, timeout},
};

use super::*;

/// How long to watch that nothing arrives.
const QUIET_TIME: Duration = Duration::from_millis(200);

/// Longer than a byte takes on a busy machine.
const DEADLINE: Duration = Duration::from_secs(10);

/// A server that sends back what it receives.
async fn echo() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let (mut from, mut to) = stream.split();
                tokio::io::copy(&mut from, &mut to).await
            });
        }
    });
    address
}

async fn connect(proxy: &TcpProxy) -> TcpStream {
    TcpStream::connect(proxy.address()).await.unwrap()
}

async fn assert_receives(stream: &mut TcpStream, expected: &[u8]) {
    let mut got = vec![0; expected.len()];
    let received = timeout(DEADLINE, stream.read_exact(&mut got)).await;
    assert!(matches!(received, Ok(Ok(_))) && got == expected, "{received:?}");
}

async fn assert_receives_nothing(stream: &mut TcpStream) {
    let received = timeout(QUIET_TIME, stream.read(&mut [0])).await;
    assert!(received.is_err(), "{received:?}");
}

async fn assert_is_closed(stream: &mut TcpStream) {
    let received = timeout(DEADLINE, stream.read(&mut [0])).await;
    assert!(matches!(received, Ok(Ok(0) | Err(_))), "{received:?}");
}

fn kafka_request(client: &str) -> Vec<u8> {
    let length = u16::try_from(client.len()).unwrap();
    [&[0; 12][..], &length.to_be_bytes(), client.as_bytes(), b"rest"].concat()
}

#[tokio::test]
async fn bytes_sent_into_a_black_hole_arrive_when_it_ends() {
    let proxy = TcpProxy::new(echo().await).unwrap();
    let mut open = connect(&proxy).await;
    open.write_all(b"one").await.unwrap();
    assert_receives(&mut open, b"one").await;
    proxy.set(Fault::BlackHole);
    let mut new = connect(&proxy).await;
    for stream in [&mut open, &mut new] {
        stream.write_all(b"two").await.unwrap();
        assert_receives_nothing(stream).await;
    }
    proxy.set(Fault::None);
    assert_receives(&mut open, b"two").await;
    assert_receives(&mut new, b"two").await;
}

#[tokio::test]
async fn a_cut_closes_open_and_new_connections_until_it_ends() {
    let proxy = TcpProxy::new(echo().await).unwrap();
    let mut open = connect(&proxy).await;
    open.write_all(b"one").await.unwrap();
    assert_receives(&mut open, b"one").await;
    proxy.set(Fault::Cut);
    assert_is_closed(&mut open).await;
    assert_is_closed(&mut connect(&proxy).await).await;
    proxy.set(Fault::None);
    let mut new = connect(&proxy).await;
    new.write_all(b"two").await.unwrap();
    assert_receives(&mut new, b"two").await;
}

#[tokio::test]
async fn a_delay_makes_bytes_arrive_later() {
    let proxy = TcpProxy::new(echo().await).unwrap();
    proxy.set(Fault::Delay(Duration::from_millis(50)));
    let started = Instant::now();
    let mut open = connect(&proxy).await;
    open.write_all(b"one").await.unwrap();
    assert_receives(&mut open, b"one").await;
    assert!(started.elapsed() >= Duration::from_millis(100), "there and back");
}

#[tokio::test]
async fn a_fault_reaches_only_the_named_kafka_clients_and_never_the_tests() {
    let proxy = TcpProxy::for_kafka(echo().await).unwrap();
    let router = kafka_request("event-router-producer");
    let page = kafka_request("homepage-producer");
    let tests = kafka_request(CLIENT_ID);
    let expected = [("", [false, false, true]), ("event-router-producer", [false, true, true])];
    for (client, passes) in expected {
        proxy.set(Fault::None);
        proxy.set_for(client, Fault::BlackHole);
        for (request, passes) in [&router, &page, &tests].into_iter().zip(passes) {
            let mut stream = connect(&proxy).await;
            stream.write_all(request).await.unwrap();
            match passes {
                true => assert_receives(&mut stream, request).await,
                false => assert_receives_nothing(&mut stream).await,
            }
        }
    }
}

#[tokio::test]
async fn a_dropped_proxy_closes_its_port_and_connections() {
    let proxy = TcpProxy::new(echo().await).unwrap();
    let mut open = connect(&proxy).await;
    let address = proxy.address();
    drop(proxy);
    assert_is_closed(&mut open).await;
    assert!(TcpStream::connect(address).await.is_err());
}

//! The proxy itself: before it is trusted to break things, it must do just that.

use std::time::Duration;

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    time::{Instant, timeout},
};

use super::*;

/// Long enough to see that nothing comes.
const SILENCE: Duration = Duration::from_millis(200);

/// Longer than it takes until something comes, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(10);

/// A peer that says again what it hears.
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

async fn connect(proxy: &Proxy) -> TcpStream {
    TcpStream::connect(proxy.address()).await.unwrap()
}

async fn assert_hears(stream: &mut TcpStream, expected: &[u8]) {
    let mut got = vec![0; expected.len()];
    let heard = timeout(PATIENCE, stream.read_exact(&mut got)).await;
    assert!(matches!(heard, Ok(Ok(_))) && got == expected, "{heard:?}");
}

async fn assert_hears_nothing(stream: &mut TcpStream) {
    let heard = timeout(SILENCE, stream.read(&mut [0])).await;
    assert!(heard.is_err(), "{heard:?}");
}

async fn assert_is_closed(stream: &mut TcpStream) {
    let heard = timeout(PATIENCE, stream.read(&mut [0])).await;
    assert!(matches!(heard, Ok(Ok(0) | Err(_))), "{heard:?}");
}

fn kafka_request(client: &str) -> Vec<u8> {
    let length = u16::try_from(client.len()).unwrap();
    [&[0; 12][..], &length.to_be_bytes(), client.as_bytes(), b"rest"].concat()
}

#[tokio::test]
async fn what_is_sent_into_a_black_hole_arrives_when_it_has_ended() {
    let proxy = Proxy::before(echo().await).unwrap();
    let mut open = connect(&proxy).await;
    open.write_all(b"one").await.unwrap();
    assert_hears(&mut open, b"one").await;
    proxy.set(Fault::BlackHole);
    let mut new = connect(&proxy).await;
    for stream in [&mut open, &mut new] {
        stream.write_all(b"two").await.unwrap();
        assert_hears_nothing(stream).await;
    }
    proxy.set(Fault::None);
    assert_hears(&mut open, b"two").await;
    assert_hears(&mut new, b"two").await;
}

#[tokio::test]
async fn a_cut_closes_what_is_open_and_what_is_made_until_it_has_ended() {
    let proxy = Proxy::before(echo().await).unwrap();
    let mut open = connect(&proxy).await;
    open.write_all(b"one").await.unwrap();
    assert_hears(&mut open, b"one").await;
    proxy.set(Fault::Cut);
    assert_is_closed(&mut open).await;
    assert_is_closed(&mut connect(&proxy).await).await;
    proxy.set(Fault::None);
    let mut new = connect(&proxy).await;
    new.write_all(b"two").await.unwrap();
    assert_hears(&mut new, b"two").await;
}

#[tokio::test]
async fn a_delay_makes_bytes_late() {
    let proxy = Proxy::before(echo().await).unwrap();
    proxy.set(Fault::Delay(Duration::from_millis(50)));
    let started = Instant::now();
    let mut open = connect(&proxy).await;
    open.write_all(b"one").await.unwrap();
    assert_hears(&mut open, b"one").await;
    assert!(started.elapsed() >= Duration::from_millis(100), "there and back");
}

#[tokio::test]
async fn a_fault_reaches_only_the_kafka_clients_that_it_names_and_never_the_tests() {
    let proxy = Proxy::before_kafka(echo().await).unwrap();
    let router = kafka_request("event-router-producer");
    let page = kafka_request("homepage-producer");
    let tests = kafka_request(TESTS);
    let expected = [("", [false, false, true]), ("event-router-producer", [false, true, true])];
    for (named, passes) in expected {
        proxy.set(Fault::None);
        proxy.set_for(named, Fault::BlackHole);
        for (request, passes) in [&router, &page, &tests].into_iter().zip(passes) {
            let mut stream = connect(&proxy).await;
            stream.write_all(request).await.unwrap();
            match passes {
                true => assert_hears(&mut stream, request).await,
                false => assert_hears_nothing(&mut stream).await,
            }
        }
    }
}

#[tokio::test]
async fn nothing_is_left_of_a_proxy_that_is_dropped() {
    let proxy = Proxy::before(echo().await).unwrap();
    let mut open = connect(&proxy).await;
    let address = proxy.address();
    drop(proxy);
    assert_is_closed(&mut open).await;
    assert!(TcpStream::connect(address).await.is_err());
}

//! Who is served at all.

use std::time::{Duration, Instant};

use latchkey_tunnel::relay::{AddressRate, Limits, Relay, RelayError};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::stage::{Stage, TUNNEL, roomy, soon, tls, upgrade};

#[tokio::test]
async fn an_address_without_tokens_is_429_then_dropped() {
    let per_address = AddressRate { burst: 2, refill: Duration::from_secs(3600) };
    let stage = Stage::new(Limits { per_address, ..roomy() }).await;
    let mut statuses = Vec::new();
    for n in 0..4 {
        let path = format!("/cable/new/{n}{}", &TUNNEL[1..]);
        let (_, head) = stage.ask(&upgrade(&path)).await;
        statuses.push(head.split(' ').nth(1).unwrap().to_owned());
    }
    assert_eq!(statuses, ["101", "101", "429", "429"]);
    assert!(soon(tls(stage.address, stage.root.clone())).await.is_err());
}

#[tokio::test]
async fn tokens_come_back() {
    let per_address = AddressRate { burst: 1, refill: Duration::from_millis(400) };
    let stage = Stage::new(Limits { per_address, ..roomy() }).await;
    let (_socket, _) = stage.authenticator().await;
    assert!(stage.ask(&upgrade("/")).await.1.starts_with("HTTP/1.1 429 "));
    tokio::time::sleep(Duration::from_millis(900)).await;
    assert!(stage.ask(&upgrade("/")).await.1.starts_with("HTTP/1.1 404 "));
}

#[tokio::test]
async fn too_many_tunnels_are_503() {
    let stage = Stage::new(Limits { max_tunnels: 1, ..roomy() }).await;
    let (_authenticator, path) = stage.authenticator().await;
    let other = format!("/cable/new/{}", TUNNEL.replace('0', "1"));
    assert!(stage.ask(&upgrade(&other)).await.1.starts_with("HTTP/1.1 503 "));
    // The cap is on tunnels: the open one can still be joined.
    stage.socket(&path).await;
}

#[tokio::test]
async fn a_handshake_has_a_time_limit() {
    let stage = Stage::new(Limits { handshake: Duration::from_millis(300), ..roomy() }).await;
    let ends = async |mut stream: Box<dyn Unpin + tokio::io::AsyncRead>| {
        let start = Instant::now();
        // The end comes as an end of file or, with TLS cut off, as an error.
        let _ = soon(stream.read_to_end(&mut Vec::new())).await;
        start.elapsed()
    };
    // Silent before TLS.
    let silent = TcpStream::connect(stage.address).await.unwrap();
    assert!(ends(Box::new(silent)).await >= Duration::from_millis(200));
    // One byte at a time after TLS.
    let (mut read, mut write) = tokio::io::split(stage.tls().await);
    let drip = tokio::spawn(async move {
        while write.write_all(b"G").await.is_ok() && write.flush().await.is_ok() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    });
    let start = Instant::now();
    let _ = soon(read.read_to_end(&mut Vec::new())).await;
    assert!(start.elapsed() < Duration::from_secs(5));
    soon(drip).await.unwrap();
    // A tunnel that got through lives on.
    let (mut authenticator, mut client) = stage.pair().await;
    tokio::time::sleep(Duration::from_millis(400)).await;
    futures_util::SinkExt::send(&mut client, crate::stage::binary([1])).await.unwrap();
    assert_eq!(crate::stage::next(&mut authenticator).await, [1]);
}

#[tokio::test]
async fn handshakes_at_one_time_are_capped() {
    let stage = Stage::new(Limits { max_handshakes: 1, ..roomy() }).await;
    let holding = TcpStream::connect(stage.address).await.unwrap();
    let mut dropped = TcpStream::connect(stage.address).await.unwrap();
    assert_eq!(soon(dropped.read(&mut [0])).await.unwrap_or(0), 0);
    drop(holding);
    // Open tunnels do not count.
    soon(async {
        while tls(stage.address, stage.root.clone()).await.is_err() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    })
    .await;
}

#[tokio::test]
async fn refused_connections_that_stay_count_as_handshakes() {
    let stage = Stage::new(Limits { max_handshakes: 1, ..roomy() }).await;
    // It got its 404 and does not go.
    let (_staying, head) = stage.ask(&upgrade("/")).await;
    assert!(head.starts_with("HTTP/1.1 404 "));
    assert!(soon(tls(stage.address, stage.root.clone())).await.is_err());
}

#[tokio::test]
async fn not_tls_is_not_answered() {
    let stage = Stage::new(roomy()).await;
    let mut plain = TcpStream::connect(stage.address).await.unwrap();
    plain.write_all(upgrade("/").as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let _ = soon(plain.read_to_end(&mut answer)).await;
    assert!(!answer.starts_with(b"HTTP"));
}

#[tokio::test]
async fn without_a_certificate_it_serves_plain_http() {
    let relay = Relay::bind("127.0.0.1:0".parse().unwrap(), None, roomy()).await.unwrap();
    let address = relay.local_addr();
    let serving = tokio::spawn(relay.run(std::future::pending::<()>()));
    let mut plain = TcpStream::connect(address).await.unwrap();
    plain.write_all(upgrade(&format!("/cable/new/{TUNNEL}")).as_bytes()).await.unwrap();
    assert!(soon(crate::stage::head(&mut plain)).await.starts_with("HTTP/1.1 101 "));
    serving.abort();
}

#[tokio::test]
async fn a_taken_address_is_an_error() {
    let stage = Stage::new(roomy()).await;
    let taken = Relay::bind(stage.address, None, roomy()).await.err();
    assert!(matches!(taken, Some(RelayError::Listen { address, .. }) if address == stage.address));
}

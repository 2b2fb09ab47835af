//! What the relay lets through, and how it ends a tunnel.

use std::time::{Duration, Instant};

use futures_util::{SinkExt, StreamExt};
use latchkey_tunnel::relay::Limits;
use tokio::io::AsyncWriteExt;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};

use crate::stage::{Stage, TUNNEL, binary, closed, next, roomy, soon};

#[tokio::test]
async fn passes_messages_both_ways_in_order() {
    let stage = Stage::new(roomy()).await;
    let (mut authenticator, mut client) = stage.pair().await;
    for n in 0..16_u8 {
        client.send(binary([n; 3])).await.unwrap();
        authenticator.send(binary([n, 0xff])).await.unwrap();
    }
    for n in 0..16_u8 {
        assert_eq!(next(&mut authenticator).await, [n; 3]);
        assert_eq!(next(&mut client).await, [n, 0xff]);
    }
}

#[tokio::test]
async fn the_17th_message_of_a_direction_is_1008() {
    let stage = Stage::new(roomy()).await;
    let (mut authenticator, mut client) = stage.pair().await;
    for n in 0..17_u8 {
        client.send(binary([n])).await.unwrap();
    }
    for n in 0..16_u8 {
        assert_eq!(next(&mut authenticator).await, [n]);
    }
    assert_eq!(closed(&mut client).await, 1008);
    assert_eq!(closed(&mut authenticator).await, 1001);
}

#[tokio::test]
async fn messages_that_waited_are_counted() {
    let stage = Stage::new(Limits { max_messages: 3, ..roomy() }).await;
    let (mut authenticator, path) = stage.authenticator().await;
    for n in 0..4_u8 {
        authenticator.send(binary([n])).await.unwrap();
    }
    let (mut client, _) = stage.socket(&path).await;
    for n in 0..3_u8 {
        assert_eq!(next(&mut client).await, [n]);
    }
    assert_eq!(closed(&mut client).await, 1001);
    assert_eq!(closed(&mut authenticator).await, 1008);
}

#[tokio::test]
async fn six_messages_wait_for_the_other_end() {
    let stage = Stage::new(roomy()).await;
    let (mut authenticator, path) = stage.authenticator().await;
    for n in 0..6_u8 {
        authenticator.send(binary([n])).await.unwrap();
    }
    let (mut client, _) = stage.socket(&path).await;
    for n in 0..6_u8 {
        assert_eq!(next(&mut client).await, [n]);
    }
}

#[tokio::test]
async fn the_7th_waiting_message_is_1008() {
    let stage = Stage::new(roomy()).await;
    let (mut authenticator, path) = stage.authenticator().await;
    for n in 0..7_u8 {
        authenticator.send(binary([n])).await.unwrap();
    }
    assert_eq!(closed(&mut authenticator).await, 1008);
    let (_, head) = stage.ask(&crate::stage::upgrade(&path)).await;
    assert!(head.starts_with("HTTP/1.1 404 "));
}

#[tokio::test]
async fn a_message_of_65535_bytes_passes_and_one_more_is_1009() {
    let stage = Stage::new(roomy()).await;
    let (mut authenticator, mut client) = stage.pair().await;
    authenticator.send(binary(vec![7; 65_535])).await.unwrap();
    assert_eq!(next(&mut client).await.len(), 65_535);
    client.send(binary(vec![7; 65_536])).await.unwrap();
    assert_eq!(closed(&mut client).await, 1009);
    assert_eq!(closed(&mut authenticator).await, 1001);
}

#[tokio::test]
async fn an_oversized_message_is_1009_also_before_the_other_end_is_there() {
    let stage = Stage::new(roomy()).await;
    let (mut authenticator, _) = stage.authenticator().await;
    authenticator.send(binary(vec![7; 1024 * 1024])).await.unwrap();
    assert_eq!(closed(&mut authenticator).await, 1009);
}

#[tokio::test]
async fn a_declared_length_is_refused_before_its_bytes_come() {
    let stage = Stage::new(roomy()).await;
    let (mut authenticator, mut client) = stage.pair().await;
    // A frame header that announces 2^40 bytes, and a mask.
    let header = [0x82, 0xff, 0, 0, 1, 0, 0, 0, 0, 0, 1, 2, 3, 4];
    client.get_mut().write_all(&header).await.unwrap();
    client.get_mut().flush().await.unwrap();
    assert_eq!(closed(&mut client).await, 1009);
    assert_eq!(closed(&mut authenticator).await, 1001);
}

#[tokio::test]
async fn fragments_are_one_message_and_limited_as_one() {
    let stage = Stage::new(roomy()).await;
    let (mut authenticator, mut client) = stage.pair().await;
    let fragment = |bytes: Vec<u8>, first, last| {
        let code = if first { Data::Binary } else { Data::Continue };
        Message::Frame(Frame::message(bytes, OpCode::Data(code), last))
    };
    client.send(fragment(vec![1; 2], true, false)).await.unwrap();
    client.send(fragment(vec![2; 2], false, true)).await.unwrap();
    assert_eq!(next(&mut authenticator).await, [1, 1, 2, 2]);
    client.send(fragment(vec![1; 40_000], true, false)).await.unwrap();
    client.send(fragment(vec![1; 40_000], false, false)).await.unwrap();
    assert_eq!(closed(&mut client).await, 1009);
}

#[tokio::test]
async fn text_is_1003() {
    let stage = Stage::new(roomy()).await;
    let (mut authenticator, mut client) = stage.pair().await;
    client.send(Message::text("hello")).await.unwrap();
    assert_eq!(closed(&mut client).await, 1003);
    assert_eq!(closed(&mut authenticator).await, 1001);

    let (mut authenticator, _) = stage.authenticator().await;
    authenticator.send(Message::text("hello")).await.unwrap();
    assert_eq!(closed(&mut authenticator).await, 1003);
}

#[tokio::test]
async fn a_malformed_frame_is_1002() {
    let stage = Stage::new(roomy()).await;
    let (mut authenticator, mut client) = stage.pair().await;
    // A reserved bit, as in a compressed message that nobody agreed on.
    client.get_mut().write_all(&[0xc2, 0x81, 0, 0, 0, 0, 1]).await.unwrap();
    client.get_mut().flush().await.unwrap();
    assert_eq!(closed(&mut client).await, 1002);
    assert_eq!(closed(&mut authenticator).await, 1001);
}

#[tokio::test]
async fn pings_are_answered_and_not_counted() {
    let stage = Stage::new(roomy()).await;
    let (mut authenticator, path) = stage.authenticator().await;
    let pings = async |socket: &mut crate::stage::Socket| {
        for _ in 0..20 {
            socket.send(Message::Ping(vec![5].into())).await.unwrap();
            assert_eq!(soon(socket.next()).await.unwrap().unwrap(), Message::Pong(vec![5].into()));
        }
    };
    pings(&mut authenticator).await;
    let (mut client, _) = stage.socket(&path).await;
    pings(&mut authenticator).await;
    pings(&mut client).await;
    authenticator.send(binary([1])).await.unwrap();
    assert_eq!(next(&mut client).await, [1]);
}

#[tokio::test]
async fn an_orderly_end_is_1000_for_both() {
    let stage = Stage::new(roomy()).await;
    let (mut authenticator, mut client) = stage.pair().await;
    client.send(binary([1])).await.unwrap();
    client.close(None).await.unwrap();
    assert_eq!(next(&mut authenticator).await, [1]);
    assert_eq!(closed(&mut authenticator).await, 1000);
}

#[tokio::test]
async fn an_end_that_vanishes_is_1001_for_the_other() {
    let stage = Stage::new(roomy()).await;
    let (authenticator, mut client) = stage.pair().await;
    drop(authenticator);
    assert_eq!(closed(&mut client).await, 1001);

    let (mut authenticator, client) = stage.pair().await;
    drop(client);
    assert_eq!(closed(&mut authenticator).await, 1001);
}

#[tokio::test]
async fn an_authenticator_that_vanishes_frees_its_tunnel() {
    let stage = Stage::new(roomy()).await;
    let (authenticator, path) = stage.authenticator().await;
    drop(authenticator);
    soon(async {
        while !stage.ask(&crate::stage::upgrade(&path)).await.1.starts_with("HTTP/1.1 404 ") {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    })
    .await;
    stage.authenticator().await;
}

#[tokio::test]
async fn a_tunnel_that_nobody_joins_is_1008() {
    let stage = Stage::new(Limits { until_paired: Duration::from_millis(300), ..roomy() }).await;
    let start = Instant::now();
    let (mut authenticator, _) = stage.authenticator().await;
    assert_eq!(closed(&mut authenticator).await, 1008);
    assert!(start.elapsed() >= Duration::from_millis(300));
}

#[tokio::test]
async fn a_tunnel_past_its_lifetime_is_1008_for_both() {
    let stage = Stage::new(Limits { lifetime: Duration::from_millis(500), ..roomy() }).await;
    let start = Instant::now();
    let (mut authenticator, mut client) = stage.pair().await;
    authenticator.send(binary([1])).await.unwrap();
    assert_eq!(next(&mut client).await, [1]);
    assert_eq!(closed(&mut client).await, 1008);
    assert_eq!(closed(&mut authenticator).await, 1008);
    assert!(start.elapsed() >= Duration::from_millis(500));
}

#[tokio::test]
async fn a_relay_that_stops_is_1001_for_everybody() {
    let mut stage = Stage::new(roomy()).await;
    let (mut authenticator, mut client) = stage.pair().await;
    let (mut alone, _) = stage.socket(&format!("/cable/new/{}", TUNNEL.replace('0', "1"))).await;
    let (_, codes) = tokio::join!(stage.stop(), async {
        [closed(&mut authenticator).await, closed(&mut client).await, closed(&mut alone).await]
    });
    assert_eq!(codes, [1001; 3]);
    assert!(crate::stage::tls(stage.address, stage.root.clone()).await.is_err());
}

#[tokio::test]
async fn a_slow_reader_on_one_side_does_not_hold_up_the_other() {
    let stage = Stage::new(roomy()).await;
    let (mut authenticator, mut client) = stage.pair().await;
    // The client reads nothing of this for now.
    let flood = tokio::spawn(async move {
        for n in 0..16_u8 {
            authenticator.send(binary(vec![n; 65_535])).await.unwrap();
        }
        authenticator
    });
    client.send(binary([1])).await.unwrap();
    let mut authenticator = soon(flood).await.unwrap();
    assert_eq!(next(&mut authenticator).await, [1]);
    for n in 0..16_u8 {
        assert_eq!(next(&mut client).await, vec![n; 65_535]);
    }
}

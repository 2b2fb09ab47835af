//! What the relay answers to HTTP requests.

use futures_util::SinkExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::stage::{HOST, Stage, TUNNEL, binary, closed, header, next, roomy, soon, upgrade};

async fn status(stage: &Stage, request: &str) -> String {
    let (_, head) = stage.ask(request).await;
    head.split(' ').nth(1).unwrap().to_owned()
}

#[tokio::test]
async fn answers_an_authenticator_with_a_routing_id() {
    let stage = Stage::new(roomy()).await;
    let (_socket, head) = stage.socket(&format!("/cable/new/{}", TUNNEL.to_lowercase())).await;
    assert_eq!(header(&head, "Sec-WebSocket-Protocol"), Some("fido.cable"));
    assert_eq!(header(&head, "Sec-WebSocket-Accept"), Some("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
    let routing_id = header(&head, "X-caBLE-Routing-ID").unwrap();
    assert_eq!(hex::decode(routing_id).unwrap().len(), 3);
    // The other end writes its hex in the other case.
    let (_, head) = stage.socket(&format!("/cable/connect/{routing_id}/{TUNNEL}")).await;
    assert_eq!(header(&head, "X-caBLE-Routing-ID"), None);
}

#[tokio::test]
async fn malformed_requests_are_400() {
    let stage = Stage::new(roomy()).await;
    let good = upgrade(&format!("/cable/new/{TUNNEL}"));
    for request in [
        upgrade("/cable/new/0011"),
        upgrade(&format!("/cable/new/{TUNNEL}00")),
        upgrade(&format!("/cable/connect/zzzzzz/{TUNNEL}")),
        good.replace("Upgrade: websocket\r\n", ""),
        good.replace("Connection: Upgrade", "Connection: close"),
        good.replace("Version: 13", "Version: 8"),
        good.replace("dGhlIHNhbXBsZSBub25jZQ==", "short"),
        good.replace("HTTP/1.1", "HTTP/1.0"),
        good.replace("HTTP/1.1", "HTTP/2.7"),
        "\0\0\r\n\r\n".to_owned(),
    ] {
        assert_eq!(status(&stage, &request).await, "400", "{request}");
    }
    // None of them holds the tunnel.
    assert_eq!(status(&stage, &good).await, "101");
}

#[tokio::test]
async fn the_subprotocol_must_be_offered() {
    let stage = Stage::new(roomy()).await;
    let good = upgrade(&format!("/cable/new/{TUNNEL}"));
    for other in ["", "Sec-WebSocket-Protocol: chat\r\n", "Sec-WebSocket-Protocol: fido.cable2\r\n"] {
        let request = good.replace("Sec-WebSocket-Protocol: fido.cable\r\n", other);
        assert_eq!(status(&stage, &request).await, "400", "{other}");
    }
    let among_others = good.replace("Protocol: fido.cable", "Protocol: chat,fido.cable , x");
    let (_, head) = stage.ask(&among_others).await;
    assert_eq!(header(&head, "Sec-WebSocket-Protocol"), Some("fido.cable"));
}

#[tokio::test]
async fn unknown_paths_and_tunnels_are_404() {
    let stage = Stage::new(roomy()).await;
    let (_authenticator, path) = stage.authenticator().await;
    let wrong_routing_id = if path.contains("/000000/") {
        path.replace("/000000/", "/000001/")
    } else {
        format!("/cable/connect/000000/{TUNNEL}")
    };
    for path in ["/", "/cable/contact/AAECAw", &path.replace(TUNNEL, &"0".repeat(32)), &wrong_routing_id] {
        assert_eq!(status(&stage, &upgrade(path)).await, "404", "{path}");
    }
    // A wrong guess spoils nothing.
    assert_eq!(status(&stage, &upgrade(&path)).await, "101");
}

#[tokio::test]
async fn other_methods_are_405() {
    let stage = Stage::new(roomy()).await;
    for method in ["POST", "HEAD", "CONNECT"] {
        let request = upgrade(&format!("/cable/new/{TUNNEL}")).replace("GET", method);
        let (_, head) = stage.ask(&request).await;
        assert!(head.starts_with("HTTP/1.1 405 "));
        assert_eq!(header(&head, "Allow"), Some("GET"));
    }
}

#[tokio::test]
async fn a_taken_place_is_409() {
    let stage = Stage::new(roomy()).await;
    let new = upgrade(&format!("/cable/new/{TUNNEL}"));
    let (mut authenticator, path) = stage.authenticator().await;
    assert_eq!(status(&stage, &new).await, "409");
    let (mut client, _) = stage.socket(&path).await;
    assert_eq!(status(&stage, &upgrade(&path)).await, "409");
    assert_eq!(status(&stage, &new).await, "409");

    // The tunnel in use noticed nothing of it, and its ID is free when it is over.
    authenticator.send(binary(*b"a")).await.unwrap();
    assert_eq!(next(&mut client).await, b"a");
    authenticator.close(None).await.unwrap();
    assert_eq!(closed(&mut client).await, 1000);
    assert_eq!(status(&stage, &new).await, "101");
}

#[tokio::test]
async fn a_head_over_8_kib_is_431() {
    let stage = Stage::new(roomy()).await;
    let good = upgrade(&format!("/cable/new/{TUNNEL}"));
    let padded = |bytes: usize| {
        good.replace("Upgrade: websocket", &format!("X: {}\r\nUpgrade: websocket", "x".repeat(bytes)))
    };
    assert_eq!(status(&stage, &padded(8193)).await, "431");
    assert_eq!(status(&stage, &padded(8192 - good.len() - 5)).await, "101");
}

#[tokio::test]
async fn refusals_say_why_and_end_the_connection() {
    let stage = Stage::new(roomy()).await;
    let (mut stream, head) = stage.ask(&upgrade("/cable/new/0011")).await;
    assert_eq!(header(&head, "Connection"), Some("close"));
    let mut body = String::new();
    soon(stream.read_to_string(&mut body)).await.unwrap();
    assert_eq!(body.len().to_string(), header(&head, "Content-Length").unwrap());
    assert!(body.contains("hex"));
}

/// The request of a Chromium 144, header for header.
#[tokio::test]
async fn serves_chromium() {
    let stage = Stage::new(roomy()).await;
    let (mut authenticator, path) = stage.authenticator().await;
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: {HOST}\r\nConnection: Upgrade\r\nPragma: no-cache\r\n\
         Cache-Control: no-cache\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 \
         (KHTML, like Gecko) Chrome/144.0.0.0 Safari/537.36\r\nUpgrade: websocket\r\nOrigin: wss://{HOST}\r\n\
         Sec-WebSocket-Version: 13\r\nAccept-Encoding: gzip, deflate, br, zstd\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
         Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n\
         Sec-WebSocket-Protocol: fido.cable\r\n\r\n"
    );
    let (mut stream, head) = stage.ask(&request).await;
    assert!(head.starts_with("HTTP/1.1 101 Switching Protocols\r\n"), "{head}");
    assert_eq!(header(&head, "Upgrade"), Some("websocket"));
    assert_eq!(header(&head, "Sec-WebSocket-Protocol"), Some("fido.cable"));
    assert_eq!(header(&head, "Sec-WebSocket-Extensions"), None);

    // Masked "hi" from the browser; unmasked "yo" to it (RFC 6455 §5.2).
    stream.write_all(&[0x82, 0x82, 1, 2, 3, 4, b'h' ^ 1, b'i' ^ 2]).await.unwrap();
    assert_eq!(next(&mut authenticator).await, b"hi");
    authenticator.send(binary(*b"yo")).await.unwrap();
    let mut frame = [0; 4];
    soon(stream.read_exact(&mut frame)).await.unwrap();
    assert_eq!(frame, [0x82, 2, b'y', b'o']);

    // Close 1001, as when the dialog is dismissed before the handshake is done.
    stream.write_all(&[0x88, 0x82, 0, 0, 0, 0, 0x03, 0xe9]).await.unwrap();
    assert_eq!(closed(&mut authenticator).await, 1001);
}

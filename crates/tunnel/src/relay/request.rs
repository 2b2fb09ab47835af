use tokio_tungstenite::tungstenite::handshake::server::create_response;
use tokio_tungstenite::tungstenite::http;

use super::path::{PathError, RelayPath};
use crate::SUBPROTOCOL;

/// Header lines read at most; a browser sends about fifteen.
const MAX_HEADERS: usize = 64;

/// A request that may become a WebSocket.
pub(super) struct Upgrade {
    /// What it asks for.
    pub(super) path: RelayPath,
    /// The value of `Sec-WebSocket-Accept`.
    accept: String,
}

/// Why a request gets an HTTP status other than 101.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    NotHttp,
    MalformedPath,
    NotWebSocket,
    NoSubprotocol,
    UnknownPath,
    NoTunnel,
    NotGet,
    TunnelInUse,
    TooManyRequests,
    HeadTooLong,
    TooManyTunnels,
}

impl Refusal {
    /// Status line and text; the text is for developers who look at the answer.
    fn status(self) -> (&'static str, &'static str) {
        match self {
            Self::NotHttp => ("400 Bad Request", "not an HTTP/1.1 request"),
            Self::MalformedPath => ("400 Bad Request", "the path's ids are not hex of the right length"),
            Self::NotWebSocket => ("400 Bad Request", "not a WebSocket upgrade"),
            Self::NoSubprotocol => ("400 Bad Request", "the subprotocol fido.cable is not offered"),
            Self::UnknownPath => ("404 Not Found", "no such path"),
            Self::NoTunnel => ("404 Not Found", "no such tunnel"),
            Self::NotGet => ("405 Method Not Allowed", "only GET is served"),
            Self::TunnelInUse => ("409 Conflict", "the tunnel is in use"),
            Self::TooManyRequests => ("429 Too Many Requests", "too many requests from this address"),
            Self::HeadTooLong => ("431 Request Header Fields Too Large", "the request head is too long"),
            Self::TooManyTunnels => ("503 Service Unavailable", "too many tunnels are open"),
        }
    }

    /// The whole HTTP response.
    pub(super) fn response(self) -> String {
        let (status, text) = self.status();
        let extra = match self {
            Self::NotGet => "Allow: GET\r\n",
            Self::TooManyRequests | Self::TooManyTunnels => "Retry-After: 60\r\n",
            _ => "",
        };
        format!(
            "HTTP/1.1 {status}\r\nConnection: close\r\nContent-Type: text/plain\r\nContent-Length: {}\r\n{extra}\r\n{text}\n",
            text.len() + 1
        )
    }
}

impl Upgrade {
    /// Reads a request head, up to and including its empty line.
    ///
    /// `Origin` is not looked at: real clients send the tunnel's own, none, or one of their own kind. Extensions
    /// such as permessage-deflate are not taken up.
    pub(super) fn parse(head: &[u8]) -> Result<Self, Refusal> {
        let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
        let mut request = httparse::Request::new(&mut headers);
        match request.parse(head) {
            Ok(httparse::Status::Complete(_)) => {}
            Ok(httparse::Status::Partial) => return Err(Refusal::NotHttp),
            Err(httparse::Error::TooManyHeaders) => return Err(Refusal::HeadTooLong),
            Err(_) => return Err(Refusal::NotHttp),
        }
        if request.method != Some("GET") {
            return Err(Refusal::NotGet);
        }
        let path = RelayPath::parse(request.path.unwrap_or_default()).map_err(|error| match error {
            PathError::Malformed => Refusal::MalformedPath,
            PathError::Unknown => Refusal::UnknownPath,
        })?;
        let version =
            if request.version == Some(1) { http::Version::HTTP_11 } else { http::Version::HTTP_10 };

        // The library checks Upgrade, Connection, version and key, and computes the answer to the key.
        let mut upgrade = http::Request::builder().version(version);
        for header in request.headers.iter() {
            upgrade = upgrade.header(header.name, header.value);
        }
        let upgrade = upgrade.body(()).map_err(|_| Refusal::NotHttp)?;
        let response = create_response(&upgrade).map_err(|_| Refusal::NotWebSocket)?;
        let accept = response.headers().get("Sec-WebSocket-Accept").and_then(|value| value.to_str().ok());
        let accept = accept.ok_or(Refusal::NotWebSocket)?.to_owned();

        let offered = upgrade.headers().get_all("Sec-WebSocket-Protocol").into_iter();
        let offered = offered.filter_map(|line| line.to_str().ok()).flat_map(|line| line.split(','));
        if !offered.map(str::trim).any(|name| name == SUBPROTOCOL) {
            return Err(Refusal::NoSubprotocol);
        }
        Ok(Self { path, accept })
    }

    /// The response that makes the connection a WebSocket; with the routing ID for `/cable/new/`.
    pub(super) fn response(&self, routing_id: Option<[u8; 3]>) -> String {
        let routing_id = match routing_id {
            Some([a, b, c]) => format!("X-caBLE-Routing-ID: {a:02X}{b:02X}{c:02X}\r\n"),
            None => String::new(),
        };
        format!(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Accept: {}\r\nSec-WebSocket-Protocol: {SUBPROTOCOL}\r\n{routing_id}\r\n",
            self.accept
        )
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TUNNEL: &str = "00112233445566778899AABBCCDDEEFF";

    fn request(method: &str, path: &str, version: &str, headers: &[(&str, &str)]) -> Vec<u8> {
        let mut text = format!("{method} {path} HTTP/{version}\r\nHost: a\r\n");
        for (name, value) in headers {
            text += &format!("{name}: {value}\r\n");
        }
        (text + "\r\n").into_bytes()
    }

    const GOOD: [(&str, &str); 5] = [
        ("Upgrade", "websocket"),
        ("Connection", "keep-alive, Upgrade"),
        ("Sec-WebSocket-Version", "13"),
        ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ("Sec-WebSocket-Protocol", "chat, fido.cable"),
    ];

    #[test]
    fn answers_the_key_of_rfc_6455() {
        let upgrade =
            Upgrade::parse(&request("GET", &format!("/cable/new/{TUNNEL}"), "1.1", &GOOD)).ok().unwrap();
        let response = upgrade.response(Some([0x0a, 0xff, 0]));
        // RFC 6455 §1.3.
        assert!(response.contains("\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"));
        assert!(response.contains("\r\nX-caBLE-Routing-ID: 0AFF00\r\n"));
        assert!(!upgrade.response(None).contains("Routing"));
    }

    #[test]
    fn each_missing_header_is_refused() {
        for (left_out, _) in GOOD {
            let headers: Vec<_> = GOOD.into_iter().filter(|(name, _)| *name != left_out).collect();
            let refusal =
                Upgrade::parse(&request("GET", &format!("/cable/new/{TUNNEL}"), "1.1", &headers)).err();
            let expected =
                if left_out.ends_with("Protocol") { Refusal::NoSubprotocol } else { Refusal::NotWebSocket };
            assert_eq!(refusal, Some(expected), "without {left_out}");
        }
    }

    #[test]
    fn names_what_is_wrong() {
        let path = format!("/cable/new/{TUNNEL}");
        let refusal = |bytes: &[u8]| Upgrade::parse(bytes).err();
        assert_eq!(refusal(&request("POST", &path, "1.1", &GOOD)), Some(Refusal::NotGet));
        assert_eq!(refusal(&request("GET", &path, "1.0", &GOOD)), Some(Refusal::NotWebSocket));
        assert_eq!(refusal(&request("GET", "/cable/new/1", "1.1", &GOOD)), Some(Refusal::MalformedPath));
        assert_eq!(refusal(&request("GET", "/", "1.1", &GOOD)), Some(Refusal::UnknownPath));
        assert_eq!(refusal(b"\x16\x03\x01\x02\x00\r\n\r\n"), Some(Refusal::NotHttp));
        assert_eq!(refusal(b"GET / HTTP/1.1\r\n"), Some(Refusal::NotHttp));
        let many = vec![("A", "b"); MAX_HEADERS];
        assert_eq!(refusal(&request("GET", &path, "1.1", &many)), Some(Refusal::HeadTooLong));
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes: Vec<u8>) {
            let _ = Upgrade::parse(&bytes);
        }

        #[test]
        fn no_change_of_a_good_request_panics(at in 0..200_usize, byte: u8) {
            let mut bytes = request("GET", &format!("/cable/new/{TUNNEL}"), "1.1", &GOOD);
            if let Some(changed) = bytes.get_mut(at) {
                *changed = byte;
            }
            let _ = Upgrade::parse(&bytes);
            bytes.truncate(at);
            prop_assert!(Upgrade::parse(&bytes).is_err());
        }
    }
}

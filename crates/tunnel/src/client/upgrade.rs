use latchkey_crypto::hybrid::RoutingId;
use latchkey_hybrid::port::TunnelError;
use rustls::pki_types::ServerName;
use tokio_tungstenite::tungstenite::handshake::client::generate_key;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::http::Uri;

use crate::SUBPROTOCOL;

/// Header lines read at most.
const MAX_HEADERS: usize = 64;

/// Where a request goes. It has no `Debug`, for the path holds the tunnel ID.
pub(super) struct Target {
    /// A DNS name.
    pub(super) host: String,
    /// TCP port.
    pub(super) port: u16,
    path: String,
}

/// A request head, and what its answer has to prove.
pub(super) struct Request {
    pub(super) head: String,
    accept: String,
}

/// What a server answered.
pub(super) enum Answer {
    /// The connection is a WebSocket now.
    Open(Opened),
    /// It is elsewhere.
    Redirect { status: u16, location: String },
}

/// The headers of a 101 that we look at.
pub(super) struct Opened {
    /// None also for a header that is there twice or malformed.
    pub(super) routing_id: Option<RoutingId>,
    /// The server's clock.
    pub(super) date: Option<String>,
}

impl Target {
    /// Parses an absolute URL with scheme `wss` or `https`, a DNS name and a path.
    ///
    /// An address in place of a name is refused: no tunnel service has one, and a redirect to one would aim us at
    /// machines of the local network.
    pub(super) fn parse(url: &str) -> Option<Self> {
        let uri: Uri = url.parse().ok()?;
        if !matches!(uri.scheme_str(), Some("wss" | "https")) {
            return None;
        }
        let authority = uri.authority()?;
        if authority.as_str().contains('@') {
            return None;
        }
        match ServerName::try_from(authority.host()).ok()? {
            ServerName::DnsName(_) => {}
            _ => return None,
        }
        // The library's own accessor takes a port out of range for none.
        let port = match authority.as_str().strip_prefix(authority.host())? {
            "" => 443,
            port => port.strip_prefix(':')?.parse().ok()?,
        };
        let path = uri.path_and_query()?.as_str().to_owned();
        Some(Self { host: authority.host().to_ascii_lowercase(), port, path })
    }

    /// Where a redirect leads: an absolute URL, or a path on the same host.
    pub(super) fn redirected(&self, location: &str) -> Option<Self> {
        if location.starts_with('/') && !location.starts_with("//") {
            Self::parse(&format!("wss://{}{location}", self.authority()))
        } else {
            Self::parse(location)
        }
    }

    fn authority(&self) -> String {
        if self.port == 443 { self.host.clone() } else { format!("{}:{}", self.host, self.port) }
    }
}

impl Request {
    /// The upgrade request for this target.
    pub(super) fn new(target: &Target) -> Self {
        let key = generate_key();
        let authority = target.authority();
        let head = format!(
            "GET {} HTTP/1.1\r\nHost: {authority}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Protocol: {SUBPROTOCOL}\r\n\
             Origin: wss://{authority}\r\n\r\n",
            target.path
        );
        Self { head, accept: derive_accept_key(key.as_bytes()) }
    }

    /// Reads the response head, up to and including its empty line.
    pub(super) fn answer(&self, head: &[u8]) -> Result<Answer, TunnelError> {
        let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
        let mut response = httparse::Response::new(&mut headers);
        if !matches!(response.parse(head), Ok(httparse::Status::Complete(_))) {
            return Err(TunnelError::NotWebSocket);
        }
        let headers = Headers(response.headers);
        match response.code {
            Some(101) => {}
            Some(status @ (301 | 302 | 303 | 307 | 308)) => {
                let location = headers.only("Location").ok_or(TunnelError::Refused { status })?;
                return Ok(Answer::Redirect { status, location: location.to_owned() });
            }
            Some(status) => return Err(TunnelError::Refused { status }),
            None => return Err(TunnelError::NotWebSocket),
        }
        // RFC 6455 §4.1, the checks of the server's response in its order.
        let upgrade = headers.only("Upgrade").is_some_and(|value| value.eq_ignore_ascii_case("websocket"));
        let connection = headers.all("Connection").flat_map(|value| value.split(','));
        let connection = connection.map(str::trim).any(|token| token.eq_ignore_ascii_case("Upgrade"));
        let accepted = headers.only("Sec-WebSocket-Accept") == Some(self.accept.as_str());
        // We offered no extension, so none may be in use.
        let extended = headers.all("Sec-WebSocket-Extensions").any(|value| !value.trim().is_empty());
        if !upgrade || !connection || !accepted || extended {
            return Err(TunnelError::NotWebSocket);
        }
        if headers.only("Sec-WebSocket-Protocol") != Some(SUBPROTOCOL) {
            return Err(TunnelError::NoSubprotocol);
        }
        Ok(Answer::Open(Opened {
            routing_id: headers.only("X-caBLE-Routing-ID").and_then(RoutingId::parse),
            date: headers.only("Date").map(str::to_owned),
        }))
    }
}

struct Headers<'a>(&'a [httparse::Header<'a>]);

impl<'a> Headers<'a> {
    /// The values of this name that are text.
    fn all(&self, name: &'static str) -> impl Iterator<Item = &'a str> {
        let named = self.0.iter().filter(move |header| header.name.eq_ignore_ascii_case(name));
        named.map(|header| std::str::from_utf8(header.value).unwrap_or_default())
    }

    /// The value of a header that is there exactly once.
    fn only(&self, name: &'static str) -> Option<&'a str> {
        let mut all = self.all(name);
        let value = all.next()?;
        if all.next().is_some() { None } else { Some(value.trim()) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn target() -> Target {
        Target::parse("wss://cable.ua5v.com/cable/new/00").unwrap()
    }

    fn opening(request: &Request, changes: &[(&str, Option<&str>)], extra: &str) -> Vec<u8> {
        let accept = request.accept.clone();
        let mut head = "HTTP/1.1 101 Switching Protocols\r\n".to_owned();
        for (name, value) in [
            ("Upgrade", "WebSocket"),
            ("Connection", "keep-alive, upgrade"),
            ("Sec-WebSocket-Accept", accept.as_str()),
            ("Sec-WebSocket-Protocol", "fido.cable"),
            ("X-caBLE-Routing-ID", "0a0B0c"),
        ] {
            let value = changes.iter().find(|change| change.0 == name).map_or(Some(value), |change| change.1);
            if let Some(value) = value {
                head += &format!("{name}: {value}\r\n");
            }
        }
        (head + extra + "\r\n").into_bytes()
    }

    #[test]
    fn asks_as_a_browser_does() {
        let request = Request::new(&target());
        assert!(request.head.starts_with("GET /cable/new/00 HTTP/1.1\r\nHost: cable.ua5v.com\r\n"));
        assert!(request.head.contains("\r\nSec-WebSocket-Protocol: fido.cable\r\n"));
        assert!(request.head.ends_with("\r\nOrigin: wss://cable.ua5v.com\r\n\r\n"));
        let other = Request::new(&Target::parse("https://CABLE.ua5v.com:8443/x").unwrap());
        assert!(other.head.contains("\r\nOrigin: wss://cable.ua5v.com:8443\r\n"));
        assert_ne!(request.accept, other.accept);
    }

    #[test]
    fn takes_an_opening_with_one_routing_id() {
        let request = Request::new(&target());
        let routing_id = |bytes: &[u8]| match request.answer(bytes) {
            Ok(Answer::Open(opened)) => opened.routing_id,
            _ => panic!("not opened"),
        };
        assert_eq!(routing_id(&opening(&request, &[], "")), Some(RoutingId::new([10, 11, 12])));
        assert_eq!(routing_id(&opening(&request, &[], "x-cable-routing-id: 0a0b0c\r\n")), None);
        for wrong in [None, Some(""), Some("0a0b0"), Some("0a0b0c0d"), Some("0x0a0b")] {
            assert_eq!(routing_id(&opening(&request, &[("X-caBLE-Routing-ID", wrong)], "")), None);
        }
    }

    #[test]
    fn refuses_what_is_no_opening() {
        let request = Request::new(&target());
        for (name, wrong) in [
            ("Upgrade", None),
            ("Upgrade", Some("h2c")),
            ("Connection", None),
            ("Connection", Some("keep-alive")),
            ("Sec-WebSocket-Accept", None),
            ("Sec-WebSocket-Accept", Some("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")),
        ] {
            let answer = request.answer(&opening(&request, &[(name, wrong)], ""));
            assert!(matches!(answer, Err(TunnelError::NotWebSocket)), "{name}");
        }
        let deflate = opening(&request, &[], "Sec-WebSocket-Extensions: permessage-deflate\r\n");
        assert!(matches!(request.answer(&deflate), Err(TunnelError::NotWebSocket)));
        for garbage in [&b"SSH-2.0-x\r\n\r\n"[..], b"", b"HTTP/1.1 101\r\n"] {
            assert!(matches!(request.answer(garbage), Err(TunnelError::NotWebSocket)));
        }
        for wrong in [None, Some("chat"), Some("fido.cable, chat")] {
            let answer = request.answer(&opening(&request, &[("Sec-WebSocket-Protocol", wrong)], ""));
            assert!(matches!(answer, Err(TunnelError::NoSubprotocol)));
        }
    }

    #[test]
    fn hands_on_status_and_redirect() {
        let request = Request::new(&target());
        for status in [200, 400, 403, 404, 409, 410, 429, 500, 503] {
            let answer = request.answer(format!("HTTP/1.1 {status} X\r\n\r\n").as_bytes());
            assert!(matches!(answer, Err(TunnelError::Refused { status: got }) if got == status));
        }
        let answer = request.answer(b"HTTP/1.1 302 Found\r\nLocation: wss://a.example/b\r\n\r\n");
        assert!(
            matches!(answer, Ok(Answer::Redirect { status: 302, location }) if location == "wss://a.example/b")
        );
        let answer = request.answer(b"HTTP/1.1 302 Found\r\n\r\n");
        assert!(matches!(answer, Err(TunnelError::Refused { status: 302 })));
    }

    #[test]
    fn redirects_stay_within_tls_and_names() {
        let at = |location: &str| {
            target().redirected(location).map(|to| format!("{} {}", to.authority(), to.path))
        };
        assert_eq!(at("/elsewhere").as_deref(), Some("cable.ua5v.com /elsewhere"));
        assert_eq!(at("https://b.example:444/c?d").as_deref(), Some("b.example:444 /c?d"));
        for refused in [
            "ws://b.example/c",
            "http://b.example/c",
            "//b.example/c",
            "c",
            "",
            "wss://user@b.example/c",
            "wss://192.168.1.1/c",
            "wss://[::1]/c",
            "wss:///c",
            "wss://b.example:99999/c",
            "wss://b.example/c d",
            "wss://b.example/\r\nX: y",
        ] {
            assert_eq!(at(refused), None, "{refused}");
        }
    }

    proptest! {
        #[test]
        fn no_answer_panics(bytes: Vec<u8>, at in 0..200_usize, byte: u8, location in ".{0,60}") {
            let request = Request::new(&target());
            let _ = request.answer(&bytes);
            let mut answer = opening(&request, &[], "");
            if let Some(changed) = answer.get_mut(at) {
                *changed = byte;
            }
            let _ = request.answer(&answer);
            let _ = target().redirected(&location);
        }
    }
}

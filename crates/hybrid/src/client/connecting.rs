use latchkey_crypto::hybrid::{
    FirstMessage, RoutingId, Transport, TunnelDomainId, TunnelId, connect_url,
    noise::{HandshakeMessage, KnInitiator},
};

use super::ClientSession;
use crate::{HandshakeError, connection::Connection};

/// An advert said where the tunnel is. Next: join it, send the [`hello`](Connecting::hello), wait for the answer.
#[derive(Debug)]
pub struct Connecting {
    domain: TunnelDomainId,
    routing_id: RoutingId,
    tunnel_id: TunnelId,
    initiator: KnInitiator,
    hello: HandshakeMessage,
}

impl Connecting {
    pub(super) fn new(
        domain: TunnelDomainId,
        routing_id: RoutingId,
        tunnel_id: TunnelId,
        initiator: KnInitiator,
        hello: HandshakeMessage,
    ) -> Self {
        Self { domain, routing_id, tunnel_id, initiator, hello }
    }

    /// The tunnel service of the authenticator's choice.
    pub fn domain(&self) -> TunnelDomainId {
        self.domain
    }

    /// What to tell the tunnel service.
    pub fn routing_id(&self) -> RoutingId {
        self.routing_id
    }

    /// The tunnel's name.
    pub fn tunnel_id(&self) -> &TunnelId {
        &self.tunnel_id
    }

    /// Where to join the tunnel. Holds the tunnel's name, so not for logs.
    pub fn connect_url(&self) -> String {
        connect_url(self.domain, self.routing_id, &self.tunnel_id)
    }

    /// What to send first.
    pub fn hello(&self) -> &HandshakeMessage {
        &self.hello
    }

    /// Takes the answer to the hello: 81 bytes that only the reader of the code can make.
    pub fn receive(self, response: &[u8]) -> Result<AwaitingFirst, HandshakeError> {
        let established = self.initiator.receive(response)?;
        Ok(AwaitingFirst { transport: established.transport })
    }
}

/// The handshake is done. Next: the authenticator says what it is.
#[derive(Debug)]
pub struct AwaitingFirst {
    transport: Transport,
}

impl AwaitingFirst {
    /// Takes the first sealed message. An authenticator that does not offer CTAP is of no use here.
    ///
    /// The padding of phones before 2022 is not understood.
    pub fn receive(mut self, sealed: &[u8]) -> Result<ClientSession, HandshakeError> {
        let first = FirstMessage::decode(&self.transport.open(sealed)?)?;
        let get_info = first.get_info().ok_or(HandshakeError::NoCtap)?.to_vec();
        Ok(ClientSession::new(Connection::new(self.transport, 1, 2), get_info))
    }
}

//! Ceremonies with a client that does what Chromium never does.

use std::{sync::Arc, time::Duration};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use latchkey_app::{now, os_random};
use latchkey_crypto::hybrid::{Advert, MatchedAdvert, OperationHint};
use latchkey_hybrid::{
    client::{ClientEvent, ClientSession, QrShown},
    port::{Tunnel, TunnelService},
};
use latchkey_rehearsal::practice_client::Request;
use latchkey_tests::stage::{SITES, Stage};
use latchkey_tunnel::WebSocketTunnel;
use serde_json::json;
use tokio::time::sleep;

/// `--approve` is spent on the first request; the second, of the same site in the same ceremony, is refused.
pub(crate) async fn an_approval_answers_one_request(stage: Arc<Stage>) {
    let rp_id = format!("asks-twice.{SITES}");
    let shown = QrShown::generate(&mut os_random(), OperationHint::MakeCredential, now());
    let code = shown.qr_text();
    let arguments = ["--approve", rp_id.as_str()];
    let answering = stage.product.sign_in(&code, &arguments);
    let asking = async {
        let advert = heard(&stage, &shown).await;
        let (mut session, mut tunnel) = joined(&stage, shown, advert).await;
        let mut responses = Vec::new();
        for user in ["papageno", "papagena"] {
            let sealed = session.request(creation(&rp_id, user).message()).expect("sealed");
            tunnel.send(sealed).await.expect("sent");
            let message = tunnel.receive().await.expect("a tunnel").expect("a message");
            let ClientEvent::Response(response) = session.receive(&message).expect("opened") else {
                panic!("no response")
            };
            responses.push(response);
        }
        let _ = tunnel.send(session.shutdown().expect("sealed")).await;
        tunnel.close().await;
        responses
    };
    let (outcome, responses) = tokio::join!(answering, asking);
    assert_eq!(responses[0][0], 0x00, "{}", outcome.errors);
    // CTAP2_ERR_OPERATION_DENIED, and nothing else.
    assert_eq!(responses[1], [0x27]);
    let names: Vec<_> =
        stage.product.passkeys(&rp_id).await.iter().map(|passkey| passkey["user_name"].clone()).collect();
    assert_eq!(names, ["papageno"]);
}

/// Waits for the advert that belongs to this code.
async fn heard(stage: &Stage, shown: &QrShown) -> MatchedAdvert {
    loop {
        let adverts = stage.bluez.on_air();
        let mut matched =
            adverts.iter().filter_map(|advert| Advert::open(shown.eid_key(), advert.fido_data()?).ok());
        if let Some(advert) = matched.next() {
            return advert;
        }
        sleep(Duration::from_millis(10)).await;
    }
}

async fn joined(stage: &Stage, shown: QrShown, advert: MatchedAdvert) -> (ClientSession, WebSocketTunnel) {
    let connecting = shown.matched(advert, &mut os_random());
    let service = stage.tunnel_client();
    let joined = service.connect(connecting.domain(), connecting.routing_id(), connecting.tunnel_id());
    let mut tunnel = joined.await.expect("a tunnel");
    tunnel.send(connecting.hello().to_vec()).await.expect("sent");
    let response = tunnel.receive().await.expect("a tunnel").expect("a message");
    let awaiting = connecting.receive(&response).expect("a handshake");
    let first = tunnel.receive().await.expect("a tunnel").expect("a message");
    (awaiting.receive(&first).expect("a first message"), tunnel)
}

fn creation(rp_id: &str, user: &str) -> Request {
    let options = json!({
        "rp": { "id": rp_id, "name": rp_id },
        "user": { "id": URL_SAFE_NO_PAD.encode(user), "name": user, "displayName": user },
        "challenge": URL_SAFE_NO_PAD.encode("der hoelle rache"),
        "pubKeyCredParams": [{ "type": "public-key", "alg": -7 }],
    });
    Request::create(&options, &format!("https://{rp_id}")).expect("a request")
}

use std::{io, net::Ipv4Addr, sync::Arc};

use axum::{
    Json, Router,
    extract::State,
    http::StatusCode,
    response::Html,
    routing::{get, post},
};
use serde_json::{Value, json};
use tokio::{net::TcpListener, task::JoinHandle};

use super::{RelyingParty, Verdict};

/// The name that the practice site's accounts have.
const USER_NAME: &str = "practice@example.com";

/// Why the site is not there.
#[derive(Debug, thiserror::Error)]
#[error("the practice site cannot listen on loopback")]
pub struct SiteError(#[from] io::Error);

/// The practice relying party as a website on `http://localhost`, gone when dropped.
pub struct Site {
    relying_party: Arc<RelyingParty>,
    serving: JoinHandle<()>,
}

impl Site {
    /// Serves the page at a free port. A browser counts `localhost` as a secure context without TLS.
    pub async fn start() -> Result<Self, SiteError> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let origin = format!("http://localhost:{}", listener.local_addr()?.port());
        let relying_party = Arc::new(RelyingParty::new("localhost", &origin));
        let router = Router::new()
            .route("/", get(|| async { Html(include_str!("page.html")) }))
            .route("/create/options", post(creation_options))
            .route("/create/verify", post(verify_creation))
            .route("/get/options", post(request_options))
            .route("/get/verify", post(verify_request))
            .with_state(relying_party.clone());
        let serving = tokio::spawn(async move {
            // Ends only with the task.
            let _ = axum::serve(listener, router).await;
        });
        Ok(Self { relying_party, serving })
    }

    /// The relying party behind the page.
    pub fn relying_party(&self) -> &RelyingParty {
        &self.relying_party
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

type Options = Result<Json<Value>, StatusCode>;

async fn creation_options(State(relying_party): State<Arc<RelyingParty>>) -> Options {
    relying_party.creation_options(USER_NAME).map(Json).map_err(|_| StatusCode::SERVICE_UNAVAILABLE)
}

async fn request_options(State(relying_party): State<Arc<RelyingParty>>) -> Options {
    relying_party.request_options().map(Json).map_err(|_| StatusCode::SERVICE_UNAVAILABLE)
}

async fn verify_creation(
    State(relying_party): State<Arc<RelyingParty>>,
    Json(response): Json<Value>,
) -> Json<Value> {
    Json(shown(&relying_party.verify_creation(&response)))
}

async fn verify_request(
    State(relying_party): State<Arc<RelyingParty>>,
    Json(response): Json<Value>,
) -> Json<Value> {
    Json(shown(&relying_party.verify_request(&response)))
}

fn shown(verdict: &Verdict) -> Value {
    let checks: Vec<_> = verdict
        .checks()
        .iter()
        .map(|(check, held)| json!({ "text": check.to_string(), "held": held }))
        .collect();
    json!({ "accepted": verdict.is_accepted(), "checks": checks })
}

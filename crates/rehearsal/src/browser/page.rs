use std::{sync::Arc, time::Duration};

use serde_json::{Value, json};
use tokio::time::{sleep, timeout};

use super::{
    BrowserError,
    devtools::{Answer, DevTools},
};

/// How long a page may take to load.
const LOAD_TIME: Duration = Duration::from_secs(30);

/// One page of the browser. Dropping it leaves it open.
pub struct Page {
    devtools: Arc<DevTools>,
    target: String,
    session: String,
}

/// A script that runs in a page.
pub struct Running(Answer);

impl Page {
    pub(super) async fn open(devtools: Arc<DevTools>, url: &str) -> Result<Self, BrowserError> {
        let text = |value: &Value, key: &str| value.get(key).and_then(Value::as_str).map(str::to_owned);
        let created = devtools.call(None, "Target.createTarget", json!({ "url": url })).await?;
        let target = text(&created, "targetId").ok_or(BrowserError::Load)?;
        let attach = json!({ "targetId": target, "flatten": true });
        let attached = devtools.call(None, "Target.attachToTarget", attach).await?;
        let session = text(&attached, "sessionId").ok_or(BrowserError::Load)?;
        let page = Self { devtools, target, session };
        page.call("Page.bringToFront", json!({})).await?;
        timeout(LOAD_TIME, page.loaded()).await.map_err(|_| BrowserError::Load)??;
        Ok(page)
    }

    /// Runs a script as if a person had pressed a button, waits for its promise and returns its value.
    pub async fn evaluate(&self, script: &str) -> Result<Value, BrowserError> {
        self.start(script).await?.result().await
    }

    /// Starts a script and returns while it runs.
    pub async fn start(&self, script: &str) -> Result<Running, BrowserError> {
        let parameters = json!({
            "expression": script, "awaitPromise": true, "returnByValue": true, "userGesture": true,
        });
        self.devtools.post(Some(&self.session), "Runtime.evaluate", parameters).await.map(Running)
    }

    /// Closes the page.
    pub async fn close(self) -> Result<(), BrowserError> {
        self.devtools.call(None, "Target.closeTarget", json!({ "targetId": self.target })).await.map(drop)
    }

    async fn call(&self, method: &'static str, parameters: Value) -> Result<Value, BrowserError> {
        self.devtools.call(Some(&self.session), method, parameters).await
    }

    async fn loaded(&self) -> Result<(), BrowserError> {
        const LOADED: &str = "document.readyState === 'complete' && location.href !== 'about:blank'";
        // The first document is torn down under the script when the real one comes; then ask again.
        while !matches!(self.evaluate(LOADED).await, Ok(Value::Bool(true)) | Err(BrowserError::Gone)) {
            sleep(Duration::from_millis(20)).await;
        }
        self.evaluate("true").await.map(drop)
    }
}

impl Running {
    /// Waits for the script's value.
    pub async fn result(self) -> Result<Value, BrowserError> {
        let mut answer = self.0.receive().await?;
        if let Some(details) = answer.get("exceptionDetails") {
            let message = details.pointer("/exception/description").or_else(|| details.get("text"));
            let message = message.and_then(Value::as_str).unwrap_or_default().to_owned();
            return Err(BrowserError::Script { message });
        }
        Ok(answer.pointer_mut("/result/value").map(Value::take).unwrap_or_default())
    }
}

//! Fetches the waiting room's public keys, as a shop elsewhere would.

use std::time::Duration;

use bytes::Bytes;
use http::{StatusCode, Uri};
use http_body_util::{BodyExt, Empty, Limited};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use thiserror::Error;
use tokio::time::timeout;
use waiting_room_tokens::JwkSet;

/// How long a fetch may take in all.
const TIMEOUT: Duration = Duration::from_secs(2);

/// The largest key set that is read, in bytes: some hundred keys.
const LARGEST: usize = 32 * 1024;

/// Where the keys are.
#[derive(Debug)]
pub(super) struct JwksSource {
    url: Uri,
    client: Client<HttpConnector, Empty<Bytes>>,
}

/// Why the keys could not be fetched.
#[derive(Debug, Error)]
pub(super) enum FetchError {
    #[error("no answer within 2 seconds")]
    TooSlow,
    #[error("no connection")]
    NoConnection(#[source] hyper_util::client::legacy::Error),
    #[error("the answer was {0}")]
    Refused(StatusCode),
    #[error("the answer broke off or is too large")]
    Body(#[source] Box<dyn std::error::Error + Send + Sync>),
    #[error("the answer is no key set")]
    NotAKeySet(#[source] serde_json::Error),
}

impl JwksSource {
    pub(super) fn new(url: Uri) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_connect_timeout(Some(TIMEOUT));
        Self {
            url,
            client: Client::builder(TokioExecutor::new())
                .pool_max_idle_per_host(1)
                .build(connector),
        }
    }

    pub(super) async fn fetch(&self) -> Result<JwkSet, FetchError> {
        timeout(TIMEOUT, self.get())
            .await
            .unwrap_or(Err(FetchError::TooSlow))
    }

    async fn get(&self) -> Result<JwkSet, FetchError> {
        let response = self.client.get(self.url.clone()).await;
        let response = response.map_err(FetchError::NoConnection)?;
        if response.status() != StatusCode::OK {
            return Err(FetchError::Refused(response.status()));
        }
        let body = Limited::new(response.into_body(), LARGEST).collect().await;
        let body = body.map_err(FetchError::Body)?.to_bytes();
        serde_json::from_slice(&body).map_err(FetchError::NotAKeySet)
    }
}

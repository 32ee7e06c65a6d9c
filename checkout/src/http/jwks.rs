//! Fetches the waiting room's public keys, as a shop elsewhere would.

use std::time::Duration;

use bytes::Bytes;
use http::{StatusCode, Uri};
use http_body_util::{BodyExt, Empty, Limited};
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use service_kit::connector::{self, Connector, NoTls};
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
    client: Result<Client<Connector, Empty<Bytes>>, NoTls>,
}

/// Why the keys could not be fetched.
#[derive(Debug, Error)]
pub(super) enum FetchError {
    #[error("no answer within 2 seconds")]
    TooSlow,
    #[error("TLS cannot be used")]
    NoTls(#[source] NoTls),
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
        let mut builder = Client::builder(TokioExecutor::new());
        builder.pool_max_idle_per_host(1);
        Self {
            url,
            client: connector::open(TIMEOUT).map(|connector| builder.build(connector)),
        }
    }

    pub(super) async fn fetch(&self) -> Result<JwkSet, FetchError> {
        timeout(TIMEOUT, self.get())
            .await
            .unwrap_or(Err(FetchError::TooSlow))
    }

    async fn get(&self) -> Result<JwkSet, FetchError> {
        let client = self.client.as_ref();
        let client = client.map_err(|error| FetchError::NoTls(error.clone()))?;
        let response = client.get(self.url.clone()).await;
        let response = response.map_err(FetchError::NoConnection)?;
        if response.status() != StatusCode::OK {
            return Err(FetchError::Refused(response.status()));
        }
        let body = Limited::new(response.into_body(), LARGEST).collect().await;
        let body = body.map_err(FetchError::Body)?.to_bytes();
        serde_json::from_slice(&body).map_err(FetchError::NotAKeySet)
    }
}

#[cfg(all(test, feature = "aws"))]
mod tests {
    use tokio::{io::AsyncReadExt, net::TcpListener};

    use super::*;

    #[tokio::test]
    async fn an_https_url_is_asked_over_tls() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("https://{}/jwks", listener.local_addr().unwrap());
        let asked = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            stream.read_u8().await.unwrap()
        };
        let source = JwksSource::new(url.parse().unwrap());
        let (fetched, first) = tokio::join!(source.fetch(), asked);
        // The record type of a handshake; this server does not shake hands.
        assert_eq!(first, 0x16);
        assert!(matches!(fetched, Err(FetchError::NoConnection(_))));
    }
}

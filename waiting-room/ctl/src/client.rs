//! Asks the operator's API, with a limit to how long and how much it may answer.

use std::{error::Error, time::Duration};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, Uri, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper_util::{client::legacy, rt::TokioExecutor};
use serde::de::DeserializeOwned;
use serde_json::Value;
use service_kit::connector::{self, Connector};
use tokio::time::timeout;

use crate::error::{CtlError, Refusal};

/// The largest answer that is read, in bytes.
const LARGEST: usize = 16 * 1024 * 1024;

/// Who asks, for the audit log.
const NAME: HeaderName = HeaderName::from_static("x-operator-name");

/// One service and a credential for it.
pub(crate) struct Client {
    http: legacy::Client<Connector, Full<Bytes>>,
    base: String,
    headers: HeaderMap,
    patience: Duration,
}

impl Client {
    pub(crate) fn new(
        base: &Uri,
        credential: &str,
        name: Option<&str>,
        patience: Duration,
    ) -> Result<Self, CtlError> {
        let base = base.to_string().trim_end_matches('/').to_owned();
        let unsendable = |what| move |_| CtlError::Unsendable { what };
        let mut headers = HeaderMap::new();
        let bearer = format!("Bearer {credential}");
        let mut bearer = HeaderValue::try_from(bearer).map_err(unsendable("credential"))?;
        bearer.set_sensitive(true);
        headers.insert(header::AUTHORIZATION, bearer);
        if let Some(name) = name {
            let name = HeaderValue::from_bytes(name.as_bytes()).map_err(unsendable("name"))?;
            headers.insert(NAME, name);
        }
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/json"),
        );
        let connector = connector::open(patience).map_err(|error| CtlError::Unreachable {
            url: base.clone(),
            reason: error.to_string(),
        })?;
        Ok(Self {
            http: legacy::Client::builder(TokioExecutor::new()).build(connector),
            base,
            headers,
            patience,
        })
    }

    /// Whom it asks.
    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    /// The JSON that is the answer.
    pub(crate) async fn ask(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Value, CtlError> {
        let answer = async {
            let response = self.begin(method, path, body).await?;
            let body = Limited::new(response.into_body(), LARGEST).collect().await;
            let body = body.map_err(|error| self.unreachable(&*error))?.to_bytes();
            serde_json::from_slice(&body).map_err(|error| self.not_understood(&error))
        };
        timeout(self.patience, answer)
            .await
            .unwrap_or_else(|_| Err(self.too_slow()))
    }

    /// The answer to a GET, as a `T`.
    pub(crate) async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, CtlError> {
        let answer = self.ask(Method::GET, path, None).await?;
        self.understood(answer)
    }

    /// `answer` as a `T`.
    pub(crate) fn understood<T: DeserializeOwned>(&self, answer: Value) -> Result<T, CtlError> {
        serde_json::from_value(answer).map_err(|error| self.not_understood(&error))
    }

    /// The body of the answer to a GET that goes on and on.
    pub(crate) async fn stream(&self, path: &str) -> Result<Incoming, CtlError> {
        let response = timeout(self.patience, self.begin(Method::GET, path, None)).await;
        Ok(response
            .unwrap_or_else(|_| Err(self.too_slow()))?
            .into_body())
    }

    async fn begin(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Response<Incoming>, CtlError> {
        let body = body.map(Value::to_string).unwrap_or_default();
        let url = format!("{}{path}", self.base);
        let request = Request::builder().method(method).uri(url);
        let mut request = request
            .body(Full::from(body))
            .map_err(|error| self.not_understood(&error))?;
        request.headers_mut().extend(self.headers.clone());
        let response = self.http.request(request).await;
        let response = response.map_err(|error| self.unreachable(&error))?;
        if response.status().is_success() {
            return Ok(response);
        }
        let status = response.status();
        let body = Limited::new(response.into_body(), LARGEST).collect().await;
        let body = body.map(|body| body.to_bytes()).unwrap_or_default();
        Err(CtlError::Refused(Refusal::new(
            self.base.clone(),
            status,
            &body,
        )))
    }

    pub(crate) fn unreachable(&self, error: &(dyn Error + 'static)) -> CtlError {
        let mut cause = error;
        while let Some(source) = cause.source() {
            cause = source;
        }
        CtlError::Unreachable {
            url: self.base.clone(),
            reason: cause.to_string(),
        }
    }

    pub(crate) fn not_understood(&self, error: &dyn Error) -> CtlError {
        CtlError::NotUnderstood {
            url: self.base.clone(),
            reason: error.to_string(),
        }
    }

    fn too_slow(&self) -> CtlError {
        CtlError::TooSlow {
            url: self.base.clone(),
            seconds: self.patience.as_secs(),
        }
    }
}

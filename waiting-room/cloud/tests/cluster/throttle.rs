use std::{
    net::Ipv4Addr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::{Request, State},
    response::{IntoResponse, Response},
};
use http::{StatusCode, header};
use reqwest::Client;
use tokio::{net::TcpListener, task::JoinHandle};

/// What DynamoDB answers to more than it will bear.
const REFUSAL: &str = r#"{"__type":"com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException","message":"The level of configured provisioned throughput for the table was exceeded."}"#;

/// A DynamoDB whose throughput can be exceeded: while it is, it refuses every other request.
pub(crate) struct Throttle {
    port: u16,
    gate: Arc<Gate>,
    serving: JoinHandle<()>,
}

struct Gate {
    target: String,
    client: Client,
    closing: AtomicBool,
    requests: AtomicUsize,
    refused: AtomicUsize,
}

impl Throttle {
    /// In front of the emulator on this port.
    pub(crate) async fn before(target: u16) -> Self {
        let gate = Arc::new(Gate {
            target: format!("http://127.0.0.1:{target}"),
            client: Client::new(),
            closing: AtomicBool::new(false),
            requests: AtomicUsize::new(0),
            refused: AtomicUsize::new(0),
        });
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let routes = Router::new().fallback(pass).with_state(gate.clone());
        let serving = tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
        Self {
            port,
            gate,
            serving,
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub(crate) fn throttles(&self, closing: bool) {
        self.gate.closing.store(closing, Ordering::SeqCst);
    }

    /// How many requests it has refused.
    pub(crate) fn refused(&self) -> usize {
        self.gate.refused.load(Ordering::SeqCst)
    }
}

impl Drop for Throttle {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn pass(State(gate): State<Arc<Gate>>, request: Request) -> Response {
    let number = gate.requests.fetch_add(1, Ordering::SeqCst);
    if gate.closing.load(Ordering::SeqCst) && number.is_multiple_of(2) {
        gate.refused.fetch_add(1, Ordering::SeqCst);
        let json = [(header::CONTENT_TYPE, "application/x-amz-json-1.0")];
        return (StatusCode::BAD_REQUEST, json, REFUSAL).into_response();
    }
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, usize::MAX).await else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    let url = format!("{}{}", gate.target, parts.uri);
    let forwarded = gate
        .client
        .request(parts.method, url)
        .headers(parts.headers)
        .body(body);
    let Ok(answer) = forwarded.send().await else {
        return StatusCode::BAD_GATEWAY.into_response();
    };
    let (status, headers) = (answer.status(), answer.headers().clone());
    match answer.bytes().await {
        Ok(body) => {
            let mut response = Response::new(Body::from(body));
            *response.status_mut() = status;
            *response.headers_mut() = headers;
            response
        }
        Err(_) => StatusCode::BAD_GATEWAY.into_response(),
    }
}

//! Checkout as a service, with a key server beside it.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use axum::{Json, Router, body::Body, response::Response, routing::get};
use checkout::{
    Checkout, CheckoutConfig, CheckoutParts, OrderQueue, OrderStore, QueuePolicy,
    embedded::OrderBook,
};
use http::{Request, StatusCode, header, request::Builder};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use service_kit::{
    extract::OperatorCredential,
    front::Front,
    operator::{Operators, TrustedProxies},
    serve::Limits,
};
use tempfile::TempDir;
use tokio::net::TcpListener;
use waiting_room_audit::{Auditor, FileAuditLog};

use super::{
    fence::TurnedFence,
    gate::RecordingGate,
    samples,
    tokens::{self, ISSUER},
};

pub const CREDENTIAL: &str = "operator-credential-of-the-tests";
pub const VIEWER_CREDENTIAL: &str = "viewer-credential-of-the-tests";

fn operators() -> Operators {
    let credential = |text| OperatorCredential::new(text).unwrap();
    let (operator, viewer) = (credential(CREDENTIAL), credential(VIEWER_CREDENTIAL));
    Operators::new(&operator, Some(&viewer), TrustedProxies::default()).unwrap()
}

/// The service under test. Its key server ends with the test's runtime.
pub struct App {
    pub book: Arc<OrderBook>,
    pub gate: Arc<RecordingGate>,
    pub fence: Arc<TurnedFence>,
    pub checkout: Checkout,
    pub auditor: Auditor,
    front: Front,
    key_requests: Arc<AtomicUsize>,
    _dir: TempDir,
}

/// An answer, its body read.
pub struct Answer {
    pub status: StatusCode,
    pub headers: http::HeaderMap,
    pub text: String,
}

impl App {
    pub async fn start() -> Self {
        let key_requests = Arc::new(AtomicUsize::new(0));
        let jwks_url = serve_keys(key_requests.clone()).await;
        Self::with_keys_at(&jwks_url, key_requests)
    }

    /// One that nobody gives keys.
    pub fn without_keys() -> Self {
        Self::with_keys_at("http://127.0.0.1:1/jwks.json", Arc::default())
    }

    fn with_keys_at(jwks_url: &str, key_requests: Arc<AtomicUsize>) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let book = OrderBook::open(dir.path(), QueuePolicy::default()).unwrap();
        let gate = RecordingGate::new();
        let fence = Arc::new(TurnedFence::default());
        let log = Arc::new(FileAuditLog::open(dir.path()).unwrap());
        let auditor = Auditor::new(log);
        let checkout = Checkout::new(
            CheckoutConfig {
                issuer: ISSUER.to_owned(),
                jwks_url: jwks_url.parse().unwrap(),
            },
            CheckoutParts {
                catalogue: Arc::new(samples::catalogue(10, 5)),
                store: book.clone(),
                queue: book.clone(),
                gate: gate.clone(),
                fence: fence.clone(),
                operators: operators(),
                auditor: auditor.clone(),
            },
        );
        let front = Front::new(checkout.routes().into(), Limits::default());
        Self {
            book,
            gate,
            fence,
            checkout,
            auditor,
            front,
            key_requests,
            _dir: dir,
        }
    }

    pub fn store(&self) -> &dyn OrderStore {
        &*self.book
    }

    pub fn queue(&self) -> &dyn OrderQueue {
        &*self.book
    }

    /// How often the keys were asked for.
    pub fn key_requests(&self) -> usize {
        self.key_requests.load(Ordering::SeqCst)
    }

    pub async fn send(&self, request: Request<Body>) -> Answer {
        let response: Response = self.front.answer(request).await;
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        Answer {
            status: parts.status,
            headers: parts.headers,
            text: String::from_utf8(bytes.to_vec()).unwrap(),
        }
    }

    /// Places an order with all headers in place.
    pub async fn order(&self, token: &str, key: &str, body: &Value) -> Answer {
        let request = bearer("POST", "/v1/orders", token)
            .header("idempotency-key", key)
            .header(header::CONTENT_TYPE, "application/json")
            .body(Body::from(body.to_string()))
            .unwrap();
        self.send(request).await
    }

    pub async fn get(&self, path: &str, token: &str) -> Answer {
        let request = bearer("GET", path, token).body(Body::empty()).unwrap();
        self.send(request).await
    }

    /// Settles what is pending, as fulfilment would.
    pub async fn settle_all(&self) {
        let now = service_kit::now() + std::time::Duration::from_secs(1);
        let stock = samples::stock(10, 5);
        for (order, _) in self.store().pending(now, None, 100).await.unwrap() {
            self.store().settle(order, &stock, now).await.unwrap();
        }
    }
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap()
    }

    pub fn header(&self, name: header::HeaderName) -> &str {
        self.headers[name].to_str().unwrap()
    }

    /// Asserts that this is the problem `slug` and gives it.
    #[track_caller]
    pub fn problem(&self, status: u16, slug: &str) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        assert_eq!(
            self.header(header::CONTENT_TYPE),
            "application/problem+json"
        );
        let problem = self.json();
        assert_eq!(problem["type"], format!("/problems/{slug}"), "{problem}");
        assert_eq!(problem["status"], status);
        assert!(problem["title"].is_string());
        problem
    }
}

pub fn bearer(method: &str, path: &str, token: &str) -> Builder {
    Request::builder()
        .method(method)
        .uri(path)
        .header(header::AUTHORIZATION, format!("Bearer {token}"))
}

/// A good order of two standing places.
pub fn two_standing() -> Value {
    body(&json!([{"offer": "standing", "quantity": 2}]))
}

pub fn body(lines: &Value) -> Value {
    json!({"lines": lines, "name": "Ada Lovelace", "email": "ada@example.com"})
}

async fn serve_keys(requests: Arc<AtomicUsize>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let routes = Router::new().route(
        "/jwks.json",
        get(move || {
            requests.fetch_add(1, Ordering::SeqCst);
            async { Json(tokens::keys().jwks().clone()) }
        }),
    );
    tokio::spawn(async move { axum::serve(listener, routes).await });
    format!("http://{address}/jwks.json")
}

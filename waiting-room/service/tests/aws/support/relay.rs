use std::{
    collections::HashMap,
    net::Ipv4Addr,
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use tokio::{net::TcpListener, sync::watch};

/// Stands before AWS: counts the calls, one at a time reaches AWS, and some get a fault instead.
pub(crate) struct Relay {
    port: u16,
    shared: Arc<Shared>,
}

/// What calls are answered instead.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fault {
    Throttled,
    Denied,
}

struct Shared {
    target: String,
    client: reqwest::Client,
    calls: Mutex<HashMap<String, usize>>,
    fault: Mutex<Option<Fault>>,
    /// The action whose answers wait, and how many do.
    held: watch::Sender<(Option<&'static str>, usize)>,
    // The emulator has no locks where AWS has them.
    turn: tokio::sync::Mutex<()>,
}

impl Relay {
    /// Relays to AWS on `port` of this machine.
    pub(crate) async fn to(port: u16) -> Self {
        let shared = Arc::new(Shared {
            target: format!("http://127.0.0.1:{port}/"),
            client: reqwest::Client::new(),
            calls: Mutex::default(),
            fault: Mutex::default(),
            held: watch::Sender::default(),
            turn: tokio::sync::Mutex::default(),
        });
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let routes = Router::new().fallback(pass).with_state(shared.clone());
        tokio::spawn(async move { axum::serve(listener, routes).await });
        Self { port, shared }
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// How often `action` was called, faults included.
    pub(crate) fn calls(&self, action: &str) -> usize {
        let calls = self.shared.calls.lock().unwrap();
        calls.get(action).copied().unwrap_or(0)
    }

    /// Answers with `fault` from now on, or as AWS does.
    pub(crate) fn set_fault(&self, fault: Option<Fault>) {
        *self.shared.fault.lock().unwrap() = fault;
    }

    /// Holds back the next answer to `action`, and returns when there is one.
    pub(crate) async fn hold(&self, action: &'static str) {
        self.shared.held.send_replace((Some(action), 0));
        let mut held = self.shared.held.subscribe();
        held.wait_for(|(_, answers)| *answers > 0).await.unwrap();
    }

    /// Lets go what is held.
    pub(crate) fn let_go(&self) {
        self.shared.held.send_replace((None, 0));
    }
}

impl Shared {
    async fn answer(&self, headers: HeaderMap, body: Bytes) -> reqwest::Result<Response> {
        let _turn = self.turn.lock().await;
        let answer = self.client.post(&self.target).headers(headers);
        let answer = answer.body(body).send().await?;
        let (status, headers) = (answer.status(), answer.headers().clone());
        let mut response = Response::new(Body::from(answer.bytes().await?));
        *response.status_mut() = status;
        if let Some(kind) = headers.get(header::CONTENT_TYPE) {
            response
                .headers_mut()
                .insert(header::CONTENT_TYPE, kind.clone());
        }
        Ok(response)
    }

    async fn wait_while_held(&self, action: &str) {
        let mut held = self.held.subscribe();
        self.held.send_if_modified(|(held, answers)| {
            let counts = *held == Some(action);
            *answers += usize::from(counts);
            counts
        });
        let _ = held.wait_for(|(held, _)| *held != Some(action)).await;
    }
}

async fn pass(State(shared): State<Arc<Shared>>, mut headers: HeaderMap, body: Bytes) -> Response {
    let target = headers.get("x-amz-target").and_then(|t| t.to_str().ok());
    let action = target.and_then(|target| target.rsplit('.').next());
    let action = action.unwrap_or_default().to_owned();
    *shared
        .calls
        .lock()
        .unwrap()
        .entry(action.clone())
        .or_default() += 1;
    let fault = *shared.fault.lock().unwrap();
    if let Some(fault) = fault {
        return fault.into_response();
    }
    headers.remove(header::HOST);
    let answer = shared.answer(headers, body).await;
    shared.wait_while_held(&action).await;
    answer.unwrap_or_else(|_| StatusCode::BAD_GATEWAY.into_response())
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        let kind = match self {
            Self::Throttled => "ThrottlingException",
            Self::Denied => "AccessDeniedException",
        };
        let body = format!(r#"{{"__type":"{kind}","message":"said the relay"}}"#);
        let headers = [(header::CONTENT_TYPE, "application/x-amz-json-1.1")];
        (StatusCode::BAD_REQUEST, headers, body).into_response()
    }
}

//! The network between the SDK and the emulator, with faults on request.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering},
};

use aws_smithy_http_client::Connector;
use aws_smithy_runtime_api::{
    client::{
        http::{
            HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings,
            SharedHttpConnector,
        },
        orchestrator::{HttpRequest, HttpResponse},
        result::ConnectorError,
        runtime_components::RuntimeComponents,
    },
    http::StatusCode,
};
use aws_smithy_types::body::SdkBody;
use tokio::sync::{Notify, Semaphore};

/// One process's network. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Wire {
    faults: Arc<Faults>,
    one_by_one: bool,
    attempts: u32,
}

#[derive(Debug, Default)]
struct Faults {
    sent: AtomicUsize,
    ledger_writes: AtomicUsize,
    plan: Mutex<Plan>,
    resumed: Notify,
}

#[derive(Clone, Copy, Debug, Default)]
enum Plan {
    #[default]
    Works,
    /// The process dies at this request: before it is sent, or before it is answered.
    Dies { at: usize, sent: bool },
    /// The answers to every so manieth request are lost.
    LosesEvery(usize),
    /// So many requests are throttled.
    Throttles(usize),
    /// The process stands still before this request.
    Pauses(usize),
}

/// moto tests a condition and writes in two steps, which other threads get between.
static ATOMIC: Semaphore = Semaphore::const_new(1);

impl Wire {
    pub fn new() -> Self {
        Self::with(Plan::Works, 3)
    }

    /// One of a process that dies at request number `at`, counted from 0: `sent` says whether that one is
    /// done yet.
    pub fn dies(at: usize, sent: bool) -> Self {
        Self::with(Plan::Dies { at, sent }, 1)
    }

    /// One that loses the answer to every `n`th request.
    pub fn loses_every(n: usize) -> Self {
        Self::with(Plan::LosesEvery(n), 3)
    }

    /// One whose next `count` requests are throttled.
    pub fn throttles(count: usize) -> Self {
        Self::with(Plan::Throttles(count), 3)
    }

    /// One of a process that stands still before request number `at`, until [`Self::resume`].
    pub fn pauses(at: usize) -> Self {
        Self::with(Plan::Pauses(at), 3)
    }

    /// Lets the process go on.
    pub fn resume(&self) {
        self.faults.resumed.notify_one();
    }

    fn with(plan: Plan, attempts: u32) -> Self {
        Self {
            faults: Arc::new(Faults {
                plan: Mutex::new(plan),
                ..Faults::default()
            }),
            one_by_one: false,
            attempts,
        }
    }

    /// The same, its requests one after the other with those of all others.
    pub fn one_by_one(&self) -> Self {
        let mut wire = self.clone();
        wire.one_by_one = true;
        wire
    }

    /// How many requests were made.
    pub fn requests(&self) -> usize {
        self.faults.sent.load(Ordering::SeqCst)
    }

    /// How many of these wrote a ledger.
    pub fn ledger_writes(&self) -> usize {
        self.faults.ledger_writes.load(Ordering::SeqCst)
    }

    pub fn attempts(&self) -> u32 {
        self.attempts
    }
}

/// What is to be done with a request.
#[derive(PartialEq, Eq)]
enum Fate {
    Answered,
    AnswerLost,
    NeverSent,
    Throttled,
    Delayed,
}

impl Faults {
    fn fate(&self) -> Fate {
        let number = self.sent.fetch_add(1, Ordering::SeqCst);
        let mut plan = self.plan.lock().unwrap();
        match &mut *plan {
            Plan::Dies { at, sent } if number == *at && *sent => Fate::AnswerLost,
            Plan::Dies { at, .. } if number >= *at => Fate::NeverSent,
            Plan::LosesEvery(n) if (number + 1).is_multiple_of(*n) => Fate::AnswerLost,
            Plan::Throttles(left) if *left > 0 => {
                *left -= 1;
                Fate::Throttled
            }
            Plan::Pauses(at) if number == *at => Fate::Delayed,
            _ => Fate::Answered,
        }
    }
}

impl HttpClient for Wire {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        _: &RuntimeComponents,
    ) -> SharedHttpConnector {
        let inner = Connector::builder()
            .connector_settings(settings.clone())
            .build_http();
        SharedHttpConnector::new(Line {
            wire: self.clone(),
            inner: SharedHttpConnector::new(inner),
        })
    }
}

#[derive(Debug)]
struct Line {
    wire: Wire,
    inner: SharedHttpConnector,
}

impl HttpConnector for Line {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let (wire, inner) = (self.wire.clone(), self.inner.clone());
        HttpConnectorFuture::new(async move {
            let fate = wire.faults.fate();
            let put = request.headers().get("x-amz-target") == Some("DynamoDB_20120810.PutItem");
            let body = request.body().bytes().unwrap_or_default();
            if put && String::from_utf8_lossy(body).contains("\"ledger#") {
                wire.faults.ledger_writes.fetch_add(1, Ordering::SeqCst);
            }
            match fate {
                Fate::NeverSent => return Err(lost("the process is dead")),
                Fate::Throttled => return Ok(throttled()),
                Fate::Delayed => wire.faults.resumed.notified().await,
                Fate::Answered | Fate::AnswerLost => {}
            }
            let _turn = match wire.one_by_one {
                true => ATOMIC.acquire().await.ok(),
                false => None,
            };
            let answer = inner.call(request).await;
            match fate {
                Fate::AnswerLost => Err(lost("the answer was lost")),
                _ => answer,
            }
        })
    }
}

fn lost(why: &str) -> ConnectorError {
    ConnectorError::io(std::io::Error::other(why.to_owned()).into())
}

fn throttled() -> HttpResponse {
    let body = r#"{"__type":"com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException","message":"slow down"}"#;
    let status = StatusCode::try_from(400).unwrap();
    let mut response = HttpResponse::new(status, SdkBody::from(body));
    let headers = response.headers_mut();
    headers.insert("content-type", "application/x-amz-json-1.0");
    response
}

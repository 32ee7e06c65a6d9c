use std::time::{Duration, Instant};

use rand::{RngExt, SeedableRng, rngs::StdRng};
use reqwest::{Client, RequestBuilder, Response, StatusCode, header::RETRY_AFTER};
use serde_json::Value;
use tokio::time::sleep;

use crate::record::SharedRecord;

/// Whom a fan asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    /// The waiting room.
    WaitingRoom,
    /// Checkout.
    Checkout,
}

/// How a request failed that is worth another try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// Nobody listens there.
    NoConnection,
    /// The connection ended before the answer was complete.
    BrokenOff,
    /// No answer in time.
    TooSlow,
    /// 502, 503 or 504.
    Unavailable,
}

/// Requests of one fan that failed one after the other, until one was answered.
#[derive(Clone, Debug)]
pub struct Streak {
    /// Who was asked.
    pub service: Service,
    /// When the first one was made.
    pub began: Instant,
    /// When one was answered.
    pub ended: Instant,
    /// How they failed.
    pub failures: Vec<Failure>,
}

/// Before a request that got no answer is tried elsewhere.
const PAUSE: Duration = Duration::from_millis(100);

/// Where there is nowhere else.
const PAUSE_OF_ONE: Duration = Duration::from_millis(300);

/// Asks until there is an answer.
pub(crate) struct Caller {
    client: Client,
    rng: StdRng,
    record: SharedRecord,
}

/// What was asked for.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Value,
    /// Which of the instances gave it.
    pub(crate) instance: usize,
    pub(crate) asked: Instant,
    pub(crate) answered: Instant,
}

impl Answer {
    pub(crate) fn text(&self, name: &str) -> String {
        self.body[name].as_str().unwrap_or_default().to_owned()
    }

    pub(crate) fn number(&self, name: &str) -> Option<u64> {
        self.body[name].as_u64()
    }
}

impl Caller {
    pub(crate) fn new(client: Client, rng: StdRng, record: SharedRecord) -> Self {
        Self {
            client,
            rng,
            record,
        }
    }

    /// The same fan in another tab.
    pub(crate) fn another(&mut self) -> Self {
        let seed = self.rng.random();
        let rng = StdRng::seed_from_u64(seed);
        Self::new(self.client.clone(), rng, self.record.clone())
    }

    pub(crate) fn dice(&mut self) -> &mut StdRng {
        &mut self.rng
    }

    /// Asks one instance after the other until one answers with one of the `expected` statuses.
    pub(crate) async fn until_answered(
        &mut self,
        (service, instances): (Service, &[String]),
        expected: &[u16],
        request: impl Fn(&Client, &str) -> RequestBuilder + Send + Sync,
    ) -> Answer {
        let mut failures = Vec::new();
        let mut instance = self.rng.random_range(0..instances.len());
        let began = Instant::now();
        loop {
            let asked = Instant::now();
            let response = request(&self.client, &instances[instance]).send().await;
            let outcome = self.outcome(response, expected).await;
            let answered = Instant::now();
            let mut record = self.record.lock().await;
            record.slowest = record.slowest.max(answered - asked);
            let pause = match outcome {
                Ok((status, body)) => {
                    if !failures.is_empty() {
                        record.streaks.push(Streak {
                            service,
                            began,
                            ended: answered,
                            failures,
                        });
                    }
                    return Answer {
                        status,
                        body,
                        instance,
                        asked,
                        answered,
                    };
                }
                Err((failure, pause)) => {
                    failures.extend(failure);
                    pause
                }
            };
            drop(record);
            if instances.len() > 1 {
                instance += self.rng.random_range(1..instances.len());
                instance %= instances.len();
                sleep(pause.unwrap_or(PAUSE)).await;
            } else {
                sleep(pause.unwrap_or(PAUSE_OF_ONE)).await;
            }
        }
    }

    async fn outcome(
        &mut self,
        response: Result<Response, reqwest::Error>,
        expected: &[u16],
    ) -> Result<(u16, Value), (Option<Failure>, Option<Duration>)> {
        let failed = |error: reqwest::Error| (Some(failure(&error)), None);
        let response = response.map_err(failed)?;
        let status = response.status();
        if expected.contains(&status.as_u16()) {
            let body = response.json().await.map_err(failed)?;
            return Ok((status.as_u16(), body));
        }
        let url = response.url().path().to_owned();
        let retry_after = response.headers().get(RETRY_AFTER).cloned();
        let retry_after = retry_after.and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
        let is_away = [
            StatusCode::BAD_GATEWAY,
            StatusCode::SERVICE_UNAVAILABLE,
            StatusCode::GATEWAY_TIMEOUT,
        ];
        if is_away.contains(&status) && retry_after.is_some() {
            let spread = self.rng.random_range(0.8..1.2);
            let pause = retry_after.map(|seconds| Duration::from_secs(seconds).mul_f64(spread));
            return Err((Some(Failure::Unavailable), pause));
        }
        let body = response.text().await.unwrap_or_default();
        let told = format!("{url}: {status}, Retry-After {retry_after:?}: {body}");
        self.record.lock().await.unexpected.push(told);
        Err((None, None))
    }
}

fn failure(error: &reqwest::Error) -> Failure {
    if error.is_timeout() {
        Failure::TooSlow
    } else if error.is_connect() {
        Failure::NoConnection
    } else {
        Failure::BrokenOff
    }
}

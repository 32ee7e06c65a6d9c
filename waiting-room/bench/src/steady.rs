//! Joins that come at a steady rate whether or not the server keeps up, while polls go on.
//!
//! wrk sends the next request when the last is answered, so a server that stalls is asked less. Here each
//! request is due at a time of its own, and its latency counts from then.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{Method, Request, header};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use rand::RngExt;
use tokio::{
    net::TcpStream,
    task::JoinSet,
    time::{Instant, sleep_until},
};

use crate::{
    Outcome,
    requests::{JOIN_BODY, JOIN_PATH, POLL_PATH, SECRET_LENGTH},
    wrk::Measured,
};

/// How many fans join.
pub(crate) const JOINS: u32 = 100_000;
/// How many join a second.
pub(crate) const JOINS_PER_SECOND: u32 = 10_000;
/// How many polls come a second: as from 100,000 fans who ask every 20 seconds.
pub(crate) const POLLS_PER_SECOND: u32 = 5_000;

/// Connections of the joins, and as many of the polls.
pub(crate) const CONNECTIONS: u32 = 128;

/// What was measured of each.
pub(crate) struct Steady {
    pub(crate) joins: Measured,
    pub(crate) polls: Measured,
}

/// Lets fans join at `address` while those who hold `tokens` poll.
pub(crate) fn run(address: SocketAddr, tokens: Vec<String>) -> Outcome<Steady> {
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(async {
        let tokens = Arc::new(tokens);
        let joins = Schedule::new(JOINS, JOINS_PER_SECOND);
        let polls = Schedule::new(
            JOINS / JOINS_PER_SECOND * POLLS_PER_SECOND,
            POLLS_PER_SECOND,
        );
        let polls = tokio::spawn(polls.send(address, move |number| {
            poll(&tokens[number as usize % tokens.len()])
        }));
        let joins = joins.send(address, |_| join()).await?;
        Ok(Steady {
            joins,
            polls: polls.await??,
        })
    })
}

#[derive(Clone, Copy)]
struct Schedule {
    requests: u32,
    gap: Duration,
    start: Instant,
}

#[derive(Default)]
struct Answers {
    latencies: Vec<Duration>,
    refused: u64,
    broken: u64,
}

impl Schedule {
    fn new(requests: u32, per_second: u32) -> Self {
        Self {
            requests,
            gap: Duration::from_secs(1) / per_second,
            // By then all connections are made.
            start: Instant::now() + Duration::from_secs(1),
        }
    }

    async fn send(
        self,
        address: SocketAddr,
        request: impl Fn(u32) -> Request<Full<Bytes>> + Clone + Send + Sync + 'static,
    ) -> Outcome<Measured> {
        let mut connections = JoinSet::new();
        for connection in 0..CONNECTIONS {
            let client = connect(address).await?;
            connections.spawn(self.send_on(client, connection, request.clone()));
        }
        let mut all = Answers::default();
        for answers in connections.join_all().await {
            all.latencies.extend(answers.latencies);
            all.refused += answers.refused;
            all.broken += answers.broken;
        }
        let took = self.start.elapsed();
        all.latencies.sort_unstable();
        let late = all.latencies.iter().filter(|latency| **latency > LATE);
        Ok(Measured {
            requests: all.latencies.len() as u64,
            sent: u64::from(self.requests),
            took,
            p50: percentile(&all.latencies, 50),
            p99: percentile(&all.latencies, 99),
            refused: all.refused,
            broken: all.broken,
            late: late.count() as u64,
        })
    }

    async fn send_on(
        self,
        mut client: SendRequest<Full<Bytes>>,
        connection: u32,
        request: impl Fn(u32) -> Request<Full<Bytes>>,
    ) -> Answers {
        let mut answers = Answers::default();
        for number in (connection..self.requests).step_by(CONNECTIONS as usize) {
            let due = self.start + self.gap * number;
            sleep_until(due).await;
            match exchange(&mut client, request(number)).await {
                Ok(true) => answers.latencies.push(due.elapsed()),
                Ok(false) => answers.refused += 1,
                Err(_) => {
                    answers.broken += 1;
                    return answers;
                }
            }
        }
        answers
    }
}

/// As wrk has it.
const LATE: Duration = Duration::from_secs(2);

async fn connect(address: SocketAddr) -> Outcome<SendRequest<Full<Bytes>>> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let (client, connection) = http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    Ok(client)
}

async fn exchange(
    client: &mut SendRequest<Full<Bytes>>,
    request: Request<Full<Bytes>>,
) -> hyper::Result<bool> {
    client.ready().await?;
    let response = client.send_request(request).await?;
    let good = response.status().is_success();
    response.into_body().collect().await?;
    Ok(good)
}

fn join() -> Request<Full<Bytes>> {
    let mut rng = rand::rng();
    let secret: String = (0..SECRET_LENGTH)
        .map(|_| char::from(rng.random_range(b'a'..=b'z')))
        .collect();
    let (before, after) = JOIN_BODY;
    request(
        Method::POST,
        JOIN_PATH,
        (header::CONTENT_TYPE, "application/json".to_owned()),
        format!("{before}{secret}{after}"),
    )
}

fn poll(token: &str) -> Request<Full<Bytes>> {
    let bearer = (header::AUTHORIZATION, format!("Bearer {token}"));
    request(Method::GET, POLL_PATH, bearer, String::new())
}

fn request(
    method: Method,
    path: &'static str,
    (name, value): (header::HeaderName, String),
    body: String,
) -> Request<Full<Bytes>> {
    let mut request = Request::new(Full::new(Bytes::from(body)));
    *request.method_mut() = method;
    *request.uri_mut() = http::Uri::from_static(path);
    let headers = request.headers_mut();
    headers.insert(header::HOST, http::HeaderValue::from_static("localhost"));
    if let Ok(value) = http::HeaderValue::try_from(value) {
        headers.insert(name, value);
    }
    request
}

/// The duration that `percent` of `sorted` don't exceed; zero of none.
fn percentile(sorted: &[Duration], percent: usize) -> Duration {
    let index = (sorted.len() * percent).div_ceil(100).saturating_sub(1);
    sorted.get(index).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_by_the_nearest_rank() {
        let latencies: Vec<_> = (1..=200).map(Duration::from_millis).collect();
        assert_eq!(percentile(&latencies, 50), Duration::from_millis(100));
        assert_eq!(percentile(&latencies, 99), Duration::from_millis(198));
        assert_eq!(percentile(&latencies[..1], 99), Duration::from_millis(1));
        assert_eq!(percentile(&[], 99), Duration::ZERO);
    }
}

//! A crowd of fans that poll, come when called or don't, and remember what they saw.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};
use tokio::{
    sync::{Mutex, MutexGuard},
    task::JoinSet,
    time::sleep,
};

use crate::program::{Program, secret};

/// What one fan saw of the queue in one poll.
#[derive(Clone, Debug)]
pub(crate) struct Sight {
    pub(crate) asked: Instant,
    pub(crate) answered: Instant,
    pub(crate) place: u64,
    pub(crate) epoch: u64,
    pub(crate) called: bool,
}

/// One fan's way through the door.
#[derive(Clone, Debug)]
pub(crate) struct Admitted {
    /// The server's time, in microseconds since the epoch.
    pub(crate) at_micros: u64,
    pub(crate) session: String,
}

#[derive(Default)]
pub(crate) struct Record {
    pub(crate) sights: Vec<Sight>,
    pub(crate) admitted: Vec<Admitted>,
    /// The server's times, in microseconds, at which the board said that fans waited.
    pub(crate) waited_at: Vec<u64>,
    pub(crate) changed_places: Vec<(u64, u64)>,
    pub(crate) unexpected: Vec<String>,
}

#[derive(Clone, Copy)]
pub(crate) struct Crowd {
    pub(crate) fans: usize,
    /// Of each ten fans, how many never come when called.
    pub(crate) no_shows_in_ten: usize,
    pub(crate) patience: Duration,
}

struct Fan {
    client: Client,
    base: String,
    secret: String,
    comes: bool,
    record: Arc<Mutex<Record>>,
}

/// Two crowds at once would measure each other.
static ONE_CROWD: Mutex<()> = Mutex::const_new(());

impl Crowd {
    /// Waits until no other crowd is out.
    pub(crate) async fn alone() -> MutexGuard<'static, ()> {
        ONE_CROWD.lock().await
    }

    /// Sends all fans to the queue at once; ends when everybody who comes is through, or the
    /// patience is.
    pub(crate) fn set_out(self, program: &Program) -> (Arc<Mutex<Record>>, JoinSet<()>) {
        let record = Arc::new(Mutex::new(Record::default()));
        let mut fans = JoinSet::new();
        let board = program.url("/v1/events/aurora-live/board");
        tokio::spawn(watch(program.client.clone(), board, record.clone()));
        for number in 0..self.fans {
            let fan = Fan {
                client: program.client.clone(),
                base: program.url("/v1/events/aurora-live"),
                secret: secret("crowd", number),
                comes: number % 10 >= self.no_shows_in_ten,
                record: record.clone(),
            };
            let patience = self.patience;
            fans.spawn(async move {
                let _ = tokio::time::timeout(patience, fan.live()).await;
            });
        }
        (record, fans)
    }

    pub(crate) fn coming(self) -> usize {
        (0..self.fans)
            .filter(|number| number % 10 >= self.no_shows_in_ten)
            .count()
    }
}

/// Notes when fans wait, for as long as somebody keeps the record.
async fn watch(client: Client, board: String, record: Arc<Mutex<Record>>) {
    while Arc::strong_count(&record) > 1 {
        sleep(Duration::from_millis(200)).await;
        let request = client.get(&board).timeout(Duration::from_secs(2));
        let Ok(response) = request.send().await else {
            continue;
        };
        let Ok(board) = response.json::<Value>().await else {
            continue;
        };
        if board["waiting"].as_u64() > Some(0) {
            let at = waiting_room_core::Timestamp::parse(&text(&board, "at"));
            record
                .lock()
                .await
                .waited_at
                .push(at.expect("an RFC 3339 time").as_micros());
        }
    }
}

impl Fan {
    async fn live(self) {
        let seat = self
            .until_answered(Method::POST, "/queue", None, &[200, 201])
            .await;
        let mut token = text(&seat, "queue_token");
        let place = seat["place"].as_u64().unwrap_or_default();
        loop {
            let asked = Instant::now();
            let status = self
                .until_answered(Method::GET, "/queue/me", Some(&token), &[200])
                .await;
            if let Some(fresh) = status["queue_token"].as_str() {
                token = fresh.to_owned();
            }
            let state = text(&status, "state");
            let seen_place = status["place"].as_u64().unwrap_or_default();
            let mut record = self.record.lock().await;
            if seen_place != place {
                record.changed_places.push((place, seen_place));
            }
            if matches!(&*state, "waiting" | "called") {
                record.sights.push(Sight {
                    asked,
                    answered: Instant::now(),
                    place,
                    epoch: status["epoch"].as_u64().unwrap_or_default(),
                    called: state == "called",
                });
            }
            drop(record);
            match &*state {
                "called" if !self.comes => return,
                "called" | "admitted" => {
                    if self.come_to_the_door(&token).await {
                        return;
                    }
                }
                "expired" if self.comes => {
                    let seat = self
                        .until_answered(Method::POST, "/queue/rejoin", Some(&token), &[200])
                        .await;
                    token = text(&seat, "queue_token");
                }
                "waiting" => {
                    let pause = status["poll_after_ms"].as_u64().unwrap_or(1_000);
                    sleep(Duration::from_millis(pause)).await;
                }
                other => {
                    self.record
                        .lock()
                        .await
                        .unexpected
                        .push(format!("state {other}"));
                    return;
                }
            }
        }
    }

    /// Knocks until admitted; false when the call has to be awaited anew.
    async fn come_to_the_door(&self, token: &str) -> bool {
        loop {
            let answer = self
                .until_answered(
                    Method::POST,
                    "/admission",
                    Some(token),
                    &[200, 410, 425, 429],
                )
                .await;
            if let Some(at) = answer["admitted_at"].as_str() {
                self.record.lock().await.admitted.push(Admitted {
                    at_micros: waiting_room_core::Timestamp::parse(at)
                        .expect("an RFC 3339 time")
                        .as_micros(),
                    session: text(&answer, "session"),
                });
                return true;
            }
            match answer["status"].as_u64() {
                Some(429) => {
                    let pause = answer["retry_after_ms"].as_u64().unwrap_or(1_000);
                    sleep(Duration::from_millis(pause)).await;
                }
                _ => return false,
            }
        }
    }

    /// Asks until the server answers with one of `expected`; a server that is away is asked again.
    async fn until_answered(
        &self,
        method: Method,
        path: &str,
        token: Option<&str>,
        expected: &[u16],
    ) -> Value {
        loop {
            let mut request = self
                .client
                .request(method.clone(), format!("{}{path}", self.base));
            request = match token {
                Some(token) => request.bearer_auth(token),
                None => request.json(&json!({ "secret": self.secret })),
            };
            if let Ok(response) = request.send().await {
                let status = response.status();
                if expected.contains(&status.as_u16()) {
                    if let Ok(body) = response.json().await {
                        return body;
                    }
                } else if status != StatusCode::SERVICE_UNAVAILABLE {
                    let body = response.text().await.unwrap_or_default();
                    let mut record = self.record.lock().await;
                    record
                        .unexpected
                        .push(format!("{method} {path}: {status} {body}"));
                }
            }
            sleep(Duration::from_millis(300)).await;
        }
    }
}

fn text(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or_default().to_owned()
}

impl Record {
    /// The most claims in any window of ten seconds.
    pub(crate) fn most_in_ten_seconds(&self) -> usize {
        let times = self.claim_times();
        let mut from = 0;
        let mut most = 0;
        for (to, at) in times.iter().enumerate() {
            while at - times[from] > 10_000_000 {
                from += 1;
            }
            most = most.max(to - from + 1);
        }
        most
    }

    /// When claims were granted, in microseconds, ascending.
    pub(crate) fn claim_times(&self) -> Vec<u64> {
        let mut times: Vec<u64> = self.admitted.iter().map(|claim| claim.at_micros).collect();
        times.sort_unstable();
        times
    }

    /// Claims as a part of `per_second`, from the first one that was granted after `from` while fans
    /// waited until nobody waited any more.
    pub(crate) fn busy_share(&self, from: u64, per_second: usize) -> f64 {
        let times = self.claim_times();
        let waited = self.waited_at.iter().copied().filter(|at| *at >= from);
        let began = waited.clone().min().unwrap_or(u64::MAX);
        let first = times.get(times.partition_point(|at| *at < began)).copied();
        let (first, last) = (first.unwrap_or(u64::MAX), waited.max().unwrap_or_default());
        let seconds = last.saturating_sub(first) as f64 / 1e6;
        assert!(
            seconds > 3.0,
            "fans waited for {seconds:.1} s only: too little to tell"
        );
        let claims = times.iter().filter(|at| (first..last).contains(at)).count();
        claims as f64 / (seconds * per_second as f64)
    }

    /// Claims in each second since the first, and when fans waited, for the message of a test that
    /// fails.
    pub(crate) fn course(&self) -> String {
        let times = self.claim_times();
        let first = times.first().copied().unwrap_or_default();
        let second = |at: &u64| at.saturating_sub(first) / 1_000_000;
        let mut claims = vec![0; times.last().map_or(0, |last| second(last) as usize + 1)];
        for at in &times {
            claims[second(at) as usize] += 1;
        }
        let waited = (self.waited_at.iter().min(), self.waited_at.iter().max());
        let waited = (waited.0.map(second), waited.1.map(second));
        format!("claims by second {claims:?}, fans waited from and to second {waited:?}")
    }

    /// Fans who were seen waiting after one behind them had been seen called.
    pub(crate) fn overtaken(&self) -> Vec<(Sight, Sight)> {
        let mut by_answer: Vec<&Sight> = self.sights.iter().filter(|sight| sight.called).collect();
        by_answer.sort_by_key(|sight| sight.answered);
        let mut overtaken = Vec::new();
        for waiting in self.sights.iter().filter(|sight| !sight.called) {
            let earlier = by_answer.partition_point(|called| called.answered < waiting.asked);
            let passed = by_answer[..earlier]
                .iter()
                .find(|called| called.epoch == waiting.epoch && called.place > waiting.place);
            if let Some(called) = passed {
                overtaken.push((waiting.clone(), (*called).clone()));
            }
        }
        overtaken
    }
}

//! Starts, kills and restarts the built program on a data dir of its own.

use std::{
    fs,
    io::{BufRead, BufReader},
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use reqwest::{Client, Method, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::time::sleep;

pub(crate) struct Program {
    pub(crate) data_dir: TempDir,
    pub(crate) client: Client,
    events: String,
    extra: Vec<&'static str>,
    address: String,
    credential: String,
    child: Option<Child>,
}

/// One event, on sale now, unless `times` says otherwise.
pub(crate) fn event(rate_per_minute: u32, fields: &str) -> String {
    format!(
        r#"
        [[event]]
        id = "aurora-live"
        name = "Aurora"
        admission_rate_per_minute = {rate_per_minute}
        max_active_sessions = 100000
        {fields}
          [[event.offer]]
          id = "standing"
          name = "Standing"
          price_cents = 4500
          currency = "EUR"
          stock = 50
          max_per_order = 4
        "#
    )
}

impl Program {
    pub(crate) fn start(events: &str, extra: &[&'static str]) -> Self {
        service_kit::serve::raise_open_files_limit();
        let client = Client::builder()
            .timeout(Duration::from_secs(15))
            .pool_max_idle_per_host(4_000)
            .build()
            .expect("a client");
        let mut program = Self {
            data_dir: tempfile::tempdir().expect("a temporary directory"),
            client,
            events: events.to_owned(),
            extra: extra.to_vec(),
            address: "127.0.0.1:0".to_owned(),
            credential: String::new(),
            child: None,
        };
        program.spawn();
        program
    }

    /// Starts the program; after the first time on the port that it had.
    pub(crate) fn spawn(&mut self) {
        let events = self.data_dir.path().join("events.toml");
        fs::write(&events, &self.events).expect("the events file is written");
        let log = fs::File::options()
            .create(true)
            .append(true)
            .open(self.data_dir.path().join("log"))
            .expect("a log file");
        let mut child = Command::new(env!("CARGO_BIN_EXE_on-sale"))
            .arg("--listen")
            .arg(&self.address)
            .arg("--data-dir")
            .arg(self.data_dir.path().join("data"))
            .arg("--events")
            .arg(events)
            .args(&self.extra)
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .expect("the program starts");
        let lines = BufReader::new(child.stdout.take().expect("standard output")).lines();
        let mut home = None;
        for line in lines.map_while(Result::ok) {
            match line.trim().split_once(' ') {
                Some(("home", url)) => home = Some(url.trim().to_owned()),
                Some(("operator", credential)) => {
                    credential.trim().clone_into(&mut self.credential)
                }
                _ => {}
            }
            if home.is_some() && !self.credential.is_empty() {
                break;
            }
        }
        self.child = Some(child);
        let home = home.unwrap_or_else(|| panic!("it did not start:\n{}", self.log()));
        self.address = home
            .trim_start_matches("http://")
            .trim_end_matches('/')
            .to_owned();
    }

    /// What `kill -9` does.
    pub(crate) fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().expect("the program is killed");
            child.wait().expect("the program is gone");
        }
    }

    /// Asks the program to end and tells how long it took.
    pub(crate) fn terminate(&mut self, signal: &str) -> Duration {
        let mut child = self.child.take().expect("a running program");
        let begun = Instant::now();
        let id = child.id().to_string();
        let sent = Command::new("kill")
            .args([signal, &id])
            .status()
            .expect("kill runs");
        assert!(sent.success());
        let status = child.wait().expect("the program ends");
        assert!(status.success(), "it ended with {status}:\n{}", self.log());
        begun.elapsed()
    }

    pub(crate) fn is_running(&mut self) -> bool {
        self.child
            .as_mut()
            .is_some_and(|child| matches!(child.try_wait(), Ok(None)))
    }

    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.data_dir.path().join("log")).unwrap_or_default()
    }

    pub(crate) fn settings_file(&self) -> PathBuf {
        self.data_dir.path().join("data").join("settings.toml")
    }

    pub(crate) fn credential(&self) -> &str {
        &self.credential
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, self.url(path))
    }

    pub(crate) fn operator(&self, method: Method, path: &str) -> RequestBuilder {
        self.request(method, path).bearer_auth(&self.credential)
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        json_of(
            self.request(Method::GET, path)
                .send()
                .await
                .expect("an answer"),
        )
        .await
    }

    pub(crate) async fn figures(&self) -> Value {
        let request = self.operator(Method::GET, "/v1/operator/events/aurora-live/figures");
        json_of(request.send().await.expect("an answer")).await
    }

    pub(crate) async fn change_settings(&self, change: Value) -> Response {
        self.operator(Method::PATCH, "/v1/operator/events/aurora-live/settings")
            .json(&change)
            .send()
            .await
            .expect("an answer")
    }

    pub(crate) async fn join(&self, secret: &str) -> Value {
        let request = self
            .request(Method::POST, "/v1/events/aurora-live/queue")
            .json(&json!({ "secret": secret }));
        json_of(request.send().await.expect("an answer")).await
    }
}

/// How long anything that a tick does may take to be seen.
const SOON: Duration = Duration::from_secs(5);

impl Program {
    /// The figures, once `holds` is true of them.
    pub(crate) async fn figures_once(&self, holds: impl Fn(&Value) -> bool) -> Value {
        let begun = Instant::now();
        loop {
            let figures = self.figures().await;
            if holds(&figures) {
                return figures;
            }
            assert!(begun.elapsed() < SOON, "not seen in time: {figures:#}");
            sleep(Duration::from_millis(100)).await;
        }
    }

    /// Claims with `queue_token`.
    pub(crate) async fn claim(&self, queue_token: &str) -> (StatusCode, Value) {
        let answer = self
            .request(Method::POST, "/v1/events/aurora-live/admission")
            .bearer_auth(queue_token)
            .send()
            .await
            .expect("an answer");
        (answer.status(), json_of(answer).await)
    }

    /// Claims until the fan with `queue_token` is admitted; the admission token.
    pub(crate) async fn admission_token(&self, queue_token: &str) -> String {
        let begun = Instant::now();
        loop {
            let (status, answer) = self.claim(queue_token).await;
            if status == StatusCode::OK {
                return answer["admission_token"]
                    .as_str()
                    .expect("a token")
                    .to_owned();
            }
            assert!(
                begun.elapsed() < 4 * SOON,
                "not admitted: {status} {answer}"
            );
            sleep(Duration::from_millis(100)).await;
        }
    }

    /// Joins and is admitted; the queue token and the admission token.
    pub(crate) async fn admit(&self, name: &str, number: usize) -> (String, String) {
        let seat = self.join(&secret(name, number)).await;
        let queue_token = seat["queue_token"].as_str().expect("a token").to_owned();
        let admission_token = self.admission_token(&queue_token).await;
        (queue_token, admission_token)
    }
}

pub(crate) async fn json_of(response: Response) -> Value {
    let url = response.url().to_string();
    let text = response.text().await.expect("a body");
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{url}: {error}: {text}"))
}

/// A secret of this test's own.
pub(crate) fn secret(name: &str, number: usize) -> String {
    format!("{name:a<12}{number:010}")
}

impl Drop for Program {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
        let log = self.log();
        let faults: Vec<&str> = log
            .lines()
            .filter(|line| line.contains("panicked") || line.contains("ERROR"))
            .collect();
        if !std::thread::panicking() {
            assert!(faults.is_empty(), "the program logged faults: {faults:#?}");
        }
    }
}

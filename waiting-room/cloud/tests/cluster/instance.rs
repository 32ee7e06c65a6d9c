use std::{
    fs,
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use reqwest::{Client, StatusCode};
use serde_json::Value;
use test_backends::{Process, free_port};
use tokio::time::sleep;

use crate::cluster::{OPERATOR, SOON};

/// One process of the cluster.
pub(crate) struct Instance {
    pub(crate) name: String,
    program: PathBuf,
    arguments: Vec<String>,
    environment: Vec<(String, String)>,
    port: u16,
    log: PathBuf,
    process: Option<Process>,
}

/// How long a program may take to be ready: debug builds on a machine that is busy.
const PATIENCE: Duration = Duration::from_secs(60);

impl Instance {
    /// Starts `program`, with its log in `logs`.
    pub(crate) fn start(
        name: String,
        program: &str,
        environment: Vec<(String, String)>,
        logs: &Path,
    ) -> Self {
        let mut instance = Self::prepare(name, program, Vec::new(), environment, logs);
        instance.restart();
        instance
    }

    /// One that is started later, with more `arguments`.
    pub(crate) fn prepare(
        name: String,
        program: &str,
        arguments: Vec<String>,
        environment: Vec<(String, String)>,
        logs: &Path,
    ) -> Self {
        Self {
            log: logs.join(&name),
            name,
            program: program.into(),
            arguments,
            environment,
            port: free_port(),
            process: None,
        }
    }

    /// What `kill -9` does.
    pub(crate) fn kill(&mut self) {
        self.process = None;
    }

    /// Starts it, at the address that it had.
    pub(crate) fn restart(&mut self) {
        self.kill();
        let listen = format!("127.0.0.1:{}", self.port);
        let arguments = ["--listen", &*listen, "--log-format", "text"].into_iter();
        let arguments = arguments.chain(self.arguments.iter().map(String::as_str));
        let process = Process::start_logged(&self.program, arguments, &self.environment, &self.log);
        self.process = Some(process.unwrap());
    }

    /// Waits until it says that its backends answer.
    pub(crate) async fn ready(&self, client: &Client) {
        let begun = Instant::now();
        loop {
            let request = client.get(format!("{}/readyz", self.url()));
            if let Ok(answer) = request.send().await
                && answer.status().is_success()
            {
                return;
            }
            assert!(
                begun.elapsed() < PATIENCE,
                "{} is not ready:\n{}",
                self.name,
                self.log()
            );
            sleep(Duration::from_millis(100)).await;
        }
    }

    /// What the operator of the event sees there under this name.
    pub(crate) async fn told(&self, client: &Client, what: &str) -> Value {
        let url = format!("{}/v1/operator/events/aurora-live/{what}", self.url());
        let answer = client.get(url).bearer_auth(OPERATOR).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        answer.json().await.unwrap()
    }

    /// The operator's figures, once `holds` is true of them.
    pub(crate) async fn figures_once(
        &self,
        client: &Client,
        holds: impl Fn(&Value) -> bool,
    ) -> Value {
        let begun = Instant::now();
        loop {
            let figures = self.told(client, "figures").await;
            if holds(&figures) {
                return figures;
            }
            assert!(begun.elapsed() < SOON, "not seen in time: {figures:#}");
            sleep(Duration::from_millis(100)).await;
        }
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub(crate) fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }
}

/// What of a log is shown when a test fails, in lines.
const TAIL: usize = 40;

/// At the end of a test: shows the ends of the logs of one that fails; of another's, none may tell of a panic.
pub(crate) fn look_at_logs<'a>(instances: impl Iterator<Item = &'a Instance>) {
    for instance in instances {
        let log = instance.log();
        if thread::panicking() {
            let lines: Vec<&str> = log.lines().collect();
            let tail = lines[lines.len().saturating_sub(TAIL)..].join("\n");
            println!("--- {} ---\n{tail}", instance.name);
        } else {
            let panics = log.lines().filter(|line| line.contains("panicked"));
            let panics: Vec<&str> = panics.collect();
            assert!(panics.is_empty(), "{}: {panics:#?}", instance.name);
        }
    }
}

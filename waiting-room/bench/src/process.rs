//! A server in a process of its own.

use std::{
    env,
    ffi::OsStr,
    fs::{self, File},
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use crate::{Outcome, server::Ready};

/// Ticks of CPU time a second, in `/proc`: Linux's `USER_HZ`, the same on all its platforms of today.
const TICKS: u64 = 100;

/// A server, which ends with this value.
pub(crate) struct Server {
    child: Child,
    /// What it told when it was ready.
    pub(crate) ready: Ready,
}

impl Server {
    /// Starts this program once more, as the server that `arguments` name, and waits until it is ready. What
    /// it logs goes to `log`.
    pub(crate) fn start<S: AsRef<OsStr>>(
        arguments: impl IntoIterator<Item = S>,
        log: &Path,
    ) -> Outcome<Self> {
        let mut child = Command::new(env::current_exe()?)
            .arg("serve")
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(File::create(log)?)
            .spawn()?;
        let mut line = String::new();
        if let Some(out) = child.stdout.take() {
            BufReader::new(out).read_line(&mut line)?;
        }
        match serde_json::from_str(&line) {
            Ok(ready) => Ok(Self { child, ready }),
            Err(_) => {
                let _ = child.wait();
                Err(format!("the server did not start:\n{}", fs::read_to_string(log)?).into())
            }
        }
    }

    /// The CPU time that it has used.
    pub(crate) fn cpu(&self) -> Outcome<Duration> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        cpu_of(&stat).ok_or_else(|| "no CPU times in /proc".into())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

/// User and system time in the text of `/proc/PID/stat` (proc_pid_stat(5), fields 14 and 15).
fn cpu_of(stat: &str) -> Option<Duration> {
    // The program's name, in parentheses, may hold anything.
    let (_, fields) = stat.rsplit_once(')')?;
    let mut times = fields.split_whitespace().skip(11);
    let user: u64 = times.next()?.parse().ok()?;
    let system: u64 = times.next()?.parse().ok()?;
    Some(Duration::from_millis((user + system) * 1_000 / TICKS))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cpu_time_is_user_and_system_time() {
        let stat = "71 (a (b) c) S 1 71 71 0 -1 4194304 9 0 0 0 250 75 900 900 20 0 3 0 5 6";
        assert_eq!(cpu_of(stat), Some(Duration::from_millis(3_250)));
        assert_eq!(cpu_of("71 (x) S 1"), None);
    }
}

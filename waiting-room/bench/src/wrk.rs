//! The load: wrk, with its requests made by `load.lua`.

use std::{
    fs, io,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    str::FromStr,
    time::Duration,
};

use crate::{Outcome, requests::SECRET_LENGTH};

const SCRIPT: &str = include_str!("load.lua");
const THREADS: u32 = 2;

/// What is sent, again and again.
#[derive(Clone, Debug)]
pub(crate) enum Requests {
    /// The same always.
    Fixed(String),
    /// One for each line of `file` but the first `from`, which stands between the two.
    Lines {
        head: String,
        tail: String,
        file: PathBuf,
        from: u64,
    },
    /// One for each new secret, which stands between the two.
    Fresh { head: String, tail: String },
}

/// A load that goes on for a time.
#[derive(Clone, Debug)]
pub(crate) struct Load {
    /// What is sent.
    pub(crate) requests: Requests,
    /// On how many connections.
    pub(crate) connections: u32,
    /// For how long, in seconds.
    pub(crate) seconds: u64,
}

/// What wrk measured.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Measured {
    /// Requests that were answered.
    pub(crate) requests: u64,
    /// Requests that were sent, and more if wrk's threads did not send as many as each other: whoever goes on
    /// after so many repeats none.
    pub(crate) sent: u64,
    /// How long it took.
    pub(crate) took: Duration,
    /// Half of the answers came within this.
    pub(crate) p50: Duration,
    /// 99 % of the answers came within this.
    pub(crate) p99: Duration,
    /// Answers with a status of 400 or more.
    pub(crate) refused: u64,
    /// Connections that broke or were not made.
    pub(crate) broken: u64,
    /// Answers that took longer than 2 seconds.
    pub(crate) late: u64,
}

impl Measured {
    /// Refuses what has errors: it measured something else.
    pub(crate) fn without_errors(self) -> Outcome<Self> {
        let Self {
            requests,
            refused,
            broken,
            late,
            ..
        } = self;
        if requests == 0 || refused + broken + late > 0 {
            let what = format!(
                "of {requests} requests {refused} were refused, {late} were late; {broken} connections broke"
            );
            return Err(what.into());
        }
        Ok(self)
    }
}

impl FromStr for Measured {
    type Err = Box<dyn std::error::Error + Send + Sync>;

    /// Reads the line that `load.lua` prints at the end.
    fn from_str(output: &str) -> Outcome<Self> {
        let line = output
            .lines()
            .find_map(|line| line.strip_prefix("measured "));
        let line = line.ok_or_else(|| format!("wrk measured nothing: {output}"))?;
        let field = |name: &str| -> Outcome<u64> {
            let value = line
                .split_whitespace()
                .find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
            Ok(value
                .ok_or_else(|| format!("wrk did not tell {name}"))?
                .parse()?)
        };
        Ok(Self {
            requests: field("requests")?,
            sent: field("sent")?,
            took: Duration::from_micros(field("micros")?),
            p50: Duration::from_micros(field("p50")?),
            p99: Duration::from_micros(field("p99")?),
            refused: field("refused")?,
            broken: field("broken")?,
            late: field("late")?,
        })
    }
}

impl Load {
    /// Puts `address` under this load; `dir` is for the script.
    pub(crate) fn run(&self, address: SocketAddr, dir: &Path) -> Outcome<Measured> {
        let script = dir.join("load.lua");
        fs::write(&script, SCRIPT)?;
        let threads = THREADS.min(self.connections);
        let mut wrk = Command::new("wrk");
        wrk.arg(format!("--threads={threads}"))
            .arg(format!("--connections={}", self.connections))
            .arg(format!("--duration={}s", self.seconds))
            .arg("--script")
            .arg(script)
            .arg(format!("http://{address}/"))
            .arg("--");
        match &self.requests {
            Requests::Fixed(request) => wrk.args(["fixed", request]),
            Requests::Lines {
                head,
                tail,
                file,
                from,
            } => wrk
                .args(["lines", head, tail])
                .arg(file)
                .args([threads.to_string(), from.to_string()]),
            Requests::Fresh { head, tail } => {
                // `load.lua` adds ten digits, the thread's one and a number's nine.
                let prefix = rand::random_range(0..1_000_000_000_000_u64);
                let length = SECRET_LENGTH - 10;
                wrk.args(["fresh", head, tail, &format!("{prefix:0length$}")])
            }
        };
        let output = wrk
            .stderr(Stdio::inherit())
            .output()
            .map_err(|error| match error.kind() {
                io::ErrorKind::NotFound => "there is no wrk; .ci/install bench installs it".into(),
                _ => Box::<dyn std::error::Error + Send + Sync>::from(error),
            })?;
        String::from_utf8_lossy(&output.stdout).parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OUTPUT: &str = "Running 1s test @ http://127.0.0.1:4040/\n\
        measured requests=1200 sent=1264 micros=1000500 p50=410 p99=2210 refused=3 broken=0 late=1\n";

    #[test]
    fn what_wrk_prints_is_understood() {
        let measured: Measured = OUTPUT.parse().unwrap();
        assert_eq!(
            measured,
            Measured {
                requests: 1_200,
                sent: 1_264,
                took: Duration::from_micros(1_000_500),
                p50: Duration::from_micros(410),
                p99: Duration::from_micros(2_210),
                refused: 3,
                broken: 0,
                late: 1,
            }
        );
        assert!("unable to connect".parse::<Measured>().is_err());
        assert!("measured requests=1".parse::<Measured>().is_err());
    }

    #[test]
    fn a_load_with_errors_measured_nothing() {
        let good = Measured {
            requests: 5,
            ..Measured::default()
        };
        assert!(good.without_errors().is_ok());
        assert!(Measured::default().without_errors().is_err());
        assert!(Measured { refused: 1, ..good }.without_errors().is_err());
        assert!(Measured { broken: 1, ..good }.without_errors().is_err());
        assert!(Measured { late: 1, ..good }.without_errors().is_err());
    }
}

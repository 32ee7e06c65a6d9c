//! The servers under load, each a process of its own so that its CPU time is its own.

pub(crate) mod crowd;
pub(crate) mod floor;
pub(crate) mod plain;
pub(crate) mod product;

use std::{
    fs,
    io::{self, Read, Write},
    net::{Ipv4Addr, SocketAddr},
    thread,
};

use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use crate::{Outcome, options::ServeCommand};

/// The one event that the servers have.
pub(crate) const EVENT: &str = "aurora-live";

/// What the queue tokens are written to, one a line.
pub(crate) const QUEUE_TOKENS: &str = "queue-tokens";

/// What the admission tokens are written to, one a line.
pub(crate) const ADMISSION_TOKENS: &str = "admission-tokens";

/// What a server tells when it can be put under load.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Ready {
    /// Where it listens.
    pub(crate) address: SocketAddr,
    /// By how many bytes its memory grew while the tickets joined.
    pub(crate) grown_bytes: u64,
}

/// Serves until standard input ends.
pub(crate) fn serve(command: ServeCommand) -> Outcome<()> {
    service_kit::serve::raise_open_files_limit();
    let shutdown = at_end_of_input();
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(async {
        match command {
            ServeCommand::Plain => plain::run(shutdown).await,
            ServeCommand::Floor(options) => floor::run(options, shutdown).await,
            ServeCommand::Product(options) => product::run(options, shutdown).await,
        }
    })
}

/// Any free port of the loopback interface.
fn anywhere() -> SocketAddr {
    (Ipv4Addr::LOCALHOST, 0).into()
}

fn tell(ready: &Ready) -> Outcome<()> {
    let mut out = io::stdout().lock();
    serde_json::to_writer(&mut out, ready)?;
    writeln!(out)?;
    Ok(out.flush()?)
}

/// Cancelled when whoever started this process has ended, in whatever way.
fn at_end_of_input() -> CancellationToken {
    let shutdown = CancellationToken::new();
    let at_end = shutdown.clone();
    thread::spawn(move || {
        let _ = io::stdin().read_to_end(&mut Vec::new());
        at_end.cancel();
    });
    shutdown
}

/// The memory of this process that is resident, in bytes.
fn resident_bytes() -> Outcome<u64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB"));
    let kilobytes: u64 = kilobytes.ok_or("no VmRSS")?.trim().parse()?;
    Ok(kilobytes * 1024)
}

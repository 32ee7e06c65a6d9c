//! Real backends for tests, each a process of its own on a free port of the loopback interface, which
//! ends with the test however the test ends.
//!
//! What has to be installed is installed by `.ci/install`.

mod moto;
mod process;
mod proxy;
mod redis_server;

pub use self::{moto::Moto, process::Process, proxy::Proxy, redis_server::RedisServer};

use std::net::{Ipv4Addr, TcpListener};

/// A port that nobody listens on.
///
/// # Panics
/// When the loopback interface has none left.
pub fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .and_then(|listener| listener.local_addr())
        .unwrap_or_else(|error| panic!("no free port: {error}"))
        .port()
}

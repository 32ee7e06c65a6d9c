//! Real backends for tests, each a process of its own on a free port of the loopback interface, which
//! ends with the test however the test ends.
//!
//! What has to be installed is installed by `.ci/install`.

mod moto;
mod process;
mod proxy;
mod redis_server;

pub use self::{moto::Moto, process::Process, proxy::Proxy, redis_server::RedisServer};

use std::{
    net::{Ipv4Addr, TcpListener},
    sync::atomic::{AtomicU32, Ordering},
};

/// Ports below those that the kernel takes for outgoing connections, which would take one while its
/// program restarts.
const PORTS: std::ops::Range<u32> = 10_000..32_000;

/// A port that nobody listens on, and that this function has not given to this process before.
///
/// # Panics
/// When the loopback interface has none left.
pub fn free_port() -> u16 {
    static GIVEN: AtomicU32 = AtomicU32::new(0);
    // Processes that run at the same time begin far from each other.
    let begin = std::process::id().wrapping_mul(2_654_435_761) >> 8;
    for _ in PORTS {
        let next = begin.wrapping_add(GIVEN.fetch_add(1, Ordering::Relaxed));
        let port = (PORTS.start + next % (PORTS.end - PORTS.start)) as u16;
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return port;
        }
    }
    panic!("no free port")
}

//! What every service needs around its own routes, and nothing of what it is for: problems,
//! extractors that answer with them, serving and draining, metrics, logs, the clock.

pub mod connector;
pub mod extract;
pub mod front;
pub mod health;
pub mod http_metrics;
pub mod openapi;
pub mod operator;
pub mod problem;
pub mod reply;
pub mod serve;
pub mod shutdown;
mod stalled;
pub mod telemetry;
pub mod traces;

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use waiting_room_core::Timestamp;

/// The time now: the wall clock's, which in one process never goes back.
///
/// When the wall clock is set back, time goes on at its pace from where it was, so that neither
/// permits nor turns stand still until it has caught up. When the clock is set forward, or the machine
/// has slept, time follows.
pub fn now() -> Timestamp {
    static ANCHOR: Mutex<Option<(Timestamp, Instant)>> = Mutex::new(None);
    let (wall, instant) = (wall_clock(), Instant::now());
    let mut anchor = ANCHOR.lock().unwrap_or_else(PoisonError::into_inner);
    let running = anchor.map(|(at, since)| at + instant.duration_since(since));
    match running {
        Some(running) if wall <= running + STEP => running,
        _ => {
            *anchor = Some((wall, instant));
            wall
        }
    }
}

/// A wall clock that is ahead by more was set; by less it drifts.
const STEP: Duration = Duration::from_secs(1);

fn wall_clock() -> Timestamp {
    let since_epoch = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    Timestamp::from_micros(u64::try_from(since_epoch.as_micros()).unwrap_or(u64::MAX))
}

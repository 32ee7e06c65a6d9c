//! What the controller costs the store: its turns, and the snapshots that follow them.

use serde::Serialize;
use tempfile::TempDir;
use test_backends::RedisServer;
use tokio::time::Instant;
use waiting_room::{queue_store::Regime, room::RoomLimits};
use waiting_room_catalogue::Catalogue;
use waiting_room_core::{AdmissionRate, EventId};

use crate::{
    Outcome,
    redis_cost::RedisCost,
    row::median,
    server::{EVENT, crowd::Crowd, product},
};

/// Each turn finds a rate that is higher by so many claims a minute, for which it calls some 1,000 more.
const RATE_STEP: u32 = 7_000;

/// How many turns.
const TURNS: u32 = 8;

/// The time that one turn and one snapshot take of the store: of Redis in scripts, of the embedded store by the
/// clock. Medians.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct StoreTime {
    /// How many were called in a turn.
    pub(crate) called: usize,
    /// A turn, in microseconds.
    pub(crate) turn_micros: f64,
    /// Tickets called a second of the store's time.
    pub(crate) called_per_second: f64,
    /// A snapshot, in microseconds.
    pub(crate) snapshot_micros: f64,
}

/// Measures a store that holds `tickets`: `redis`, or else an embedded one in `dir`.
pub(crate) fn measure(
    redis: Option<&RedisServer>,
    tickets: usize,
    dir: &TempDir,
) -> Outcome<StoreTime> {
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(turns(redis, tickets, dir))
}

async fn turns(redis: Option<&RedisServer>, tickets: usize, dir: &TempDir) -> Outcome<StoreTime> {
    let catalogue = Catalogue::parse(&product::events(1), service_kit::now())?;
    let event: EventId = EVENT.parse()?;
    let mut regime = Regime {
        rules: RoomLimits::default().rules(&catalogue.events()[0]),
        settings: catalogue.events()[0].initial_settings.clone(),
    };
    let url = redis.map(RedisServer::url);
    let store = product::open_store(url.as_deref(), dir.path(), &event, &regime).await?;
    Crowd::join(&*store, &event, &regime, tickets, 0).await?;
    let mut turns = Vec::new();
    let mut snapshots = Vec::new();
    for turn in 1..=TURNS {
        regime.settings.admission_rate_per_minute = AdmissionRate::new(RATE_STEP * turn)?;
        let watch = Watch::start(redis)?;
        let called = store.turn(&event, &regime).await?.called;
        turns.push((called, watch.micros()?));
        let watch = Watch::start(redis)?;
        store.snapshot(&event, &regime).await?;
        snapshots.push(watch.micros()?);
    }
    turns.retain(|(called, _)| *called > 0);
    turns.sort_by_key(|(called, _)| *called);
    let (called, _) = *turns.get(turns.len() / 2).ok_or("nobody was called")?;
    let each = turns.iter().map(|(called, micros)| micros / *called as f64);
    let each = median(each).unwrap_or_default();
    Ok(StoreTime {
        called,
        turn_micros: each * called as f64,
        called_per_second: 1e6 / each,
        snapshot_micros: median(snapshots).unwrap_or_default(),
    })
}

/// Measures the store's time.
struct Watch<'a> {
    redis: Option<(&'a RedisServer, RedisCost)>,
    started: Instant,
}

impl<'a> Watch<'a> {
    fn start(redis: Option<&'a RedisServer>) -> Outcome<Self> {
        let cost = |server| {
            Ok::<_, Box<dyn std::error::Error + Send + Sync>>((server, RedisCost::of(server)?))
        };
        Ok(Self {
            redis: redis.map(cost).transpose()?,
            started: Instant::now(),
        })
    }

    fn micros(self) -> Outcome<f64> {
        let took = match self.redis {
            Some((server, before)) => (RedisCost::of(server)? - before).in_scripts,
            None => self.started.elapsed(),
        };
        Ok(took.as_secs_f64() * 1e6)
    }
}

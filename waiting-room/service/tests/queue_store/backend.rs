use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use tempfile::TempDir;
use waiting_room::queue_store::{Clock, EmbeddedQueueStore, QueueStore, Regime};
use waiting_room_core::{
    AdmissionRate, EventId, MaxActiveSessions, Message, Mode, Rules, Schedule, Settings, Timestamp,
};

/// When the events of these tests open and go on sale.
pub(crate) const OPENS: Timestamp = Timestamp::from_seconds(1_800_000_000);
pub(crate) const ON_SALE: Timestamp = Timestamp::from_seconds(1_800_000_060);

/// How long nobody is called after a loss.
pub(crate) const RECOVERY: Duration = Duration::from_secs(10);

/// A clock that a test turns.
#[derive(Clone)]
pub(crate) struct Time(Arc<AtomicU64>);

impl Time {
    pub(crate) fn starting_at(at: Timestamp) -> Self {
        Self(Arc::new(AtomicU64::new(at.as_micros())))
    }

    pub(crate) fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.load(Ordering::SeqCst))
    }

    pub(crate) fn pass(&self, duration: Duration) {
        let micros = duration.as_micros() as u64;
        self.0.fetch_add(micros, Ordering::SeqCst);
    }

    pub(crate) fn clock(&self) -> Clock {
        let time = self.clone();
        Arc::new(move || time.now())
    }
}

/// A kind of queue store under test.
#[async_trait]
pub(crate) trait Backend: Send + Sync {
    /// An instance's store over the one queue of this backend.
    async fn open(&self, event: &EventId, regime: &Regime, time: &Time) -> Arc<dyn QueueStore>;

    /// Everything that was stored is lost.
    async fn lose(&self);
}

/// The store in this process: to lose it is to open it anew.
pub(crate) struct Embedded {
    dir: TempDir,
    open: Mutex<Option<Arc<EmbeddedQueueStore>>>,
}

impl Embedded {
    pub(crate) fn new() -> Self {
        Self {
            dir: tempfile::tempdir().unwrap(),
            open: Mutex::new(None),
        }
    }
}

#[async_trait]
impl Backend for Embedded {
    async fn open(&self, event: &EventId, regime: &Regime, time: &Time) -> Arc<dyn QueueStore> {
        let mut open = self.open.lock().unwrap();
        let store = open.get_or_insert_with(|| {
            let events = [(event, regime)];
            let store = EmbeddedQueueStore::open(
                self.dir.path(),
                RECOVERY,
                events.into_iter(),
                time.clock(),
            );
            Arc::new(store.unwrap())
        });
        store.clone()
    }

    async fn lose(&self) {
        *self.open.lock().unwrap() = None;
    }
}

pub(crate) fn event() -> EventId {
    "aurora".parse().unwrap()
}

pub(crate) fn rate(per_minute: u32) -> AdmissionRate {
    AdmissionRate::new(per_minute).unwrap()
}

pub(crate) fn regime(per_minute: u32) -> Regime {
    Regime {
        rules: Rules {
            schedule: Schedule {
                opens_at: OPENS,
                on_sale_at: ON_SALE,
                closes_at: None,
            },
            session_length: Duration::from_secs(60),
            call_window: Duration::from_secs(20),
            calls_per_ticket: 2,
            tick: Duration::from_secs(1),
            capacity: 100_000,
        },
        settings: Settings {
            admission_rate_per_minute: rate(per_minute),
            max_active_sessions: MaxActiveSessions::new(2_000).unwrap(),
            mode: Mode::Admit,
            message: Message::default(),
        },
    }
}

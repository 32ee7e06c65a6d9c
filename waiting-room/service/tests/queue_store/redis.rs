use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use async_trait::async_trait;
use test_backends::RedisServer;
use waiting_room::queue_store::{QueueStore, RedisConfig, RedisQueueStore, Regime};
use waiting_room_core::EventId;

use crate::backend::{Backend, RECOVERY, Time};

mod access;
mod load;
mod loss;
mod takeover;

/// A redis-server of the test's own.
pub(crate) struct Redis {
    pub(crate) server: RedisServer,
    instances: AtomicU64,
}

impl Redis {
    pub(crate) fn new() -> Self {
        Self::on(RedisServer::start())
    }

    pub(crate) fn valkey() -> Self {
        Self::on(RedisServer::start_valkey())
    }

    fn on(server: RedisServer) -> Self {
        Self {
            server,
            instances: AtomicU64::new(0),
        }
    }
}

#[async_trait]
impl Backend for Redis {
    async fn open(&self, event: &EventId, _: &Regime, time: &Time) -> Arc<dyn QueueStore> {
        let instance = self.instances.fetch_add(1, Ordering::SeqCst).to_string();
        let config = RedisConfig::server(self.server.url());
        let events = [event.clone()];
        let clock = Some(time.clock());
        let store =
            RedisQueueStore::open_with_clock(&config, instance, RECOVERY, events, clock).await;
        Arc::new(store.unwrap())
    }

    async fn lose(&self) {
        self.server.command("FLUSHALL");
    }
}

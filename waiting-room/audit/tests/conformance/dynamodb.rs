//! The table, in a real emulator.

use std::{
    sync::{
        Arc, LazyLock,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use aws_config::{BehaviorVersion, Region, timeout::TimeoutConfig};
use aws_sdk_dynamodb::{Client, config::Credentials};
use test_backends::Moto;
use waiting_room_audit::{AuditLog, DynamoAuditLog};

use crate::suite::{Bench, conforms};

conforms!(DynamoBench);

static MOTO: LazyLock<Moto> = LazyLock::new(Moto::start);

struct DynamoBench {
    log: DynamoAuditLog,
}

impl Bench for DynamoBench {
    async fn new() -> Self {
        static TABLES: AtomicU32 = AtomicU32::new(0);
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(Duration::from_secs(20))
            .operation_timeout(Duration::from_secs(60))
            .build();
        let config = aws_config::defaults(BehaviorVersion::latest())
            .endpoint_url(MOTO.url())
            .region(Region::new("eu-west-1"))
            .credentials_provider(Credentials::new("test", "test", None, None, "test"))
            .timeout_config(timeouts)
            .load()
            .await;
        let table = format!("audit-{}", TABLES.fetch_add(1, Ordering::Relaxed));
        let log = DynamoAuditLog::new(Client::new(&config), table);
        log.create_table().await.unwrap();
        log.create_table().await.unwrap();
        Self { log }
    }

    async fn open(&self) -> Arc<dyn AuditLog> {
        Arc::new(self.log.clone())
    }

    async fn reopen(self) -> (Self, Arc<dyn AuditLog>) {
        let log = self.open().await;
        (self, log)
    }
}

//! What all tests here need of AWS.

mod relay;

use std::{
    sync::{
        OnceLock,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use aws_config::{BehaviorVersion, Region, SdkConfig, timeout::TimeoutConfig};
use aws_sdk_ssm::config::Credentials;
use test_backends::Moto;
use tokio::time::{Instant, sleep};
use waiting_room_core::EventId;

pub(crate) use self::relay::{Fault, Relay};

/// Longer than anything takes on a slow machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// The one emulator of this test binary.
pub(crate) fn moto() -> &'static Moto {
    static MOTO: OnceLock<Moto> = OnceLock::new();
    MOTO.get_or_init(Moto::start)
}

/// The configuration for AWS on `port` of this machine.
pub(crate) async fn aws(port: u16) -> SdkConfig {
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(5))
        .operation_attempt_timeout(Duration::from_secs(10))
        .operation_timeout(Duration::from_secs(20))
        .build();
    aws_config::defaults(BehaviorVersion::latest())
        .endpoint_url(format!("http://127.0.0.1:{port}"))
        .region(Region::new("eu-west-1"))
        .credentials_provider(Credentials::new("test", "test", None, None, "test"))
        .timeout_config(timeouts)
        .load()
        .await
}

/// A name that no other test here uses.
pub(crate) fn unique(name: &str) -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    format!("{name}-{}", COUNT.fetch_add(1, Ordering::Relaxed))
}

/// An event that no other test here has.
pub(crate) fn new_event() -> EventId {
    unique("event").parse().unwrap()
}

/// Waits until `condition` holds.
#[track_caller]
pub(crate) fn eventually(mut condition: impl FnMut() -> bool) -> impl Future<Output = ()> {
    let caller = std::panic::Location::caller();
    async move {
        let end = Instant::now() + PATIENCE;
        while !condition() {
            assert!(Instant::now() < end, "never came true: {caller}");
            sleep(Duration::from_millis(50)).await;
        }
    }
}

//! What every implementation of checkout's traits has to do, written once.
//!
//! A backend is a [`Backend`]; `order_store_suite!`, `settlement_suite!` and `order_queue_suite!` make
//! one test of each rule for it.

pub mod app;
#[cfg(feature = "aws")]
pub mod aws;
pub mod embedded;
pub mod fence;
pub mod gate;
#[macro_use]
pub mod order_queue;
#[macro_use]
pub mod order_store;
pub mod samples;
#[macro_use]
pub mod settlement;
pub mod tokens;

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use checkout::{OrderQueue, OrderStore, QueuePolicy};

/// An implementation under test, opened with its [`POLICY`](Backend::POLICY).
#[async_trait]
pub trait Backend: Send + Sync + Sized {
    /// Short enough for tests that wait for it, long enough for those that don't.
    const POLICY: QueuePolicy = QueuePolicy {
        visibility: Duration::from_millis(600),
        most_receives: 3,
    };
    /// Whether its queue knows the messages that it holds: adds none twice, gives none twice while nothing
    /// lapses, and counts them by event.
    const KNOWS_ITS_MESSAGES: bool = true;

    /// An empty one.
    async fn fresh() -> Self;
    /// Its order store.
    fn store(&self) -> Arc<dyn OrderStore>;
    /// Its order queue.
    fn queue(&self) -> Arc<dyn OrderQueue>;
    /// Ends the process that uses it, without a farewell, and starts another.
    async fn restart(self) -> Self;
}

/// Asserts that `told` comes to be `expected` within seconds: counts may lag.
pub async fn assert_soon<T: PartialEq + std::fmt::Debug>(told: impl AsyncFn() -> T, expected: T) {
    let deadline = std::time::Instant::now() + Duration::from_secs(8);
    loop {
        let told = told().await;
        if told == expected {
            return;
        }
        if std::time::Instant::now() > deadline {
            assert_eq!(told, expected);
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

macro_rules! suite {
    ($backend:ty, $module:ident: $($rule:ident),+ $(,)?) => {
        $(
            #[tokio::test(flavor = "multi_thread")]
            async fn $rule() {
                $crate::suite::$module::$rule::<$backend>().await;
            }
        )+
    };
}

pub(crate) use suite;

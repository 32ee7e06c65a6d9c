//! What every implementation of checkout's traits has to do, written once.
//!
//! A backend is a [`Backend`]; `order_store_suite!`, `settlement_suite!` and `order_queue_suite!` make
//! one test of each rule for it.

pub mod app;
pub mod embedded;
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

/// Short enough for tests that wait for it, long enough for those that don't.
pub const POLICY: QueuePolicy = QueuePolicy {
    visibility: Duration::from_millis(600),
    most_receives: 3,
};

/// An implementation under test, opened with [`POLICY`].
#[async_trait]
pub trait Backend: Send + Sync + Sized {
    /// An empty one.
    async fn fresh() -> Self;
    /// Its order store.
    fn store(&self) -> Arc<dyn OrderStore>;
    /// Its order queue.
    fn queue(&self) -> Arc<dyn OrderQueue>;
    /// Ends the process that uses it, without a farewell, and starts another.
    async fn restart(self) -> Self;
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

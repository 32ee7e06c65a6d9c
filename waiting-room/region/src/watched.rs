use std::{
    error::Error,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use rand::RngExt;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::{Admission, Control, ControlSource, Fence, ReadError, Region, RegionFence};

/// How often the control item is read, on average.
const POLL: Duration = Duration::from_secs(2);

/// Processes that were started together spread over this share of it to either side.
const JITTER: f64 = 0.25;

/// How long one read may take: several fit into a lease.
const PATIENCE: Duration = Duration::from_secs(4);

/// A fence that follows the control item.
pub struct WatchedFence {
    source: Box<dyn ControlSource>,
    fence: Mutex<Fence>,
}

impl WatchedFence {
    /// The fence of `region`, after one read of `source`. If that fails the region admits nobody until
    /// [`watch`](Self::watch) has read it.
    pub async fn open(region: Region, source: impl ControlSource + 'static) -> Self {
        let fence = Self {
            source: Box::new(source),
            fence: Mutex::new(Fence::new(region)),
        };
        if let Err(error) = fence.read().await {
            tracing::warn!(
                error = &error as &dyn Error,
                "which region is active is not known yet"
            );
        }
        fence
    }

    /// Whether the control item has ever been read.
    pub fn ready(&self) -> bool {
        self.fence().has_read()
    }

    /// Reads the control item until `shutdown`.
    pub async fn watch(&self, shutdown: CancellationToken) {
        let mut known = self.admission();
        loop {
            let spread = rand::rng().random_range(1.0 - JITTER..1.0 + JITTER);
            let round = async {
                sleep(POLL.mul_f64(spread)).await;
                self.read().await
            };
            let Some(read) = shutdown.run_until_cancelled(round).await else {
                return;
            };
            let admission = self.admission();
            if admission != known {
                known = admission;
                tracing::warn!(?admission, "what this region may do has changed");
            }
            if let Err(error) = read {
                tracing::warn!(
                    error = &error as &dyn Error,
                    "the control item of the regions is not read"
                );
            }
        }
    }

    async fn read(&self) -> Result<(), ReadError> {
        let asked_at = Instant::now();
        let control: Option<Control> = timeout(PATIENCE, self.source.read())
            .await
            .map_err(|elapsed| ReadError::Unavailable(Box::new(elapsed)))??;
        self.fence().observe(asked_at, control);
        Ok(())
    }

    fn fence(&self) -> MutexGuard<'_, Fence> {
        self.fence.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl RegionFence for WatchedFence {
    fn admission(&self) -> Admission {
        self.fence().admission(Instant::now())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use async_trait::async_trait;

    use super::*;

    /// A control item that a test writes; nothing written means that it can't be read.
    #[derive(Clone, Default)]
    struct Item(Arc<Mutex<Option<Control>>>);

    #[async_trait]
    impl ControlSource for Item {
        async fn read(&self) -> Result<Option<Control>, ReadError> {
            let control = self.0.lock().unwrap().clone();
            match control {
                Some(control) => Ok(Some(control)),
                None => std::future::pending().await,
            }
        }
    }

    impl Item {
        fn write(&self, active: &str, epoch: u64) {
            *self.0.lock().unwrap() = Some(Control {
                active: active.parse().unwrap(),
                epoch,
                percent: 100.try_into().unwrap(),
            });
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_fence_follows_its_item_and_a_read_without_an_answer_does_not_stop_it() {
        let item = Item::default();
        let fence = Arc::new(WatchedFence::open("here".parse().unwrap(), item.clone()).await);
        assert!(!fence.ready());
        let (watching, end) = (fence.clone(), CancellationToken::new());
        let until = end.clone();
        let watch = tokio::spawn(async move { watching.watch(until).await });
        item.write("here", 1);
        sleep(2 * POLL + PATIENCE).await;
        assert!(fence.ready() && fence.admission().is_active());
        item.write("there", 2);
        sleep(2 * POLL + PATIENCE).await;
        assert_eq!(fence.admission(), Admission::Fenced);
        end.cancel();
        watch.await.unwrap();
    }
}

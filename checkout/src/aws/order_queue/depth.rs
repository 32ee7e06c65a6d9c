use std::time::{Duration, Instant};

use aws_sdk_sqs::{Client, types::QueueAttributeName as About};
use tokio::sync::Mutex;

use super::{OrderQueueUrls, failed};
use crate::{BackendError, Depth};

/// For how long a depth is good.
const FRESH: Duration = Duration::from_millis(900);

/// Tells how many messages there are; asks once for all who want to know at the same time.
#[derive(Debug)]
pub(super) struct DepthGauge {
    client: Client,
    urls: OrderQueueUrls,
    kept: Mutex<Option<(Depth, Instant)>>,
}

impl DepthGauge {
    pub(super) fn new(client: Client, urls: OrderQueueUrls) -> Self {
        Self {
            client,
            urls,
            kept: Mutex::new(None),
        }
    }

    pub(super) async fn read(&self) -> Result<Depth, BackendError> {
        let mut kept = self.kept.lock().await;
        if let Some((depth, counted)) = *kept
            && counted.elapsed() < FRESH
        {
            return Ok(depth);
        }
        let depth = self.count().await?;
        *kept = Some((depth, Instant::now()));
        Ok(depth)
    }

    pub(super) async fn count(&self) -> Result<Depth, BackendError> {
        let (queued, dead) = tokio::try_join!(
            self.messages(&self.urls.orders),
            self.messages(&self.urls.dead_letters)
        )?;
        Ok(Depth { queued, dead })
    }

    async fn messages(&self, queue: &str) -> Result<u64, BackendError> {
        let counts = [
            About::ApproximateNumberOfMessages,
            About::ApproximateNumberOfMessagesNotVisible,
            About::ApproximateNumberOfMessagesDelayed,
        ];
        let told = self
            .client
            .get_queue_attributes()
            .queue_url(queue)
            .set_attribute_names(Some(counts.to_vec()))
            .send()
            .await
            .map_err(failed)?;
        let told = told.attributes.unwrap_or_default();
        let count = |name| told.get(name)?.parse::<u64>().ok();
        Ok(counts.iter().filter_map(count).sum())
    }
}

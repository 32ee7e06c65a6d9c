//! The shop's backends, as all three programs open them.

use std::sync::Arc;

use aws_config::SdkConfig;
use checkout::{
    OrderStore,
    aws::{DynamoOrderStore, OrderQueueUrls, SqsOrderQueue, SqsSessionGate},
};
use waiting_room_catalogue::{Catalogue, DynamoCatalogue};

use crate::{
    options::{CatalogueTable, Shop},
    program::{Program, ProgramError},
};

/// Orders, stock and the messages between the programs.
pub(crate) struct ShopBackends {
    pub(crate) store: Arc<DynamoOrderStore>,
    pub(crate) queue: Arc<SqsOrderQueue>,
    pub(crate) gate: Arc<SqsSessionGate>,
}

impl ShopBackends {
    pub(crate) async fn open(config: &SdkConfig, options: &Shop) -> Result<Self, ProgramError> {
        let dynamodb = aws_sdk_dynamodb::Client::new(config);
        let sqs = aws_sdk_sqs::Client::new(config);
        let urls = OrderQueueUrls {
            orders: options.order_queue_url.clone(),
            dead_letters: options.dead_letter_queue_url.clone(),
        };
        Ok(Self {
            store: Arc::new(DynamoOrderStore::new(dynamodb, &options.orders_table)),
            queue: SqsOrderQueue::open(sqs.clone(), urls).await?,
            gate: Arc::new(SqsSessionGate::new(sqs, &options.ended_sessions_queue_url)),
        })
    }

    /// Without them `program` is not ready.
    pub(crate) fn are_needed_by(&self, program: &mut Program) {
        program.needs("order-store", self.store.clone(), |store| async move {
            store.check().await.is_ok()
        });
        program.needs("order-queue", self.queue.clone(), |queue| async move {
            queue.check().await.is_ok()
        });
        program.needs("ended-sessions", self.gate.clone(), |gate| async move {
            gate.check().await.is_ok()
        });
    }
}

/// The events; there has to be one at least.
pub(crate) async fn catalogue(
    config: &SdkConfig,
    options: &CatalogueTable,
) -> Result<Arc<Catalogue>, ProgramError> {
    let dynamodb = aws_sdk_dynamodb::Client::new(config);
    let table = DynamoCatalogue::new(dynamodb, &options.catalogue_table);
    let catalogue = table.read().await?;
    if catalogue.events().is_empty() {
        return Err(ProgramError::NoEvents);
    }
    Ok(Arc::new(catalogue))
}

use serde::Serialize;
use utoipa::ToSchema;
use waiting_room_catalogue::Event;
use waiting_room_core::OfferId;

use crate::{BackendError, OrderQueue, OrderStore, Stock};

/// One event's orders and stock in figures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Figures {
    /// Its orders.
    pub orders: OrderFigures,
    /// Its offers, as the catalogue orders them.
    pub offers: Vec<OfferFigures>,
}

/// How many of an event's orders are where.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct OrderFigures {
    /// Accepted, not settled yet.
    pub pending: u64,
    /// Confirmed.
    pub confirmed: u64,
    /// Refused.
    pub refused: u64,
    /// Messages on the order queue.
    pub queue_depth: u64,
    /// Messages that fulfilment could not get done.
    pub dead_letters: u64,
}

/// How much of an offer is left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfferFigures {
    /// The offer.
    pub id: OfferId,
    /// What it is called.
    pub name: String,
    /// How many there are in all.
    pub stock: u32,
    /// How many are left; never below zero.
    pub stock_left: u32,
}

impl Figures {
    /// The figures of `event`, for its operator, and the stock left for everybody. Cheap enough for once a
    /// second and event.
    ///
    /// # Errors
    /// When a backend fails.
    pub async fn of(
        event: &Event,
        store: &dyn OrderStore,
        queue: &dyn OrderQueue,
    ) -> Result<Self, BackendError> {
        let tally = store.tally(&event.id).await?;
        let depth = queue.depth(&event.id).await?;
        let stock = Stock::of(event);
        let offers = event.offers.iter();
        Ok(Self {
            orders: OrderFigures {
                pending: tally.orders.pending,
                confirmed: tally.orders.confirmed,
                refused: tally.orders.refused,
                queue_depth: depth.queued,
                dead_letters: depth.dead,
            },
            offers: offers
                .map(|offer| OfferFigures {
                    id: offer.id.clone(),
                    name: offer.name.clone(),
                    stock: offer.stock,
                    stock_left: stock.left(&offer.id, &tally.sold),
                })
                .collect(),
        })
    }
}

//! How much of each offer there is, and how much of it is left.

use std::{collections::BTreeMap, sync::Arc};

use waiting_room_catalogue::Event;
use waiting_room_core::{EventId, OfferId};

use crate::Basket;

/// How many of each of an event's offers there are in all, as the catalogue says. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stock {
    event: EventId,
    offers: Arc<BTreeMap<OfferId, u32>>,
}

/// How many of each of an event's offers are in confirmed orders. Stores count these up and never
/// down, so a catalogue whose stock an operator raises or lowers takes effect at the next order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sold(BTreeMap<OfferId, u64>);

impl Stock {
    /// The stock of `event`.
    pub fn of(event: &Event) -> Self {
        let offers = event.offers.iter();
        Self {
            event: event.id.clone(),
            offers: Arc::new(
                offers
                    .map(|offer| (offer.id.clone(), offer.stock))
                    .collect(),
            ),
        }
    }

    /// The event whose offers these are.
    pub fn event(&self) -> &EventId {
        &self.event
    }

    /// How many of `offer` there are; none of one that the event does not have.
    pub fn of_offer(&self, offer: &OfferId) -> u32 {
        self.offers.get(offer).copied().unwrap_or(0)
    }

    /// How many of `offer` are left when `sold` are gone; never below zero, also when the operator
    /// lowered the stock below what is sold.
    pub fn left(&self, offer: &OfferId, sold: &Sold) -> u32 {
        let sold = u32::try_from(sold.of_offer(offer)).unwrap_or(u32::MAX);
        self.of_offer(offer).saturating_sub(sold)
    }

    /// Whether nothing of any offer is left.
    pub fn is_sold_out(&self, sold: &Sold) -> bool {
        self.offers.keys().all(|offer| self.left(offer, sold) == 0)
    }

    /// Whether all of `basket` is left.
    pub fn covers(&self, basket: &Basket, sold: &Sold) -> bool {
        basket
            .lines()
            .iter()
            .all(|line| line.quantity <= self.left(&line.offer, sold))
    }
}

impl Sold {
    /// How many of `offer` are sold.
    pub fn of_offer(&self, offer: &OfferId) -> u64 {
        self.0.get(offer).copied().unwrap_or(0)
    }
}

impl FromIterator<(OfferId, u64)> for Sold {
    fn from_iter<I: IntoIterator<Item = (OfferId, u64)>>(offers: I) -> Self {
        Self(offers.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use waiting_room_catalogue::Catalogue;
    use waiting_room_core::Timestamp;

    use super::*;

    fn offer(id: &str) -> OfferId {
        id.parse().unwrap()
    }

    #[test]
    fn nothing_is_ever_left_below_zero() {
        let text = r#"
            [[event]]
            id = "e"
            name = "E"
            offer = [
              { id = "a", name = "A", price_cents = 1, currency = "EUR", stock = 5, max_per_order = 4 },
              { id = "b", name = "B", price_cents = 1, currency = "EUR", stock = 0, max_per_order = 4 },
            ]"#;
        let catalogue = Catalogue::parse(text, Timestamp::from_seconds(0)).unwrap();
        let stock = Stock::of(&catalogue.events()[0]);
        let sold: Sold = [(offer("a"), 7)].into_iter().collect();
        assert_eq!(stock.left(&offer("a"), &sold), 0);
        assert_eq!(stock.left(&offer("a"), &Sold::default()), 5);
        assert_eq!(stock.left(&offer("unknown"), &Sold::default()), 0);
        assert!(stock.is_sold_out(&sold));
        assert!(!stock.is_sold_out(&Sold::default()));
    }
}

//! What is sold, and how much of it is left.

use basic_pages::Reader;

use crate::room::Room;

/// The table of offers.
pub(super) struct OfferTable {
    pub(super) title: String,
    pub(super) offer: String,
    pub(super) price: String,
    pub(super) left: String,
    pub(super) rows: Vec<OfferRow>,
    /// When nothing is left of anything.
    pub(super) sold_out: Option<String>,
}

pub(super) struct OfferRow {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) price: String,
    pub(super) left: String,
    pub(super) most: String,
    pub(super) gone: bool,
}

impl OfferTable {
    pub(super) fn of(room: &Room, reader: &Reader) -> Self {
        let figures = room.figures();
        let rows: Vec<OfferRow> = figures
            .offers
            .iter()
            .map(|offer| OfferRow {
                id: offer.id.clone(),
                name: offer.name.clone(),
                price: reader.money(offer.price_cents, &offer.currency),
                left: match offer.stock_left {
                    Some(0) => reader.text("offers.sold_out"),
                    Some(left) => reader.number(u64::from(left)),
                    None => "–".to_owned(),
                },
                most: reader.count("basic.up_to", u64::from(offer.max_per_order)),
                gone: offer.stock_left == Some(0),
            })
            .collect();
        Self {
            title: reader.text("offers.title"),
            offer: reader.text("offers.offer"),
            price: reader.text("offers.price"),
            left: reader.text("offers.left"),
            sold_out: rows
                .iter()
                .all(|row| row.gone)
                .then(|| reader.text("notice.sold_out")),
            rows,
        }
    }
}

use std::collections::HashSet;

use serde::{Deserialize, Serialize};
use thiserror::Error;
use utoipa::ToSchema;
use waiting_room_catalogue::{Event, Offer};
use waiting_room_core::OfferId;

use super::{Basket, Buyer, OrderLine};

/// What a fan asks for, as it arrives: nothing of it is checked yet.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
pub struct OrderRequest {
    /// How many of which offers; at least one line, no offer twice.
    pub lines: Vec<LineRequest>,
    /// For whom: one line of 1 to 100 characters.
    #[schema(example = "Ada Lovelace", min_length = 1, max_length = 100)]
    pub name: String,
    /// Where the confirmation goes.
    #[schema(example = "ada@example.com", format = "email", max_length = 254)]
    pub email: String,
}

/// So many of one offer.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub struct LineRequest {
    /// The offer's id.
    #[schema(example = "standing")]
    pub offer: String,
    /// How many; 1 to the offer's `max_per_order`.
    #[schema(example = 2, minimum = 1)]
    pub quantity: i64,
}

/// Everything that is wrong with an order; at least one fault.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("the order is not valid")]
pub struct InvalidOrder(pub Vec<Fault>);

/// One thing that is wrong with an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// Where.
    pub field: Field,
    /// What, as a sentence for the fan.
    pub detail: String,
    /// What, for pages that say it in the fan's language.
    #[serde(skip)]
    pub wrong: Wrong,
}

/// What can be wrong with an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// Nothing was chosen.
    Nothing,
    /// The event has no such offer.
    UnknownOffer,
    /// The offer of this name is there twice.
    Twice(String),
    /// Too few or too many of an offer.
    Quantity {
        /// Its name.
        offer: String,
        /// How many one order may hold.
        most: u32,
    },
    /// The total is larger than an order can be.
    TooMuch,
    /// No name was given.
    NoName,
    /// What was given is no name.
    Name,
    /// No email address was given.
    NoEmail,
    /// What was given is no email address.
    Email,
}

/// A part of an order that can be wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Field {
    /// What is ordered.
    Lines,
    /// The name.
    Name,
    /// The email address.
    Email,
}

impl Field {
    /// The word for it in answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Lines => "lines",
            Self::Name => "name",
            Self::Email => "email",
        }
    }
}

impl OrderRequest {
    /// What is ordered of `event`'s offers and for whom.
    ///
    /// # Errors
    /// All that is wrong with it at once.
    pub fn check(self, event: &Event) -> Result<(Basket, Buyer), InvalidOrder> {
        let mut faults = Vec::new();
        let basket = basket(&self.lines, event, &mut faults);
        let name = self.name.parse();
        if let Err(error) = &name {
            let missing = self.name.trim().is_empty();
            let wrong = if missing { Wrong::NoName } else { Wrong::Name };
            faults.push(fault(Field::Name, wrong, format!("The name {error}.")));
        }
        let email = self.email.parse();
        if let Err(error) = &email {
            let missing = self.email.trim().is_empty();
            let wrong = if missing {
                Wrong::NoEmail
            } else {
                Wrong::Email
            };
            let detail = format!("The email address {error}.");
            faults.push(fault(Field::Email, wrong, detail));
        }
        match (basket, name, email) {
            (Some(basket), Ok(name), Ok(email)) if faults.is_empty() => {
                Ok((basket, Buyer { name, email }))
            }
            _ => Err(InvalidOrder(faults)),
        }
    }
}

fn basket(requests: &[LineRequest], event: &Event, faults: &mut Vec<Fault>) -> Option<Basket> {
    let mut complain = |wrong, detail: String| faults.push(fault(Field::Lines, wrong, detail));
    if requests.is_empty() {
        complain(Wrong::Nothing, "Choose at least one.".to_owned());
        return None;
    }
    let mut seen = HashSet::new();
    let mut lines = Vec::new();
    for request in requests {
        let offer = request.offer.parse::<OfferId>().ok();
        let Some(offer) = offer.and_then(|id| event.offer(&id)) else {
            complain(
                Wrong::UnknownOffer,
                "One of the lines names an offer that this event does not have.".to_owned(),
            );
            continue;
        };
        if !seen.insert(&offer.id) {
            complain(
                Wrong::Twice(offer.name.clone()),
                format!("“{}” is there twice: put it into one line.", offer.name),
            );
        }
        match line(request, offer) {
            Some(line) => lines.push(line),
            None => complain(
                Wrong::Quantity {
                    offer: offer.name.clone(),
                    most: offer.max_per_order,
                },
                format!("Choose 1 to {} of “{}”.", offer.max_per_order, offer.name),
            ),
        }
    }
    let currency = event.offers.first()?.currency;
    let basket = Basket::of(lines, currency);
    if basket.is_none() {
        complain(Wrong::TooMuch, "The total is too large.".to_owned());
    }
    basket
}

fn line(request: &LineRequest, offer: &Offer) -> Option<OrderLine> {
    let quantity = u32::try_from(request.quantity)
        .ok()
        .filter(|quantity| (1..=offer.max_per_order).contains(quantity))?;
    Some(OrderLine {
        offer: offer.id.clone(),
        name: offer.name.clone(),
        quantity,
        price_cents: offer.price_cents,
    })
}

fn fault(field: Field, wrong: Wrong, detail: String) -> Fault {
    Fault {
        field,
        detail,
        wrong,
    }
}

#[cfg(test)]
mod tests {
    use waiting_room_catalogue::Catalogue;
    use waiting_room_core::Timestamp;

    use super::*;

    fn event() -> Event {
        let text = r#"
            [[event]]
            id = "aurora-live"
            name = "Aurora"
            offer = [
              { id = "standing", name = "Standing", price_cents = 4500, currency = "EUR", stock = 10, max_per_order = 4 },
              { id = "seat", name = "Seat", price_cents = 100000000, currency = "EUR", stock = 10, max_per_order = 100 },
            ]"#;
        let catalogue = Catalogue::parse(text, Timestamp::from_seconds(0)).unwrap();
        catalogue.events()[0].clone()
    }

    fn request(lines: &[(&str, i64)]) -> OrderRequest {
        OrderRequest {
            lines: lines
                .iter()
                .map(|(offer, quantity)| LineRequest {
                    offer: (*offer).to_owned(),
                    quantity: *quantity,
                })
                .collect(),
            name: "Ada".to_owned(),
            email: "ada@example.com".to_owned(),
        }
    }

    #[test]
    fn a_good_order_costs_the_sum_of_its_lines() {
        let (basket, buyer) = request(&[("standing", 4), ("seat", 100)])
            .check(&event())
            .unwrap();
        assert_eq!(basket.total_cents(), 4 * 4_500 + 100 * 100_000_000);
        assert_eq!(basket.currency().as_str(), "EUR");
        assert_eq!(buyer.name.as_str(), "Ada");
    }

    #[test]
    fn each_rule_of_the_lines_is_kept() {
        for bad in [
            &[][..],
            &[("standing", 0)],
            &[("standing", -1)],
            &[("standing", 5)],
            &[("standing", i64::MAX)],
            &[("standing", 1), ("standing", 1)],
            &[("balcony", 1)],
            &[("Not a slug", 1)],
            &[("standing", 1), ("balcony", 1)],
        ] {
            let InvalidOrder(faults) = request(bad).check(&event()).unwrap_err();
            assert_eq!(faults.len(), 1, "{bad:?}: {faults:?}");
            assert_eq!(faults[0].field, Field::Lines);
        }
    }

    #[test]
    fn everything_that_is_wrong_is_told_at_once() {
        let empty = OrderRequest::default();
        let InvalidOrder(faults) = empty.check(&event()).unwrap_err();
        let fields: Vec<Field> = faults.iter().map(|fault| fault.field).collect();
        assert_eq!(fields, [Field::Lines, Field::Name, Field::Email]);
    }

    #[test]
    fn a_total_beyond_64_bits_is_no_total() {
        let line = OrderLine {
            offer: "seat".parse().unwrap(),
            name: "Seat".to_owned(),
            quantity: 3,
            price_cents: u64::MAX / 2,
        };
        let currency = event().offers[0].currency;
        assert!(Basket::of(vec![line.clone()], currency).is_none());
        let one = OrderLine {
            quantity: 1,
            ..line
        };
        assert!(Basket::of(vec![one.clone(), one.clone()], currency).is_some());
        assert!(Basket::of(vec![one.clone(), one.clone(), one], currency).is_none());
    }
}

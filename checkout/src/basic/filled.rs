//! What a fan filled in. Nothing of it is checked yet.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use crate::{LineRequest, OrderRequest};

/// A form as it was sent.
#[derive(Debug, Default)]
pub(super) struct Filled {
    pub(super) key: String,
    pub(super) step: Step,
    pub(super) name: String,
    pub(super) email: String,
    pub(super) quantities: Vec<(String, String)>,
}

/// Which of the form's buttons was pressed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Step {
    /// Shows the total before anything is ordered.
    Review,
    /// Back to the fields.
    Change,
    /// Places the order.
    #[default]
    Order,
}

/// What each quantity's field is called, before the offer's id.
const QUANTITY: &str = "quantity.";

impl Filled {
    /// An empty form, for an order of its own.
    pub(super) fn empty() -> Self {
        Self {
            key: draw_key(),
            ..Self::default()
        }
    }

    pub(super) fn of(fields: Vec<(String, String)>) -> Self {
        let mut filled = Self::default();
        for (field, value) in fields {
            match (field.as_str(), value.as_str()) {
                ("key", _) => filled.key = value,
                ("step", "review") => filled.step = Step::Review,
                ("step", "change") => filled.step = Step::Change,
                ("name", _) => filled.name = value,
                ("email", _) => filled.email = value,
                (field, _) => {
                    if let Some(offer) = field.strip_prefix(QUANTITY) {
                        filled.quantities.push((offer.to_owned(), value));
                    }
                }
            }
        }
        filled
    }

    pub(super) fn wanted(&self, offer: &str) -> String {
        let found = self.quantities.iter().find(|(id, _)| id == offer);
        found.map_or_else(|| "0".to_owned(), |(_, quantity)| quantity.clone())
    }

    /// The same for another order.
    pub(super) fn anew(mut self) -> Self {
        self.key = draw_key();
        self
    }

    /// The request that this stands for. A field that was left empty orders nothing; one that is no
    /// number orders an impossible number, so that its complaint is told.
    pub(super) fn request(&self) -> OrderRequest {
        let lines = self.quantities.iter().filter_map(|(offer, quantity)| {
            let quantity = match quantity.trim() {
                "" => 0,
                text => text.parse().unwrap_or(-1),
            };
            (quantity != 0).then(|| LineRequest {
                offer: offer.clone(),
                quantity,
            })
        });
        OrderRequest {
            lines: lines.collect(),
            name: self.name.clone(),
            email: self.email.clone(),
        }
    }
}

fn draw_key() -> String {
    URL_SAFE_NO_PAD.encode(rand::random::<[u8; 18]>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::IdempotencyKey;

    #[test]
    fn what_is_left_empty_orders_nothing_and_rubbish_is_complained_about() {
        let fields = [
            ("quantity.a", "2"),
            ("quantity.b", ""),
            ("quantity.c", "0"),
            ("quantity.d", "two"),
            ("name", "Ada"),
            ("colour", "blue"),
        ];
        let fields = fields.map(|(field, value)| (field.to_owned(), value.to_owned()));
        let request = Filled::of(fields.to_vec()).request();
        let lines: Vec<_> = request
            .lines
            .iter()
            .map(|line| (line.offer.as_str(), line.quantity))
            .collect();
        assert_eq!(lines, [("a", 2), ("d", -1)]);
        assert_eq!(request.name, "Ada");
    }

    #[test]
    fn a_drawn_key_is_a_valid_one() {
        assert!(draw_key().parse::<IdempotencyKey>().is_ok());
        assert_ne!(draw_key(), draw_key());
    }
}

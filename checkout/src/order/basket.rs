use serde::{Deserialize, Deserializer, Serialize, de::Error as _};
use waiting_room_catalogue::Currency;
use waiting_room_core::OfferId;

/// What an order holds: at least one line, no offer twice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Basket {
    lines: Vec<OrderLine>,
    total_cents: u64,
    #[serde(deserialize_with = "currency")]
    currency: Currency,
}

/// So many of one offer, at the price of the moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderLine {
    /// The offer.
    pub offer: OfferId,
    /// What it was called.
    pub name: String,
    /// How many; 1 to the offer's most per order.
    pub quantity: u32,
    /// The price of one, in hundredths of the currency's unit.
    pub price_cents: u64,
}

impl Basket {
    /// The basket of `lines`; `None` when the total does not fit 64 bits.
    pub(super) fn of(lines: Vec<OrderLine>, currency: Currency) -> Option<Self> {
        let total_cents = lines.iter().try_fold(0_u64, |total, line| {
            total.checked_add(line.price_cents.checked_mul(u64::from(line.quantity))?)
        })?;
        Some(Self {
            lines,
            total_cents,
            currency,
        })
    }

    /// The lines, as the fan gave them.
    pub fn lines(&self) -> &[OrderLine] {
        &self.lines
    }

    /// What all of it costs, in hundredths of the currency's unit.
    pub fn total_cents(&self) -> u64 {
        self.total_cents
    }

    /// What it is paid in.
    pub fn currency(&self) -> Currency {
        self.currency
    }

    /// Whether `other` holds as many of the same offers.
    pub(super) fn holds_the_same_as(&self, other: &Self) -> bool {
        let held = |basket: &Self| {
            let mut held: Vec<_> = basket
                .lines
                .iter()
                .map(|line| (line.offer.clone(), line.quantity))
                .collect();
            held.sort();
            held
        };
        held(self) == held(other)
    }
}

fn currency<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Currency, D::Error> {
    let code = String::deserialize(deserializer)?;
    Currency::new(&code).ok_or_else(|| D::Error::custom("not a currency code"))
}

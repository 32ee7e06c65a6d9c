use serde::{Deserialize, Serialize};
use waiting_room_core::Timestamp;

/// What became of an order. Once settled, it stays as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum OrderState {
    /// Accepted; fulfilment will settle it.
    Pending,
    /// Its stock is reserved.
    Confirmed {
        /// Since when.
        settled_at: Timestamp,
    },
    /// Nothing was reserved.
    Refused {
        /// Why.
        reason: RefusalReason,
        /// Since when.
        settled_at: Timestamp,
    },
}

/// Why an order was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RefusalReason {
    /// One of its offers had less left than it asked for.
    SoldOut,
}

impl OrderState {
    /// The word for it in answers and metrics.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Confirmed { .. } => "confirmed",
            Self::Refused { .. } => "refused",
        }
    }

    /// When it was settled; `None` while it is pending.
    pub const fn settled_at(&self) -> Option<Timestamp> {
        match self {
            Self::Pending => None,
            Self::Confirmed { settled_at } | Self::Refused { settled_at, .. } => Some(*settled_at),
        }
    }

    /// Why it was refused, if it was.
    pub const fn reason(&self) -> Option<RefusalReason> {
        match self {
            Self::Refused { reason, .. } => Some(*reason),
            Self::Pending | Self::Confirmed { .. } => None,
        }
    }

    /// Whether its ticket may place another order: only a refused one lets it.
    pub const fn lets_the_ticket_buy_again(&self) -> bool {
        matches!(self, Self::Refused { .. })
    }
}

impl RefusalReason {
    /// The word for it in answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SoldOut => "sold-out",
        }
    }
}

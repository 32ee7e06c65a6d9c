//! What is on sale: events and their offers, as an events file or a DynamoDB table gives them.

#[cfg(feature = "dynamodb")]
mod dynamodb;
mod file;

use std::{fmt, time::Duration};

use serde::Serialize;
use thiserror::Error;
use waiting_room_core::{EventId, OfferId, Schedule, Settings, Timestamp};

#[cfg(feature = "dynamodb")]
pub use self::dynamodb::{DynamoCatalogue, DynamoCatalogueError, Loaded, Others};

/// One on-sale.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Its id.
    pub id: EventId,
    /// What fans call it; 1 to 200 characters.
    pub name: String,
    /// Where it takes place.
    pub venue: Option<String>,
    /// When it takes place.
    pub starts_at: Option<Timestamp>,
    /// When its pre-queue opens, its on-sale begins, and it closes.
    pub schedule: Schedule,
    /// How long an admitted fan may stay in checkout; 30 seconds to a day.
    pub session_length: Duration,
    /// How long a called fan has to come to the door; 5 seconds to an hour.
    pub call_window: Duration,
    /// Where admitted fans are sent; the site's own checkout page if absent.
    pub checkout_url: Option<String>,
    /// The settings until an operator turns one.
    pub initial_settings: Settings,
    /// What is sold; at least one, all in one currency.
    pub offers: Vec<Offer>,
}

/// What is sold at an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// Its id, unique in the event.
    pub id: OfferId,
    /// What fans call it; 1 to 200 characters.
    pub name: String,
    /// The price of one, in hundredths of the currency's unit.
    pub price_cents: u64,
    /// What it is paid in.
    pub currency: Currency,
    /// How many there are in all; 0 to 10 million.
    pub stock: u32,
    /// How many one order may hold; 1 to 100.
    pub max_per_order: u32,
}

/// A currency's ISO 4217 code.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Currency([u8; 3]);

impl Currency {
    /// The three letters.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("XXX")
    }

    /// The currency of three upper-case letters.
    pub fn new(code: &str) -> Option<Self> {
        let letters: [u8; 3] = code.as_bytes().try_into().ok()?;
        letters
            .iter()
            .all(u8::is_ascii_uppercase)
            .then_some(Self(letters))
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Currency {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl Event {
    /// The offer `id`.
    pub fn offer(&self, id: &OfferId) -> Option<&Offer> {
        self.offers.iter().find(|offer| offer.id == *id)
    }
}

/// All events, in the order in which they are shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Catalogue {
    events: Vec<Event>,
}

/// Everything that is wrong with the events, each with where it is.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{}", .0.join("\n"))]
pub struct CatalogueErrors(pub Vec<String>);

impl Catalogue {
    /// Reads an events file. `now` is when an event without `on_sale_at` goes on sale.
    ///
    /// # Errors
    /// All that is wrong with it at once.
    pub fn parse(text: &str, now: Timestamp) -> Result<Self, CatalogueErrors> {
        file::parse(text, |_| now).map(|events| Self { events })
    }

    /// All events.
    pub fn events(&self) -> &[Event] {
        &self.events
    }

    /// The event `id`.
    pub fn event(&self, id: &EventId) -> Option<&Event> {
        self.events.iter().find(|event| event.id == *id)
    }
}

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, de::Error as _};
use thiserror::Error;

use crate::Timestamp;

/// Where a ticket stands in the order: an integer of at most 53 bits, lower is earlier, never
/// reassigned.
///
/// The pre-queue has the places below 2⁵⁰, spread by the draw. An arrival's place is its time in
/// microseconds, which passed 2⁵⁰ in the year 2005: so all arrivals come after all of the
/// pre-queue, and no counter has to survive for the order to hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Place(u64);

/// A number that is not a place.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("a place has at most 53 bits")]
pub struct PlaceOutOfRange;

impl Place {
    /// How many bits the draw gives a pre-queue place.
    pub const DRAW_BITS: u32 = 50;

    const LAST: u64 = (1 << 53) - 1;
    const FIRST_ARRIVAL: u64 = 1 << Self::DRAW_BITS;

    /// The place with this number.
    ///
    /// # Errors
    /// When it needs more than 53 bits.
    pub const fn new(number: u64) -> Result<Self, PlaceOutOfRange> {
        if number <= Self::LAST {
            Ok(Self(number))
        } else {
            Err(PlaceOutOfRange)
        }
    }

    /// The place of a pre-queue ticket: the first [`Self::DRAW_BITS`] bits of `digest`.
    pub(crate) const fn drawn(digest_head: [u8; 8]) -> Self {
        Self(u64::from_be_bytes(digest_head) >> (64 - Self::DRAW_BITS))
    }

    /// The place of a ticket that arrives at `now`, strictly after `previous`, the latest arrival.
    pub fn of_arrival(now: Timestamp, previous: Place) -> Self {
        let earliest = (previous.0 + 1).max(Self::FIRST_ARRIVAL);
        Self(now.as_micros().max(earliest).min(Self::LAST))
    }

    /// The number itself.
    pub const fn number(self) -> u64 {
        self.0
    }

    /// Which cohort has this place.
    pub const fn cohort(self) -> Cohort {
        if self.0 < Self::FIRST_ARRIVAL {
            Cohort::Prequeue
        } else {
            Cohort::Arrival
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<'de> Deserialize<'de> for Place {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(u64::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

/// How a ticket got its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cohort {
    /// Came before the on-sale; ordered by the draw.
    Prequeue,
    /// Came after the on-sale began; ordered by arrival.
    Arrival,
}

impl Cohort {
    /// The word for it in tokens, answers and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Prequeue => "prequeue",
            Self::Arrival => "arrival",
        }
    }
}

/// Which life of the queue store a board or token belongs to: a store that lost its tickets comes
/// back under a higher epoch.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Epoch(u64);

impl Epoch {
    /// The epoch with this number.
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// The number itself.
    pub const fn number(self) -> u64 {
        self.0
    }
}

impl fmt::Display for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrivals_are_strictly_increasing_even_when_the_clock_stands_or_goes_back() {
        let now = Timestamp::from_seconds(1_795_250_000);
        let first = Place::of_arrival(now, Place::default());
        let second = Place::of_arrival(now, first);
        let third = Place::of_arrival(Timestamp::from_seconds(1_795_000_000), second);
        assert!(first < second && second < third);
    }

    #[test]
    fn every_arrival_stands_behind_the_whole_prequeue() {
        let last_drawn = Place::drawn([0xff; 8]);
        assert_eq!(last_drawn.cohort(), Cohort::Prequeue);
        let clock_before_2005 = Timestamp::from_micros(1);
        let arrival = Place::of_arrival(clock_before_2005, last_drawn);
        assert!(arrival > last_drawn);
        assert_eq!(arrival.cohort(), Cohort::Arrival);
    }

    #[test]
    fn a_place_is_exact_as_a_double() {
        assert_eq!(Place::new(1 << 53), Err(PlaceOutOfRange));
        let last = Place::new((1 << 53) - 1).unwrap();
        assert_eq!(last.number() as f64 as u64, last.number());
    }
}

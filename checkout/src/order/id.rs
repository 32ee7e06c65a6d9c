use std::{fmt, str::FromStr};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use thiserror::Error;
use waiting_room_core::Timestamp;

/// An order's id: 128 bits, 22 base64url characters in text.
///
/// The bits are those of a UUID version 7 (RFC 9562): a millisecond, then 74 random bits. Time
/// first, so that orders lie on disk, and are swept, in the order in which they were placed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OrderId([u8; 16]);

/// A text that is no order's id.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("an order id has 22 base64url characters")]
pub struct InvalidOrderId;

impl OrderId {
    /// A new id for an order that is placed at `at`.
    pub fn draw(at: Timestamp) -> Self {
        let mut bytes = rand::random::<[u8; 16]>();
        bytes[..6].copy_from_slice(&millisecond(at));
        bytes[6] = (bytes[6] & 0x0f) | 0x70;
        bytes[8] = (bytes[8] & 0x3f) | 0x80;
        Self(bytes)
    }

    /// An id that is lower than that of every order placed at `at` or later, and higher than that of
    /// every order placed in an earlier millisecond.
    pub fn before_all_of(at: Timestamp) -> Self {
        let mut bytes = [0; 16];
        bytes[..6].copy_from_slice(&millisecond(at));
        Self(bytes)
    }

    /// The id with exactly these bits.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The 128 bits.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

fn millisecond(at: Timestamp) -> [u8; 6] {
    let [_, _, six @ ..] = (at.as_micros() / 1_000).to_be_bytes();
    six
}

impl FromStr for OrderId {
    type Err = InvalidOrderId;

    fn from_str(text: &str) -> Result<Self, InvalidOrderId> {
        let mut bytes = [0; 16];
        match URL_SAFE_NO_PAD.decode_slice(text, &mut bytes) {
            Ok(16) => Ok(Self(bytes)),
            _ => Err(InvalidOrderId),
        }
    }
}

impl fmt::Display for OrderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(self.0))
    }
}

impl fmt::Debug for OrderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OrderId({self})")
    }
}

impl Serialize for OrderId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for OrderId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        std::borrow::Cow::<str>::deserialize(deserializer)?
            .parse()
            .map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_in_the_order_of_time() {
        let early = Timestamp::from_micros(1_795_250_000_123_999);
        let late = Timestamp::from_micros(1_795_250_000_124_000);
        for _ in 0..100 {
            assert!(OrderId::draw(early) < OrderId::before_all_of(late));
            assert!(OrderId::before_all_of(late) < OrderId::draw(late));
        }
    }

    #[test]
    fn an_id_survives_its_text_form_and_rubbish_is_no_id() {
        let id = OrderId::draw(Timestamp::from_seconds(1_795_250_000));
        assert_eq!(id.to_string().len(), 22);
        assert_eq!(id.to_string().parse(), Ok(id));
        for bad in ["", "abc", "!!!!!!!!!!!!!!!!!!!!!!", &"A".repeat(400)] {
            assert_eq!(bad.parse::<OrderId>(), Err(InvalidOrderId), "{bad}");
        }
    }

    #[test]
    fn the_bits_are_a_version_7_uuid() {
        let id = OrderId::draw(Timestamp::from_seconds(1_795_250_000));
        assert_eq!(id.as_bytes()[6] >> 4, 7);
        assert_eq!(id.as_bytes()[8] >> 6, 0b10);
    }
}

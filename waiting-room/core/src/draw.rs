use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use serde::{Serialize, Serializer};
use sha2::{Digest, Sha256};

use crate::{EventId, Place, TicketId};

/// The secret that orders one event's pre-queue: published at the draw, its hash before.
///
/// Once it is out, everybody computes every pre-queue place; nothing is shuffled or stored.
#[derive(Clone, PartialEq, Eq)]
pub struct DrawSeed([u8; 32]);

/// SHA-256 of a [`DrawSeed`], published before the pre-queue opens so that anyone can check that
/// the seed was not chosen afterwards.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct DrawCommitment([u8; 32]);

impl DrawSeed {
    /// The seed of `event` under the operator's draw key: HMAC-SHA-256(draw key, event id).
    ///
    /// Derived, so that every instance has it, a lost store doesn't lose it, and a changed on-sale
    /// time doesn't change what was committed to. So one event id is good for one draw.
    pub fn derive(draw_key: &[u8; 32], event: &EventId) -> Self {
        Self(hmac_sha256(draw_key, event.as_str().as_bytes()))
    }

    /// The seed with these bytes.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// What is published before the pre-queue opens.
    pub fn commitment(&self) -> DrawCommitment {
        DrawCommitment(Sha256::digest(self.0).into())
    }

    /// The place of `ticket`: the first 50 bits of HMAC-SHA-256(seed, ticket).
    pub fn place_of(&self, ticket: TicketId) -> Place {
        let digest = hmac_sha256(&self.0, ticket.as_bytes());
        let mut head = [0; 8];
        head.copy_from_slice(&digest[..8]);
        Place::drawn(head)
    }

    /// The seed as hexadecimal: what the board shows from the draw on.
    pub fn reveal(&self) -> String {
        hex(&self.0)
    }
}

impl fmt::Debug for DrawSeed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DrawSeed([redacted])")
    }
}

impl fmt::Display for DrawCommitment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

impl fmt::Debug for DrawCommitment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DrawCommitment({self})")
    }
}

impl Serialize for DrawCommitment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

fn hmac_sha256(key: &[u8; 32], message: &[u8]) -> [u8; 32] {
    // A key shorter than the hash's block is padded with zeros (RFC 2104): done here, so that the
    // constructor that cannot fail takes it.
    let mut block = [0; 64];
    block[..32].copy_from_slice(key);
    let mut mac = Hmac::<Sha256>::new(&block.into());
    mac.update(message);
    mac.finalize().into_bytes().into()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn anyone_can_check_a_published_draw() {
        // Computed with Python's hmac and hashlib, as a sceptical fan would.
        let seed = DrawSeed::from_bytes([1; 32]);
        assert_eq!(
            seed.commitment().to_string(),
            "72cd6e8422c407fb6d098690f1130b7ded7ec2f7f5e1d30bd9d521f015363793"
        );
        assert_eq!(
            seed.place_of(TicketId::from_bytes([2; 16])).number(),
            461148189325630
        );
        assert_eq!(seed.reveal(), "01".repeat(32));
    }

    #[test]
    fn each_event_draws_with_its_own_seed() {
        let key = [9; 32];
        let (one, two) = ("one".parse().unwrap(), "two".parse().unwrap());
        assert_eq!(DrawSeed::derive(&key, &one), DrawSeed::derive(&key, &one));
        assert_ne!(DrawSeed::derive(&key, &one), DrawSeed::derive(&key, &two));
    }

    #[test]
    fn the_draw_spreads_tickets_evenly() {
        let seed = DrawSeed::from_bytes([3; 32]);
        let mut quarters = [0; 4];
        for n in 0..4_000_u32 {
            let mut bytes = [0; 16];
            bytes[..4].copy_from_slice(&n.to_be_bytes());
            let place = seed.place_of(TicketId::from_bytes(bytes)).number();
            quarters[(place >> (Place::DRAW_BITS - 2)) as usize] += 1;
        }
        assert!(
            quarters.iter().all(|count| (900..1_100).contains(count)),
            "{quarters:?}"
        );
    }

    #[test]
    fn the_seed_stays_out_of_debug_output() {
        assert!(!format!("{:?}", DrawSeed::from_bytes([1; 32])).contains("01"));
    }
}

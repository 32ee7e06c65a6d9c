//! The two tokens of a waiting room, and how to trust them.
//!
//! A **queue token** carries a fan's ticket, cohort and place. Only the waiting room reads it, and
//! on every poll: so it is HS256, which verifies in a twenty-fifth of the time that a signature
//! takes. An **admission token** opens checkout and is verified by anybody, offline, through the
//! JWKS: so it is EdDSA (Ed25519), which signs in two thirds of the time of ES256 and verifies
//! faster too. `cargo bench -p waiting-room-tokens` measures all of them side by side.
//!
//! Each kind pins its algorithm, its `typ` (RFC 8725 §3.11) and its audience, so neither is ever
//! accepted as the other. `kid` selects the key; a key that is rotated out keeps verifying what it
//! signed.
//!
//! A shop of your own needs [`AdmissionVerifier`] only.

mod admission;
mod key_ring;
mod queue;

pub use admission::{AdmissionClaims, AdmissionKeys, AdmissionVerifier, Jwk, JwkSet};
pub use key_ring::{KeyRing, KeyRingError, SigningKey};
pub use queue::{QueueClaims, QueueKeys};

use thiserror::Error;

/// Why a token is not accepted. None of it is told to who presented it, but for the expiry.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum TokenError {
    /// Not a token of this kind, or changed since it was signed.
    #[error("not a valid token of this kind")]
    Invalid,
    /// Signed with a key that is not known (any more, or yet).
    #[error("signed with an unknown key")]
    UnknownKey,
    /// Valid once.
    #[error("expired")]
    Expired,
}

/// The longest token that is looked at, in bytes: several times what is ever issued.
const LONGEST: usize = 2_048;

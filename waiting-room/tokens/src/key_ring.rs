use std::{fmt, time::Duration};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use thiserror::Error;
use waiting_room_core::Timestamp;

/// One signing secret: 32 random bytes, from which the key of either algorithm is made.
#[derive(Clone, Serialize, Deserialize)]
pub struct SigningKey {
    /// What `kid` says: 1 to 64 characters of `A-Z a-z 0-9 - _`.
    pub kid: String,
    /// From when on it signs; it verifies before, too, so verifiers can learn it in time.
    pub signs_from: Timestamp,
    secret: SecretBytes,
}

impl SigningKey {
    /// The key made from 32 bytes of a cryptographic random generator.
    pub fn new(kid: String, signs_from: Timestamp, secret: [u8; 32]) -> Self {
        Self {
            kid,
            signs_from,
            secret: SecretBytes(secret),
        }
    }

    pub(crate) fn secret(&self) -> &[u8; 32] {
        &self.secret.0
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "SigningKey({}, signs from {}, [redacted])",
            self.kid, self.signs_from
        )
    }
}

#[derive(Clone)]
struct SecretBytes([u8; 32]);

impl Serialize for SecretBytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&URL_SAFE_NO_PAD.encode(self.0))
    }
}

impl<'de> Deserialize<'de> for SecretBytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(D::Error::custom)?;
        let bytes = bytes
            .try_into()
            .map_err(|_| D::Error::custom("a key has 32 bytes"))?;
        Ok(Self(bytes))
    }
}

/// The keys of one kind of token: the newest that has begun to sign signs, all verify.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(try_from = "StoredRing")]
pub struct KeyRing {
    keys: Vec<SigningKey>,
}

/// A stored ring that cannot be used.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum KeyRingError {
    /// No key at all.
    #[error("a key ring needs at least one key")]
    Empty,
    /// A `kid` that is malformed or there twice.
    #[error("the key id {0:?} is malformed or there twice")]
    BadKid(String),
}

#[derive(Deserialize)]
struct StoredRing {
    keys: Vec<SigningKey>,
}

impl TryFrom<StoredRing> for KeyRing {
    type Error = KeyRingError;

    fn try_from(stored: StoredRing) -> Result<Self, KeyRingError> {
        Self::new(stored.keys)
    }
}

impl KeyRing {
    /// The ring of `keys`, in any order.
    ///
    /// # Errors
    /// When there is none, or when a `kid` is malformed or repeated.
    pub fn new(mut keys: Vec<SigningKey>) -> Result<Self, KeyRingError> {
        if keys.is_empty() {
            return Err(KeyRingError::Empty);
        }
        keys.sort_by_key(|key| key.signs_from);
        for (index, key) in keys.iter().enumerate() {
            let well_formed = (1..=64).contains(&key.kid.len())
                && key
                    .kid
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
            if !well_formed || keys[..index].iter().any(|earlier| earlier.kid == key.kid) {
                return Err(KeyRingError::BadKid(key.kid.clone()));
            }
        }
        Ok(Self { keys })
    }

    /// The key that signs at `now`: the newest that has begun to, else the first that will.
    pub fn signer(&self, now: Timestamp) -> &SigningKey {
        &self.keys[self.signer_index(now)]
    }

    /// All keys, oldest first.
    pub fn keys(&self) -> &[SigningKey] {
        &self.keys
    }

    /// The ring with `key` added, and without the keys that stopped signing longer than `keep` ago:
    /// no token that they signed is valid any more.
    ///
    /// # Errors
    /// When the `kid` is malformed or taken.
    pub fn rotated(
        &self,
        key: SigningKey,
        now: Timestamp,
        keep: Duration,
    ) -> Result<Self, KeyRingError> {
        let still_needed = |index: usize| {
            self.keys
                .get(index + 1)
                .is_none_or(|successor| successor.signs_from + keep > now)
        };
        let mut keys: Vec<SigningKey> = self
            .keys
            .iter()
            .enumerate()
            .filter(|(index, _)| still_needed(*index))
            .map(|(_, key)| key.clone())
            .collect();
        keys.push(key);
        Self::new(keys)
    }

    /// The index of [`Self::signer`] in [`Self::keys`].
    pub(crate) fn signer_index(&self, now: Timestamp) -> usize {
        self.keys
            .partition_point(|key| key.signs_from <= now)
            .saturating_sub(1)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn key(kid: &str, signs_from: u64) -> SigningKey {
        let mut secret = [0; 32];
        secret[..kid.len()].copy_from_slice(kid.as_bytes());
        SigningKey::new(kid.to_owned(), Timestamp::from_seconds(signs_from), secret)
    }

    #[test]
    fn a_new_key_signs_only_when_verifiers_have_had_time_to_learn_it() {
        let now = Timestamp::from_seconds(1_000);
        let ring = KeyRing::new(vec![key("old", 0)]).unwrap();
        let ring = ring
            .rotated(key("new", 1_060), now, Duration::from_secs(600))
            .unwrap();
        assert_eq!(ring.signer(now).kid, "old");
        assert_eq!(ring.signer(Timestamp::from_seconds(1_060)).kid, "new");
        assert_eq!(ring.keys().len(), 2);
    }

    #[test]
    fn a_key_is_dropped_when_nothing_it_signed_can_be_valid() {
        let keep = Duration::from_secs(600);
        let ring = KeyRing::new(vec![key("a", 0), key("b", 1_000)]).unwrap();
        let soon = ring
            .rotated(key("c", 1_500), Timestamp::from_seconds(1_500), keep)
            .unwrap();
        assert_eq!(soon.keys().len(), 3);
        let later = ring
            .rotated(key("c", 1_700), Timestamp::from_seconds(1_700), keep)
            .unwrap();
        assert_eq!(
            later.keys().iter().map(|k| &*k.kid).collect::<Vec<_>>(),
            ["b", "c"]
        );
    }

    #[test]
    fn stored_rings_are_checked_and_debug_output_shows_no_secret() {
        let ring = KeyRing::new(vec![key("a", 0)]).unwrap();
        let text = serde_json::to_string(&ring).unwrap();
        let back: KeyRing = serde_json::from_str(&text).unwrap();
        assert_eq!(back.keys()[0].secret(), ring.keys()[0].secret());
        assert!(!format!("{ring:?}").contains(&URL_SAFE_NO_PAD.encode(ring.keys()[0].secret())));
        assert!(serde_json::from_str::<KeyRing>(r#"{"keys":[]}"#).is_err());
        assert!(KeyRing::new(vec![key("a", 0), key("a", 1)]).is_err());
        assert!(KeyRing::new(vec![key("no dots.", 0)]).is_err());
    }
}

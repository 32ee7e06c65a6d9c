use aws_lc_rs::hmac;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use waiting_room_core::{Cohort, Epoch, EventId, Place, TicketId, Timestamp};

use crate::{KeyRing, LONGEST, TokenError};

/// What a queue token says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueClaims {
    /// The fan's ticket.
    pub ticket: TicketId,
    /// The event whose queue it is for.
    pub event: EventId,
    /// Where the ticket stands: `None` for the pre-queue, whose places the draw's seed tells.
    pub place: Option<Place>,
    /// The store's life in which the token was issued.
    pub epoch: Epoch,
    /// When it was issued; whole seconds.
    pub issued_at: Timestamp,
    /// Until when it is worth its place; whole seconds.
    pub expires_at: Timestamp,
}

impl QueueClaims {
    /// How the ticket got its place.
    pub fn cohort(&self) -> Cohort {
        if self.place.is_some() {
            Cohort::Arrival
        } else {
            Cohort::Prequeue
        }
    }
}

#[derive(Serialize, Deserialize)]
struct Wire<'a> {
    iss: &'a str,
    aud: &'a str,
    sub: TicketId,
    event: EventId,
    cohort: Cohort,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    place: Option<Place>,
    epoch: Epoch,
    iat: u64,
    exp: u64,
}

const AUDIENCE: &str = "waiting-room";

/// The keys that sign and verify queue tokens.
///
/// The HMAC is taken straight from the cryptographic library, which keeps the key's first hash
/// block: verification is done on every poll, and through a JWT library it makes the key anew each time.
#[derive(Debug)]
pub struct QueueKeys {
    issuer: String,
    ring: KeyRing,
    keys: Vec<Key>,
}

/// One key of the ring, at the same index as there.
#[derive(Debug)]
struct Key {
    header: String,
    hmac: hmac::Key,
}

impl QueueKeys {
    /// The keys of `ring`; tokens name `issuer` and no other is accepted.
    pub fn new(issuer: impl Into<String>, ring: KeyRing) -> Self {
        let keys = ring
            .keys()
            .iter()
            .map(|key| Key {
                header: header(&key.kid),
                hmac: hmac::Key::new(hmac::HMAC_SHA256, key.secret()),
            })
            .collect();
        Self {
            issuer: issuer.into(),
            ring,
            keys,
        }
    }

    /// The keys as they are stored.
    pub fn ring(&self) -> &KeyRing {
        &self.ring
    }

    /// Signs `claims`.
    ///
    /// # Errors
    /// Never, in practice.
    pub fn sign(&self, claims: &QueueClaims) -> Result<String, TokenError> {
        let signer = self.ring.signer_index(claims.issued_at);
        let key = self.keys.get(signer).ok_or(TokenError::UnknownKey)?;
        let wire = Wire {
            iss: &self.issuer,
            aud: AUDIENCE,
            sub: claims.ticket,
            event: claims.event.clone(),
            cohort: claims.cohort(),
            place: claims.place,
            epoch: claims.epoch,
            iat: claims.issued_at.as_seconds(),
            exp: claims.expires_at.as_seconds(),
        };
        let payload = serde_json::to_vec(&wire).map_err(|_| TokenError::Invalid)?;
        Ok(key.signed(&payload))
    }

    /// What `token` says, if it is ours and not expired at `now`.
    ///
    /// The header has to be, byte for byte, one that [`Self::sign`] writes: that pins algorithm and
    /// type and finds the key in one look-up, without parsing anything a stranger wrote.
    ///
    /// # Errors
    /// As [`TokenError`] says.
    pub fn verify(&self, token: &str, now: Timestamp) -> Result<QueueClaims, TokenError> {
        if token.len() > LONGEST {
            return Err(TokenError::Invalid);
        }
        let (message, signature) = token.rsplit_once('.').ok_or(TokenError::Invalid)?;
        let (header, payload) = message.split_once('.').ok_or(TokenError::Invalid)?;
        let key = self
            .keys
            .iter()
            .find(|key| key.header == header)
            .ok_or(TokenError::UnknownKey)?;
        let signature = URL_SAFE_NO_PAD
            .decode(signature)
            .map_err(|_| TokenError::Invalid)?;
        hmac::verify(&key.hmac, message.as_bytes(), &signature).map_err(|_| TokenError::Invalid)?;
        let payload = URL_SAFE_NO_PAD
            .decode(payload)
            .map_err(|_| TokenError::Invalid)?;
        let wire: Wire<'_> = serde_json::from_slice(&payload).map_err(|_| TokenError::Invalid)?;
        let claims = QueueClaims {
            ticket: wire.sub,
            event: wire.event,
            place: wire.place,
            epoch: wire.epoch,
            issued_at: Timestamp::from_seconds(wire.iat),
            expires_at: Timestamp::from_seconds(wire.exp),
        };
        if wire.iss != self.issuer || wire.aud != AUDIENCE || wire.cohort != claims.cohort() {
            return Err(TokenError::Invalid);
        }
        if now >= claims.expires_at {
            Err(TokenError::Expired)
        } else {
            Ok(claims)
        }
    }
}

impl Key {
    fn signed(&self, payload: &[u8]) -> String {
        let mut token = String::with_capacity(self.header.len() + payload.len() * 4 / 3 + 48);
        token.push_str(&self.header);
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(payload, &mut token);
        let signature = hmac::sign(&self.hmac, token.as_bytes());
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(signature, &mut token);
        token
    }
}

fn header(kid: &str) -> String {
    URL_SAFE_NO_PAD.encode(format!(
        r#"{{"alg":"HS256","typ":"queue+jwt","kid":"{kid}"}}"#
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key_ring::tests::key;

    fn keys() -> QueueKeys {
        QueueKeys::new("waiting-room", KeyRing::new(vec![key("a", 0)]).unwrap())
    }

    fn claims() -> QueueClaims {
        QueueClaims {
            ticket: TicketId::from_bytes([5; 16]),
            event: "aurora-live".parse().unwrap(),
            place: Some(Place::new(1_795_250_000_000_000).unwrap()),
            epoch: Epoch::new(3),
            issued_at: NOW,
            expires_at: Timestamp::from_seconds(2_000),
        }
    }

    const NOW: Timestamp = Timestamp::from_seconds(1_000);

    fn forged(keys: &QueueKeys, header: &str, payload: &str) -> String {
        let message = format!(
            "{}.{}",
            URL_SAFE_NO_PAD.encode(header),
            URL_SAFE_NO_PAD.encode(payload)
        );
        let signature = hmac::sign(&keys.keys[0].hmac, message.as_bytes());
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    #[test]
    fn a_token_says_what_was_signed_until_it_expires() {
        let keys = keys();
        let token = keys.sign(&claims()).unwrap();
        assert_eq!(keys.verify(&token, NOW), Ok(claims()));
        assert_eq!(
            keys.verify(&token, Timestamp::from_seconds(2_000)),
            Err(TokenError::Expired)
        );
    }

    #[test]
    fn a_prequeue_token_keeps_its_place_secret() {
        let keys = keys();
        let token = keys
            .sign(&QueueClaims {
                place: None,
                ..claims()
            })
            .unwrap();
        let back = keys.verify(&token, NOW).unwrap();
        assert_eq!((back.place, back.cohort()), (None, Cohort::Prequeue));
        let payload = token.split('.').nth(1).unwrap();
        let payload = String::from_utf8(URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap();
        assert!(!payload.contains("place"), "{payload}");
    }

    #[test]
    fn every_changed_or_missing_byte_is_noticed() {
        let keys = keys();
        let token = keys.sign(&claims()).unwrap();
        for at in 0..token.len() {
            let mut bytes = token.clone().into_bytes();
            bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(bytes).unwrap();
            assert!(keys.verify(&changed, NOW).is_err(), "byte {at}");
            assert!(keys.verify(&token[..at], NOW).is_err(), "cut at {at}");
        }
        for rubbish in [
            "",
            ".",
            "..",
            "a.b.c",
            "....",
            &"x".repeat(100_000),
            "é.é.é",
        ] {
            assert!(keys.verify(rubbish, NOW).is_err());
        }
    }

    #[test]
    fn alg_none_other_algorithms_and_other_types_are_refused_even_when_signed() {
        let keys = keys();
        let token = keys.sign(&claims()).unwrap();
        let payload = token.split('.').nth(1).unwrap();
        let payload = String::from_utf8(URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap();
        for header in [
            r#"{"alg":"none","typ":"queue+jwt","kid":"a"}"#,
            r#"{"alg":"HS512","typ":"queue+jwt","kid":"a"}"#,
            r#"{"alg":"EdDSA","typ":"queue+jwt","kid":"a"}"#,
            r#"{"alg":"HS256","typ":"admission+jwt","kid":"a"}"#,
            r#"{"alg":"HS256","typ":"queue+jwt","kid":"b"}"#,
            r#"{"alg":"HS256","typ":"queue+jwt"}"#,
        ] {
            let token = forged(&keys, header, &payload);
            assert_eq!(
                keys.verify(&token, NOW),
                Err(TokenError::UnknownKey),
                "{header}"
            );
        }
        let same = forged(
            &keys,
            r#"{"alg":"HS256","typ":"queue+jwt","kid":"a"}"#,
            &payload,
        );
        assert_eq!(keys.verify(&same, NOW), Ok(claims()));
    }

    #[test]
    fn another_issuer_or_audience_is_refused() {
        let stranger = QueueKeys::new("elsewhere", keys().ring);
        let token = stranger.sign(&claims()).unwrap();
        assert_eq!(keys().verify(&token, NOW), Err(TokenError::Invalid));
    }

    #[test]
    fn tokens_signed_before_a_rotation_stay_valid() {
        let keys = keys();
        let token = keys.sign(&claims()).unwrap();
        let ring = keys
            .ring
            .rotated(key("b", 1_060), NOW, std::time::Duration::from_secs(60))
            .unwrap();
        let rotated = QueueKeys::new("waiting-room", ring);
        assert_eq!(rotated.verify(&token, NOW), Ok(claims()));
        let late = QueueClaims {
            issued_at: Timestamp::from_seconds(1_060),
            ..claims()
        };
        let newer = rotated.sign(&late).unwrap();
        assert_ne!(newer.split('.').next(), token.split('.').next());
        assert_eq!(rotated.verify(&newer, NOW), Ok(late));
    }
}

use std::collections::HashMap;

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use waiting_room_core::{EventId, SessionId, TicketId, Timestamp};

use crate::{KeyRing, KeyRingError, LONGEST, TokenError};

/// What an admission token says: this ticket may be in this event's checkout until it expires.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdmissionClaims {
    /// The fan's ticket.
    pub ticket: TicketId,
    /// The event.
    pub event: EventId,
    /// The session that it opens; its `jti`.
    pub session: SessionId,
    /// When the fan passed the door; whole seconds.
    pub issued_at: Timestamp,
    /// When the session ends; whole seconds.
    pub expires_at: Timestamp,
}

#[derive(Serialize, Deserialize)]
struct Wire {
    iss: String,
    aud: String,
    sub: TicketId,
    event: EventId,
    jti: SessionId,
    iat: u64,
    nbf: u64,
    exp: u64,
}

const AUDIENCE: &str = "checkout";
const ALGORITHM: Algorithm = Algorithm::EdDSA;
const TYPE: &str = "admission+jwt";

/// By how much the clocks of waiting room and shop may differ.
const LEEWAY_SECONDS: u64 = 5;

/// A JSON Web Key Set (RFC 7517) of Ed25519 keys (RFC 8037): what a shop verifies with.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
pub struct JwkSet {
    /// The public keys, old and new while they rotate.
    pub keys: Vec<Jwk>,
}

/// One public key.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
pub struct Jwk {
    kty: String,
    crv: String,
    #[serde(default, rename = "use", skip_serializing_if = "Option::is_none")]
    usage: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    alg: Option<String>,
    kid: String,
    x: String,
}

/// The keys that sign admission tokens.
#[derive(Debug)]
pub struct AdmissionKeys {
    issuer: String,
    ring: KeyRing,
    signing: HashMap<String, EncodingKey>,
    public: JwkSet,
}

impl AdmissionKeys {
    /// The keys of `ring`; tokens name `issuer`.
    ///
    /// # Errors
    /// When a secret makes no Ed25519 key.
    pub fn new(issuer: impl Into<String>, ring: KeyRing) -> Result<Self, KeyRingError> {
        let mut signing = HashMap::new();
        let mut public = Vec::new();
        for key in ring.keys() {
            let pair = Ed25519KeyPair::from_seed_unchecked(key.secret())
                .map_err(|_| KeyRingError::BadKid(key.kid.clone()))?;
            public.push(Jwk {
                kty: "OKP".to_owned(),
                crv: "Ed25519".to_owned(),
                usage: Some("sig".to_owned()),
                alg: Some("EdDSA".to_owned()),
                kid: key.kid.clone(),
                x: URL_SAFE_NO_PAD.encode(pair.public_key()),
            });
            signing.insert(
                key.kid.clone(),
                EncodingKey::from_ed_der(&pkcs8(key.secret())),
            );
        }
        Ok(Self {
            issuer: issuer.into(),
            ring,
            signing,
            public: JwkSet { keys: public },
        })
    }

    /// The keys as they are stored.
    pub fn ring(&self) -> &KeyRing {
        &self.ring
    }

    /// What shops verify with.
    pub fn jwks(&self) -> &JwkSet {
        &self.public
    }

    /// Signs `claims` with the key that signs at `now`.
    ///
    /// # Errors
    /// When the cryptographic library refuses, which it has no reason to.
    pub fn sign(&self, claims: &AdmissionClaims, now: Timestamp) -> Result<String, TokenError> {
        let kid = &self.ring.signer(now).kid;
        let key = self.signing.get(kid).ok_or(TokenError::UnknownKey)?;
        let mut header = Header::new(ALGORITHM);
        header.typ = Some(TYPE.to_owned());
        header.kid = Some(kid.clone());
        let wire = Wire {
            iss: self.issuer.clone(),
            aud: AUDIENCE.to_owned(),
            sub: claims.ticket,
            event: claims.event.clone(),
            jti: claims.session,
            iat: claims.issued_at.as_seconds(),
            nbf: claims.issued_at.as_seconds(),
            exp: claims.expires_at.as_seconds(),
        };
        jsonwebtoken::encode(&header, &wire, key).map_err(|_| TokenError::Invalid)
    }
}

/// PKCS #8 v1 of an Ed25519 seed (RFC 8410 §7): a constant prefix and the seed.
fn pkcs8(seed: &[u8; 32]) -> Vec<u8> {
    const PREFIX: [u8; 16] = [
        0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04,
        0x20,
    ];
    [&PREFIX[..], seed].concat()
}

/// Verifies admission tokens offline, by the public keys alone: all that a shop needs.
#[derive(Debug)]
pub struct AdmissionVerifier {
    keys: HashMap<String, DecodingKey>,
    validation: Validation,
}

impl AdmissionVerifier {
    /// Trusts the Ed25519 keys of `jwks` and tokens that name `issuer`. Keys of other kinds are
    /// passed over, as RFC 7517 §5 asks.
    pub fn new(issuer: &str, jwks: &JwkSet) -> Self {
        let keys = jwks
            .keys
            .iter()
            .filter(|jwk| jwk.kty == "OKP" && jwk.crv == "Ed25519")
            .filter_map(|jwk| {
                let key = DecodingKey::from_ed_components(&jwk.x).ok()?;
                Some((jwk.kid.clone(), key))
            })
            .collect();
        let mut validation = Validation::new(ALGORITHM);
        validation.set_issuer(&[issuer]);
        validation.set_audience(&[AUDIENCE]);
        validation.set_required_spec_claims(&["exp", "nbf", "iss", "aud", "sub"]);
        // Times are checked below, against the caller's clock.
        validation.validate_exp = false;
        validation.validate_nbf = false;
        Self { keys, validation }
    }

    /// What `token` says, if it is an admission token of a trusted key, valid at `now`.
    ///
    /// # Errors
    /// As [`TokenError`] says. At [`TokenError::UnknownKey`] it is worth fetching the JWKS anew.
    pub fn verify(&self, token: &str, now: Timestamp) -> Result<AdmissionClaims, TokenError> {
        if token.len() > LONGEST {
            return Err(TokenError::Invalid);
        }
        let header = jsonwebtoken::decode_header(token).map_err(|_| TokenError::Invalid)?;
        if header.alg != ALGORITHM || header.typ.as_deref() != Some(TYPE) {
            return Err(TokenError::Invalid);
        }
        let kid = header.kid.ok_or(TokenError::Invalid)?;
        let key = self.keys.get(&kid).ok_or(TokenError::UnknownKey)?;
        let wire = jsonwebtoken::decode::<Wire>(token, key, &self.validation)
            .map_err(|_| TokenError::Invalid)?
            .claims;
        if wire.nbf > now.as_seconds().saturating_add(LEEWAY_SECONDS) {
            return Err(TokenError::Invalid);
        }
        if now.as_seconds() >= wire.exp {
            return Err(TokenError::Expired);
        }
        Ok(AdmissionClaims {
            ticket: wire.sub,
            event: wire.event,
            session: wire.jti,
            issued_at: Timestamp::from_seconds(wire.iat),
            expires_at: Timestamp::from_seconds(wire.exp),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{QueueClaims, QueueKeys, key_ring::tests::key};
    use waiting_room_core::Epoch;

    const NOW: Timestamp = Timestamp::from_seconds(1_000);

    fn keys() -> AdmissionKeys {
        AdmissionKeys::new("waiting-room", KeyRing::new(vec![key("a", 0)]).unwrap()).unwrap()
    }

    fn claims() -> AdmissionClaims {
        AdmissionClaims {
            ticket: TicketId::from_bytes([5; 16]),
            event: "aurora-live".parse().unwrap(),
            session: SessionId::from_bytes([6; 16]),
            issued_at: NOW,
            expires_at: Timestamp::from_seconds(1_600),
        }
    }

    fn verifier(keys: &AdmissionKeys) -> AdmissionVerifier {
        let json = serde_json::to_string(keys.jwks()).unwrap();
        AdmissionVerifier::new("waiting-room", &serde_json::from_str(&json).unwrap())
    }

    fn forged<T: Serialize>(header: &Header, wire: &T, key: &EncodingKey) -> String {
        jsonwebtoken::encode(header, wire, key).unwrap()
    }

    #[test]
    fn a_shop_that_has_only_the_jwks_verifies_offline() {
        let keys = keys();
        let token = keys.sign(&claims(), NOW).unwrap();
        let verifier = verifier(&keys);
        assert_eq!(verifier.verify(&token, NOW), Ok(claims()));
        assert_eq!(
            verifier.verify(&token, Timestamp::from_seconds(1_600)),
            Err(TokenError::Expired)
        );
        assert_eq!(
            verifier.verify(&token, Timestamp::from_seconds(1_000 - LEEWAY_SECONDS - 1)),
            Err(TokenError::Invalid)
        );
    }

    #[test]
    fn the_jwks_holds_nothing_secret() {
        let json = serde_json::to_string(keys().jwks()).unwrap();
        assert!(!json.contains("\"d\""));
        assert!(!json.contains(&URL_SAFE_NO_PAD.encode(key("a", 0).secret())));
    }

    #[test]
    fn a_public_key_used_as_hmac_secret_opens_nothing() {
        let keys = keys();
        let x = URL_SAFE_NO_PAD.decode(&keys.jwks().keys[0].x).unwrap();
        for algorithm in [Algorithm::HS256, Algorithm::HS384, Algorithm::HS512] {
            let mut header = Header::new(algorithm);
            header.typ = Some(TYPE.to_owned());
            header.kid = Some("a".to_owned());
            let wire = Wire {
                iss: "waiting-room".to_owned(),
                aud: AUDIENCE.to_owned(),
                sub: claims().ticket,
                event: claims().event,
                jti: claims().session,
                iat: 1_000,
                nbf: 1_000,
                exp: 1_600,
            };
            let token = forged(&header, &wire, &EncodingKey::from_secret(&x));
            assert_eq!(
                verifier(&keys).verify(&token, NOW),
                Err(TokenError::Invalid)
            );
        }
    }

    #[test]
    fn alg_none_is_refused() {
        let keys = keys();
        let token = keys.sign(&claims(), NOW).unwrap();
        let payload = token.split('.').nth(1).unwrap();
        let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"none","typ":"admission+jwt","kid":"a"}"#);
        for signature in ["", "AAAA"] {
            let forged = format!("{header}.{payload}.{signature}");
            assert_eq!(
                verifier(&keys).verify(&forged, NOW),
                Err(TokenError::Invalid)
            );
        }
    }

    #[test]
    fn every_changed_or_missing_byte_is_noticed() {
        let keys = keys();
        let verifier = verifier(&keys);
        let token = keys.sign(&claims(), NOW).unwrap();
        for at in 0..token.len() {
            let mut bytes = token.clone().into_bytes();
            bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(bytes).unwrap();
            assert!(verifier.verify(&changed, NOW).is_err(), "byte {at}");
            assert!(verifier.verify(&token[..at], NOW).is_err(), "cut at {at}");
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
            assert!(verifier.verify(rubbish, NOW).is_err());
        }
    }

    #[test]
    fn a_queue_token_is_no_admission_token_and_the_other_way_round() {
        let ring = KeyRing::new(vec![key("a", 0)]).unwrap();
        let queue = QueueKeys::new("waiting-room", ring.clone());
        let admission = AdmissionKeys::new("waiting-room", ring).unwrap();
        let queue_token = queue
            .sign(&QueueClaims {
                ticket: claims().ticket,
                event: claims().event,
                place: None,
                epoch: Epoch::new(1),
                issued_at: NOW,
                expires_at: claims().expires_at,
            })
            .unwrap();
        let admission_token = admission.sign(&claims(), NOW).unwrap();
        assert!(verifier(&admission).verify(&queue_token, NOW).is_err());
        assert!(queue.verify(&admission_token, NOW).is_err());
    }

    #[test]
    fn tokens_signed_before_a_rotation_stay_valid_and_the_jwks_holds_both_keys() {
        let keys = keys();
        let token = keys.sign(&claims(), NOW).unwrap();
        let ring = keys
            .ring()
            .rotated(key("b", 1_060), NOW, std::time::Duration::from_secs(60))
            .unwrap();
        let rotated = AdmissionKeys::new("waiting-room", ring).unwrap();
        assert_eq!(rotated.jwks().keys.len(), 2);
        assert_eq!(verifier(&rotated).verify(&token, NOW), Ok(claims()));
        let later = Timestamp::from_seconds(1_061);
        let newer = rotated.sign(&claims(), later).unwrap();
        assert_eq!(verifier(&rotated).verify(&newer, later), Ok(claims()));
        assert_eq!(
            verifier(&keys).verify(&newer, later),
            Err(TokenError::UnknownKey)
        );
    }
}

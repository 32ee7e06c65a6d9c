//! A waiting room's keys, and tokens good and bad.

use std::time::Duration;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use waiting_room_core::{Epoch, SessionId, TicketId, Timestamp};
use waiting_room_tokens::{
    AdmissionClaims, AdmissionKeys, KeyRing, QueueClaims, QueueKeys, SigningKey,
};

use super::samples::{SESSION, event_id, session, ticket};

pub const ISSUER: &str = "https://wait.example";

pub fn ring(kid: &str, secret: u8) -> KeyRing {
    let key = SigningKey::new(kid.to_owned(), Timestamp::from_seconds(0), [secret; 32]);
    KeyRing::new(vec![key]).unwrap()
}

/// The keys that everybody trusts.
pub fn keys() -> AdmissionKeys {
    AdmissionKeys::new(ISSUER, ring("a", 1)).unwrap()
}

/// What the token of ticket and session `n` says, issued just now.
pub fn claims(n: u8) -> AdmissionClaims {
    claims_for(ticket(n), session(n), Duration::ZERO)
}

/// The same, of a token issued `ago`.
pub fn claims_for(ticket: TicketId, session: SessionId, ago: Duration) -> AdmissionClaims {
    let now = service_kit::now().as_seconds();
    let issued_at = Timestamp::from_seconds(now - ago.as_secs());
    AdmissionClaims {
        ticket,
        event: event_id(),
        session,
        issued_at,
        expires_at: issued_at + SESSION,
    }
}

pub fn signed(claims: &AdmissionClaims) -> String {
    keys().sign(claims, claims.issued_at).unwrap()
}

/// A good token of ticket and session `n`.
pub fn token(n: u8) -> String {
    signed(&claims(n))
}

/// A token whose session was over `ago`.
pub fn token_expired(n: u8, ago: Duration) -> String {
    signed(&claims_for(ticket(n), session(n), SESSION + ago))
}

/// Tokens that must open nothing, each with what is wrong with it.
pub fn bad_tokens() -> Vec<(&'static str, String)> {
    let claims = claims(1);
    let good = signed(&claims);
    let sign = |keys: AdmissionKeys| keys.sign(&claims, claims.issued_at).unwrap();
    let mut parts = good.split('.');
    let (header, payload, signature) = (
        parts.next().unwrap(),
        parts.next().unwrap(),
        parts.next().unwrap(),
    );
    let richer = {
        let bytes = URL_SAFE_NO_PAD.decode(payload).unwrap();
        let text = String::from_utf8(bytes).unwrap();
        let text = text.replace(&claims.ticket.to_string(), &ticket(2).to_string());
        URL_SAFE_NO_PAD.encode(text)
    };
    let unsigned = URL_SAFE_NO_PAD.encode(r#"{"alg":"none","typ":"admission+jwt","kid":"a"}"#);
    let queue = QueueKeys::new(ISSUER, ring("a", 1))
        .sign(&QueueClaims {
            ticket: claims.ticket,
            event: claims.event.clone(),
            place: None,
            epoch: Epoch::new(1),
            issued_at: claims.issued_at,
            expires_at: claims.expires_at,
        })
        .unwrap();
    vec![
        ("empty", String::new()),
        ("rubbish", "x.y.z".to_owned()),
        (
            "forged: the same key id, another key",
            sign(AdmissionKeys::new(ISSUER, ring("a", 2)).unwrap()),
        ),
        (
            "an unknown key",
            sign(AdmissionKeys::new(ISSUER, ring("b", 2)).unwrap()),
        ),
        (
            "foreign: another issuer",
            sign(AdmissionKeys::new("elsewhere", ring("a", 1)).unwrap()),
        ),
        ("changed payload", format!("{header}.{richer}.{signature}")),
        ("alg none", format!("{unsigned}.{payload}.")),
        (
            "alg none with the old signature",
            format!("{unsigned}.{payload}.{signature}"),
        ),
        ("a queue token", queue),
        (
            "not valid yet",
            signed(&AdmissionClaims {
                issued_at: claims.issued_at + Duration::from_secs(60),
                ..claims.clone()
            }),
        ),
        (
            "expired long ago",
            token_expired(1, Duration::from_secs(25 * 3600)),
        ),
        ("endless", "a".repeat(10_000)),
    ]
}

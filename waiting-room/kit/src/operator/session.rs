//! The session of a sign-in: a token signed with a key that is made of the credential, so that every process that has the
//! credential can verify it, nobody keeps a list of sessions, and a changed credential ends them all.
//!
//! Whoever steals a cookie can try credentials on it, without anybody noticing. So the key is made by PBKDF2 (RFC 8018)
//! with [`ROUNDS`] rounds of HMAC-SHA-256, which each try has to go through.

use std::{num::NonZeroU32, time::Duration};

use aws_lc_rs::{hmac, pbkdf2};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use cookie::{Cookie, SameSite, time};
use serde::{Deserialize, Serialize};
use waiting_room_core::Timestamp;

use super::{OperatorName, Role};

/// The cookie that holds a session.
pub const SESSION_COOKIE: &str = "wr_operator";

/// How long a session lasts: an operator's night.
pub const SESSION_LENGTH: Duration = Duration::from_secs(43_200);

/// Where browsers send the cookie.
const PATH: &str = "/v1/operator";

/// What makes a key of a credential takes about a tenth of a second.
const ROUNDS: NonZeroU32 = match NonZeroU32::new(210_000) {
    Some(rounds) => rounds,
    None => NonZeroU32::MIN,
};

/// `{"alg":"HS256","typ":"operator-session+jwt"}`: verified byte for byte, which pins algorithm and type.
const HEADER: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6Im9wZXJhdG9yLXNlc3Npb24rand0In0";

/// Longer than any token that is issued.
const LONGEST: usize = 1_024;

/// What a token says.
#[derive(Serialize, Deserialize)]
struct Claims {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name: Option<OperatorName>,
    iat: u64,
    exp: u64,
}

/// Signs and verifies the sessions of one role.
pub(super) struct SessionKey(hmac::Key);

/// A session that is good.
pub(super) struct Session {
    pub(super) name: Option<OperatorName>,
    pub(super) expires_at: Timestamp,
}

impl SessionKey {
    /// The key of the `role` with this `credential`.
    pub(super) fn derive(role: Role, credential: &[u8]) -> Self {
        let salt = format!("waiting room, sessions of the role {}", role.as_str());
        let mut key = [0; 32];
        let algorithm = pbkdf2::PBKDF2_HMAC_SHA256;
        pbkdf2::derive(algorithm, ROUNDS, salt.as_bytes(), credential, &mut key);
        Self(hmac::Key::new(hmac::HMAC_SHA256, &key))
    }

    /// A token that is good for [`SESSION_LENGTH`] from `now` on, and until when.
    pub(super) fn issue(&self, name: Option<&OperatorName>, now: Timestamp) -> (String, Timestamp) {
        let expires_at = Timestamp::from_seconds((now + SESSION_LENGTH).as_seconds());
        let claims = Claims {
            name: name.cloned(),
            iat: now.as_seconds(),
            exp: expires_at.as_seconds(),
        };
        let payload = serde_json::to_vec(&claims).unwrap_or_default();
        let message = format!("{HEADER}.{}", URL_SAFE_NO_PAD.encode(payload));
        let signature = hmac::sign(&self.0, message.as_bytes());
        let signature = URL_SAFE_NO_PAD.encode(signature.as_ref());
        (format!("{message}.{signature}"), expires_at)
    }

    /// The session of `token`, if this key signed it and it has not expired at `now`.
    pub(super) fn verify(&self, token: &str, now: Timestamp) -> Option<Session> {
        if token.len() > LONGEST {
            return None;
        }
        let (message, signature) = token.rsplit_once('.')?;
        let (header, payload) = message.split_once('.')?;
        let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
        hmac::verify(&self.0, message.as_bytes(), &signature).ok()?;
        let payload = URL_SAFE_NO_PAD.decode(payload).ok()?;
        let claims: Claims = serde_json::from_slice(&payload).ok()?;
        let expires_at = Timestamp::from_seconds(claims.exp);
        (header == HEADER && now < expires_at).then_some(Session {
            name: claims.name,
            expires_at,
        })
    }
}

/// The `Set-Cookie` of a session, which only https may carry if it came by https.
pub(super) fn cookie(token: String, secure: bool) -> String {
    let length = i64::try_from(SESSION_LENGTH.as_secs()).unwrap_or_default();
    build(token, secure, time::Duration::seconds(length))
}

/// The `Set-Cookie` that ends a session in the browser.
pub fn ended() -> String {
    build(String::new(), false, time::Duration::ZERO)
}

fn build(value: String, secure: bool, max_age: time::Duration) -> String {
    Cookie::build((SESSION_COOKIE, value))
        .path(PATH)
        .http_only(true)
        .same_site(SameSite::Strict)
        .secure(secure)
        .max_age(max_age)
        .build()
        .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_795_000_000);

    fn key(role: Role) -> SessionKey {
        SessionKey::derive(role, b"correct-horse-battery")
    }

    #[test]
    fn a_session_is_good_for_twelve_hours_and_says_who() {
        let name = OperatorName::parse("Zoë").unwrap();
        let (token, expires_at) = key(Role::Operator).issue(name.as_ref(), NOW);
        assert_eq!(expires_at, NOW + Duration::from_secs(12 * 3600));
        let verified = |at| key(Role::Operator).verify(&token, at);
        let last = Timestamp::from_micros(expires_at.as_micros() - 1);
        assert_eq!(verified(last).unwrap().name, name);
        assert!(verified(expires_at).is_none());
        assert!(token.len() < LONGEST / 2);
    }

    #[test]
    fn whatever_is_changed_of_a_token_it_is_worth_nothing() {
        let key = key(Role::Operator);
        let (token, _) = key.issue(None, NOW);
        for at in 0..token.len() {
            let mut altered = token.clone().into_bytes();
            altered[at] = if altered[at] == b'A' { b'B' } else { b'A' };
            let altered = String::from_utf8(altered).unwrap();
            // The last character of a text in base64 has bits that say nothing.
            if URL_SAFE_NO_PAD
                .decode(altered.rsplit('.').next().unwrap())
                .is_ok()
            {
                assert!(key.verify(&altered, NOW).is_none(), "{at}");
            }
        }
        for cut in 0..token.len() {
            assert!(key.verify(&token[..cut], NOW).is_none());
        }
        assert!(key.verify(&"a.".repeat(10_000), NOW).is_none());
    }

    #[test]
    fn a_viewers_session_is_no_operators_even_if_both_had_one_credential() {
        let (token, _) = key(Role::Viewer).issue(None, NOW);
        assert!(key(Role::Viewer).verify(&token, NOW).is_some());
        assert!(key(Role::Operator).verify(&token, NOW).is_none());
        let other = SessionKey::derive(Role::Viewer, b"another-credential");
        assert!(other.verify(&token, NOW).is_none());
    }

    #[test]
    fn scripts_and_other_sites_never_get_the_cookie() {
        let cookie = cookie("token".to_owned(), true);
        assert_eq!(
            cookie,
            "wr_operator=token; HttpOnly; SameSite=Strict; Secure; Path=/v1/operator; Max-Age=43200"
        );
        assert!(!super::cookie("token".to_owned(), false).contains("Secure"));
        assert!(ended().contains("wr_operator=;") && ended().contains("Max-Age=0"));
    }

    #[test]
    fn the_header_says_what_it_is_taken_for() {
        let header = URL_SAFE_NO_PAD.decode(HEADER).unwrap();
        assert_eq!(header, br#"{"alg":"HS256","typ":"operator-session+jwt"}"#);
    }
}

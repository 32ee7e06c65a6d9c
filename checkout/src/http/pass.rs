//! What a request's admission token lets it do.
//!
//! A token is worth different things at different times. **While it lives** and its session was not
//! ended, it opens checkout. **For a day after** it still shows its bearer the order that the same
//! ticket placed: a fan who closes the laptop and comes back later has to learn how it ended, and so
//! has one whose answer got lost in the session's last second. It buys nothing then: the order store
//! refuses new orders of a session that is over. Once the key that signed it has left the key set it
//! shows nothing any more.

use std::time::Duration;

use axum::extract::FromRequestParts;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use http::request::Parts;
use serde::Deserialize;
use service_kit::extract::Bearer;
use waiting_room_core::Timestamp;
use waiting_room_tokens::{AdmissionClaims, TokenError};

use super::{
    Checkout, Refusal,
    keys::{NotVerified, TrustedKeys},
};

/// For how long after its expiry a token shows its bearer's order.
const SHOWS_ORDERS_FOR: Duration = Duration::from_secs(24 * 3600);

/// A token that was verified at `at`; it may have expired less than a day before.
#[derive(Clone, Debug)]
pub(crate) struct Pass {
    /// What it says.
    pub(crate) claims: AdmissionClaims,
    /// When it was verified.
    pub(crate) at: Timestamp,
}

impl Pass {
    /// Lets those pass that have not expired.
    pub(crate) fn unexpired(self) -> Result<Self, Refusal> {
        if self.at < self.claims.expires_at {
            Ok(self)
        } else {
            Err(Refusal::InvalidToken("the token has expired"))
        }
    }
}

impl Checkout {
    /// The pass that `token` is at `at`.
    pub(crate) async fn pass(&self, token: &str, at: Timestamp) -> Result<Pass, Refusal> {
        let claims = match self.keys.verify(token, at).await {
            Err(NotVerified::Token(TokenError::Expired)) => expired(&self.keys, token, at).await?,
            verified => verified.map_err(refusal)?,
        };
        Ok(Pass { claims, at })
    }
}

/// The claims of `token`, which has expired: verified at the time when, as it says itself, it was
/// issued. What it says of that counts only when its signature is good.
async fn expired(
    keys: &TrustedKeys,
    token: &str,
    at: Timestamp,
) -> Result<AdmissionClaims, Refusal> {
    let issued_at = issued_at(token).ok_or(Refusal::InvalidToken("not an admission token"))?;
    let claims = keys.verify(token, issued_at).await.map_err(refusal)?;
    if at < claims.expires_at + SHOWS_ORDERS_FOR {
        Ok(claims)
    } else {
        Err(Refusal::InvalidToken("the token has expired"))
    }
}

fn issued_at(token: &str) -> Option<Timestamp> {
    #[derive(Deserialize)]
    struct Issued {
        iat: u64,
    }
    let payload = URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?).ok()?;
    let issued: Issued = serde_json::from_slice(&payload).ok()?;
    Some(Timestamp::from_seconds(issued.iat))
}

fn refusal(not_verified: NotVerified) -> Refusal {
    match not_verified {
        NotVerified::NoKeys => Refusal::NoKeys,
        NotVerified::Token(TokenError::Expired) => Refusal::InvalidToken("the token has expired"),
        NotVerified::Token(TokenError::Invalid | TokenError::UnknownKey) => {
            Refusal::InvalidToken("not an admission token")
        }
    }
}

impl FromRequestParts<Checkout> for Pass {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, checkout: &Checkout) -> Result<Self, Refusal> {
        let Bearer(token) = Bearer::from_request_parts(parts, checkout)
            .await
            .map_err(|_| Refusal::InvalidToken("no bearer token in the Authorization header"))?;
        checkout.pass(&token, service_kit::now()).await
    }
}

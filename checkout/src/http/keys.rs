//! The keys that admission tokens are verified with: fetched once, kept, fetched anew when a token
//! names a key that is not known.
//!
//! Verification never waits for the waiting room as long as there are keys: a shop has to go on
//! selling while the waiting room restarts. Only one fetch is under way at a time, and some time
//! lies between two, so that tokens with invented key ids cost nothing.

use std::{sync::Arc, time::Duration};

use arc_swap::ArcSwapOption;
use tokio::{
    sync::Mutex,
    time::{Instant, sleep, timeout},
};
use waiting_room_core::Timestamp;
use waiting_room_tokens::{AdmissionClaims, AdmissionVerifier, TokenError};

use super::jwks::{FetchError, JwksSource};
use crate::error::chain;

/// How long keys are waited for at the start.
const WARM_UP: Duration = Duration::from_secs(5);

/// The pause between two tries meanwhile.
const WARM_UP_PAUSE: Duration = Duration::from_millis(200);

/// How often the keys are fetched.
#[derive(Clone, Copy, Debug)]
pub(super) struct Freshness {
    /// The least time between two fetches while there are keys.
    between_fetches: Duration,
    /// The least time between two fetches while there are none.
    between_tries: Duration,
    /// Keys older than this are fetched anew, so that one that was withdrawn stops opening checkout.
    stale: Duration,
}

impl Default for Freshness {
    fn default() -> Self {
        Self {
            between_fetches: Duration::from_secs(5),
            between_tries: Duration::from_millis(500),
            stale: Duration::from_secs(300),
        }
    }
}

/// The keys of one issuer.
#[derive(Debug)]
pub(super) struct TrustedKeys {
    issuer: String,
    source: JwksSource,
    freshness: Freshness,
    current: ArcSwapOption<Fetched>,
    last_try: Mutex<Option<Instant>>,
}

#[derive(Debug)]
struct Fetched {
    verifier: AdmissionVerifier,
    at: Instant,
}

/// Why a token was not verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NotVerified {
    /// It is no token to trust.
    Token(TokenError),
    /// There are no keys to tell.
    NoKeys,
}

impl TrustedKeys {
    pub(super) fn new(issuer: String, source: JwksSource, freshness: Freshness) -> Self {
        Self {
            issuer,
            source,
            freshness,
            current: ArcSwapOption::empty(),
            last_try: Mutex::new(None),
        }
    }

    /// Fetches the keys before the first token needs them, and tries for a while.
    pub(super) async fn warm_up(&self) {
        let fetched = async {
            loop {
                let mut last_try = self.last_try.lock().await;
                if self.current.load().is_some() {
                    return;
                }
                match self.fetch().await {
                    Ok(()) => *last_try = Some(Instant::now()),
                    // It is no try that a token would have to wait after.
                    Err(error) => tracing::debug!(error = chain(&error), "no public keys yet"),
                }
                drop(last_try);
                if self.current.load().is_none() {
                    sleep(WARM_UP_PAUSE).await;
                }
            }
        };
        if timeout(WARM_UP, fetched).await.is_err() {
            tracing::warn!("there are no public keys yet; the first token fetches them");
        }
    }

    /// What `token` says, if it is valid at `now`.
    pub(super) async fn verify(
        &self,
        token: &str,
        now: Timestamp,
    ) -> Result<AdmissionClaims, NotVerified> {
        let keys = self.keys().await.ok_or(NotVerified::NoKeys)?;
        match keys.verifier.verify(token, now) {
            Err(TokenError::UnknownKey) => {
                let newer = self.newer_than(Some(keys.at)).await;
                let newer = newer.ok_or(NotVerified::NoKeys)?;
                newer.verifier.verify(token, now)
            }
            verified => verified,
        }
        .map_err(NotVerified::Token)
    }

    async fn keys(&self) -> Option<Arc<Fetched>> {
        let Some(keys) = self.current.load_full() else {
            return self.newer_than(None).await;
        };
        if keys.at.elapsed() < self.freshness.stale {
            return Some(keys);
        }
        // One request takes the time to look; the others go on with what there is.
        if let Ok(mut last_try) = self.last_try.try_lock() {
            self.fetch_if_due(&mut last_try).await;
        }
        self.current.load_full()
    }

    /// The current keys, after a fetch unless somebody else has fetched since `seen` or lately.
    async fn newer_than(&self, seen: Option<Instant>) -> Option<Arc<Fetched>> {
        let mut last_try = self.last_try.lock().await;
        let current = self.current.load_full();
        if current.as_ref().map(|keys| keys.at) == seen {
            self.fetch_if_due(&mut last_try).await;
        }
        self.current.load_full()
    }

    async fn fetch_if_due(&self, last_try: &mut Option<Instant>) {
        let pause = if self.current.load().is_some() {
            self.freshness.between_fetches
        } else {
            self.freshness.between_tries
        };
        if last_try.is_some_and(|last_try| last_try.elapsed() < pause) {
            return;
        }
        if let Err(error) = self.fetch().await {
            tracing::warn!(
                error = chain(&error),
                "the public keys could not be fetched"
            );
        }
        *last_try = Some(Instant::now());
    }

    async fn fetch(&self) -> Result<(), FetchError> {
        let jwks = self.source.fetch().await?;
        self.current.store(Some(Arc::new(Fetched {
            verifier: AdmissionVerifier::new(&self.issuer, &jwks),
            at: Instant::now(),
        })));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use axum::{Router, response::IntoResponse, routing::get};
    use http::StatusCode;
    use tokio::net::TcpListener;
    use waiting_room_core::{SessionId, TicketId};
    use waiting_room_tokens::{AdmissionKeys, JwkSet, KeyRing, SigningKey};

    use super::*;

    const PAUSE: Duration = Duration::from_millis(60);
    const NOW: Timestamp = Timestamp::from_seconds(1_000);

    /// A waiting room that publishes whatever keys it has at the moment.
    struct Publisher {
        jwks: ArcSwapOption<JwkSet>,
        asked: AtomicUsize,
    }

    impl Publisher {
        async fn start(keys: &AdmissionKeys) -> (Arc<Self>, TrustedKeys) {
            let publisher = Arc::new(Self {
                jwks: ArcSwapOption::from_pointee(keys.jwks().clone()),
                asked: AtomicUsize::new(0),
            });
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let url = format!("http://{}/jwks", listener.local_addr().unwrap());
            let answering = publisher.clone();
            let routes = Router::new().route("/jwks", get(async move || answering.answer()));
            tokio::spawn(async move { axum::serve(listener, routes).await });
            let freshness = Freshness {
                between_fetches: PAUSE,
                between_tries: PAUSE,
                stale: PAUSE * 3,
            };
            let source = JwksSource::new(url.parse().unwrap());
            (
                publisher,
                TrustedKeys::new("us".to_owned(), source, freshness),
            )
        }

        fn answer(&self) -> axum::response::Response {
            self.asked.fetch_add(1, Ordering::SeqCst);
            match self.jwks.load_full() {
                Some(jwks) => axum::Json((*jwks).clone()).into_response(),
                None => StatusCode::BAD_GATEWAY.into_response(),
            }
        }

        fn publish(&self, jwks: Option<JwkSet>) {
            self.jwks.store(jwks.map(Arc::new));
        }

        fn asked(&self) -> usize {
            self.asked.load(Ordering::SeqCst)
        }
    }

    fn keys(kids: &[&str]) -> AdmissionKeys {
        let keys = kids.iter().enumerate().map(|(n, kid)| {
            let signs_from = Timestamp::from_seconds(n as u64);
            SigningKey::new((*kid).to_owned(), signs_from, [kid.as_bytes()[0]; 32])
        });
        AdmissionKeys::new("us", KeyRing::new(keys.collect()).unwrap()).unwrap()
    }

    fn token(keys: &AdmissionKeys) -> String {
        let claims = AdmissionClaims {
            ticket: TicketId::from_bytes([1; 16]),
            event: "e".parse().unwrap(),
            session: SessionId::from_bytes([2; 16]),
            issued_at: NOW,
            expires_at: Timestamp::from_seconds(2_000),
        };
        keys.sign(&claims, NOW).unwrap()
    }

    #[tokio::test]
    async fn a_rotated_key_is_learnt_from_its_first_token() {
        let (old, both) = (keys(&["a"]), keys(&["a", "b"]));
        let (publisher, trusted) = Publisher::start(&old).await;
        assert!(trusted.verify(&token(&old), NOW).await.is_ok());
        publisher.publish(Some(both.jwks().clone()));
        sleep(PAUSE).await;
        assert!(trusted.verify(&token(&both), NOW).await.is_ok());
        assert!(trusted.verify(&token(&old), NOW).await.is_ok());
        assert_eq!(publisher.asked(), 2);
    }

    #[tokio::test]
    async fn a_withdrawn_key_opens_nothing_once_the_keys_are_stale() {
        let (old, new) = (keys(&["a"]), keys(&["b"]));
        let (publisher, trusted) = Publisher::start(&old).await;
        assert!(trusted.verify(&token(&old), NOW).await.is_ok());
        publisher.publish(Some(new.jwks().clone()));
        sleep(PAUSE * 4).await;
        assert_eq!(
            trusted.verify(&token(&old), NOW).await,
            Err(NotVerified::Token(TokenError::UnknownKey))
        );
    }

    #[tokio::test]
    async fn a_waiting_room_that_is_down_does_not_close_the_shop() {
        let keys = keys(&["a"]);
        let (publisher, trusted) = Publisher::start(&keys).await;
        assert!(trusted.verify(&token(&keys), NOW).await.is_ok());
        publisher.publish(None);
        sleep(PAUSE * 4).await;
        assert!(trusted.verify(&token(&keys), NOW).await.is_ok());
        assert!(publisher.asked() >= 2);
    }

    #[tokio::test]
    async fn keys_that_come_late_at_the_start_are_there_before_the_first_token() {
        let keys = keys(&["a"]);
        let (publisher, trusted) = Publisher::start(&keys).await;
        publisher.publish(None);
        let late = async {
            sleep(WARM_UP_PAUSE).await;
            publisher.publish(Some(keys.jwks().clone()));
        };
        tokio::join!(trusted.warm_up(), late);
        let asked = publisher.asked();
        assert!(asked >= 2);
        assert!(trusted.verify(&token(&keys), NOW).await.is_ok());
        assert_eq!(publisher.asked(), asked);
    }

    #[tokio::test]
    async fn the_shop_opens_as_soon_as_there_are_keys() {
        let keys = keys(&["a"]);
        let (publisher, trusted) = Publisher::start(&keys).await;
        publisher.publish(None);
        let verified = trusted.verify(&token(&keys), NOW).await;
        assert_eq!(verified, Err(NotVerified::NoKeys));
        publisher.publish(Some(keys.jwks().clone()));
        sleep(PAUSE).await;
        assert!(trusted.verify(&token(&keys), NOW).await.is_ok());
    }
}

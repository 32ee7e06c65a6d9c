//! The keys that sign tokens and order the pre-queue, and their rotation.
//!
//! Any number of processes share one [`KeyStore`]. Each reads it every quarter of a minute, so a key
//! that one of them adds is known to all, and published by all, long before it begins to sign.

mod file;
#[cfg(feature = "aws")]
mod secrets_manager;

use std::{error::Error, sync::Arc, time::Duration};

use arc_swap::ArcSwap;
use async_trait::async_trait;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use rand::RngExt;
use serde::{Deserialize, Serialize};
use thiserror::Error;
use tokio::{
    sync::Mutex,
    time::{Instant, sleep, timeout},
};
use tokio_util::sync::CancellationToken;
use waiting_room_core::Timestamp;
use waiting_room_tokens::{
    AdmissionKeys, KeyRing, KeyRingError, QueueClaims, QueueKeys, SigningKey, TokenError,
};

pub use self::file::{FileKeyStore, write_private};
#[cfg(feature = "aws")]
pub use self::secrets_manager::SecretsManagerKeyStore;

/// How long shops may cache the JWKS.
pub const JWKS_MAX_AGE: Duration = Duration::from_secs(60);

/// How often a process reads the key store, at most; at least in three quarters of it.
const REFRESH_WITHIN: Duration = Duration::from_secs(20);

/// When a new key begins to sign: a shop may have fetched the JWKS from a process that had not heard of
/// the key yet, and cache it to the end; the rest is for slow answers.
const SIGNS_AFTER: Duration = Duration::from_secs(60 + 20 + 10);

/// Tokens of unknown keys, which anybody can make, cause no more than one look into the store in this
/// time.
const BETWEEN_EARLY_REFRESHES: Duration = Duration::from_secs(5);

/// How long a token of an unknown key waits for the store.
const EARLY_REFRESH_PATIENCE: Duration = Duration::from_secs(2);

/// How often a new waiting room looks for the keys that another process is about to store.
const FIRST_KEYS_TRIES: u32 = 5;

/// How long keys verify after they stopped signing: longer than any token they signed lives.
const KEEP_QUEUE_KEYS: Duration = Duration::from_secs(400 * 86_400);
const KEEP_ADMISSION_KEYS: Duration = Duration::from_secs(2 * 86_400);

/// All secrets of a waiting room, as they are stored.
#[derive(Clone, Serialize, Deserialize)]
pub struct StoredKeys {
    /// Sign queue tokens.
    pub queue: KeyRing,
    /// Sign admission tokens.
    pub admission: KeyRing,
    /// Makes the draw seeds; 32 bytes as base64url.
    draw: String,
}

/// Which of the keys that were ever stored: the store's own word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyVersion(String);

/// Why keys can't be used.
#[derive(Debug, Error)]
pub enum KeyError {
    /// The store does not answer, or holds something else.
    #[error("the keys in {place} cannot be used")]
    Store {
        /// Where they are kept.
        place: String,
        /// Why; never with any of their text.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    /// The keys of the last rotation, perhaps another process's, don't sign yet.
    #[error("the keys of the last rotation don't sign yet")]
    UnderWay,
    /// A ring that is malformed.
    #[error(transparent)]
    Ring(#[from] KeyRingError),
}

/// The stored text is no keys. What it is instead stays untold: it may be most of a secret.
#[derive(Debug, Error)]
#[error("what is stored is no keys (line {line}, column {column})")]
struct NoKeys {
    line: usize,
    column: usize,
}

/// Where the keys are kept.
#[async_trait]
pub trait KeyStore: Send + Sync {
    /// The keys, and which they are; nothing when none were ever stored.
    async fn load(&self) -> Result<Option<(KeyVersion, StoredKeys)>, KeyError>;

    /// Stores `keys` in the place of `replaced`, or as the first ones ever.
    ///
    /// # Errors
    /// [`KeyError::UnderWay`] when somebody else has stored others since; nothing has changed then.
    async fn store(
        &self,
        keys: &StoredKeys,
        replaced: Option<&KeyVersion>,
    ) -> Result<KeyVersion, KeyError>;
}

impl StoredKeys {
    /// New keys, which sign from `now` on.
    ///
    /// # Errors
    /// Never, in practice.
    pub fn generate(now: Timestamp) -> Result<Self, KeyRingError> {
        Ok(Self {
            queue: KeyRing::new(vec![new_key(now)])?,
            admission: KeyRing::new(vec![new_key(now)])?,
            draw: URL_SAFE_NO_PAD.encode(random_bytes::<32>()),
        })
    }

    /// The key from which each event's draw seed is made; `None` when it is malformed.
    pub fn draw_key(&self) -> Option<[u8; 32]> {
        URL_SAFE_NO_PAD.decode(&self.draw).ok()?.try_into().ok()
    }

    fn from_json(text: &[u8]) -> Result<Self, NoKeys> {
        serde_json::from_slice(text).map_err(|error| NoKeys {
            line: error.line(),
            column: error.column(),
        })
    }

    /// Whether some of them don't sign yet at `now`.
    fn are_under_way(&self, now: Timestamp) -> bool {
        [&self.queue, &self.admission]
            .into_iter()
            .filter_map(|ring| ring.keys().last())
            .any(|newest| newest.signs_from > now)
    }

    /// These keys and a new one of each kind.
    fn rotated(&self, now: Timestamp) -> Result<(Self, Rotation), KeyRingError> {
        let signs_from = now + SIGNS_AFTER;
        let (queue_key, admission_key) = (new_key(signs_from), new_key(signs_from));
        let rotation = Rotation {
            queue_token_kid: queue_key.kid.clone(),
            admission_token_kid: admission_key.kid.clone(),
            signs_from,
        };
        let keys = Self {
            queue: self.queue.rotated(queue_key, now, KEEP_QUEUE_KEYS)?,
            admission: self
                .admission
                .rotated(admission_key, now, KEEP_ADMISSION_KEYS)?,
            draw: self.draw.clone(),
        };
        Ok((keys, rotation))
    }
}

/// Random bytes of the thread's cryptographic generator.
pub fn random_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    rand::rng().fill(&mut bytes);
    bytes
}

fn new_key(signs_from: Timestamp) -> SigningKey {
    let kid = URL_SAFE_NO_PAD.encode(random_bytes::<9>());
    SigningKey::new(kid, signs_from, random_bytes())
}

/// The keys in use. Readers never wait for a rotation or a refresh.
pub struct TokenKeys {
    issuer: String,
    store: Box<dyn KeyStore>,
    queue: ArcSwap<QueueKeys>,
    admission: ArcSwap<AdmissionKeys>,
    draw_key: [u8; 32],
    // Held while the store is asked, so that its answers are put in use in their order.
    source: Mutex<Source>,
}

struct Source {
    version: KeyVersion,
    early_refresh: Option<Instant>,
}

/// What a rotation made.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct Rotation {
    /// The new key of queue tokens.
    pub queue_token_kid: String,
    /// The new key of admission tokens.
    pub admission_token_kid: String,
    /// When they begin to sign.
    #[schema(value_type = String, format = DateTime)]
    pub signs_from: Timestamp,
}

impl TokenKeys {
    /// Loads the keys from `store`, or makes the first ones ever, of which those win that the store took
    /// first; tokens name `issuer`.
    ///
    /// # Errors
    /// When there are none that can be used.
    pub async fn load(
        issuer: impl Into<String>,
        store: Box<dyn KeyStore>,
        now: Timestamp,
    ) -> Result<Self, KeyError> {
        let issuer = issuer.into();
        let (version, stored) = load_or_make(&*store, now).await?;
        let draw_key = stored.draw_key().ok_or_else(|| KeyError::Store {
            place: "the key store".to_owned(),
            source: "the draw key is malformed".into(),
        })?;
        Ok(Self {
            queue: ArcSwap::from_pointee(QueueKeys::new(issuer.clone(), stored.queue)),
            admission: ArcSwap::from_pointee(AdmissionKeys::new(issuer.clone(), stored.admission)?),
            draw_key,
            issuer,
            store,
            source: Mutex::new(Source {
                version,
                early_refresh: None,
            }),
        })
    }

    /// The keys of queue tokens.
    pub fn queue(&self) -> Arc<QueueKeys> {
        self.queue.load_full()
    }

    /// The keys of admission tokens.
    pub fn admission(&self) -> Arc<AdmissionKeys> {
        self.admission.load_full()
    }

    /// The key from which each event's draw seed is made.
    pub fn draw_key(&self) -> &[u8; 32] {
        &self.draw_key
    }

    /// What the queue token `token` says, if it is ours and valid at `now`. When it was signed with a
    /// key that is not known here, the store is asked whether there is one.
    ///
    /// # Errors
    /// As [`TokenError`] says.
    pub async fn verify_queue_token(
        &self,
        token: &str,
        now: Timestamp,
    ) -> Result<QueueClaims, TokenError> {
        let keys = self.queue();
        match keys.verify(token, now) {
            Err(TokenError::UnknownKey) if self.has_newer_than(&keys).await => {
                self.queue().verify(token, now)
            }
            verified => verified,
        }
    }

    /// Reads the store every 15 to 20 s, until `shutdown`. While it does not answer, or holds no keys,
    /// those in use stay in use.
    pub async fn watch(&self, shutdown: CancellationToken) {
        let mut failing = false;
        loop {
            let pause = REFRESH_WITHIN.mul_f64(rand::rng().random_range(0.75..1.0));
            if shutdown.run_until_cancelled(sleep(pause)).await.is_none() {
                return;
            }
            match shutdown.run_until_cancelled(self.refresh()).await {
                None => return,
                Some(Ok(())) if failing => {
                    failing = false;
                    tracing::info!("the key store answers again");
                }
                Some(Ok(())) => {}
                Some(Err(error)) if !failing => {
                    failing = true;
                    warn_of(&error);
                }
                Some(Err(_)) => {}
            }
        }
    }

    /// Reads the store and uses what it holds.
    ///
    /// # Errors
    /// When it holds no keys that can be used, or does not answer; those in use stay in use.
    pub async fn refresh(&self) -> Result<(), KeyError> {
        let mut source = self.source.lock().await;
        let (version, stored) = self.stored().await?;
        self.put_in_use(&mut source, version, stored)
    }

    /// Adds a new key of each kind, which signs once shops have had time to learn it. What the old
    /// ones signed stays valid.
    ///
    /// # Errors
    /// When the keys of the last rotation, of this or another process, don't sign yet, or the store
    /// does not take the new ones; nothing has changed then.
    pub async fn rotate(&self, now: Timestamp) -> Result<Rotation, KeyError> {
        let mut source = self.source.lock().await;
        let (version, stored) = self.stored().await?;
        if stored.are_under_way(now) {
            self.put_in_use(&mut source, version, stored)?;
            return Err(KeyError::UnderWay);
        }
        let (rotated, rotation) = stored.rotated(now)?;
        let version = self.store.store(&rotated, Some(&version)).await?;
        self.put_in_use(&mut source, version, rotated)?;
        Ok(rotation)
    }

    async fn stored(&self) -> Result<(KeyVersion, StoredKeys), KeyError> {
        let stored = self.store.load().await?;
        stored.ok_or_else(|| KeyError::Store {
            place: "the key store".to_owned(),
            source: "the keys that were there are gone".into(),
        })
    }

    fn put_in_use(
        &self,
        source: &mut Source,
        version: KeyVersion,
        stored: StoredKeys,
    ) -> Result<(), KeyError> {
        if source.version == version {
            return Ok(());
        }
        if stored.draw_key() != Some(self.draw_key) {
            // Places that fans have seen came from it.
            tracing::error!("the stored draw key is another one; the first one stays in use");
        }
        let admission = AdmissionKeys::new(self.issuer.clone(), stored.admission)?;
        let queue = QueueKeys::new(self.issuer.clone(), stored.queue);
        tracing::info!(
            queue_keys = queue.ring().keys().len(),
            admission_keys = admission.ring().keys().len(),
            "signing keys changed"
        );
        self.queue.store(Arc::new(queue));
        self.admission.store(Arc::new(admission));
        source.version = version;
        Ok(())
    }

    /// Whether the queue keys in use are others than `seen`, perhaps after a look into the store.
    async fn has_newer_than(&self, seen: &Arc<QueueKeys>) -> bool {
        let look = async {
            let mut source = self.source.lock().await;
            let lately = |last: Instant| last.elapsed() < BETWEEN_EARLY_REFRESHES;
            if !Arc::ptr_eq(seen, &self.queue()) || source.early_refresh.is_some_and(lately) {
                return;
            }
            source.early_refresh = Some(Instant::now());
            let refreshed = match self.stored().await {
                Ok((version, stored)) => self.put_in_use(&mut source, version, stored),
                Err(error) => Err(error),
            };
            if let Err(error) = refreshed {
                warn_of(&error);
            }
        };
        // Whoever gives up waiting goes by the keys that are in use then.
        let _ = timeout(EARLY_REFRESH_PATIENCE, look).await;
        !Arc::ptr_eq(seen, &self.queue())
    }
}

async fn load_or_make(
    store: &dyn KeyStore,
    now: Timestamp,
) -> Result<(KeyVersion, StoredKeys), KeyError> {
    for attempt in 0..FIRST_KEYS_TRIES {
        if let Some(stored) = store.load().await? {
            return Ok(stored);
        }
        let keys = StoredKeys::generate(now)?;
        match store.store(&keys, None).await {
            Ok(version) => {
                tracing::info!("the first signing keys were made");
                return Ok((version, keys));
            }
            Err(KeyError::UnderWay) => sleep(Duration::from_millis(200) * (attempt + 1)).await,
            Err(error) => return Err(error),
        }
    }
    Err(KeyError::UnderWay)
}

fn warn_of(error: &KeyError) {
    let reason = std::error::Error::source(error).map(ToString::to_string);
    tracing::warn!(%error, reason, "the signing keys were not refreshed; those in use stay in use");
}

//! The keys that sign tokens and order the pre-queue, and their rotation.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use arc_swap::ArcSwap;
use async_trait::async_trait;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use rand::RngExt;
use serde::{Deserialize, Serialize};
use thiserror::Error;
use tokio::sync::Mutex;
use waiting_room_core::Timestamp;
use waiting_room_tokens::{AdmissionKeys, KeyRing, KeyRingError, QueueKeys, SigningKey};

/// How long shops may cache the JWKS: a new key begins to sign only after it.
pub const JWKS_MAX_AGE: Duration = Duration::from_secs(60);

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

/// Why keys can't be used.
#[derive(Debug, Error)]
pub enum KeyError {
    /// The store does not answer, or holds something else.
    #[error("the keys in {place} cannot be used")]
    Store {
        /// Where they are kept.
        place: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The last rotation's keys don't sign yet.
    #[error("the keys of the last rotation don't sign yet")]
    UnderWay,
    /// A ring that is malformed.
    #[error(transparent)]
    Ring(#[from] KeyRingError),
}

/// Where the keys are kept.
#[async_trait]
pub trait KeyStore: Send + Sync {
    /// The keys; made at the first call ever.
    async fn load(&self, now: Timestamp) -> Result<StoredKeys, KeyError>;

    /// Replaces them.
    async fn save(&self, keys: &StoredKeys) -> Result<(), KeyError>;
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

/// The keys in use. Readers never wait for a rotation.
pub struct TokenKeys {
    issuer: String,
    store: Box<dyn KeyStore>,
    queue: ArcSwap<QueueKeys>,
    admission: ArcSwap<AdmissionKeys>,
    draw_key: [u8; 32],
    rotating: Mutex<()>,
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
    /// Loads the keys from `store`; tokens name `issuer`.
    ///
    /// # Errors
    /// When there are none that can be used.
    pub async fn load(
        issuer: impl Into<String>,
        store: Box<dyn KeyStore>,
        now: Timestamp,
    ) -> Result<Self, KeyError> {
        let issuer = issuer.into();
        let stored = store.load(now).await?;
        let draw_key = stored.draw_key().ok_or_else(|| KeyError::Store {
            place: "the key store".to_owned(),
            source: io::Error::new(io::ErrorKind::InvalidData, "the draw key is malformed"),
        })?;
        Ok(Self {
            queue: ArcSwap::from_pointee(QueueKeys::new(issuer.clone(), stored.queue)),
            admission: ArcSwap::from_pointee(AdmissionKeys::new(issuer.clone(), stored.admission)?),
            draw_key,
            issuer,
            store,
            rotating: Mutex::new(()),
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

    /// Adds a new key of each kind, which signs once shops have had time to learn it. What the old
    /// ones signed stays valid.
    ///
    /// # Errors
    /// When the keys of the last rotation don't sign yet, or the store does not take the new ones;
    /// nothing has changed then.
    pub async fn rotate(&self, now: Timestamp) -> Result<Rotation, KeyError> {
        let _one_at_a_time = self.rotating.lock().await;
        let admission = self.admission.load();
        if admission
            .ring()
            .keys()
            .last()
            .is_some_and(|newest| newest.signs_from > now)
        {
            return Err(KeyError::UnderWay);
        }
        let signs_from = now + JWKS_MAX_AGE;
        let (queue_key, admission_key) = (new_key(signs_from), new_key(signs_from));
        let rotation = Rotation {
            queue_token_kid: queue_key.kid.clone(),
            admission_token_kid: admission_key.kid.clone(),
            signs_from,
        };
        let stored = StoredKeys {
            queue: self
                .queue
                .load()
                .ring()
                .rotated(queue_key, now, KEEP_QUEUE_KEYS)?,
            admission: admission
                .ring()
                .rotated(admission_key, now, KEEP_ADMISSION_KEYS)?,
            draw: URL_SAFE_NO_PAD.encode(self.draw_key),
        };
        let admission = AdmissionKeys::new(self.issuer.clone(), stored.admission.clone())?;
        self.store.save(&stored).await?;
        self.queue
            .store(Arc::new(QueueKeys::new(self.issuer.clone(), stored.queue)));
        self.admission.store(Arc::new(admission));
        Ok(rotation)
    }
}

/// Keys in a file that only its owner may read.
pub struct FileKeyStore {
    path: PathBuf,
}

impl FileKeyStore {
    /// The keys in `keys.json` of `data_dir`.
    pub fn new(data_dir: &Path) -> Self {
        Self {
            path: data_dir.join("keys.json"),
        }
    }

    fn error(&self, source: io::Error) -> KeyError {
        KeyError::Store {
            place: self.path.display().to_string(),
            source,
        }
    }
}

#[async_trait]
impl KeyStore for FileKeyStore {
    async fn load(&self, now: Timestamp) -> Result<StoredKeys, KeyError> {
        match fs::read(&self.path) {
            Ok(bytes) => serde_json::from_slice(&bytes).map_err(|error| self.error(error.into())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let keys = StoredKeys::generate(now)?;
                self.save(&keys).await?;
                Ok(keys)
            }
            Err(error) => Err(self.error(error)),
        }
    }

    async fn save(&self, keys: &StoredKeys) -> Result<(), KeyError> {
        let bytes = serde_json::to_vec_pretty(keys).map_err(|error| self.error(error.into()))?;
        write_private(&self.path, &bytes).map_err(|error| self.error(error))
    }
}

/// Writes a file that only its owner may read, in one step: wholly or not at all.
pub fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let fresh = path.with_extension("new");
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&fresh)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&fresh, path)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_795_000_000);

    async fn open(directory: &Path) -> TokenKeys {
        TokenKeys::load("waiting-room", Box::new(FileKeyStore::new(directory)), NOW)
            .await
            .unwrap()
    }

    #[tokio::test]
    async fn keys_outlive_the_process_and_are_their_owners_alone() {
        let directory = tempfile::tempdir().unwrap();
        let first = open(directory.path()).await;
        let second = open(directory.path()).await;
        assert_eq!(first.draw_key(), second.draw_key());
        assert_eq!(first.admission().jwks(), second.admission().jwks());
        let mode = fs::metadata(directory.path().join("keys.json"))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[tokio::test]
    async fn a_rotation_publishes_the_new_key_before_it_signs_and_keeps_the_old() {
        let directory = tempfile::tempdir().unwrap();
        let keys = open(directory.path()).await;
        let old = keys.admission().ring().signer(NOW).kid.clone();
        let rotation = keys.rotate(NOW).await.unwrap();
        assert_eq!(keys.admission().jwks().keys.len(), 2);
        assert_eq!(keys.admission().ring().signer(NOW).kid, old);
        assert!(matches!(keys.rotate(NOW).await, Err(KeyError::UnderWay)));
        let later = rotation.signs_from;
        assert_eq!(
            keys.admission().ring().signer(later).kid,
            rotation.admission_token_kid
        );
        assert_eq!(
            open(directory.path()).await.admission().jwks().keys.len(),
            2
        );
    }

    #[tokio::test]
    async fn rubbish_in_the_key_file_is_no_reason_to_make_new_keys() {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("keys.json"), "{").unwrap();
        let store = Box::new(FileKeyStore::new(directory.path()));
        assert!(TokenKeys::load("waiting-room", store, NOW).await.is_err());
        assert_eq!(
            fs::read_to_string(directory.path().join("keys.json")).unwrap(),
            "{"
        );
    }
}

//! Keys in a file of the data dir.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use async_trait::async_trait;

use super::{KeyError, KeyStore, KeyVersion, StoredKeys};

/// Keys in a file that only its owner may read. The data dir has one process at a time.
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

    fn read(&self) -> Result<Option<(KeyVersion, StoredKeys)>, KeyError> {
        let text = match fs::read(&self.path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(self.error(error)),
        };
        let keys = StoredKeys::from_json(&text).map_err(|error| self.error(error))?;
        Ok(Some((version_of(&keys), keys)))
    }

    fn error(&self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> KeyError {
        KeyError::Store {
            place: self.path.display().to_string(),
            source: source.into(),
        }
    }
}

#[async_trait]
impl KeyStore for FileKeyStore {
    async fn load(&self) -> Result<Option<(KeyVersion, StoredKeys)>, KeyError> {
        self.read()
    }

    async fn store(
        &self,
        keys: &StoredKeys,
        replaced: Option<&KeyVersion>,
    ) -> Result<KeyVersion, KeyError> {
        let there = self.read()?.map(|(version, _)| version);
        if there.as_ref() != replaced {
            return Err(KeyError::UnderWay);
        }
        let bytes = serde_json::to_vec_pretty(keys).map_err(|error| self.error(error))?;
        write_private(&self.path, &bytes).map_err(|error| self.error(error))?;
        Ok(version_of(keys))
    }
}

/// Every rotation adds a key with an id of its own.
fn version_of(keys: &StoredKeys) -> KeyVersion {
    let kids = [&keys.queue, &keys.admission]
        .into_iter()
        .flat_map(|ring| ring.keys().iter().map(|key| &*key.kid));
    KeyVersion(kids.collect::<Vec<_>>().join(" "))
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

    use waiting_room_core::Timestamp;

    use super::*;
    use crate::keys::TokenKeys;

    const NOW: Timestamp = Timestamp::from_seconds(1_795_000_000);

    #[tokio::test]
    async fn the_file_is_its_owners_alone() {
        let directory = tempfile::tempdir().unwrap();
        let store = Box::new(FileKeyStore::new(directory.path()));
        TokenKeys::load("waiting-room", store, NOW).await.unwrap();
        let file = fs::metadata(directory.path().join("keys.json")).unwrap();
        assert_eq!(file.permissions().mode() & 0o777, 0o600);
    }

    #[tokio::test]
    async fn rubbish_in_the_file_is_no_reason_to_make_new_keys() {
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

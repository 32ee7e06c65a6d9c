//! The directory in which one on-sale keeps what outlives it.

use std::{
    fs::{self, File, TryLockError},
    io,
    path::{Path, PathBuf},
};

use service_kit::extract::OperatorCredential;
use thiserror::Error;
use waiting_room::keys::{random_bytes, write_private};
use waiting_room_core::SessionId;

/// The file in the data dir that holds the operator credential, unless one is given.
pub const CREDENTIAL_FILE: &str = "operator-credential";

/// A data dir that this process alone uses.
#[derive(Debug)]
pub(crate) struct DataDir {
    path: PathBuf,
    _lock: File,
}

/// Why a data dir can't be used.
#[derive(Debug, Error)]
pub enum DataDirError {
    /// Another process uses it.
    #[error("{0} is in use by another process")]
    InUse(PathBuf),
    /// It can't be made, read or written.
    #[error("{path} cannot be used")]
    Io {
        /// The directory or a file in it.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The given or kept credential is too short to be safe.
    #[error("the operator credential must have 16 characters at least")]
    WeakCredential,
}

impl DataDir {
    /// Opens the data dir at `path`; makes it if it is not there.
    ///
    /// # Errors
    /// When it can't be made, or another process uses it.
    pub(crate) fn open(path: &Path) -> Result<Self, DataDirError> {
        let failed = |source| DataDirError::Io {
            path: path.to_owned(),
            source,
        };
        fs::create_dir_all(path).map_err(failed)?;
        let lock = File::create(path.join("lock")).map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => Ok(Self {
                path: path.to_owned(),
                _lock: lock,
            }),
            Err(TryLockError::WouldBlock) => Err(DataDirError::InUse(path.to_owned())),
            Err(TryLockError::Error(error)) => Err(failed(error)),
        }
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The `given` operator credential, or else the one that is kept here; made at the first start.
    ///
    /// # Errors
    /// When it is too short, or can't be kept.
    pub(crate) fn operator_credential(
        &self,
        given: Option<&str>,
    ) -> Result<OperatorCredential, DataDirError> {
        let path = self.path.join(CREDENTIAL_FILE);
        let text = match given {
            Some(text) => text.to_owned(),
            None => match fs::read_to_string(&path) {
                Ok(text) => text.trim().to_owned(),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    let fresh = SessionId::from_bytes(random_bytes()).to_string();
                    write_private(&path, fresh.as_bytes())
                        .map_err(|source| DataDirError::Io { path, source })?;
                    fresh
                }
                Err(source) => return Err(DataDirError::Io { path, source }),
            },
        };
        OperatorCredential::new(text).ok_or(DataDirError::WeakCredential)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_processes_never_share_a_data_dir() {
        let directory = tempfile::tempdir().unwrap();
        let first = DataDir::open(directory.path()).unwrap();
        assert!(matches!(
            DataDir::open(directory.path()),
            Err(DataDirError::InUse(_))
        ));
        drop(first);
        assert!(DataDir::open(directory.path()).is_ok());
    }

    #[test]
    fn the_credential_is_made_once_and_kept() {
        let directory = tempfile::tempdir().unwrap();
        let data_dir = DataDir::open(directory.path()).unwrap();
        let made = data_dir.operator_credential(None).unwrap();
        let kept = data_dir.operator_credential(None).unwrap();
        assert_eq!(made.reveal(), kept.reveal());
        assert!(data_dir.operator_credential(Some("short")).is_err());
        let given = data_dir
            .operator_credential(Some("sixteen-characters"))
            .unwrap();
        assert_eq!(given.reveal(), "sixteen-characters");
    }
}

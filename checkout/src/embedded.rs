//! Orders, stock and the order queue on one machine: one file, no servers.
//!
//! **One file for both.** The outbox promises that a pending order and its message meet again; in
//! one file they are on disk together or not at all, a crash can't leave one side older than the
//! other, and one `fsync` pays for orders and messages alike.
//!
//! **Group commit.** A disk writes durably some hundred or thousand times a second, a stampede
//! brings more orders than that. One thread takes all commands that wait (a bounded channel; up to
//! 256 at once), applies them in one transaction, writes it durably once, and answers then. A
//! command that is refused has written nothing, so it costs the others nothing; a failing disk fails
//! the whole batch, and every caller is told so. While one batch is written the next gathers, so
//! the busier it is the cheaper an order gets.
//!
//! **What is not on disk** is who holds which message at the moment: the worker is in this process
//! and ends with it, so after a crash all messages are visible at once. How often each was received
//! is on disk, or a message that kills the process would come back for ever.
//!
//! `kill -9` at any instant is covered by tests, and so is a disk that loses what was not synced.

mod batch;
mod message_index;
mod message_steps;
mod order_queue;
mod order_steps;
mod order_store;
mod records;
mod writer;

#[cfg(test)]
mod crash_tests;

use std::{
    fs::{File, OpenOptions, TryLockError, create_dir_all, rename},
    io,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    sync::Arc,
};

use redb::{Builder, Database, DatabaseError, ReadTransaction, ReadableDatabase};
use thiserror::Error;

use self::{records::FORMAT, writer::Writer};
use crate::{BackendError, QueuePolicy};

/// Orders, stock and order queue in the file `orders.redb` of a data directory.
///
/// It implements [`crate::OrderStore`] and [`crate::OrderQueue`]. Reads are done on the calling
/// thread: they are a few microseconds of look-ups, in memory but for orders long past. The file is
/// released when the last handle is dropped, which waits for the batch under way.
#[derive(Debug)]
pub struct OrderBook {
    // Dropped first, so that the thread has let go of the database when that closes.
    writer: Writer,
    database: Arc<Database>,
    policy: QueuePolicy,
    // Dropped last, when nobody of this process touches the file any more.
    _lock: Option<File>,
}

/// Why an order book was not opened.
#[derive(Debug, Error)]
pub enum OpenError {
    /// The file cannot be made or opened.
    #[error("the order book {path} cannot be opened")]
    File {
        /// Where it is.
        path: PathBuf,
        /// Why.
        #[source]
        cause: io::Error,
    },
    /// Another process has it.
    #[error("the order book {path} is in use by another process")]
    InUse {
        /// Where it is.
        path: PathBuf,
    },
    /// It is no order book, or damaged. It is left as it is.
    #[error("the order book {path} is damaged or no order book; it was left as it is")]
    Damaged {
        /// Where it is.
        path: PathBuf,
        /// What was found.
        #[source]
        cause: redb::Error,
    },
    /// It was written by another version of this program.
    #[error("the order book {path} has format {found}, this program reads {FORMAT}")]
    OtherFormat {
        /// Where it is.
        path: PathBuf,
        /// Its format.
        found: u64,
    },
}

const FILE: &str = "orders.redb";
const UNFINISHED: &str = "orders.redb.new";
const LOCK: &str = "orders.lock";

/// Bytes of the file that are kept in memory: tens of thousands of the latest orders.
const CACHE: usize = 64 * 1024 * 1024;

impl OrderBook {
    /// Opens the order book in `data_dir`, which is made if it is not there. After a crash this
    /// restores the last state that was answered for.
    ///
    /// # Errors
    /// As [`OpenError`] says.
    pub fn open(data_dir: &Path, policy: QueuePolicy) -> Result<Arc<Self>, OpenError> {
        let path = data_dir.join(FILE);
        let failed = |cause| OpenError::File {
            path: path.clone(),
            cause,
        };
        create_dir_all(data_dir).map_err(failed)?;
        let lock = private_file(&data_dir.join(LOCK)).map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(OpenError::InUse { path }),
            Err(TryLockError::Error(cause)) => return Err(failed(cause)),
        }
        if !path.try_exists().map_err(failed)? {
            Self::make(data_dir, &path)?;
        }
        let file = private_file(&path).map_err(failed)?;
        let database = database(file, &path)?;
        Self::on(database, &path, policy, Some(lock)).map(Arc::new)
    }

    /// Makes an empty order book under another name first, so that a process that is killed
    /// meanwhile leaves no half a file behind that the next would not open.
    fn make(data_dir: &Path, path: &Path) -> Result<(), OpenError> {
        let failed = |cause| OpenError::File {
            path: path.to_owned(),
            cause,
        };
        let unfinished = data_dir.join(UNFINISHED);
        let file = private_file(&unfinished).map_err(failed)?;
        file.set_len(0).map_err(failed)?;
        let database = database(file, &unfinished)?;
        records::prepare(&database).map_err(|cause| OpenError::Damaged {
            path: unfinished.clone(),
            cause,
        })?;
        drop(database);
        rename(&unfinished, path).map_err(failed)?;
        let directory = File::open(data_dir).map_err(failed)?;
        directory.sync_all().map_err(failed)
    }

    fn on(
        database: Database,
        path: &Path,
        policy: QueuePolicy,
        lock: Option<File>,
    ) -> Result<Self, OpenError> {
        let damaged = |cause| OpenError::Damaged {
            path: path.to_owned(),
            cause,
        };
        let format = records::prepare(&database).map_err(damaged)?;
        if format != FORMAT {
            return Err(OpenError::OtherFormat {
                path: path.to_owned(),
                found: format,
            });
        }
        let database = Arc::new(database);
        let writer = Writer::start(database.clone()).map_err(damaged)?;
        Ok(Self {
            writer,
            database,
            policy,
            _lock: lock,
        })
    }

    fn read(&self) -> Result<ReadTransaction, BackendError> {
        self.database.begin_read().map_err(failed)
    }
}

/// The error of a look-up that failed because of `cause`.
fn failed(cause: impl Into<redb::Error>) -> BackendError {
    BackendError::unavailable(cause.into())
}

/// Opens or makes a file for its owner alone: the book holds names and addresses.
fn private_file(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path)
}

fn database(file: File, path: &Path) -> Result<Database, OpenError> {
    Builder::new()
        .set_cache_size(CACHE)
        .create_file(file)
        .map_err(|error| match error {
            DatabaseError::DatabaseAlreadyOpen => OpenError::InUse {
                path: path.to_owned(),
            },
            error => OpenError::Damaged {
                path: path.to_owned(),
                cause: error.into(),
            },
        })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn open(dir: &Path) -> Result<Arc<OrderBook>, OpenError> {
        OrderBook::open(dir, QueuePolicy::default())
    }

    #[test]
    fn a_book_that_another_process_has_is_not_opened() {
        let dir = tempfile::tempdir().unwrap();
        let first = open(dir.path()).unwrap();
        assert!(matches!(open(dir.path()), Err(OpenError::InUse { .. })));
        drop(first);
        assert!(open(dir.path()).is_ok());
    }

    #[test]
    fn a_file_that_is_no_order_book_is_named_and_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(FILE);
        let rubbish = vec![b'x'; 100_000];
        fs::write(&path, &rubbish).unwrap();
        let error = open(dir.path()).unwrap_err();
        assert!(matches!(error, OpenError::Damaged { .. }), "{error:?}");
        assert!(error.to_string().contains("orders.redb"), "{error}");
        assert_eq!(fs::read(&path).unwrap(), rubbish);
    }

    #[test]
    fn a_book_that_was_not_finished_is_made_anew() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join(UNFINISHED), vec![0; 5_000]).unwrap();
        assert!(open(dir.path()).is_ok());
        assert!(!dir.path().join(UNFINISHED).exists());
    }

    #[test]
    fn a_book_of_another_format_is_not_touched() {
        let dir = tempfile::tempdir().unwrap();
        drop(open(dir.path()).unwrap());
        records::tests::set_format(&dir.path().join(FILE), 99);
        let error = open(dir.path()).unwrap_err();
        assert!(matches!(error, OpenError::OtherFormat { found: 99, .. }));
    }

    #[test]
    fn only_the_owner_may_read_it() {
        use std::os::unix::fs::PermissionsExt;

        let dir = tempfile::tempdir().unwrap();
        drop(open(dir.path()).unwrap());
        let mode = fs::metadata(dir.path().join(FILE))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_directory_that_cannot_be_made_is_told() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("file");
        fs::write(&file, b"").unwrap();
        assert!(matches!(open(&file), Err(OpenError::File { .. })));
    }
}

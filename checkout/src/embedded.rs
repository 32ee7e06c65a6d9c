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
//!
//! **A disk that fails for a while**, because it is full, say, ends nothing: the database does not
//! go on after a failed write, so it is closed, every caller is told so, and it is opened anew until
//! a write succeeds again.

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
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    sync::Arc,
};

use redb::{Builder, Database, DatabaseError, ReadTransaction, ReadableDatabase};
use thiserror::Error;

use self::{message_index::MessageIndex, records::FORMAT, writer::Writer};
use crate::{BackendError, QueuePolicy};

/// Orders, stock and order queue in the file `orders.redb` of a data directory.
///
/// It implements [`crate::OrderStore`] and [`crate::OrderQueue`]. Reads are done on the calling
/// thread: they are a few microseconds of look-ups, in memory but for orders long past. The file is
/// released when the last handle is dropped, which waits for the batch under way.
#[derive(Debug)]
pub struct OrderBook {
    // Dropped first, which closes the database.
    writer: Writer,
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
        let open = {
            let path = path.clone();
            move || database(existing_file(&path)?, &path)
        };
        Self::on(open, &path, policy, Some(lock)).map(Arc::new)
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
        records::prepare(&database).map_err(|cause| damaged(&unfinished, cause))?;
        drop(database);
        rename(&unfinished, path).map_err(failed)?;
        let directory = File::open(data_dir).map_err(failed)?;
        directory.sync_all().map_err(failed)
    }

    /// The order book in the database that `open` opens, now and after each failure of the disk.
    fn on(
        open: impl Fn() -> Result<Database, OpenError> + Send + 'static,
        path: &Path,
        policy: QueuePolicy,
        lock: Option<File>,
    ) -> Result<Self, OpenError> {
        let opened = opened(&open, path)?;
        let again = {
            let path = path.to_owned();
            move || {
                let opened = self::opened(&open, &path)?;
                // A disk that is still full gives itself away here, before callers are let in.
                records::try_writing(&opened.database).map_err(|cause| damaged(&path, cause))?;
                Ok(opened)
            }
        };
        let writer = Writer::start(opened, again).map_err(|cause| OpenError::File {
            path: path.to_owned(),
            cause,
        })?;
        Ok(Self {
            writer,
            policy,
            _lock: lock,
        })
    }

    fn read(&self) -> Result<ReadTransaction, BackendError> {
        self.writer.database()?.begin_read().map_err(failed)
    }
}

/// A database that was looked through.
struct Opened {
    database: Database,
    messages: MessageIndex,
}

fn opened(
    open: impl Fn() -> Result<Database, OpenError>,
    path: &Path,
) -> Result<Opened, OpenError> {
    let look_through = || {
        let database = open()?;
        let format = records::format(&database).map_err(|cause| damaged(path, cause))?;
        if format != FORMAT {
            return Err(OpenError::OtherFormat {
                path: path.to_owned(),
                found: format,
            });
        }
        let messages = writer::load(&database).map_err(|cause| damaged(path, cause))?;
        Ok(Opened { database, messages })
    };
    // The database panics at some damages instead of telling them. Nothing that it was working on
    // outlives the closure, so nothing half done is seen.
    catch_unwind(AssertUnwindSafe(look_through)).unwrap_or_else(|_| {
        let found = "the database panicked when it was opened".to_owned();
        Err(damaged(path, redb::Error::Corrupted(found)))
    })
}

fn damaged(path: &Path, cause: redb::Error) -> OpenError {
    OpenError::Damaged {
        path: path.to_owned(),
        cause,
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

/// Opens a file that is there. An order book gets its name when it is complete, so an empty file
/// is one that has lost everything, and must not pass for a new one.
fn existing_file(path: &Path) -> Result<File, OpenError> {
    let failed = |cause| OpenError::File {
        path: path.to_owned(),
        cause,
    };
    let file = OpenOptions::new().read(true).write(true).open(path);
    let file = file.map_err(failed)?;
    if file.metadata().map_err(failed)?.len() == 0 {
        let found = "the file is empty".to_owned();
        return Err(damaged(path, redb::Error::Corrupted(found)));
    }
    Ok(file)
}

fn database(file: File, path: &Path) -> Result<Database, OpenError> {
    Builder::new()
        .set_cache_size(CACHE)
        .create_file(file)
        .map_err(|error| match error {
            DatabaseError::DatabaseAlreadyOpen => OpenError::InUse {
                path: path.to_owned(),
            },
            error => damaged(path, error.into()),
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
    fn an_empty_file_is_damage_and_no_new_book() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(FILE);
        fs::write(&path, b"").unwrap();
        let error = open(dir.path()).unwrap_err();
        assert!(matches!(error, OpenError::Damaged { .. }), "{error:?}");
        assert_eq!(fs::metadata(&path).unwrap().len(), 0);
    }

    #[test]
    fn a_database_without_tables_is_no_order_book() {
        let dir = tempfile::tempdir().unwrap();
        drop(Database::create(dir.path().join(FILE)).unwrap());
        let error = open(dir.path()).unwrap_err();
        assert!(matches!(error, OpenError::Damaged { .. }), "{error:?}");
    }

    #[test]
    fn a_damage_at_which_the_database_panics_is_told_as_damage() {
        let error = opened(|| panic!("as some damages do"), Path::new("book"));
        let error = error.map(drop).unwrap_err();
        assert!(matches!(error, OpenError::Damaged { .. }), "{error:?}");
    }

    #[test]
    fn opening_a_damaged_book_never_panics() {
        let dir = tempfile::tempdir().unwrap();
        drop(open(dir.path()).unwrap());
        let path = dir.path().join(FILE);
        let sound = fs::read(&path).unwrap();
        for cut in [1, 300, 4_096, 5_000, sound.len() / 2, sound.len() - 1] {
            fs::write(&path, &sound[..cut]).unwrap();
            let error = open(dir.path()).map(drop).unwrap_err();
            assert!(matches!(error, OpenError::Damaged { .. }), "{error:?}");
        }
        for at in (0..sound.len().min(40_000)).step_by(61) {
            let mut flipped = sound.clone();
            flipped[at] ^= 0xff;
            fs::write(&path, &flipped).unwrap();
            // A damage that only shows when the book is closed is beyond this rule.
            if let Ok(book) = open(dir.path()) {
                let _ = catch_unwind(AssertUnwindSafe(|| drop(book)));
            }
        }
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

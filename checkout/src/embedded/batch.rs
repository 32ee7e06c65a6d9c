//! One transaction's worth of commands, and what a step of one may end as.

use redb::{StorageError, TableError};

use super::{message_index::MessageIndex, records::Tables};
use crate::BackendError;

/// What the steps of a batch work on.
pub(super) struct Batch<'b> {
    pub(super) tables: Tables<'b>,
    pub(super) messages: &'b mut MessageIndex,
}

/// How a step ends.
pub(super) type Stepped<T, E> = Result<Done<T>, Halt<E>>;

/// What a step answers, and whether the batch is worth a commit for it.
#[derive(Debug)]
pub(super) enum Done<T> {
    /// It wrote something.
    Wrote(T),
    /// It left every table as it was.
    Unchanged(T),
}

/// Why a step did not do what it was asked to.
#[derive(Debug)]
pub(super) enum Halt<E> {
    /// The database failed: nothing of the batch counts.
    Failed(redb::Error),
    /// Refused, before anything was written: the rest of the batch counts.
    Refused(E),
}

impl<E> From<StorageError> for Halt<E> {
    fn from(error: StorageError) -> Self {
        Self::Failed(error.into())
    }
}

impl<E> From<TableError> for Halt<E> {
    fn from(error: TableError) -> Self {
        Self::Failed(error.into())
    }
}

impl<E: From<BackendError>> From<BackendError> for Halt<E> {
    fn from(error: BackendError) -> Self {
        Self::Refused(error.into())
    }
}

//! The audit log: which operator changed what when, by which way, kept durably.
//!
//! An [`Entry`] is never changed and never removed. There are two [`AuditLog`]s, a file and a DynamoDB table, which keep
//! one and the same suite's rules. Services write through an [`Auditor`], which holds on to what can't be written now, so
//! that an operator who has to pause an event never waits for the log.

mod auditor;
#[cfg(feature = "dynamodb")]
mod dynamodb;
mod entry;
mod file;

use std::error::Error;

use async_trait::async_trait;
use thiserror::Error;
use waiting_room_core::EventId;

#[cfg(feature = "dynamodb")]
pub use self::dynamodb::DynamoAuditLog;
pub use self::{
    auditor::{Auditor, Condition, unbroken},
    entry::{Action, By, Entry, EntryId, InvalidId, Via},
    file::FileAuditLog,
};

/// The log can't be written or read now.
#[derive(Debug, Error)]
#[error("the audit log cannot be {done}")]
pub struct Unavailable {
    done: &'static str,
    #[source]
    source: Box<dyn Error + Send + Sync>,
}

impl Unavailable {
    fn new(done: &'static str, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self {
            done,
            source: source.into(),
        }
    }
}

/// What several may have seen that is to stand in the log once: one of a series that is numbered upwards, as the
/// versions of a parameter are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sighting {
    /// The series.
    pub series: String,
    /// Which of the series.
    pub number: u64,
    /// What tells it from another one of the same number, should the series have begun anew.
    pub mark: String,
    /// Whether this is from who made it. Theirs stands in the place of what others saw.
    pub own: bool,
}

/// A part of an event's log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// The newest first.
    pub entries: Vec<Entry>,
    /// After which entry the next page begins, if there is one.
    pub next: Option<EntryId>,
}

/// Where entries are kept.
#[async_trait]
pub trait AuditLog: Send + Sync {
    /// Keeps `entry` durably; of a `sighting` that is kept already nothing more, unless this is the own one.
    /// Safe to repeat.
    ///
    /// # Errors
    /// When it is not known to be kept.
    async fn keep(&self, entry: &Entry, sighting: Option<&Sighting>) -> Result<(), Unavailable>;

    /// The highest number of `series` that is kept.
    ///
    /// # Errors
    /// When the log can't be read.
    async fn newest_of(&self, series: &str) -> Result<Option<u64>, Unavailable>;

    /// The newest `limit` entries of `event`, and of no event in particular, that are older than `before`.
    ///
    /// # Errors
    /// When the log can't be read.
    async fn page(
        &self,
        event: &EventId,
        before: Option<&EntryId>,
        limit: usize,
    ) -> Result<Page, Unavailable>;
}

/// The page of those `entries`, the newest first, of which there are more than `limit` if there is a next page.
fn page_of(mut entries: Vec<Entry>, limit: usize) -> Page {
    let more = entries.len() > limit;
    entries.truncate(limit);
    let last = entries.last().filter(|_| more);
    let next = last.map(|entry| entry.id.clone());
    Page { entries, next }
}

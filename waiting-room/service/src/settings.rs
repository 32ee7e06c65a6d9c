//! Where the operator's settings come from.

mod file;
mod ledger;
#[cfg(feature = "aws")]
mod ssm;

use async_trait::async_trait;
use serde::Serialize;
use thiserror::Error;
use tokio::sync::watch;
use utoipa::ToSchema;
use waiting_room_audit::By;
use waiting_room_core::{EventId, SettingName, Settings, Timestamp};

pub use self::file::FileSettings;
#[cfg(feature = "aws")]
pub use self::ssm::{ParameterAudit, SsmSettings};

/// The settings of one event as they stand: what is in force, and what was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingsView {
    /// The last good ones: in force.
    pub settings: Settings,
    /// What was found and is not in force.
    pub refused: Vec<Refused>,
    /// When the source was last read.
    pub read_at: Timestamp,
}

/// A value that was found in the source and is not in force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Refused {
    /// The setting's name, or `settings-file` or `parameters` when the whole source can't be read.
    pub setting: String,
    /// The value, shortened to 100 characters.
    pub value: String,
    /// What it would have to be.
    pub reason: String,
    /// Since when it stands there.
    #[schema(value_type = String, format = DateTime)]
    pub since: Timestamp,
}

/// Why a change was not made.
#[derive(Debug, Error)]
pub enum ChangeError {
    /// No such event.
    #[error("no settings for event {0}")]
    UnknownEvent(EventId),
    /// The source can't be written to.
    #[error("the settings cannot be written")]
    Unwritable(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// The one truth about an event's settings: the operator's own tools and our API write to the same
/// place, and every instance reads it.
#[async_trait]
pub trait SettingsSource: Send + Sync {
    /// The settings of `event`, now and at each change or refusal; `None` when there is no such
    /// event.
    fn watch(&self, event: &EventId) -> Option<watch::Receiver<SettingsView>>;

    /// Writes the valid plain text `values` to the source, puts them in force here, and tells the audit log who
    /// did. What others change in the source it tells the log too, once however many instances see it.
    async fn change(
        &self,
        event: &EventId,
        values: Vec<(SettingName, String)>,
        by: &By,
    ) -> Result<SettingsView, ChangeError>;

    /// What the source is, for a person.
    fn describe(&self) -> String;
}

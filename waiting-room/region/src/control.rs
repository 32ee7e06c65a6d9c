use async_trait::async_trait;
use thiserror::Error;

use crate::{AdmissionPercent, Region};

/// What the control item says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Control {
    /// The region that may admit.
    pub active: Region,
    /// One more with each failover.
    pub epoch: u64,
    /// How much of the operator's rate it may admit.
    pub percent: AdmissionPercent,
}

/// The control item was not read.
#[derive(Debug, Error)]
pub enum ReadError {
    /// It was not told, or not in time.
    #[error("the control item is not told")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// An attribute is missing or has a value that it can't have.
    #[error("the attribute {0} of the control item is missing or not what it should be")]
    Malformed(&'static str),
}

/// Where the control item is read.
#[async_trait]
pub trait ControlSource: Send + Sync {
    /// The item as the last write left it, at the time of the call or later; `None` where there is none.
    ///
    /// # Errors
    /// When that is not known.
    async fn read(&self) -> Result<Option<Control>, ReadError>;
}

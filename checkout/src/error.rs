use std::{error::Error, sync::Arc};

use thiserror::Error;

/// A backend that did not do what it was asked to; nothing of it was done.
#[derive(Clone, Debug, Error)]
pub enum BackendError {
    /// It does not answer, or could not write. It may be asked again.
    #[error("the backend is not available")]
    Unavailable(#[source] Arc<dyn Error + Send + Sync>),
    /// What it holds cannot be read. Asking again does not help.
    #[error("{what} cannot be read")]
    Unreadable {
        /// Which record.
        what: String,
        /// Why.
        #[source]
        cause: Arc<dyn Error + Send + Sync>,
    },
}

impl BackendError {
    /// The backend does not answer because of `cause`.
    pub fn unavailable(cause: impl Error + Send + Sync + 'static) -> Self {
        Self::Unavailable(Arc::new(cause))
    }

    /// The record `what` cannot be read because of `cause`.
    pub fn unreadable(what: impl Into<String>, cause: impl Error + Send + Sync + 'static) -> Self {
        Self::Unreadable {
            what: what.into(),
            cause: Arc::new(cause),
        }
    }
}

/// `error` with its causes, on one line, for logs and dead letters.
pub(crate) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        cause = inner.source();
    }
    text
}

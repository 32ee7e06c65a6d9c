use std::{io, path::PathBuf};

use http::StatusCode;
use serde::Deserialize;
use thiserror::Error;

/// Why it was not done, in one sentence.
#[derive(Debug, Error)]
pub enum CtlError {
    /// There is nothing to sign in with.
    #[error(
        "There is no credential: set WAITING_ROOM_OPERATOR_CREDENTIAL, or name a file with --credential-file."
    )]
    NoCredential,
    /// The credential can't be read.
    #[error("The credential file {path} cannot be read: {reason}.")]
    CredentialFile {
        /// Its path.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// The credential or the name can't be sent.
    #[error("The {what} has characters in it that cannot be sent.")]
    Unsendable {
        /// Which of them.
        what: &'static str,
    },
    /// Nobody answers.
    #[error("{url} does not answer: {reason}.")]
    Unreachable {
        /// Whom it asked.
        url: String,
        /// Why.
        reason: String,
    },
    /// The answer takes too long.
    #[error("{url} did not answer within {seconds} s.")]
    TooSlow {
        /// Whom it asked.
        url: String,
        /// How long it waited.
        seconds: u64,
    },
    /// The answer is none of a waiting room.
    #[error("{url} gave an answer that is not a waiting room's ({reason}): is the address right?")]
    NotUnderstood {
        /// Whom it asked.
        url: String,
        /// What was wrong with it.
        reason: String,
    },
    /// The service said no.
    #[error("{0}")]
    Refused(Refusal),
    /// There are several events.
    #[error("Say which event with --event: {}.", .0.join(", "))]
    WhichEvent(Vec<String>),
    /// There is no event.
    #[error("{0} has no events.")]
    NoEvents(String),
    /// The operator thought better of it.
    #[error("Nothing was changed.")]
    NotConfirmed,
    /// Nothing can be printed.
    #[error("Nothing can be printed: {0}.")]
    Output(io::Error),
}

/// What the service said instead of doing it.
#[derive(Debug)]
pub struct Refusal {
    status: StatusCode,
    problem: Problem,
    url: String,
}

/// RFC 9457, as far as it is told.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Problem {
    #[serde(rename = "type")]
    kind: String,
    title: String,
    detail: Option<String>,
    retry_after_ms: Option<u64>,
}

impl Refusal {
    /// What `url` answered with `status`.
    pub(crate) fn new(url: String, status: StatusCode, body: &[u8]) -> Self {
        Self {
            status,
            problem: serde_json::from_slice(body).unwrap_or_default(),
            url,
        }
    }
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Problem {
            kind,
            title,
            detail,
            retry_after_ms,
        } = &self.problem;
        match kind.as_str() {
            "" => return write!(f, "{} answered {}.", self.url, self.status),
            "/problems/invalid-credential" => {
                return write!(f, "{} does not accept this credential.", self.url);
            }
            _ => f.write_str(title)?,
        }
        if let Some(detail) = detail {
            write!(f, ": {detail}")?;
        }
        if let Some(milliseconds) = retry_after_ms {
            write!(f, "; try again in {} s", milliseconds.div_ceil(1_000))?;
        }
        f.write_str(".")
    }
}

impl From<io::Error> for CtlError {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}

impl CtlError {
    /// What the program ends with, as its help explains it.
    pub fn exit_status(&self) -> u8 {
        match self {
            Self::Refused(Refusal { status, .. }) => match status.as_u16() {
                401 | 403 | 429 => 3,
                400..=499 => 4,
                _ => 1,
            },
            Self::Unreachable { .. }
            | Self::TooSlow { .. }
            | Self::NotUnderstood { .. }
            | Self::Output(_) => 1,
            Self::WhichEvent(_) => 2,
            Self::NoCredential | Self::CredentialFile { .. } | Self::Unsendable { .. } => 3,
            Self::NoEvents(_) => 4,
            Self::NotConfirmed => 5,
        }
    }
}

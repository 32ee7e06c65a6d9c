use std::{io, process::ExitStatus};

use thiserror::Error;
use waiting_room_region::{ReadError, Region, WriteError};

/// Why the button did not come to its end.
#[derive(Debug, Error)]
pub enum FailoverError {
    /// Nobody has said where the region is.
    #[error("{region} is none of the regions that were named with --region: {known}")]
    UnknownRegion {
        /// The region.
        region: Region,
        /// Those that were named.
        known: String,
    },
    /// The control item can't be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The control item was not written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// The region that is to take over does not answer.
    #[error("{url} does not say that it is ready")]
    NotReady {
        /// Which of its waiting rooms.
        url: String,
    },
    /// The command that sends the fans can't be run, or takes too long.
    #[error("the command that sends the fans does not run")]
    SwitchBroken(#[source] io::Error),
    /// The command that sends the fans failed.
    #[error("the command that sends the fans failed: {0}")]
    SwitchFailed(ExitStatus),
    /// Fans who come to the site don't see the region.
    #[error("{url} does not show the region that was switched to")]
    SiteElsewhere {
        /// The site.
        url: String,
    },
    /// Nothing can be asked over HTTP.
    #[error("no HTTP client can be made")]
    Client(#[source] reqwest::Error),
}

impl FailoverError {
    /// The program's exit status, as its help explains it.
    pub fn exit_status(&self) -> u8 {
        match self {
            Self::Read(_) | Self::Write(WriteError::Read(_) | WriteError::Unavailable(_)) => 1,
            Self::Client(_) => 1,
            Self::UnknownRegion { .. } => 2,
            Self::Write(WriteError::Changed(_)) => 3,
            Self::NotReady { .. } => 4,
            Self::SwitchBroken(_) | Self::SwitchFailed(_) => 5,
            Self::SiteElsewhere { .. } => 6,
        }
    }
}

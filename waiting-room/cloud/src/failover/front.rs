//! What stands between the fans and the regions.

use std::{
    io,
    process::ExitStatus,
    time::{Duration, Instant},
};

use reqwest::{Client, Url};
use serde::Deserialize;
use tokio::{
    process::Command,
    time::{sleep, timeout},
};
use waiting_room_region::Region;

use super::{FailoverArgs, FailoverError};

/// How long one question may take.
const QUESTION: Duration = Duration::from_secs(3);

/// Before it is asked again.
const PAUSE: Duration = Duration::from_millis(500);

/// The front, and the waiting rooms of the region that is to be behind it.
pub(super) struct Front<'a> {
    client: Client,
    rooms: Vec<Url>,
    site: &'a Url,
    command: &'a str,
    patience: Duration,
}

#[derive(Deserialize)]
struct Events {
    events: Vec<Event>,
}

#[derive(Deserialize)]
struct Event {
    id: String,
}

#[derive(Deserialize, PartialEq, Eq)]
struct Board {
    epoch: u64,
}

impl<'a> Front<'a> {
    pub(super) fn new(rooms: Vec<Url>, args: &'a FailoverArgs) -> Result<Self, FailoverError> {
        let client = Client::builder().timeout(QUESTION);
        Ok(Self {
            client: client.build().map_err(FailoverError::Client)?,
            rooms,
            site: &args.site,
            command: &args.switch,
            patience: Duration::from_secs(args.patience_seconds),
        })
    }

    /// Waits until each of the region's waiting rooms says that it is ready.
    pub(super) async fn region_answers(&self) -> Result<(), FailoverError> {
        for room in &self.rooms {
            let is_ready = async || self.get(room, "readyz").await.is_some();
            if !self.comes_true(is_ready).await {
                return Err(FailoverError::NotReady {
                    url: room.to_string(),
                });
            }
        }
        Ok(())
    }

    /// Has the fans sent to `region`.
    pub(super) async fn switch(&self, region: &Region) -> Result<(), FailoverError> {
        let status = self.run(region).await;
        let status = status.map_err(FailoverError::SwitchBroken)?;
        match status.success() {
            true => Ok(()),
            false => Err(FailoverError::SwitchFailed(status)),
        }
    }

    async fn run(&self, region: &Region) -> io::Result<ExitStatus> {
        let mut command = Command::new("sh");
        command
            .args(["-c", self.command])
            .env("REGION", region.as_str())
            .kill_on_drop(true);
        let mut child = command.spawn()?;
        timeout(self.patience, child.wait())
            .await
            .map_err(io::Error::from)?
    }

    /// Waits until the site shows the board that the region shows. The queues of two regions have begun at different
    /// times, so their boards tell different epochs.
    pub(super) async fn site_shows_region(&self) -> Result<(), FailoverError> {
        let is_shown = async || {
            let Some(room) = self.rooms.first() else {
                return false;
            };
            let (here, there) = tokio::join!(self.board(room), self.board(self.site));
            here.is_some() && here == there
        };
        match self.comes_true(is_shown).await {
            true => Ok(()),
            false => Err(FailoverError::SiteElsewhere {
                url: self.site.to_string(),
            }),
        }
    }

    async fn board(&self, base: &Url) -> Option<Board> {
        let events: Events = self.get(base, "v1/events").await?.json().await.ok()?;
        let path = format!("v1/events/{}/board", events.events.first()?.id);
        self.get(base, &path).await?.json().await.ok()
    }

    async fn get(&self, base: &Url, path: &str) -> Option<reqwest::Response> {
        let answer = self.client.get(base.join(path).ok()?).send().await.ok()?;
        answer.error_for_status().ok()
    }

    async fn comes_true(&self, is_true: impl AsyncFn() -> bool) -> bool {
        let since = Instant::now();
        loop {
            if is_true().await {
                return true;
            }
            if since.elapsed() > self.patience {
                return false;
            }
            sleep(PAUSE).await;
        }
    }
}

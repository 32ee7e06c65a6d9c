//! Settings in AWS Systems Manager's Parameter Store: `/waiting-room/<event>/<setting>`, plain values of
//! the type `String`, so that `aws ssm put-parameter --overwrite --value 1200 --name ...` is all it
//! takes.
//!
//! One reader a process reads all events' parameters every two seconds, ten a call; Parameter Store
//! answers 40 calls a second for each account and Region unless its higher throughput is switched on.
//!
//! - A parameter that is missing stands for the event's initial value, on all instances alike.
//! - An empty message is stored as `-`: Parameter Store holds no empty values.
//! - A bad value leaves the last good one in force. A process that starts while a bad value stands
//!   there looks for the last good one in the parameter's history.
//! - While Parameter Store does not answer, or denies, or throttles, everything stays in force.
//! - A process that has never reached it does not know whether the operator has paused, so it pauses:
//!   fans keep and get their places. It says that it is not ready, and a load balancer that has others
//!   prefers those.

mod outside;
mod parameters;

use std::{
    collections::HashMap,
    error::Error,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use aws_sdk_ssm::Client;
use rand::RngExt;
use tokio::{
    sync::watch,
    time::{Instant, sleep, timeout},
};
use tokio_util::sync::CancellationToken;
use waiting_room_audit::{Action, By, Entry};
use waiting_room_core::{EventId, Mode, SettingName, Settings, Timestamp};

pub use self::outside::ParameterAudit;
use self::{
    outside::{Versions, sighting_of},
    parameters::{Found, Parameter, Parameters, ReadError},
};
use super::{
    ChangeError, Refused, SettingsSource, SettingsView,
    ledger::{Change, Ledger, named, put},
};

/// How often the parameters are read, on average: twice within the 5 s that a change may take.
const POLL: Duration = Duration::from_secs(2);

/// Processes that were started together spread over this share of it to either side.
const JITTER: f64 = 0.25;

/// How long one read of all parameters may take.
const READ_PATIENCE: Duration = Duration::from_secs(10);

/// How long a process that starts tries to read before it goes on paused.
const START_PATIENCE: Duration = Duration::from_secs(5);

const START_PAUSE: Duration = Duration::from_millis(500);

/// The polled parameters.
pub struct SsmSettings {
    parameters: Parameters,
    initial: HashMap<EventId, Settings>,
    ledger: Ledger,
    poll: Duration,
    audit: Option<ParameterAudit>,
    // Of all settings, as they were last read; 0 of those that are not there.
    versions: watch::Sender<Versions>,
    // Held while something is put in force.
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Whether the parameters were ever read.
    read: bool,
    /// How many changes were made here.
    changes: u64,
}

impl SsmSettings {
    /// The parameters below `prefix` (`/waiting-room`) of the events with these `initial` settings. Tries
    /// for five seconds to read them; [`Self::ready`] tells whether it could.
    pub async fn open<'a>(
        client: Client,
        prefix: &str,
        initial: impl Iterator<Item = (&'a EventId, &'a Settings)>,
        now: Timestamp,
    ) -> Self {
        let initial: HashMap<_, _> = initial
            .map(|(event, settings)| (event.clone(), settings.clone()))
            .collect();
        let paused = initial.iter().map(|(event, settings)| {
            let mut paused = settings.clone();
            paused.mode = Mode::Pause;
            (event.clone(), paused)
        });
        let source = Self {
            parameters: Parameters::new(client, prefix),
            ledger: Ledger::new(paused, now),
            initial,
            poll: POLL,
            audit: None,
            versions: watch::Sender::default(),
            state: Mutex::default(),
        };
        let started = Instant::now();
        while let Err(error) = source.read().await {
            if started.elapsed() > START_PATIENCE {
                tracing::error!(
                    error = &error as &dyn Error,
                    "the settings are unknown: paused until they are read"
                );
                source.show_unread(now);
                break;
            }
            tracing::warn!(
                error = &error as &dyn Error,
                "the settings are not read yet"
            );
            sleep(START_PAUSE).await;
        }
        source
    }

    /// Reads every `poll` instead of every two seconds: more seldom where more processes share an account
    /// than Parameter Store answers.
    pub fn polled_every(mut self, poll: Duration) -> Self {
        self.poll = poll;
        self
    }

    /// Tells an audit log who changes what, here and from outside.
    pub fn audited(mut self, audit: ParameterAudit) -> Self {
        self.audit = Some(audit);
        self
    }

    /// Whether the parameters have ever been read: an instance that doesn't know what the operator wants
    /// should get no fans while another one does.
    pub fn ready(&self) -> bool {
        self.state().read
    }

    /// Reads the parameters until `shutdown`, and tells the audit log what is changed from outside.
    pub async fn watch_parameters(&self, shutdown: CancellationToken) {
        tokio::join!(
            self.read_on(shutdown.clone()),
            self.tell_of_others(shutdown)
        );
    }

    async fn read_on(&self, shutdown: CancellationToken) {
        let mut failing = false;
        loop {
            let pause = self
                .poll
                .mul_f64(rand::rng().random_range(1.0 - JITTER..1.0 + JITTER));
            if shutdown.run_until_cancelled(sleep(pause)).await.is_none() {
                return;
            }
            match shutdown.run_until_cancelled(self.read()).await {
                None => return,
                Some(Ok(())) if failing => {
                    failing = false;
                    tracing::info!("the settings are read again");
                }
                Some(Err(error)) if !failing => {
                    failing = true;
                    tracing::warn!(
                        error = &error as &dyn Error,
                        "the settings are not read: the last ones stay in force"
                    );
                }
                Some(_) => {}
            }
        }
    }

    /// Reads all parameters once and puts them in force.
    async fn read(&self) -> Result<(), ReadError> {
        let (read, changes) = {
            let state = self.state();
            (state.read, state.changes)
        };
        let mut found = timeout(READ_PATIENCE, self.parameters.read()).await??;
        let mut last_good = HashMap::new();
        if !read {
            for (event, initial) in &self.initial {
                let found = found.get(event);
                let good = self.last_good(event, initial, found).await;
                last_good.insert(event, good);
            }
        }
        let mut state = self.state();
        // What was changed here since may be newer than what was read.
        if state.changes == changes {
            let now = service_kit::now();
            self.versions.send_if_modified(|known| {
                let versions = outside::versions(self.initial.keys(), &found);
                let other = *known != versions;
                *known = versions;
                other
            });
            for (event, initial) in &self.initial {
                let before = self.ledger.view(event).map(|view| view.settings);
                if let Some(before) = last_good.remove(event).or(before) {
                    let found = found.remove(event).unwrap_or_default();
                    self.apply(event, before, initial, found, now);
                }
            }
            state.read = true;
        }
        Ok(())
    }

    /// Puts in force what was `found` of `event`, what it had `before` where that is bad, and its
    /// `initial` value where there is none.
    fn apply(
        &self,
        event: &EventId,
        before: Settings,
        initial: &Settings,
        found: Found,
        now: Timestamp,
    ) {
        let mut settings = before;
        let mut refused = Vec::new();
        for name in SettingName::ALL {
            if !found.contains_key(name.as_str()) {
                refused.extend(put(&mut settings, name, &initial.get(name)));
            }
        }
        for (key, Parameter { text, .. }) in found {
            refused.extend(match (named(&key), text) {
                (Ok(name), Some(text)) => put(&mut settings, name, &text),
                (Ok(_), None) => Some(Refused::new(&key, "", "must be of the type String")),
                (Err(reason), text) => Some(Refused::new(&key, &text.unwrap_or_default(), reason)),
            });
        }
        self.ledger.record(event, settings, refused, now);
    }

    /// The `initial` settings of `event`, and instead of each bad value that is `found` the last good
    /// one of the parameter's history.
    async fn last_good(
        &self,
        event: &EventId,
        initial: &Settings,
        found: Option<&Found>,
    ) -> Settings {
        let mut settings = initial.clone();
        for name in SettingName::ALL {
            let good = |text: &str| put(&mut initial.clone(), name, text).is_none();
            let found = found.and_then(|found| found.get(name.as_str()));
            if found.is_none_or(|found| found.text.as_deref().is_some_and(good)) {
                continue;
            }
            match self.parameters.newest_good(event, name, good).await {
                Ok(Some(text)) => drop(put(&mut settings, name, &text)),
                Ok(None) => {}
                Err(error) => tracing::warn!(
                    error = &error as &dyn Error,
                    %event,
                    setting = name.as_str(),
                    "no history: the initial value stands in for a bad one"
                ),
            }
        }
        settings
    }

    fn show_unread(&self, now: Timestamp) {
        let reason = "have never been read: paused until they are";
        for event in self.ledger.events() {
            if let Some(view) = self.ledger.view(event) {
                let refused = vec![Refused::new("parameters", "", reason)];
                self.ledger.record(event, view.settings, refused, now);
            }
        }
    }

    /// Puts in force what was just written. Tells what it changed, and the versions that did.
    fn adopt(
        &self,
        event: &EventId,
        written: Vec<(SettingName, Parameter)>,
    ) -> Vec<(Change, Parameter)> {
        let mut state = self.state();
        state.changes += 1;
        let mut changed = Vec::new();
        if let Some(mut view) = self.ledger.view(event) {
            let is_written = |refused: &Refused| {
                let mut names = written.iter().map(|(name, _)| name.as_str());
                names.any(|name| name == refused.setting)
            };
            view.refused.retain(|refused| !is_written(refused));
            for (name, parameter) in &written {
                let text = parameter.text.as_deref().unwrap_or_default();
                view.refused.extend(put(&mut view.settings, *name, text));
            }
            let (settings, refused) = (view.settings, view.refused);
            let news = self.ledger.record(event, settings, refused, view.read_at);
            for (name, parameter) in written {
                let change = news.changed.iter().find(|change| change.name == name);
                changed.extend(change.map(|change| (change.clone(), parameter)));
            }
        }
        changed
    }

    async fn tell_of_own(&self, event: &EventId, by: &By, changed: Vec<(Change, Parameter)>) {
        let Some(audit) = &self.audit else { return };
        for (change, parameter) in changed {
            let sighting = sighting_of(&audit.region, event, change.name, &parameter, true);
            let (now, action) = (service_kit::now(), Action::from(change));
            let entry = Entry::new(now, Some(event.clone()), by.clone(), action);
            audit.auditor.note(entry, Some(sighting)).await;
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl SettingsSource for SsmSettings {
    fn watch(&self, event: &EventId) -> Option<watch::Receiver<SettingsView>> {
        self.ledger.watch(event)
    }

    /// Parameter Store writes one value at a time, so when it stops answering some may be written and
    /// others not: those that are written are in force.
    async fn change(
        &self,
        event: &EventId,
        values: Vec<(SettingName, String)>,
        by: &By,
    ) -> Result<SettingsView, ChangeError> {
        let unknown = || ChangeError::UnknownEvent(event.clone());
        self.ledger.view(event).ok_or_else(unknown)?;
        if !self.ready() {
            let read = self.read().await;
            read.map_err(|error| ChangeError::Unwritable(Box::new(error)))?;
        }
        let mut written = Vec::new();
        let mut outcome = Ok(());
        for (name, value) in values {
            match self.parameters.write(event, name, &value).await {
                Ok(parameter) => written.push((name, parameter)),
                Err(error) => {
                    outcome = Err(ChangeError::Unwritable(Box::new(error)));
                    break;
                }
            }
        }
        let changed = self.adopt(event, written);
        self.tell_of_own(event, by, changed).await;
        outcome?;
        self.ledger.view(event).ok_or_else(unknown)
    }

    fn describe(&self) -> String {
        self.parameters.describe()
    }
}

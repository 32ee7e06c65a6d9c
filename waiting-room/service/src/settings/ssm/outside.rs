//! What is changed in Parameter Store by others, told to the audit log.
//!
//! Each write of a parameter makes the next version of it. A version is told once, by whichever instance is first; and
//! because the instance that wrote it tells so itself, the others wait before they do. Of what happened while no instance
//! ran, the versions after the last one that the log has are told. In a region that is not the active one nothing is: its
//! parameters are copies.

use std::{collections::HashMap, error::Error, sync::Arc, time::Duration};

use rand::RngExt;
use sha2::{Digest, Sha256};
use thiserror::Error;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use waiting_room_audit::{Action, AuditLog, Auditor, By, Entry, Sighting, Unavailable, Via};
use waiting_room_core::{EventId, SettingName, Timestamp};
use waiting_room_region::{Admission, RegionFence};

use super::{
    super::{Refused, ledger::Change},
    Found, SsmSettings,
    parameters::{Parameter, ReadError, Version},
    put,
};

/// Of each setting the version that was read; 0 of one that is not there.
pub(super) type Versions = HashMap<(EventId, SettingName), u64>;

/// How long others wait until they tell of what they see: who wrote it tells within this, be it that the log answers
/// slowly.
const WAIT: Duration = Duration::from_secs(3);

/// How long until what could not be told is tried again.
const PAUSE: Duration = Duration::from_secs(10);

/// More versions of one parameter are not told at once.
const MOST: usize = 20;

/// How an audit log is told of parameters.
#[derive(Clone)]
pub struct ParameterAudit {
    /// Writes the log.
    pub auditor: Auditor,
    /// The region whose parameters they are.
    pub region: String,
    /// Whether it is the active one.
    pub fence: Arc<dyn RegionFence>,
}

#[derive(Debug, Error)]
enum NotTold {
    #[error(transparent)]
    Log(#[from] Unavailable),
    #[error(transparent)]
    History(#[from] ReadError),
    #[error("it is not known whether this region is the active one")]
    RegionUnknown,
}

pub(super) fn versions<'a>(
    events: impl Iterator<Item = &'a EventId>,
    found: &HashMap<EventId, Found>,
) -> Versions {
    let of = |event: &EventId, name: SettingName| {
        let parameter = found.get(event)?.get(name.as_str())?;
        Some(parameter.version)
    };
    let settings = events.flat_map(|event| SettingName::ALL.map(|name| (event, name)));
    settings
        .map(|(event, name)| ((event.clone(), name), of(event, name).unwrap_or_default()))
        .collect()
}

/// The version `parameter` of a setting, as the audit log tells it from all others.
pub(super) fn sighting_of(
    region: &str,
    event: &EventId,
    name: SettingName,
    parameter: &Parameter,
    own: bool,
) -> Sighting {
    let text = parameter.text.as_deref().unwrap_or_default();
    let digest = Sha256::digest(text.as_bytes());
    Sighting {
        series: series_of(region, event, name),
        number: parameter.version,
        mark: digest[..8]
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect(),
        own,
    }
}

fn series_of(region: &str, event: &EventId, name: SettingName) -> String {
    format!("{region}/{event}/{name}")
}

impl SsmSettings {
    /// Tells the audit log of versions that others wrote, until `shutdown`.
    pub(super) async fn tell_of_others(&self, shutdown: CancellationToken) {
        let Some(audit) = &self.audit else { return };
        let Some(log) = audit.auditor.log() else {
            return;
        };
        let mut read = self.versions.subscribe();
        let mut told = Versions::new();
        let mut failing = false;
        loop {
            let wait = WAIT.mul_f64(rand::rng().random_range(1.0..2.0));
            let pause = if failing { PAUSE } else { wait };
            if shutdown.run_until_cancelled(sleep(pause)).await.is_none() {
                return;
            }
            failing = false;
            let versions = read.borrow_and_update().clone();
            for (setting, version) in versions {
                let known = told.get(&setting).copied();
                if known == Some(version) {
                    continue;
                }
                let (event, name) = &setting;
                let telling = self.tell_of(audit, log, event, *name, known, version);
                match shutdown.run_until_cancelled(telling).await {
                    None => return,
                    Some(Ok(())) => drop(told.insert(setting, version)),
                    Some(Err(error)) => {
                        tracing::warn!(
                            error = &error as &dyn Error,
                            "what was changed in Parameter Store is not in the audit log yet"
                        );
                        failing = true;
                    }
                }
            }
            if !failing {
                let changed = shutdown.run_until_cancelled(read.changed()).await;
                if !matches!(changed, Some(Ok(()))) {
                    return;
                }
            }
        }
    }

    /// Tells `log` of the versions of a setting after the `known` one up to `version`.
    async fn tell_of(
        &self,
        audit: &ParameterAudit,
        log: &dyn AuditLog,
        event: &EventId,
        name: SettingName,
        known: Option<u64>,
        version: u64,
    ) -> Result<(), NotTold> {
        match audit.fence.admission() {
            Admission::Fenced => return Ok(()),
            Admission::Unknown => return Err(NotTold::RegionUnknown),
            Admission::Unfenced | Admission::Active { .. } => {}
        }
        let newest = log
            .newest_of(&series_of(&audit.region, event, name))
            .await?;
        let after = match (known, newest) {
            // What was there before the log began nobody changed.
            (None, None) => return Ok(()),
            (None, Some(newest)) => newest,
            (Some(known), _) if version == 0 => {
                return self.tell_of_removal(audit, log, event, name, known).await;
            }
            // It was removed and is there anew.
            (Some(known), _) if version < known => 0,
            // Its own instance has told of it.
            (Some(known), Some(newest)) if newest == version && version == known + 1 => version,
            (Some(known), _) => known,
        };
        if after >= version {
            return Ok(());
        }
        let history = self.parameters.history(event, name).await?;
        let mut good = self.initial.get(event).map(|initial| initial.get(name));
        for seen in history.iter().filter(|seen| seen.number <= version) {
            let action = self.action_of(event, name, &mut good, seen);
            let skipped = usize::try_from(version - seen.number).unwrap_or(usize::MAX) >= MOST;
            let Some(action) = action.filter(|_| seen.number > after && !skipped) else {
                continue;
            };
            let by = By {
                who: seen.written_by.clone(),
                ..By::somebody(Via::ParameterStore)
            };
            let entry = Entry::new(seen.written_at, Some(event.clone()), by, action);
            let parameter = Parameter {
                text: seen.text.clone(),
                version: seen.number,
            };
            let sighting = sighting_of(&audit.region, event, name, &parameter, false);
            log.keep(&entry, Some(&sighting)).await?;
        }
        Ok(())
    }

    /// What the version `seen` did, where `good` was in force before it and what is, after.
    fn action_of(
        &self,
        event: &EventId,
        name: SettingName,
        good: &mut Option<String>,
        seen: &Version,
    ) -> Option<Action> {
        let mut settings = self.initial.get(event)?.clone();
        let refused = match &seen.text {
            Some(text) => put(&mut settings, name, text),
            None => Some(Refused::new(
                name.as_str(),
                "",
                "must be of the type String",
            )),
        };
        if let Some(refused) = refused {
            return Some(refused.into());
        }
        let (from, to) = (good.take().unwrap_or_default(), settings.get(name));
        *good = Some(to.clone());
        (from != to).then(|| Change { name, from, to }.into())
    }

    /// Tells `log` that a setting's parameter, of which `last` was the last version, is not there any more.
    async fn tell_of_removal(
        &self,
        audit: &ParameterAudit,
        log: &dyn AuditLog,
        event: &EventId,
        name: SettingName,
        last: u64,
    ) -> Result<(), NotTold> {
        let initial = self.initial.get(event).map(|initial| initial.get(name));
        let change = Change {
            name,
            from: String::new(),
            to: initial.unwrap_or_default(),
        };
        let by = By::somebody(Via::ParameterStore);
        let now: Timestamp = service_kit::now();
        let entry = Entry::new(now, Some(event.clone()), by, change.into());
        let sighting = Sighting {
            series: series_of(&audit.region, event, name),
            number: last,
            mark: "removed".to_owned(),
            own: false,
        };
        Ok(log.keep(&entry, Some(&sighting)).await?)
    }
}

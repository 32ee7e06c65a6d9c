//! What is in force and what is refused: the rules that every settings source keeps.

use std::collections::HashMap;

use tokio::sync::watch;
use waiting_room_audit::Action;
use waiting_room_core::{EventId, SettingName, Settings, Timestamp};

use super::{Refused, SettingsView};

/// The settings of all events as they stand, for whoever watches them.
pub(super) struct Ledger {
    events: HashMap<EventId, watch::Sender<SettingsView>>,
}

impl Ledger {
    /// Nothing refused, and `settings` in force, as if read at `now`.
    pub(super) fn new(settings: impl Iterator<Item = (EventId, Settings)>, now: Timestamp) -> Self {
        let events = settings.map(|(event, settings)| {
            let view = SettingsView {
                settings,
                refused: Vec::new(),
                read_at: now,
            };
            (event, watch::Sender::new(view))
        });
        Self {
            events: events.collect(),
        }
    }

    /// All events, in the order of their ids.
    pub(super) fn events(&self) -> Vec<&EventId> {
        let mut events: Vec<_> = self.events.keys().collect();
        events.sort();
        events
    }

    /// The settings of `event`, now and at each change or refusal.
    pub(super) fn watch(&self, event: &EventId) -> Option<watch::Receiver<SettingsView>> {
        self.events.get(event).map(watch::Sender::subscribe)
    }

    /// The settings of `event` as they stand.
    pub(super) fn view(&self, event: &EventId) -> Option<SettingsView> {
        self.events.get(event).map(|sender| sender.borrow().clone())
    }

    /// Puts in force what was read of `event` at `now`, and remembers what was `refused`. Logs each
    /// change and each new refusal once, and wakes the watchers at those alone. Tells what is new.
    pub(super) fn record(
        &self,
        event: &EventId,
        settings: Settings,
        mut refused: Vec<Refused>,
        now: Timestamp,
    ) -> News {
        let mut news = News::default();
        let Some(sender) = self.events.get(event) else {
            return news;
        };
        let before = sender.borrow().clone();
        for refusal in &mut refused {
            let known = before
                .refused
                .iter()
                .find(|known| known.is_same_as(refusal));
            refusal.since = known.map_or(now, |known| known.since);
            if known.is_none() {
                tracing::warn!(
                    %event,
                    setting = refusal.setting,
                    value = refusal.value,
                    reason = refusal.reason,
                    "setting refused, the last good one stays in force"
                );
                news.refused.push(refusal.clone());
            }
        }
        let changed = settings != before.settings;
        if changed {
            tracing::info!(%event, ?settings, "settings changed");
            news.changed = changes(&before.settings, &settings);
        }
        let wakes = changed || refused != before.refused;
        sender.send_if_modified(|view| {
            *view = SettingsView {
                settings,
                refused,
                read_at: now,
            };
            wakes
        });
        news
    }
}

/// The settings that have another value `after` than `before`.
fn changes(before: &Settings, after: &Settings) -> Vec<Change> {
    let change = |name| {
        let (from, to) = (before.get(name), after.get(name));
        (from != to).then_some(Change { name, from, to })
    };
    SettingName::ALL.into_iter().filter_map(change).collect()
}

/// What is new in what was read.
#[derive(Debug, Default)]
pub(super) struct News {
    pub(super) changed: Vec<Change>,
    pub(super) refused: Vec<Refused>,
}

/// Another value of a setting is in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Change {
    pub(super) name: SettingName,
    pub(super) from: String,
    pub(super) to: String,
}

impl From<Change> for Action {
    fn from(change: Change) -> Self {
        Self::SettingChanged {
            setting: change.name.to_string(),
            from: change.from,
            to: change.to,
        }
    }
}

impl From<Refused> for Action {
    fn from(refused: Refused) -> Self {
        Self::SettingRefused {
            setting: refused.setting,
            value: refused.value,
            reason: refused.reason,
        }
    }
}

impl Refused {
    /// A value is shown and logged up to this length, in characters.
    pub(crate) const SHOWN: usize = 100;

    /// `value` was found for `setting`, and can't be in force for `reason`.
    pub(super) fn new(setting: &str, value: &str, reason: &str) -> Self {
        Self {
            setting: setting.to_owned(),
            value: value.chars().take(Self::SHOWN).collect(),
            reason: reason.to_owned(),
            since: Timestamp::default(),
        }
    }

    fn is_same_as(&self, other: &Self) -> bool {
        self.setting == other.setting && self.value == other.value && self.reason == other.reason
    }
}

/// The setting that `key` names.
pub(super) fn named(key: &str) -> Result<SettingName, &'static str> {
    SettingName::ALL
        .into_iter()
        .find(|name| name.as_str() == key)
        .ok_or("is no setting")
}

/// Puts the plain text `value` in force as `name`, or tells why not.
pub(super) fn put(settings: &mut Settings, name: SettingName, value: &str) -> Option<Refused> {
    settings
        .set(name, value)
        .err()
        .map(|error| Refused::new(name.as_str(), value, error.reason))
}

#[cfg(test)]
mod tests {
    use waiting_room_core::{AdmissionRate, MaxActiveSessions, Message, Mode};

    use super::*;

    fn settings(rate: u32) -> Settings {
        Settings {
            admission_rate_per_minute: AdmissionRate::new(rate).unwrap(),
            max_active_sessions: MaxActiveSessions::new(10).unwrap(),
            mode: Mode::Admit,
            message: Message::default(),
        }
    }

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_seconds(seconds)
    }

    #[test]
    fn what_is_read_again_wakes_nobody_but_is_known_to_be_fresh() {
        let event: EventId = "aurora-live".parse().unwrap();
        let ledger = Ledger::new([(event.clone(), settings(600))].into_iter(), at(1));
        let mut watcher = ledger.watch(&event).unwrap();
        let news = ledger.record(&event, settings(600), Vec::new(), at(2));
        assert_eq!(news.changed, []);
        assert!(!watcher.has_changed().unwrap());
        assert_eq!(watcher.borrow_and_update().read_at, at(2));
        let news = ledger.record(&event, settings(900), Vec::new(), at(3));
        let change = Change {
            name: SettingName::AdmissionRatePerMinute,
            from: "600".to_owned(),
            to: "900".to_owned(),
        };
        assert_eq!(news.changed, [change]);
        assert!(watcher.has_changed().unwrap());
    }

    #[test]
    fn a_refusal_keeps_the_time_since_when_it_stands() {
        let event: EventId = "aurora-live".parse().unwrap();
        let ledger = Ledger::new([(event.clone(), settings(600))].into_iter(), at(1));
        for (now, value, since) in [(2, "0", 2), (3, "0", 2), (4, "-5", 4)] {
            let mut read = settings(600);
            let refused = put(&mut read, SettingName::AdmissionRatePerMinute, value);
            ledger.record(&event, read, refused.into_iter().collect(), at(now));
            let view = ledger.view(&event).unwrap();
            assert_eq!(view.settings, settings(600));
            assert_eq!(
                (&*view.refused[0].value, view.refused[0].since),
                (value, at(since))
            );
        }
    }
}

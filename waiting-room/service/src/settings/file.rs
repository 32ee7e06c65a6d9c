//! Settings in a TOML file that is watched: one table an event, the parameters' own names as keys.
//!
//! ```toml
//! [aurora-live]
//! admission-rate-per-minute = 600
//! max-active-sessions = 2000
//! mode = "admit"
//! message = ""
//! ```
//!
//! The file is read every half second rather than watched for system events, which shared and
//! network file systems do not deliver. The last good settings are kept beside it, so that a file
//! that is broken when the process restarts does not undo a pause.

use std::{
    collections::HashMap,
    fs::{self, File},
    io::{self, Read, Write},
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use toml_edit::{DocumentMut, Item, Table, value};
use waiting_room_core::{EventId, SettingName, Settings, Timestamp};

use super::{ChangeError, Refused, SettingsSource, SettingsView};

/// How often the file is read.
const POLL: Duration = Duration::from_millis(500);

/// A settings file larger than this is refused unread.
const LONGEST_FILE: u64 = 1_000_000;

/// The watched settings file.
pub struct FileSettings {
    path: PathBuf,
    last_good_path: PathBuf,
    events: HashMap<EventId, watch::Sender<SettingsView>>,
    // Held while the file is read and applied or changed, so that the two never cross.
    seen: Mutex<Content>,
}

/// The text of the file, or why it can't be read.
type Content = Result<String, String>;

impl FileSettings {
    /// Opens `settings.toml` in `data_dir`, or writes it with the `initial` settings. What it lacks
    /// or has wrong is taken from the last good settings, and for want of them from `initial`.
    ///
    /// # Errors
    /// When the file can't be written.
    pub fn open<'a>(
        data_dir: &Path,
        initial: impl Iterator<Item = (&'a EventId, &'a Settings)>,
        now: Timestamp,
    ) -> io::Result<Self> {
        let path = data_dir.join("settings.toml");
        let last_good_path = data_dir.join("settings.last-good.toml");
        let last_good = fs::read_to_string(&last_good_path).ok();
        let last_good = last_good.and_then(|text| text.parse::<toml::Table>().ok());
        let events: HashMap<_, _> = initial
            .map(|(event, settings)| {
                let mut settings = settings.clone();
                if let Some(table) = last_good.as_ref().and_then(|t| t.get(event.as_str())) {
                    apply_table(table, &mut settings);
                }
                let view = SettingsView {
                    settings,
                    refused: Vec::new(),
                    read_at: now,
                };
                (event.clone(), watch::Sender::new(view))
            })
            .collect();
        let source = Self {
            path,
            last_good_path,
            events,
            seen: Mutex::new(Ok(String::new())),
        };
        if !source.path.try_exists()? {
            write_atomically(&source.path, &source.as_document().to_string())?;
        }
        source.read(now);
        source.read(now);
        Ok(source)
    }

    /// Reads the file until `shutdown`.
    pub async fn watch_file(&self, shutdown: CancellationToken) {
        let mut ticks = tokio::time::interval(POLL);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        while shutdown.run_until_cancelled(ticks.tick()).await.is_some() {
            // A file on a network that hangs must hang nothing else.
            tokio::task::block_in_place(|| self.read(service_kit::now()));
        }
    }

    /// Reads the file once. What it says is put in force when it said the same the last time: an
    /// editor that is half-way through `1200` has written `1`.
    fn read(&self, now: Timestamp) {
        let content = read_bounded(&self.path);
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if *seen == content {
            self.apply(&content, now);
        } else {
            *seen = content;
        }
    }

    fn apply(&self, content: &Content, now: Timestamp) {
        let table = content.as_ref().map_err(Clone::clone).and_then(|text| {
            text.parse::<toml::Table>()
                .map_err(|e| e.message().to_owned())
        });
        let mut good = false;
        for (event, sender) in &self.events {
            let before = sender.borrow().clone();
            let mut settings = before.settings.clone();
            let mut refused = match &table {
                Ok(table) => match table.get(event.as_str()) {
                    Some(table) => apply_table(table, &mut settings),
                    None => vec![refusal(
                        "settings-file",
                        String::new(),
                        "lacks this event's table",
                    )],
                },
                Err(reason) => vec![refusal("settings-file", String::new(), reason)],
            };
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
                }
            }
            if settings != before.settings {
                tracing::info!(%event, ?settings, "settings changed");
                good = true;
            }
            let changed = settings != before.settings || refused != before.refused;
            sender.send_if_modified(|view| {
                view.read_at = now;
                false
            });
            if changed {
                sender.send_replace(SettingsView {
                    settings,
                    refused,
                    read_at: now,
                });
            }
        }
        if (good || !self.last_good_path.exists())
            && let Err(error) =
                write_atomically(&self.last_good_path, &self.as_document().to_string())
        {
            tracing::warn!(%error, "the last good settings were not kept");
        }
    }

    /// The settings in force, as the file would hold them.
    fn as_document(&self) -> DocumentMut {
        let mut document = DocumentMut::new();
        let mut events: Vec<_> = self.events.iter().collect();
        events.sort_by_key(|(event, _)| event.as_str());
        for (event, sender) in events {
            let settings = sender.borrow().settings.clone();
            let mut table = Table::new();
            for name in SettingName::ALL {
                set(&mut table, name, &settings.get(name));
            }
            document.insert(event.as_str(), Item::Table(table));
        }
        document
    }

    fn write_change(&self, event: &EventId, values: &[(SettingName, String)]) -> io::Result<()> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let content = read_bounded(&self.path);
        let parsed = content
            .as_ref()
            .ok()
            .and_then(|text| text.parse::<DocumentMut>().ok());
        let mut document = match parsed {
            Some(document) => document,
            None => {
                // An operator who must pause now can't first mend a half-written file; it is kept.
                let refused = self.path.with_extension("toml.refused");
                if self.path.exists() {
                    fs::rename(&self.path, &refused)?;
                }
                tracing::warn!(kept = %refused.display(), "the settings file was unreadable and is replaced");
                self.as_document()
            }
        };
        let entry = document
            .entry(event.as_str())
            .or_insert_with(|| Item::Table(Table::new()));
        if !entry.is_table_like() {
            *entry = Item::Table(Table::new());
        }
        if let Some(table) = entry.as_table_like_mut() {
            for (name, text) in values {
                set(table, *name, text);
            }
        }
        let text = document.to_string();
        write_atomically(&self.path, &text)?;
        let content = Ok(text);
        self.apply(&content, service_kit::now());
        *seen = content;
        Ok(())
    }
}

#[async_trait]
impl SettingsSource for FileSettings {
    fn watch(&self, event: &EventId) -> Option<watch::Receiver<SettingsView>> {
        self.events.get(event).map(watch::Sender::subscribe)
    }

    async fn change(
        &self,
        event: &EventId,
        values: Vec<(SettingName, String)>,
    ) -> Result<SettingsView, ChangeError> {
        let sender = self
            .events
            .get(event)
            .ok_or_else(|| ChangeError::UnknownEvent(event.clone()))?;
        tokio::task::block_in_place(|| self.write_change(event, &values))
            .map_err(|error| ChangeError::Unwritable(Box::new(error)))?;
        Ok(sender.borrow().clone())
    }

    fn describe(&self) -> String {
        self.path.display().to_string()
    }
}

impl Refused {
    fn is_same_as(&self, other: &Self) -> bool {
        self.setting == other.setting && self.value == other.value && self.reason == other.reason
    }
}

fn refusal(setting: &str, value: String, reason: &str) -> Refused {
    Refused {
        setting: setting.to_owned(),
        value: value.chars().take(100).collect(),
        reason: reason.to_owned(),
        since: Timestamp::default(),
    }
}

/// Puts what `table` says in force and returns what it can't.
fn apply_table(table: &toml::Value, settings: &mut Settings) -> Vec<Refused> {
    let Some(table) = table.as_table() else {
        return vec![refusal(
            "settings-file",
            table.to_string(),
            "must be a table of settings",
        )];
    };
    let mut refused = Vec::new();
    for (key, given) in table {
        let Some(name) = SettingName::ALL
            .into_iter()
            .find(|name| name.as_str() == key)
        else {
            refused.push(refusal(key, given.to_string(), "is no setting"));
            continue;
        };
        let text = match (name, given) {
            (SettingName::Mode | SettingName::Message, toml::Value::String(text)) => text.clone(),
            // A number in quotes keeps them, and so is refused as what it is: text.
            _ => given.to_string(),
        };
        if let Err(error) = settings.set(name, &text) {
            refused.push(refusal(key, text, error.reason));
        }
    }
    refused
}

fn set(table: &mut dyn toml_edit::TableLike, name: SettingName, text: &str) {
    let item = match name {
        SettingName::Mode | SettingName::Message => value(text),
        SettingName::AdmissionRatePerMinute | SettingName::MaxActiveSessions => {
            text.parse::<i64>().map_or_else(|_| value(text), value)
        }
    };
    table.insert(name.as_str(), item);
}

fn read_bounded(path: &Path) -> Content {
    let failed = |error: io::Error| format!("cannot be read: {error}");
    // Opening a pipe would wait for somebody to write into it.
    if !fs::metadata(path).map_err(failed)?.is_file() {
        return Err("is not a file".to_owned());
    }
    let mut text = String::new();
    let file = File::open(path).map_err(failed)?;
    let length = file
        .take(LONGEST_FILE + 1)
        .read_to_string(&mut text)
        .map_err(failed)?;
    if length as u64 > LONGEST_FILE {
        return Err(format!("is larger than {LONGEST_FILE} bytes"));
    }
    Ok(text)
}

fn write_atomically(path: &Path, text: &str) -> io::Result<()> {
    let fresh = path.with_extension("toml.new");
    let mut file = File::create(&fresh)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&fresh, path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use waiting_room_core::{AdmissionRate, MaxActiveSessions, Message, Mode};

    const NOW: Timestamp = Timestamp::from_seconds(1_000);

    struct Bench {
        directory: tempfile::TempDir,
        event: EventId,
        source: FileSettings,
    }

    fn initial() -> Settings {
        Settings {
            admission_rate_per_minute: AdmissionRate::new(600).unwrap(),
            max_active_sessions: MaxActiveSessions::new(10).unwrap(),
            mode: Mode::Admit,
            message: Message::default(),
        }
    }

    fn open(directory: &Path, event: &EventId) -> FileSettings {
        FileSettings::open(directory, [(event, &initial())].into_iter(), NOW).unwrap()
    }

    impl Bench {
        fn new() -> Self {
            let directory = tempfile::tempdir().unwrap();
            let event: EventId = "aurora-live".parse().unwrap();
            let source = open(directory.path(), &event);
            Self {
                directory,
                event,
                source,
            }
        }

        fn write(&self, text: &str) {
            fs::write(self.directory.path().join("settings.toml"), text).unwrap();
            self.look_twice();
        }

        fn look_twice(&self) {
            self.source.read(NOW);
            self.source.read(NOW);
        }

        fn view(&self) -> SettingsView {
            self.source.events[&self.event].borrow().clone()
        }
    }

    #[test]
    fn a_new_data_dir_gets_a_file_with_the_initial_settings() {
        let bench = Bench::new();
        let text = fs::read_to_string(bench.directory.path().join("settings.toml")).unwrap();
        assert!(text.contains("[aurora-live]") && text.contains("admission-rate-per-minute = 600"));
        assert_eq!(bench.view().settings, initial());
    }

    #[test]
    fn bad_settings_never_apply_and_are_shown() {
        let bench = Bench::new();
        bench.write("[aurora-live]\nadmission-rate-per-minute = 900");
        for bad in [
            "0", "-5", "10000000", "\"fast\"", "\"900\"", "600.5", "true", "[1]",
        ] {
            bench.write(&format!(
                "[aurora-live]\nmode = \"admit\"\nadmission-rate-per-minute = {bad}"
            ));
            let view = bench.view();
            assert_eq!(
                view.settings.admission_rate_per_minute.per_minute(),
                900,
                "{bad}"
            );
            assert_eq!(view.refused.len(), 1, "{bad}");
            assert_eq!(view.refused[0].setting, "admission-rate-per-minute");
        }
    }

    #[test]
    fn a_bad_value_does_not_hold_back_a_good_one_beside_it() {
        let bench = Bench::new();
        bench.write("[aurora-live]\nadmission-rate-per-minute = 0\nmode = \"pause\"\ncolour = 1");
        let view = bench.view();
        assert_eq!(view.settings.mode, Mode::Pause);
        assert_eq!(view.refused.len(), 2);
    }

    #[test]
    fn a_half_written_missing_or_oversized_file_changes_nothing_and_is_shown() {
        let bench = Bench::new();
        bench.write("[aurora-live]\nadmission-rate-per-minute = 900");
        let huge = "#".repeat(2_000_000);
        for broken in [
            "[aurora-live]\nadmission-rate-per-min",
            "[aurora",
            "\u{0}",
            &huge,
        ] {
            bench.write(broken);
            let view = bench.view();
            assert_eq!(view.settings.admission_rate_per_minute.per_minute(), 900);
            assert_eq!(view.refused[0].setting, "settings-file");
        }
        fs::remove_file(bench.directory.path().join("settings.toml")).unwrap();
        bench.look_twice();
        assert_eq!(bench.view().refused[0].setting, "settings-file");
        bench.write("[aurora-live]\nadmission-rate-per-minute = 700");
        assert_eq!(bench.view().refused, []);
        assert_eq!(
            bench.view().settings.admission_rate_per_minute.per_minute(),
            700
        );
    }

    #[test]
    fn a_number_that_an_editor_has_half_written_is_not_put_in_force() {
        let bench = Bench::new();
        let file = bench.directory.path().join("settings.toml");
        fs::write(&file, "[aurora-live]\nadmission-rate-per-minute = 1").unwrap();
        bench.source.read(NOW);
        fs::write(&file, "[aurora-live]\nadmission-rate-per-minute = 1200").unwrap();
        bench.source.read(NOW);
        assert_eq!(
            bench.view().settings.admission_rate_per_minute.per_minute(),
            600
        );
        bench.source.read(NOW);
        assert_eq!(
            bench.view().settings.admission_rate_per_minute.per_minute(),
            1200
        );
    }

    #[test]
    fn what_is_no_file_is_refused_without_waiting_for_it() {
        let bench = Bench::new();
        let file = bench.directory.path().join("settings.toml");
        fs::remove_file(&file).unwrap();
        assert!(
            std::process::Command::new("mkfifo")
                .arg(&file)
                .status()
                .unwrap()
                .success()
        );
        bench.look_twice();
        assert_eq!(bench.view().refused[0].reason, "is not a file");
    }

    #[test]
    fn a_file_without_the_events_table_changes_nothing_and_is_shown() {
        let bench = Bench::new();
        bench.write("");
        assert_eq!(bench.view().settings, initial());
        assert_eq!(bench.view().refused[0].setting, "settings-file");
    }

    #[test]
    fn looking_at_an_unchanged_file_wakes_nobody() {
        let bench = Bench::new();
        let mut changes = bench.source.watch(&bench.event).unwrap();
        changes.mark_unchanged();
        bench.look_twice();
        assert!(!changes.has_changed().unwrap());
    }

    #[test]
    fn a_pause_survives_a_restart_on_a_broken_file() {
        let bench = Bench::new();
        bench.write("[aurora-live]\nmode = \"pause\"\nadmission-rate-per-minute = 50");
        fs::write(bench.directory.path().join("settings.toml"), "[aurora-").unwrap();
        let reopened = open(bench.directory.path(), &bench.event);
        let view = reopened.events[&bench.event].borrow().clone();
        assert_eq!(view.settings.mode, Mode::Pause);
        assert_eq!(view.settings.admission_rate_per_minute.per_minute(), 50);
        assert_eq!(view.refused[0].setting, "settings-file");
    }

    #[test]
    fn the_api_writes_to_the_same_file_and_keeps_its_comments() {
        let bench = Bench::new();
        bench.write("# our notes\n[aurora-live]\nmode = \"admit\" # for now\n");
        let values = [(SettingName::AdmissionRatePerMinute, "1200".to_owned())];
        bench.source.write_change(&bench.event, &values).unwrap();
        let text = fs::read_to_string(bench.directory.path().join("settings.toml")).unwrap();
        assert!(
            text.contains("# our notes") && text.contains("# for now"),
            "{text}"
        );
        assert!(text.contains("admission-rate-per-minute = 1200"), "{text}");
        assert_eq!(
            bench.view().settings.admission_rate_per_minute.per_minute(),
            1200
        );
    }

    #[test]
    fn an_operator_can_pause_even_when_the_file_is_broken() {
        let bench = Bench::new();
        bench.write("[aurora-live]\nadmission-rate-per-minute = 900");
        bench.write("[aurora-live");
        let values = [(SettingName::Mode, "pause".to_owned())];
        bench.source.write_change(&bench.event, &values).unwrap();
        let view = bench.view();
        assert_eq!((view.settings.mode, view.refused), (Mode::Pause, vec![]));
        assert_eq!(view.settings.admission_rate_per_minute.per_minute(), 900);
        let kept = bench.directory.path().join("settings.toml.refused");
        assert_eq!(fs::read_to_string(kept).unwrap(), "[aurora-live");
    }
}

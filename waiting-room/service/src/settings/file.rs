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
    fs::{self, File},
    io::{self, Read, Write},
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
    time::{Duration, UNIX_EPOCH},
};

use async_trait::async_trait;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use toml_edit::{DocumentMut, Item, Table, value};
use waiting_room_audit::{Action, Auditor, By, Entry, Sighting, Via};
use waiting_room_core::{EventId, SettingName, Settings, Timestamp};

use super::{
    ChangeError, Refused, SettingsSource, SettingsView,
    ledger::{Ledger, News, named, put},
};

/// How often the file is read.
const POLL: Duration = Duration::from_millis(500);

/// A settings file larger than this is refused unread.
const LONGEST_FILE: u64 = 1_000_000;

/// The watched settings file.
pub struct FileSettings {
    path: PathBuf,
    last_good_path: PathBuf,
    ledger: Ledger,
    auditor: Auditor,
    // Held while the file is read and applied or changed, so that the two never cross.
    seen: Mutex<Content>,
}

/// The text of the file, or why it can't be read.
type Content = Result<String, String>;

impl FileSettings {
    /// Opens `settings.toml` in `data_dir`, or writes it with the `initial` settings. What it lacks
    /// or has wrong is taken from the last good settings, and for want of them from `initial`. What is
    /// changed, and what was changed in the file while no process watched it, `auditor` is told.
    ///
    /// # Errors
    /// When the file can't be written.
    pub fn open<'a>(
        data_dir: &Path,
        initial: impl Iterator<Item = (&'a EventId, &'a Settings)>,
        now: Timestamp,
        auditor: Auditor,
    ) -> io::Result<Self> {
        let path = data_dir.join("settings.toml");
        let last_good_path = data_dir.join("settings.last-good.toml");
        let last_good = fs::read_to_string(&last_good_path).ok();
        let last_good = last_good.and_then(|text| text.parse::<toml::Table>().ok());
        let settings = initial.map(|(event, settings)| {
            let mut settings = settings.clone();
            if let Some(table) = last_good.as_ref().and_then(|t| t.get(event.as_str())) {
                apply_table(table, &mut settings);
            }
            (event.clone(), settings)
        });
        let source = Self {
            path,
            last_good_path,
            ledger: Ledger::new(settings, now),
            auditor,
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
            for (event, news) in self.apply(&content, now) {
                self.tell_of_others(&event, news, now);
            }
        } else {
            *seen = content;
        }
    }

    /// Tells the audit log what somebody changed in the file.
    fn tell_of_others(&self, event: &EventId, news: News, now: Timestamp) {
        let entry = |action| {
            let by = By::somebody(Via::SettingsFile);
            Entry::new(now, Some(event.clone()), by, action)
        };
        for change in news.changed {
            let sighting = self.sighting(event, change.name.as_str(), &change.to, false);
            self.auditor
                .note_later(entry(change.into()), Some(sighting));
        }
        for refused in news.refused {
            let sighting = self.sighting(event, &refused.setting, &refused.value, false);
            self.auditor
                .note_later(entry(refused.into()), Some(sighting));
        }
    }

    /// The file as it was last written, for one of its settings: a process that starts finds a bad value anew each
    /// time, and another process on the same file what this one wrote.
    fn sighting(&self, event: &EventId, setting: &str, value: &str, own: bool) -> Sighting {
        Sighting {
            series: format!("settings-file/{event}/{setting}"),
            number: self.written_at(),
            mark: value.to_owned(),
            own,
        }
    }

    /// When the file was written, in microseconds since the Unix epoch; 0 when nobody knows.
    fn written_at(&self) -> u64 {
        let written = fs::metadata(&self.path).and_then(|file| file.modified());
        let since = written
            .ok()
            .and_then(|at| at.duration_since(UNIX_EPOCH).ok());
        since.map_or(0, |since| {
            u64::try_from(since.as_micros()).unwrap_or_default()
        })
    }

    /// Puts in force what `content` says, and tells what is new.
    fn apply(&self, content: &Content, now: Timestamp) -> Vec<(EventId, News)> {
        let table = content.as_ref().map_err(Clone::clone).and_then(|text| {
            text.parse::<toml::Table>()
                .map_err(|e| e.message().to_owned())
        });
        let mut told = Vec::new();
        for event in self.ledger.events() {
            let Some(before) = self.ledger.view(event) else {
                continue;
            };
            let mut settings = before.settings;
            let refused = match &table {
                Ok(table) => match table.get(event.as_str()) {
                    Some(table) => apply_table(table, &mut settings),
                    None => vec![Refused::new(
                        "settings-file",
                        "",
                        "lacks this event's table",
                    )],
                },
                Err(reason) => vec![Refused::new("settings-file", "", reason)],
            };
            let news = self.ledger.record(event, settings, refused, now);
            told.push((event.clone(), news));
        }
        let good = told.iter().any(|(_, news)| !news.changed.is_empty());
        if (good || !self.last_good_path.exists())
            && let Err(error) =
                write_atomically(&self.last_good_path, &self.as_document().to_string())
        {
            tracing::warn!(%error, "the last good settings were not kept");
        }
        told
    }

    /// The settings in force, as the file would hold them.
    fn as_document(&self) -> DocumentMut {
        let mut document = DocumentMut::new();
        for event in self.ledger.events() {
            let mut table = Table::new();
            if let Some(view) = self.ledger.view(event) {
                for name in SettingName::ALL {
                    set(&mut table, name, &view.settings.get(name));
                }
            }
            document.insert(event.as_str(), Item::Table(table));
        }
        document
    }

    /// Writes the `values` into the file and puts it in force. Tells what that changed; what somebody else had just
    /// changed in the file is in force then too, and theirs.
    fn write_change(
        &self,
        event: &EventId,
        values: &[(SettingName, String)],
    ) -> io::Result<Vec<(Action, Sighting)>> {
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
        let (content, now) = (Ok(text), service_kit::now());
        let mut own = Vec::new();
        for (of, mut news) in self.apply(&content, now) {
            if of == *event {
                let changed = news.changed.into_iter();
                let (ours, theirs): (Vec<_>, Vec<_>) =
                    changed.partition(|change| values.iter().any(|(name, _)| *name == change.name));
                own.extend(ours.into_iter().map(|change| {
                    let sighting = self.sighting(event, change.name.as_str(), &change.to, true);
                    (Action::from(change), sighting)
                }));
                news.changed = theirs;
            }
            self.tell_of_others(&of, news, now);
        }
        *seen = content;
        Ok(own)
    }
}

#[async_trait]
impl SettingsSource for FileSettings {
    fn watch(&self, event: &EventId) -> Option<watch::Receiver<SettingsView>> {
        self.ledger.watch(event)
    }

    async fn change(
        &self,
        event: &EventId,
        values: Vec<(SettingName, String)>,
        by: &By,
    ) -> Result<SettingsView, ChangeError> {
        let unknown = || ChangeError::UnknownEvent(event.clone());
        self.ledger.view(event).ok_or_else(unknown)?;
        let changed = tokio::task::block_in_place(|| self.write_change(event, &values))
            .map_err(|error| ChangeError::Unwritable(Box::new(error)))?;
        for (action, sighting) in changed {
            let entry = Entry::new(service_kit::now(), Some(event.clone()), by.clone(), action);
            self.auditor.note(entry, Some(sighting)).await;
        }
        self.ledger.view(event).ok_or_else(unknown)
    }

    fn describe(&self) -> String {
        self.path.display().to_string()
    }
}

/// Puts what `table` says in force and returns what it can't.
fn apply_table(table: &toml::Value, settings: &mut Settings) -> Vec<Refused> {
    let Some(table) = table.as_table() else {
        let reason = "must be a table of settings";
        return vec![Refused::new("settings-file", &table.to_string(), reason)];
    };
    let apply = |(key, given): (&String, &toml::Value)| {
        let name = match named(key) {
            Ok(name) => name,
            Err(reason) => return Some(Refused::new(key, &given.to_string(), reason)),
        };
        match (name, given) {
            (SettingName::Mode | SettingName::Message, toml::Value::String(text)) => {
                put(settings, name, text)
            }
            // A number in quotes keeps them, and so is refused as what it is: text.
            _ => put(settings, name, &given.to_string()),
        }
    };
    table.iter().filter_map(apply).collect()
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
mod tests;

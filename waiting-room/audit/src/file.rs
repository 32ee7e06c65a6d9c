//! The audit log in a file: one entry a line, as JSON, written through to the disk before anybody is told.
//!
//! The newest ten thousand entries are held in memory too, and those alone are shown: the file has them all. A line that
//! is no entry, because the machine died while it was written or because somebody edited it, is passed over.

use std::{
    collections::BTreeMap,
    fs::{File, OpenOptions},
    io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use tokio::task::spawn_blocking;
use waiting_room_core::EventId;

use crate::{AuditLog, Entry, EntryId, Page, Sighting, Unavailable, page_of};

/// As many entries are held in memory.
const HELD: usize = 10_000;

/// A longer line, in bytes, is no entry.
const LONGEST_LINE: u64 = 64 * 1024;

/// The audit log of one process, in a file.
#[derive(Clone)]
pub struct FileAuditLog(Arc<Mutex<Book>>);

struct Book {
    path: PathBuf,
    file: File,
    /// Whether the file's last line has an end.
    whole: bool,
    held: BTreeMap<EntryId, Line>,
}

/// A line of the file. One with an id that was there before stands in its place.
#[derive(Clone, Serialize, Deserialize)]
struct Line {
    #[serde(flatten)]
    entry: Entry,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sighting: Option<Seen>,
}

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Seen {
    series: String,
    number: u64,
    mark: String,
}

impl FileAuditLog {
    /// Opens `audit.jsonl` in `data_dir`; makes it if it is not there.
    ///
    /// # Errors
    /// When it can't be read or written. Rubbish in it is none.
    pub fn open(data_dir: &Path) -> io::Result<Self> {
        let path = data_dir.join("audit.jsonl");
        let mut options = OpenOptions::new();
        options.read(true).append(true).create(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&path)?;
        let (held, rubbish) = read(&file)?;
        if rubbish > 0 {
            tracing::warn!(
                path = %path.display(),
                lines = rubbish,
                "lines of the audit log are no entries and are passed over"
            );
        }
        let whole = ends_a_line(&mut file)?;
        let book = Book {
            path,
            file,
            whole,
            held,
        };
        Ok(Self(Arc::new(Mutex::new(book))))
    }
}

fn read(file: &File) -> io::Result<(BTreeMap<EntryId, Line>, usize)> {
    let mut reader = BufReader::new(file);
    let (mut held, mut rubbish) = (BTreeMap::new(), 0);
    let mut bytes = Vec::new();
    loop {
        bytes.clear();
        if reader
            .by_ref()
            .take(LONGEST_LINE)
            .read_until(b'\n', &mut bytes)?
            == 0
        {
            return Ok((held, rubbish));
        }
        match serde_json::from_slice::<Line>(&bytes) {
            Ok(line) => hold(&mut held, line),
            Err(_) => rubbish += usize::from(!bytes.trim_ascii().is_empty()),
        }
    }
}

fn hold(held: &mut BTreeMap<EntryId, Line>, line: Line) {
    held.insert(line.entry.id.clone(), line);
    if held.len() > HELD {
        held.pop_first();
    }
}

fn ends_a_line(file: &mut File) -> io::Result<bool> {
    if file.metadata()?.len() == 0 {
        return Ok(true);
    }
    let mut last = [0];
    file.seek(SeekFrom::End(-1))?;
    file.read_exact(&mut last)?;
    Ok(last == *b"\n")
}

impl Book {
    fn keep(&mut self, mut entry: Entry, sighting: Option<Sighting>) -> io::Result<()> {
        let own = sighting.as_ref().is_none_or(|sighting| sighting.own);
        let sighting = sighting.map(|sighting| Seen {
            series: sighting.series,
            number: sighting.number,
            mark: sighting.mark,
        });
        if sighting.is_some() {
            let known = self.held.values().find(|line| line.sighting == sighting);
            if let Some(known) = known {
                if !own {
                    return Ok(());
                }
                entry.id = known.entry.id.clone();
            }
        }
        let known = self.held.get(&entry.id);
        if known.is_some_and(|line| line.entry == entry) {
            return Ok(());
        }
        let line = Line { entry, sighting };
        let mut text = serde_json::to_vec(&line)?;
        text.push(b'\n');
        if !self.whole {
            text.insert(0, b'\n');
        }
        self.whole = false;
        self.file.write_all(&text)?;
        self.file.sync_data()?;
        self.whole = true;
        hold(&mut self.held, line);
        Ok(())
    }
}

#[async_trait]
impl AuditLog for FileAuditLog {
    async fn keep(&self, entry: &Entry, sighting: Option<&Sighting>) -> Result<(), Unavailable> {
        let (book, entry, sighting) = (self.0.clone(), entry.clone(), sighting.cloned());
        let kept = spawn_blocking(move || {
            let mut book = book.lock().unwrap_or_else(PoisonError::into_inner);
            let kept = book.keep(entry, sighting);
            kept.map_err(|error| format!("{}: {error}", book.path.display()))
        });
        match kept.await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(reason)) => Err(Unavailable::new("written", reason)),
            Err(error) => Err(Unavailable::new("written", error)),
        }
    }

    async fn newest_of(&self, series: &str) -> Result<Option<u64>, Unavailable> {
        let book = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let sightings = book.held.values().filter_map(|line| line.sighting.as_ref());
        let of_series = sightings.filter(|seen| seen.series == series);
        Ok(of_series.map(|seen| seen.number).max())
    }

    async fn page(
        &self,
        event: &EventId,
        before: Option<&EntryId>,
        limit: usize,
    ) -> Result<Page, Unavailable> {
        let book = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let entries = book.held.values().rev().map(|line| &line.entry);
        let entries = entries
            .skip_while(|entry| before.is_some_and(|before| entry.id >= *before))
            .filter(|entry| entry.event.as_ref().is_none_or(|of| of == event));
        Ok(page_of(entries.take(limit + 1).cloned().collect(), limit))
    }
}

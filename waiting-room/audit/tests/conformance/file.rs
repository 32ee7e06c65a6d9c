//! The file, and what may be wrong with it.

use std::{fs, os::unix::fs::PermissionsExt, path::PathBuf, sync::Arc};

use waiting_room_audit::{AuditLog, FileAuditLog, Via};

use crate::suite::{Bench, aurora, conforms, entry};

conforms!(FileBench);

struct FileBench {
    directory: tempfile::TempDir,
    log: Arc<FileAuditLog>,
}

impl FileBench {
    fn in_directory(directory: tempfile::TempDir) -> Self {
        let log = Arc::new(FileAuditLog::open(directory.path()).unwrap());
        Self { directory, log }
    }

    fn file(&self) -> PathBuf {
        self.directory.path().join("audit.jsonl")
    }
}

impl Bench for FileBench {
    async fn new() -> Self {
        Self::in_directory(tempfile::tempdir().unwrap())
    }

    async fn open(&self) -> Arc<dyn AuditLog> {
        self.log.clone()
    }

    async fn reopen(self) -> (Self, Arc<dyn AuditLog>) {
        let Self { directory, log } = self;
        drop(log);
        let bench = Self::in_directory(directory);
        let log = bench.open().await;
        (bench, log)
    }
}

async fn texts(log: &dyn AuditLog) -> Vec<String> {
    let page = log.page(&aurora(), None, 100).await.unwrap();
    let entries = page.entries.iter();
    let texts = entries.map(|entry| serde_json::to_value(entry).unwrap()["detail"]["to"].clone());
    texts
        .map(|text| text.as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn rubbish_in_the_file_is_passed_over_and_the_rest_is_there() {
    let bench = FileBench::new().await;
    let keep = async |log: &dyn AuditLog, second, text: &str| {
        let entry = entry(second, Some(aurora()), Via::Api, text);
        log.keep(&entry, None).await.unwrap();
    };
    keep(&*bench.log, 1, "first").await;
    let good = fs::read(bench.file()).unwrap();
    let huge = vec![b'x'; 300_000];
    let old = serde_json::json!({"id": "x", "at": "yesterday"}).to_string();
    for rubbish in [
        &b"\xff\xfe\x00\n"[..],
        b"\n\n\n",
        b"{}\n[]\nnull\n",
        b"nonsense",
        &good[..good.len() / 2],
        &huge,
        old.as_bytes(),
    ] {
        let text = [rubbish, b"\n", &good, rubbish].concat();
        fs::write(bench.file(), text).unwrap();
        let log = FileAuditLog::open(bench.directory.path()).unwrap();
        assert_eq!(texts(&log).await, ["first"]);
        keep(&log, 2, "second").await;
        drop(log);
        let log = FileAuditLog::open(bench.directory.path()).unwrap();
        assert_eq!(texts(&log).await, ["second", "first"]);
    }
}

#[tokio::test]
async fn others_on_the_machine_do_not_read_it() {
    let bench = FileBench::new().await;
    let mode = fs::metadata(bench.file()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[tokio::test]
async fn a_file_that_can_not_be_used_is_told_at_the_start() {
    let directory = tempfile::tempdir().unwrap();
    fs::create_dir(directory.path().join("audit.jsonl")).unwrap();
    assert!(FileAuditLog::open(directory.path()).is_err());
}

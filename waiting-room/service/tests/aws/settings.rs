//! The operator's settings: every source by the same rules, and Parameter Store when it fails.

mod conformance;
mod outages;

use std::{fs, path::PathBuf, sync::Arc, time::Duration};

use aws_sdk_ssm::{Client, types::ParameterType};
use waiting_room::{
    region::OneRegion,
    settings::{FileSettings, ParameterAudit, SsmSettings},
};
use waiting_room_audit::Via;
use waiting_room_core::EventId;

use self::conformance::{Bench, Instance, Log, conforms, initial};
use crate::support::{aws, moto, new_event};

conforms!(file, FileBench);
conforms!(ssm, SsmBench);

/// The settings file of a data dir.
struct FileBench {
    directory: tempfile::TempDir,
    event: EventId,
    log: Log,
}

impl FileBench {
    fn file(&self) -> PathBuf {
        self.directory.path().join("settings.toml")
    }
}

impl Bench for FileBench {
    const OUTSIDE: Via = Via::SettingsFile;

    async fn new() -> Self {
        Self {
            directory: tempfile::tempdir().unwrap(),
            event: new_event(),
            log: Log::new(),
        }
    }

    fn event(&self) -> &EventId {
        &self.event
    }

    fn log(&self) -> &Log {
        &self.log
    }

    async fn instance(&self) -> Instance {
        let (event, settings) = (&self.event, &initial());
        let now = service_kit::now();
        let events = [(event, settings)].into_iter();
        let source =
            FileSettings::open(self.directory.path(), events, now, self.log.auditor()).unwrap();
        Instance::new(source, event, async |source, shutdown| {
            source.watch_file(shutdown).await;
        })
    }

    async fn write(&self, key: &str, value: &str) {
        let text = fs::read_to_string(self.file()).unwrap();
        let mut document: toml::Table = text.parse().unwrap();
        let table = document[self.event.as_str()].as_table_mut().unwrap();
        let value = value
            .parse()
            .map_or_else(|_| toml::Value::from(value), toml::Value::Integer);
        table.insert(key.to_owned(), value);
        fs::write(self.file(), document.to_string()).unwrap();
    }
}

/// The parameters of one event.
struct SsmBench {
    client: Client,
    prefix: String,
    event: EventId,
    log: Log,
}

impl SsmBench {
    async fn below(prefix: &str) -> Self {
        Self {
            client: Client::new(&aws(moto().port()).await),
            prefix: prefix.to_owned(),
            event: new_event(),
            log: Log::new(),
        }
    }

    /// A process that reaches AWS on `port` of this machine.
    async fn instance_over(&self, port: u16) -> Instance {
        let source = open(port, &self.prefix, &[&self.event]).await;
        self.running(source)
    }

    fn running(&self, source: SsmSettings) -> Instance {
        let source = source.audited(ParameterAudit {
            auditor: self.log.auditor(),
            region: "eu-west-1".to_owned(),
            fence: Arc::new(OneRegion),
        });
        Instance::new(source, &self.event, async |source, shutdown| {
            source.watch_parameters(shutdown).await;
        })
    }

    fn path(&self, key: &str) -> String {
        format!("{}/{}/{key}", self.prefix, self.event)
    }
}

async fn open(port: u16, prefix: &str, events: &[&EventId]) -> SsmSettings {
    let client = Client::new(&aws(port).await);
    let initial = initial();
    let events = events.iter().map(|event| (*event, &initial));
    SsmSettings::open(client, prefix, events, service_kit::now()).await
}

impl Bench for SsmBench {
    const OUTSIDE: Via = Via::ParameterStore;

    async fn new() -> Self {
        Self::below("/waiting-room").await
    }

    fn event(&self) -> &EventId {
        &self.event
    }

    fn log(&self) -> &Log {
        &self.log
    }

    async fn instance(&self) -> Instance {
        let source = open(moto().port(), &self.prefix, &[&self.event]).await;
        // The suite is about values; how soon they are in force is another test's matter.
        self.running(source.polled_every(Duration::from_millis(300)))
    }

    async fn write(&self, key: &str, value: &str) {
        let put = self.client.put_parameter().name(self.path(key));
        let put = put.value(value).overwrite(true);
        put.r#type(ParameterType::String).send().await.unwrap();
    }
}

use std::{fs, path::Path, process::Command, sync::LazyLock};

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_sqs::config::{Credentials, SharedCredentialsProvider};
use test_backends::Moto;
use waiting_room_region::ControlItem;

static MOTO: LazyLock<Moto> = LazyLock::new(Moto::start);

/// What one test has in the emulated AWS, made by the product's own commands.
pub(crate) struct EmulatedAws {
    /// The programs' environment.
    pub(crate) environment: Vec<(String, String)>,
    config: SdkConfig,
    settings: String,
}

/// A port of the emulator, for a proxy in front of it.
pub(crate) fn port() -> u16 {
    MOTO.port()
}

impl EmulatedAws {
    /// Tables, queues, keys and settings whose names begin with `name`; `events` are loaded.
    pub(crate) fn prepare(name: &str, events: &str, directory: &Path) -> Self {
        let mut environment: Vec<(String, String)> = MOTO
            .environment()
            .map(|(name, value)| (name.to_owned(), value))
            .into();
        let made = waiting_room(&environment, &["create-backends", "--name", name]);
        let made = made.lines().filter_map(|line| line.split_once('='));
        environment.extend(made.map(|(name, value)| (name.to_owned(), value.to_owned())));
        let file = directory.join("events.toml");
        fs::write(&file, events).unwrap();
        waiting_room(&environment, &["load-events", &file.to_string_lossy()]);

        let settings = format!("/{name}");
        let more = [
            ("WAITING_ROOM_KEYS_SECRET", format!("{name}/keys")),
            ("WAITING_ROOM_SETTINGS_PREFIX", settings.clone()),
        ];
        environment.extend(more.map(|(name, value)| (name.to_owned(), value)));
        Self {
            environment,
            config: config(),
            settings,
        }
    }

    pub(crate) fn sqs(&self) -> aws_sdk_sqs::Client {
        aws_sdk_sqs::Client::new(&self.config)
    }

    /// The environment of another region of the same on-sale. Tables, keys and settings are one, or copied; its queues
    /// are its own, with names that begin with `name`.
    pub(crate) fn another_region(&self, name: &str) -> Vec<(String, String)> {
        let made = waiting_room(&self.environment, &["create-backends", "--name", name]);
        let made = made.lines().filter_map(|line| line.split_once('='));
        let queues = made.filter(|(name, _)| name.ends_with("_QUEUE_URL"));
        let mut environment = self.environment.clone();
        environment.extend(queues.map(|(name, value)| (name.to_owned(), value.to_owned())));
        environment
    }

    /// The control item of the regions.
    pub(crate) fn control(&self) -> ControlItem {
        let dynamodb = aws_sdk_dynamodb::Client::new(&self.config);
        ControlItem::new(dynamodb, self.variable("WAITING_ROOM_ORDERS_TABLE"))
    }

    /// Puts a setting as an operator does with the AWS command line.
    pub(crate) async fn put_setting(&self, setting: &str, value: &str) {
        aws_sdk_ssm::Client::new(&self.config)
            .put_parameter()
            .name(format!("{}/aurora-live/{setting}", self.settings))
            .value(value)
            .r#type(aws_sdk_ssm::types::ParameterType::String)
            .overwrite(true)
            .send()
            .await
            .unwrap();
    }

    /// The variable of this name.
    pub(crate) fn variable(&self, name: &str) -> &str {
        let found = self.environment.iter().find(|(known, _)| known == name);
        &found.expect("a known variable").1
    }
}

fn config() -> SdkConfig {
    let credentials = Credentials::new("test", "test", None, None, "test");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .endpoint_url(MOTO.url())
        .region(Region::new("eu-west-1"))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .build()
}

fn waiting_room(environment: &[(String, String)], arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_waiting-room"))
        .args(arguments)
        .envs(environment.iter().cloned())
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {told}{errors}");
    told
}

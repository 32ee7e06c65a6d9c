//! The signing keys: every key store by the same rules, and Secrets Manager when it fails.

mod conformance;
mod secrets_manager;

use std::path::PathBuf;

use aws_sdk_secretsmanager::Client;
use waiting_room::keys::{FileKeyStore, KeyStore, SecretsManagerKeyStore};

use self::conformance::{Bench, conforms};
use crate::support::{Relay, aws, moto, unique};

conforms!(file, FileBench);
conforms!(secrets, SecretBench);

struct FileBench {
    directory: tempfile::TempDir,
}

impl FileBench {
    fn file(&self) -> PathBuf {
        self.directory.path().join("keys.json")
    }
}

impl Bench for FileBench {
    async fn new() -> Self {
        Self {
            directory: tempfile::tempdir().unwrap(),
        }
    }

    async fn store(&self) -> Box<dyn KeyStore> {
        Box::new(FileKeyStore::new(self.directory.path()))
    }

    async fn write(&self, text: &str) {
        std::fs::write(self.file(), text).unwrap();
    }

    async fn read(&self) -> String {
        std::fs::read_to_string(self.file()).unwrap()
    }
}

/// A secret that nobody has made yet.
struct SecretBench {
    relay: Relay,
    client: Client,
    secret: String,
}

impl SecretBench {
    async fn store_over(&self, port: u16) -> Box<dyn KeyStore> {
        let client = Client::new(&aws(port).await);
        Box::new(SecretsManagerKeyStore::new(client, &self.secret))
    }
}

impl Bench for SecretBench {
    async fn new() -> Self {
        let relay = Relay::to(moto().port()).await;
        Self {
            client: Client::new(&aws(relay.port()).await),
            relay,
            secret: unique("keys"),
        }
    }

    async fn store(&self) -> Box<dyn KeyStore> {
        self.store_over(self.relay.port()).await
    }

    async fn write(&self, text: &str) {
        let create = self.client.create_secret().name(&self.secret);
        if create.secret_string(text).send().await.is_err() {
            let put = self.client.put_secret_value().secret_id(&self.secret);
            put.secret_string(text).send().await.unwrap();
        }
    }

    async fn read(&self) -> String {
        let get = self.client.get_secret_value().secret_id(&self.secret);
        get.send().await.unwrap().secret_string.unwrap()
    }
}

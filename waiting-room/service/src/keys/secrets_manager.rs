//! Keys in AWS Secrets Manager.

use std::error::Error;

use async_trait::async_trait;
use aws_sdk_secretsmanager::{Client, error::SdkError, primitives::Blob};
use sha2::{Digest, Sha256};

use super::{KeyError, KeyStore, KeyVersion, StoredKeys};

/// Keys as JSON in one secret, which any number of processes share. The secret may exist without a
/// value, or not at all.
///
/// A version of a secret never changes, and its id is the writer's to choose. So the id of the version
/// that replaces another is made from that other's id: of two processes that replace the same version,
/// both ask for the same new id with different keys, and Secrets Manager refuses the second
/// (`ResourceExistsException`). The first version of all is decided in the same way. One call stores
/// the keys and makes them current, so there is no state in between.
///
/// Who rolls the secret back by hand to a version that has been replaced does so by putting its value
/// as a new version, not by moving the label `AWSCURRENT` back: the next id is taken then.
pub struct SecretsManagerKeyStore {
    client: Client,
    secret: String,
}

impl SecretsManagerKeyStore {
    /// The keys in the secret of this name or ARN. A secret that does not exist is created under the
    /// name.
    pub fn new(client: Client, secret: impl Into<String>) -> Self {
        Self {
            client,
            secret: secret.into(),
        }
    }

    fn error(&self, source: impl Into<Box<dyn Error + Send + Sync>>) -> KeyError {
        KeyError::Store {
            place: format!("secret {}", self.secret),
            source: source.into(),
        }
    }

    fn sdk_error<E, R>(&self, error: SdkError<E, R>) -> KeyError
    where
        E: Error + Send + Sync + 'static,
        R: std::fmt::Debug + Send + Sync + 'static,
    {
        // Without the raw answer, which may hold the secret.
        match error.into_source() {
            Ok(source) => self.error(source),
            Err(_) => self.error("Secrets Manager was not asked in time"),
        }
    }

    async fn create(&self, json: &str, version: &str) -> Result<(), KeyError> {
        let created = self
            .client
            .create_secret()
            .name(&self.secret)
            .description("Signing keys of the waiting room")
            .client_request_token(version)
            .secret_string(json)
            .send()
            .await;
        match created {
            Ok(_) => Ok(()),
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(|error| error.is_resource_exists_exception()) =>
            {
                Err(KeyError::UnderWay)
            }
            Err(error) => Err(self.sdk_error(error)),
        }
    }
}

#[async_trait]
impl KeyStore for SecretsManagerKeyStore {
    async fn load(&self) -> Result<Option<(KeyVersion, StoredKeys)>, KeyError> {
        let answer = self
            .client
            .get_secret_value()
            .secret_id(&self.secret)
            .version_stage("AWSCURRENT")
            .send()
            .await;
        let value = match answer {
            Ok(value) => value,
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(|error| error.is_resource_not_found_exception()) =>
            {
                return Ok(None);
            }
            Err(error) => return Err(self.sdk_error(error)),
        };
        let text = match (value.secret_string(), value.secret_binary()) {
            (Some(text), _) => text.as_bytes(),
            (None, bytes) => bytes.map_or(&[][..], Blob::as_ref),
        };
        let keys = StoredKeys::from_json(text).map_err(|error| self.error(error))?;
        let version = KeyVersion(value.version_id().unwrap_or_default().to_owned());
        Ok(Some((version, keys)))
    }

    async fn store(
        &self,
        keys: &StoredKeys,
        replaced: Option<&KeyVersion>,
    ) -> Result<KeyVersion, KeyError> {
        let json = serde_json::to_string(keys).map_err(|error| self.error(error))?;
        let version = id_after(replaced);
        let put = self
            .client
            .put_secret_value()
            .secret_id(&self.secret)
            .client_request_token(&version)
            .secret_string(&json)
            .send()
            .await;
        match put {
            Ok(_) => {}
            Err(error) => match error.as_service_error() {
                Some(error) if error.is_resource_exists_exception() => {
                    return Err(KeyError::UnderWay);
                }
                Some(not_found)
                    if not_found.is_resource_not_found_exception() && replaced.is_none() =>
                {
                    self.create(&json, &version).await?;
                }
                _ => return Err(self.sdk_error(error)),
            },
        }
        Ok(KeyVersion(version))
    }
}

/// The one id that the version after `replaced` can have: 64 hexadecimal digits.
fn id_after(replaced: Option<&KeyVersion>) -> String {
    let replaced = replaced.map_or("", |version| &*version.0);
    let digest = Sha256::digest(format!("waiting-room keys after {replaced}"));
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

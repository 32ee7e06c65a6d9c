use std::collections::{BTreeMap, HashMap};

use aws_sdk_ssm::{
    Client,
    error::SdkError,
    operation::{
        get_parameter_history::GetParameterHistoryError,
        get_parameters_by_path::GetParametersByPathError, put_parameter::PutParameterError,
    },
    types::ParameterType,
};
use thiserror::Error;
use waiting_room_core::{EventId, SettingName, Timestamp};

/// As many parameters as one call tells at most.
const PAGE: i32 = 10;

/// More calls than that a read does not make: a thousand parameters.
const MOST_PAGES: usize = 100;

/// What an empty message is stored as.
const NO_MESSAGE: &str = "-";

/// The parameters of all events below one path.
pub(super) struct Parameters {
    client: Client,
    prefix: String,
}

/// One event's parameters, by what their paths end in.
pub(super) type Found = BTreeMap<String, Parameter>;

/// A parameter as it was read.
#[derive(Clone, Debug)]
pub(super) struct Parameter {
    /// Its text; nothing when it is of another type than `String`.
    pub(super) text: Option<String>,
    /// Each write makes the next one; 1 is the first.
    pub(super) version: u64,
}

/// What a parameter was, or is.
#[derive(Clone, Debug)]
pub(super) struct Version {
    pub(super) number: u64,
    pub(super) text: Option<String>,
    pub(super) written_at: Timestamp,
    /// The ARN of who wrote it.
    pub(super) written_by: Option<String>,
}

/// Why the parameters were not read.
#[derive(Debug, Error)]
pub(super) enum ReadError {
    #[error("Parameter Store does not tell the parameters")]
    Parameters(#[source] Box<SdkError<GetParametersByPathError>>),
    #[error("Parameter Store does not tell what a parameter was")]
    History(#[source] Box<SdkError<GetParameterHistoryError>>),
    #[error("Parameter Store takes too long")]
    Slow(#[from] tokio::time::error::Elapsed),
    #[error("there are more than {} pages of parameters", MOST_PAGES)]
    TooMany,
}

impl Parameters {
    pub(super) fn new(client: Client, prefix: &str) -> Self {
        Self {
            client,
            prefix: prefix.trim_end_matches('/').to_owned(),
        }
    }

    /// All parameters of all events.
    pub(super) async fn read(&self) -> Result<HashMap<EventId, Found>, ReadError> {
        let mut found: HashMap<EventId, Found> = HashMap::new();
        let mut next = None;
        for _ in 0..MOST_PAGES {
            let page = self
                .client
                .get_parameters_by_path()
                .path(&self.prefix)
                .recursive(true)
                .max_results(PAGE)
                .set_next_token(next)
                .send()
                .await
                .map_err(|error| ReadError::Parameters(Box::new(error)))?;
            for parameter in page.parameters() {
                let place = parameter.name().and_then(|path| self.place_of(path));
                if let Some((event, key)) = place {
                    let text = text(&key, parameter.r#type(), parameter.value());
                    let version = number(parameter.version());
                    let parameter = Parameter { text, version };
                    found.entry(event).or_default().insert(key, parameter);
                }
            }
            next = page.next_token;
            if next.is_none() {
                return Ok(found);
            }
        }
        Err(ReadError::TooMany)
    }

    /// What the newest version of a parameter says that is `good`.
    pub(super) async fn newest_good(
        &self,
        event: &EventId,
        name: SettingName,
        good: impl Fn(&str) -> bool,
    ) -> Result<Option<String>, ReadError> {
        let versions = self.history(event, name).await?;
        let mut texts = versions
            .into_iter()
            .rev()
            .filter_map(|version| version.text);
        Ok(texts.find(|text| good(text)))
    }

    /// The versions of a parameter that Parameter Store remembers, a hundred at most, the oldest first.
    pub(super) async fn history(
        &self,
        event: &EventId,
        name: SettingName,
    ) -> Result<Vec<Version>, ReadError> {
        let history = self.client.get_parameter_history();
        let history = history.name(self.path(event, name));
        let mut pages = history.into_paginator().send();
        let mut versions = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| ReadError::History(Box::new(error)))?;
            versions.extend(page.parameters().iter().map(|version| {
                Version {
                    number: number(version.version()),
                    text: text(name.as_str(), version.r#type(), version.value()),
                    written_at: version
                        .last_modified_date()
                        .map_or_else(service_kit::now, |at| {
                            let micros = at.as_nanos() / 1_000;
                            Timestamp::from_micros(u64::try_from(micros).unwrap_or_default())
                        }),
                    written_by: version.last_modified_user().map(str::to_owned),
                }
            }));
        }
        versions.sort_by_key(|version| version.number);
        Ok(versions)
    }

    /// Writes a parameter, and tells it as it will be read.
    pub(super) async fn write(
        &self,
        event: &EventId,
        name: SettingName,
        value: &str,
    ) -> Result<Parameter, SdkError<PutParameterError>> {
        let value = match (name, value.trim()) {
            (SettingName::Message, "") => NO_MESSAGE,
            _ => value,
        };
        let put = self
            .client
            .put_parameter()
            .name(self.path(event, name))
            .value(value)
            .r#type(ParameterType::String)
            .overwrite(true)
            .send()
            .await?;
        Ok(Parameter {
            text: Some(meaning(name.as_str(), value).to_owned()),
            version: number(put.version()),
        })
    }

    /// Where the parameters are, for a person.
    pub(super) fn describe(&self) -> String {
        format!("SSM parameters {}/<event>/...", self.prefix)
    }

    fn path(&self, event: &EventId, name: SettingName) -> String {
        format!("{}/{event}/{name}", self.prefix)
    }

    fn place_of(&self, path: &str) -> Option<(EventId, String)> {
        let path = path.strip_prefix(&self.prefix)?.strip_prefix('/')?;
        let (event, key) = path.split_once('/')?;
        Some((event.parse().ok()?, key.to_owned()))
    }
}

fn number(version: i64) -> u64 {
    u64::try_from(version).unwrap_or_default()
}

fn text(key: &str, kind: Option<&ParameterType>, value: Option<&str>) -> Option<String> {
    let is_text = kind == Some(&ParameterType::String);
    is_text.then(|| meaning(key, value.unwrap_or_default()).to_owned())
}

/// The text that a parameter's `value` stands for.
fn meaning<'a>(key: &str, value: &'a str) -> &'a str {
    if key == SettingName::Message.as_str() && value.trim() == NO_MESSAGE {
        ""
    } else {
        value
    }
}

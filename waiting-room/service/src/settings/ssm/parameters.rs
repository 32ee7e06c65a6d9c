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
use waiting_room_core::{EventId, SettingName};

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

/// One event's parameters: what their paths end in, and their texts; of those that are of another type
/// than `String`, nothing.
pub(super) type Found = BTreeMap<String, Option<String>>;

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
                    found.entry(event).or_default().insert(key, text);
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
        let history = self.client.get_parameter_history();
        let history = history.name(self.path(event, name));
        let mut pages = history.into_paginator().send();
        let mut newest = None;
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| ReadError::History(Box::new(error)))?;
            let versions = page.parameters().iter().filter_map(|version| {
                let text = text(name.as_str(), version.r#type(), version.value())?;
                good(&text).then(|| (version.version(), text))
            });
            newest = newest.max(versions.max());
        }
        Ok(newest.map(|(_, text)| text))
    }

    /// Writes a parameter, and tells the text that it is read as.
    pub(super) async fn write(
        &self,
        event: &EventId,
        name: SettingName,
        value: &str,
    ) -> Result<String, SdkError<PutParameterError>> {
        let value = match (name, value.trim()) {
            (SettingName::Message, "") => NO_MESSAGE,
            _ => value,
        };
        self.client
            .put_parameter()
            .name(self.path(event, name))
            .value(value)
            .r#type(ParameterType::String)
            .overwrite(true)
            .send()
            .await?;
        Ok(meaning(name.as_str(), value).to_owned())
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

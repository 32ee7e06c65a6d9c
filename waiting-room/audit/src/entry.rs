use std::{fmt, str::FromStr};

use rand::RngExt;
use serde::{Deserialize, Serialize};
use service_kit::operator::{Operator, Proof, RefusedSignIn, Role};
use thiserror::Error;
use utoipa::ToSchema;
use waiting_room_core::{EventId, Timestamp};

/// One entry of the audit log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Entry {
    /// Its id. Ids are in the order of their times.
    #[schema(value_type = String)]
    pub id: EntryId,
    /// When it was done.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// The event that it was done to; null when it concerns all.
    #[schema(value_type = Option<String>)]
    pub event: Option<EventId>,
    /// Who did it.
    #[serde(flatten)]
    pub by: By,
    /// What was done.
    #[serde(flatten)]
    pub action: Action,
}

/// Who did something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct By {
    /// Who they say they are, or who AWS says wrote a parameter; null where nobody says.
    pub who: Option<String>,
    /// What they signed in as; null for what was changed from outside.
    pub role: Option<Role>,
    /// Which way they went.
    pub via: Via,
}

/// Which way something was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Via {
    /// By somebody signed in.
    Console,
    /// With a credential.
    Api,
    /// In the settings file, from outside.
    SettingsFile,
    /// In Parameter Store, from outside.
    ParameterStore,
}

/// What was done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "action", content = "detail", rename_all = "kebab-case")]
pub enum Action {
    /// A setting has another value.
    SettingChanged {
        /// Which.
        setting: String,
        /// What was in force.
        from: String,
        /// What is.
        to: String,
    },
    /// A value was not put in force.
    SettingRefused {
        /// What it was meant for.
        setting: String,
        /// The value, shortened.
        value: String,
        /// What it would have to be.
        reason: String,
    },
    /// Dead letters are tried once more.
    DeadLettersRedriven {
        /// How many.
        redriven: usize,
    },
    /// New signing keys were made.
    KeysRotated {},
    /// Somebody signed in.
    SignedIn {},
    /// Somebody presented a credential that is none.
    SignInRefused {
        /// Where the last of them came from.
        address: String,
        /// How many there were since the last entry of this kind.
        attempts: u64,
    },
}

/// An entry's id: its time in microseconds and something that tells it from others of that time, in 24 hexadecimal
/// digits.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct EntryId(String);

/// A text that is no id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("is not an id of the audit log")]
pub struct InvalidId;

impl Entry {
    /// What `by` did `at` that time to `event`, or to all.
    pub fn new(at: Timestamp, event: Option<EventId>, by: By, action: Action) -> Self {
        let id = EntryId(format!(
            "{:016x}{:08x}",
            at.as_micros(),
            rand::rng().random::<u32>()
        ));
        Self {
            id,
            at,
            event,
            by,
            action,
        }
    }

    /// Somebody was not signed in, now.
    pub fn of_refused(refused: RefusedSignIn) -> Self {
        let action = Action::SignInRefused {
            address: refused.address.to_string(),
            attempts: refused.attempts,
        };
        Self::new(service_kit::now(), None, By::somebody(Via::Api), action)
    }
}

impl By {
    /// Nobody known, from outside.
    pub fn somebody(via: Via) -> Self {
        Self {
            who: None,
            role: None,
            via,
        }
    }
}

impl From<&Operator> for By {
    fn from(operator: &Operator) -> Self {
        Self {
            who: operator.name.as_ref().map(|name| name.as_str().to_owned()),
            role: Some(operator.role),
            via: match operator.proof {
                Proof::Session { .. } => Via::Console,
                Proof::Credential => Via::Api,
            },
        }
    }
}

impl EntryId {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for EntryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for EntryId {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        if text.len() == 24 && text.bytes().all(is_digit) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidId)
        }
    }
}

impl TryFrom<String> for EntryId {
    type Error = InvalidId;

    fn try_from(text: String) -> Result<Self, InvalidId> {
        text.parse()
    }
}

impl From<EntryId> for String {
    fn from(id: EntryId) -> Self {
        id.0
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_entry_reads_as_the_interface_says_and_back() {
        let by = By {
            who: Some("Ana".to_owned()),
            role: Some(Role::Operator),
            via: Via::Console,
        };
        let action = Action::SettingChanged {
            setting: "mode".to_owned(),
            from: "admit".to_owned(),
            to: "pause".to_owned(),
        };
        let event = "aurora-live".parse().ok();
        let entry = Entry::new(Timestamp::from_seconds(1_795_000_000), event, by, action);
        let told = serde_json::to_value(&entry).unwrap();
        assert_eq!(
            told,
            json!({"id": entry.id.as_str(), "at": "2026-11-18T11:06:40Z", "event": "aurora-live", "who": "Ana",
                "role": "operator", "via": "console", "action": "setting-changed",
                "detail": {"setting": "mode", "from": "admit", "to": "pause"}})
        );
        assert_eq!(serde_json::from_value::<Entry>(told).unwrap(), entry);
        let somebody = By::somebody(Via::SettingsFile);
        let entry = Entry::new(Timestamp::default(), None, somebody, Action::KeysRotated {});
        let told = serde_json::to_value(&entry).unwrap();
        assert_eq!((&told["detail"], &told["who"]), (&json!({}), &json!(null)));
        assert_eq!(serde_json::from_value::<Entry>(told).unwrap(), entry);
    }

    #[test]
    fn ids_are_in_the_order_of_time_and_nothing_else_is_one() {
        let at = |seconds| {
            let by = By::somebody(Via::Api);
            Entry::new(
                Timestamp::from_seconds(seconds),
                None,
                by,
                Action::SignedIn {},
            )
            .id
        };
        assert!(at(9) < at(10) && at(10) < at(1_795_000_000));
        let id = at(1);
        assert_eq!(id.as_str().parse(), Ok(id));
        for bad in ["", "x", &"g".repeat(24), &"0".repeat(25), &"A".repeat(24)] {
            assert_eq!(bad.parse::<EntryId>(), Err(InvalidId));
        }
    }
}

use std::{fmt, str::FromStr, time::Duration};

use serde::{Serialize, Serializer};
use thiserror::Error;

/// Why a value is not in force.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{reason}")]
pub struct InvalidSetting {
    /// Which setting it was meant for.
    pub setting: SettingName,
    /// What it would have to be.
    pub reason: &'static str,
}

/// The settings an operator can turn while the on-sale runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SettingName {
    /// Claims a minute.
    AdmissionRatePerMinute,
    /// Fans in checkout at once.
    MaxActiveSessions,
    /// What the door does.
    Mode,
    /// What the fans are told.
    Message,
}

impl SettingName {
    /// All of them.
    pub const ALL: [Self; 4] = [
        Self::AdmissionRatePerMinute,
        Self::MaxActiveSessions,
        Self::Mode,
        Self::Message,
    ];

    /// The last part of its parameter's path, and its key in the settings file.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AdmissionRatePerMinute => "admission-rate-per-minute",
            Self::MaxActiveSessions => "max-active-sessions",
            Self::Mode => "mode",
            Self::Message => "message",
        }
    }
}

impl fmt::Display for SettingName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for SettingName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

fn whole_number(text: &str) -> Option<u32> {
    // `u32::from_str` takes a leading plus sign, which no operator means to type.
    if text.starts_with('+') {
        None
    } else {
        text.parse().ok()
    }
}

/// How many claims a minute the shop behind the door can bear: 1 to 1,000,000.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct AdmissionRate(u32);

impl AdmissionRate {
    const RANGE: InvalidSetting = InvalidSetting {
        setting: SettingName::AdmissionRatePerMinute,
        reason: "must be a whole number from 1 to 1000000 (claims a minute); to stop, use mode pause",
    };

    /// The rate of `per_minute` claims a minute.
    ///
    /// # Errors
    /// When it is 0 or above one million.
    pub fn new(per_minute: u32) -> Result<Self, InvalidSetting> {
        if (1..=1_000_000).contains(&per_minute) {
            Ok(Self(per_minute))
        } else {
            Err(Self::RANGE)
        }
    }

    /// Claims a minute.
    pub const fn per_minute(self) -> u32 {
        self.0
    }

    /// Claims a second.
    pub fn per_second(self) -> f64 {
        f64::from(self.0) / 60.0
    }

    /// How long `fans` take, one after another.
    pub fn lasts(self, fans: u64) -> Duration {
        Duration::from_secs_f64(fans as f64 / self.per_second())
    }
}

impl FromStr for AdmissionRate {
    type Err = InvalidSetting;

    fn from_str(text: &str) -> Result<Self, InvalidSetting> {
        whole_number(text).ok_or(Self::RANGE).and_then(Self::new)
    }
}

/// How many admitted fans may be in checkout at once: 1 to 1,000,000.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct MaxActiveSessions(u32);

impl MaxActiveSessions {
    const RANGE: InvalidSetting = InvalidSetting {
        setting: SettingName::MaxActiveSessions,
        reason: "must be a whole number from 1 to 1000000 (sessions)",
    };

    /// The limit of `sessions` at once.
    ///
    /// # Errors
    /// When it is 0 or above one million.
    pub fn new(sessions: u32) -> Result<Self, InvalidSetting> {
        if (1..=1_000_000).contains(&sessions) {
            Ok(Self(sessions))
        } else {
            Err(Self::RANGE)
        }
    }

    /// Sessions at once.
    pub const fn sessions(self) -> u32 {
        self.0
    }
}

impl FromStr for MaxActiveSessions {
    type Err = InvalidSetting;

    fn from_str(text: &str) -> Result<Self, InvalidSetting> {
        whole_number(text).ok_or(Self::RANGE).and_then(Self::new)
    }
}

/// What the operator wants the door to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Call and admit at the rate.
    Admit,
    /// Admit nobody; places and call windows keep.
    Pause,
    /// The waiting room is off: admit whoever comes.
    Bypass,
    /// The event is over.
    Closed,
}

impl Mode {
    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Admit => "admit",
            Self::Pause => "pause",
            Self::Bypass => "bypass",
            Self::Closed => "closed",
        }
    }
}

impl FromStr for Mode {
    type Err = InvalidSetting;

    fn from_str(text: &str) -> Result<Self, InvalidSetting> {
        match text {
            "admit" => Ok(Self::Admit),
            "pause" => Ok(Self::Pause),
            "bypass" => Ok(Self::Bypass),
            "closed" => Ok(Self::Closed),
            _ => Err(InvalidSetting {
                setting: SettingName::Mode,
                reason: "must be admit, pause, bypass or closed",
            }),
        }
    }
}

/// What the operator tells the waiting fans: one line of at most 500 characters; may be empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Message(String);

impl Message {
    /// The message, or nothing when it is empty.
    pub fn shown(&self) -> Option<&str> {
        (!self.0.is_empty()).then_some(&*self.0)
    }

    /// The text, perhaps empty.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Message {
    type Err = InvalidSetting;

    fn from_str(text: &str) -> Result<Self, InvalidSetting> {
        let text = text.trim();
        if text.chars().count() > 500 || text.chars().any(char::is_control) {
            return Err(InvalidSetting {
                setting: SettingName::Message,
                reason: "must be one line of at most 500 characters",
            });
        }
        Ok(Self(text.to_owned()))
    }
}

/// The settings in force for one event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Settings {
    /// Claims a minute.
    pub admission_rate_per_minute: AdmissionRate,
    /// Fans in checkout at once.
    pub max_active_sessions: MaxActiveSessions,
    /// What the door does.
    pub mode: Mode,
    /// What the fans are told.
    pub message: Message,
}

impl Settings {
    /// Puts the plain text `value` in force as the setting `name`.
    ///
    /// # Errors
    /// When it is not a valid value; the last good one then stays in force.
    pub fn set(&mut self, name: SettingName, value: &str) -> Result<(), InvalidSetting> {
        match name {
            SettingName::AdmissionRatePerMinute => {
                self.admission_rate_per_minute = value.parse()?
            }
            SettingName::MaxActiveSessions => self.max_active_sessions = value.parse()?,
            SettingName::Mode => self.mode = value.parse()?,
            SettingName::Message => self.message = value.parse()?,
        }
        Ok(())
    }

    /// The plain text of the setting `name`.
    pub fn get(&self, name: SettingName) -> String {
        match name {
            SettingName::AdmissionRatePerMinute => self.admission_rate_per_minute.0.to_string(),
            SettingName::MaxActiveSessions => self.max_active_sessions.0.to_string(),
            SettingName::Mode => self.mode.as_str().to_owned(),
            SettingName::Message => self.message.0.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> Settings {
        Settings {
            admission_rate_per_minute: AdmissionRate::new(600).unwrap(),
            max_active_sessions: MaxActiveSessions::new(10).unwrap(),
            mode: Mode::Admit,
            message: Message::default(),
        }
    }

    #[test]
    fn a_bad_value_leaves_the_last_good_one_in_force() {
        let mut in_force = settings();
        let too_long = "x".repeat(501);
        for (name, bad) in [
            (SettingName::AdmissionRatePerMinute, "0"),
            (SettingName::AdmissionRatePerMinute, "-5"),
            (SettingName::AdmissionRatePerMinute, "fast"),
            (SettingName::AdmissionRatePerMinute, "10000000"),
            (SettingName::AdmissionRatePerMinute, "600.5"),
            (SettingName::AdmissionRatePerMinute, "+600"),
            (SettingName::AdmissionRatePerMinute, ""),
            (SettingName::MaxActiveSessions, "0"),
            (SettingName::Mode, "ADMIT"),
            (SettingName::Message, "two\nlines"),
            (SettingName::Message, &too_long),
        ] {
            let refused = in_force.set(name, bad);
            assert_eq!(refused.map_err(|e| e.setting), Err(name), "{bad}");
            assert_eq!(in_force, settings());
        }
    }

    #[test]
    fn every_setting_can_be_set_from_its_own_text() {
        let mut changed = settings();
        for (name, value) in [
            (SettingName::AdmissionRatePerMinute, "1200"),
            (SettingName::MaxActiveSessions, "7"),
            (SettingName::Mode, "pause"),
            (SettingName::Message, "Back in ten minutes"),
        ] {
            changed.set(name, value).unwrap();
            assert_eq!(changed.get(name), value);
        }
    }
}

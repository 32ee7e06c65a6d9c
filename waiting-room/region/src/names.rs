use std::{fmt, str::FromStr};

use thiserror::Error;

/// A region's name, as in `AWS_REGION`: 1 to 64 lower-case letters, digits and hyphens.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Region(String);

/// The text names no region.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("must be 1 to 64 lower-case letters, digits and hyphens, such as eu-west-1")]
pub struct InvalidRegion;

impl Region {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Region {
    type Err = InvalidRegion;

    fn from_str(text: &str) -> Result<Self, InvalidRegion> {
        let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if (1..=64).contains(&text.len()) && text.bytes().all(fits) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidRegion)
        }
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How much of the operator's rate may be admitted: 0 to 100.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct AdmissionPercent(u8);

/// The number is no percentage.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("must be a whole number from 0 to 100")]
pub struct InvalidPercent;

impl AdmissionPercent {
    /// Nobody.
    pub const NONE: Self = Self(0);
    /// As the operator has set it.
    pub const ALL: Self = Self(100);

    /// The percentage as a number.
    pub const fn number(self) -> u8 {
        self.0
    }

    /// This part of `rate`; one at least of a rate that is not 0, unless it is nobody.
    pub fn of(self, rate: u32) -> u32 {
        let part = (u64::from(rate) * u64::from(self.0)).div_ceil(100);
        u32::try_from(part).unwrap_or(rate)
    }
}

impl TryFrom<u64> for AdmissionPercent {
    type Error = InvalidPercent;

    fn try_from(number: u64) -> Result<Self, InvalidPercent> {
        match u8::try_from(number) {
            Ok(number @ 0..=100) => Ok(Self(number)),
            _ => Err(InvalidPercent),
        }
    }
}

impl fmt::Display for AdmissionPercent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} %", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn percent(number: u64) -> AdmissionPercent {
        number.try_into().unwrap()
    }

    #[test]
    fn a_part_of_a_rate_is_a_rate_and_none_of_it_is_nobody() {
        assert_eq!(percent(25).of(600), 150);
        assert_eq!(percent(50).of(1), 1);
        assert_eq!(percent(100).of(u32::MAX), u32::MAX);
        assert_eq!(AdmissionPercent::NONE.of(600), 0);
    }

    #[test]
    fn only_percentages_and_names_of_regions_are_taken() {
        assert_eq!(AdmissionPercent::try_from(101), Err(InvalidPercent));
        assert_eq!(AdmissionPercent::try_from(256), Err(InvalidPercent));
        assert!("eu-central-1".parse::<Region>().is_ok());
        for wrong in ["", "EU-WEST-1", "eu west", "a=b", &"x".repeat(65)] {
            assert_eq!(wrong.parse::<Region>(), Err(InvalidRegion), "{wrong}");
        }
    }
}

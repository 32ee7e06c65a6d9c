use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// For whom an order is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Buyer {
    /// The name.
    pub name: BuyerName,
    /// Where the confirmation goes.
    pub email: Email,
}

/// A name: one line of 1 to 100 characters. Not shown by `Debug`, so that no log holds one.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct BuyerName(String);

/// A text that is no name.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("must be one line of 1 to 100 characters")]
pub struct InvalidName;

/// An email address that could be one: a local part, one `@`, a domain with a dot, at most 254
/// bytes. Whether mail arrives, only mail can tell. Not shown by `Debug`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Email(String);

/// A text that is no email address.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("must be an email address, like name@example.com")]
pub struct InvalidEmail;

const LONGEST_NAME: usize = 100;
const LONGEST_EMAIL: usize = 254;
const LONGEST_LOCAL_PART: usize = 64;
const LONGEST_LABEL: usize = 63;

impl BuyerName {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Email {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for BuyerName {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        let text = text.trim();
        let fits = (1..=LONGEST_NAME).contains(&text.chars().count())
            && !text.chars().any(breaks_the_line);
        fits.then(|| Self(text.to_owned())).ok_or(InvalidName)
    }
}

impl FromStr for Email {
    type Err = InvalidEmail;

    fn from_str(text: &str) -> Result<Self, InvalidEmail> {
        let text = text.trim();
        plausible(text)
            .then(|| Self(text.to_owned()))
            .ok_or(InvalidEmail)
    }
}

fn plausible(text: &str) -> bool {
    let Some((local, domain)) = text.split_once('@') else {
        return false;
    };
    let labels: Vec<&str> = domain.split('.').collect();
    text.len() <= LONGEST_EMAIL
        && !text
            .chars()
            .any(|c| c.is_whitespace() || breaks_the_line(c))
        && (1..=LONGEST_LOCAL_PART).contains(&local.len())
        && labels.len() >= 2
        && labels.iter().all(|label| is_label(label))
        && labels
            .last()
            .is_some_and(|label| label.chars().count() >= 2)
}

fn is_label(label: &str) -> bool {
    (1..=LONGEST_LABEL).contains(&label.len())
        && label.chars().all(|c| c.is_alphanumeric() || c == '-')
        && !label.starts_with('-')
        && !label.ends_with('-')
}

fn breaks_the_line(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')
}

impl fmt::Debug for BuyerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BuyerName([redacted])")
    }
}

impl fmt::Debug for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Email([redacted])")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_line() {
        for good in ["A", "María-José O’Neill", "李小龍", &"é".repeat(100)] {
            assert!(good.parse::<BuyerName>().is_ok(), "{good}");
        }
        for bad in ["", "  ", "a\nb", "a\u{2028}b", "\0", &"é".repeat(101)] {
            assert_eq!(bad.parse::<BuyerName>(), Err(InvalidName), "{bad:?}");
        }
    }

    #[test]
    fn an_email_address_has_to_be_possible() {
        for good in [
            "fan@example.com",
            " fan+aurora@mail.example.co.uk ",
            "用户@例子.广告",
        ] {
            assert!(good.parse::<Email>().is_ok(), "{good}");
        }
        let long = format!("{}@example.com", "a".repeat(65));
        for bad in [
            "",
            "fan",
            "@example.com",
            "fan@",
            "fan@example",
            "fan@@example.com",
            "fan@exa mple.com",
            "fan@example..com",
            "fan@.example.com",
            "fan@example.c",
            "fan@-example.com",
            "fan@example.com\nBcc: all@example.com",
            "a@b.com,c@d.com",
            long.as_str(),
        ] {
            assert_eq!(bad.parse::<Email>(), Err(InvalidEmail), "{bad:?}");
        }
    }

    #[test]
    fn debug_output_shows_nobody() {
        let buyer = Buyer {
            name: "Ada".parse().unwrap(),
            email: "ada@example.com".parse().unwrap(),
        };
        let shown = format!("{buyer:?}");
        assert!(!shown.contains("Ada") && !shown.contains("example"));
    }
}

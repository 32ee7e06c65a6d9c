use serde::{Deserialize, Serialize};
use thiserror::Error;

/// A name has at most so many characters.
pub const LONGEST_NAME: usize = 60;

/// Who an operator says to be: one line for the audit log, that nobody proves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct OperatorName(String);

/// A text that is no name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("must be one line of 1 to {LONGEST_NAME} characters")]
pub struct InvalidName;

impl OperatorName {
    /// The name `text`; nothing when it is blank.
    ///
    /// # Errors
    /// When it is too long, or has characters that are not seen or turn others around.
    pub fn parse(text: &str) -> Result<Option<Self>, InvalidName> {
        match text.trim() {
            "" => Ok(None),
            name if name.chars().count() > LONGEST_NAME || name.chars().any(deceives) => {
                Err(InvalidName)
            }
            name => Ok(Some(Self(name.to_owned()))),
        }
    }

    /// What of `bytes` can be a name: a header that is none must not keep anybody from pausing an event.
    pub(super) fn tidied(bytes: &[u8]) -> Option<Self> {
        let text = String::from_utf8_lossy(bytes);
        let seen = text.chars().filter(|character| !deceives(*character));
        let name: String = seen.take(LONGEST_NAME).collect();
        Self::parse(&name).ok().flatten()
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether it is not seen, or makes what follows look like something else: controls, and the marks that change the
/// direction of text or have no width.
fn deceives(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

impl TryFrom<String> for OperatorName {
    type Error = InvalidName;

    fn try_from(text: String) -> Result<Self, InvalidName> {
        Self::parse(&text)?.ok_or(InvalidName)
    }
}

impl From<OperatorName> for String {
    fn from(name: OperatorName) -> Self {
        name.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_line_that_looks_like_what_it_is() {
        let parse = |text: &str| OperatorName::parse(text).map(|name| name.map(|name| name.0));
        assert_eq!(
            parse(" Ana Conceição "),
            Ok(Some("Ana Conceição".to_owned()))
        );
        assert_eq!(parse(" "), Ok(None));
        assert!(parse(&"ã".repeat(60)).is_ok());
        for bad in [
            "a\nb",
            "a\r\nSet-Cookie: x=1",
            "a\u{202e}b",
            "a\u{200b}b",
            "a\0b",
            &"ã".repeat(61),
        ] {
            assert_eq!(parse(bad), Err(InvalidName), "{bad:?}");
        }
    }

    #[test]
    fn of_a_header_what_can_be_a_name_is_taken() {
        let tidied = |bytes: &[u8]| OperatorName::tidied(bytes).map(|name| name.0);
        assert_eq!(tidied("Zoë".as_bytes()), Some("Zoë".to_owned()));
        assert_eq!(tidied(b"Zo\xeb"), Some("Zo\u{fffd}".to_owned()));
        assert_eq!(tidied(&[b'a'; 100]), Some("a".repeat(60)));
        assert_eq!(tidied(b"\t"), None);
    }
}

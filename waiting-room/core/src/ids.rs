use std::{borrow::Borrow, fmt, marker::PhantomData, str::FromStr, sync::Arc};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use sha2::{Digest, Sha256};
use thiserror::Error;

/// Why a text is not the identity it was given as.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum IdError {
    /// Not 1 to 64 characters of `a-z`, `0-9` and inner hyphens.
    #[error("must be 1 to 64 characters of a-z, 0-9 and inner hyphens")]
    NotASlug,
    /// Not 22 characters of base64url that hold 128 bits.
    #[error("must be 22 base64url characters")]
    Not128Bits,
    /// Not 22 to 64 characters of base64url.
    #[error("must be 22 to 64 base64url characters")]
    NotASecret,
}

fn is_slug(text: &str) -> bool {
    let bytes = text.as_bytes();
    (1..=64).contains(&bytes.len())
        && bytes
            .iter()
            .all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-'))
        && bytes[0] != b'-'
        && bytes[bytes.len() - 1] != b'-'
}

/// Reads what is written as text, without a copy of it.
struct Parsed<T>(PhantomData<T>);

impl<T: FromStr<Err = IdError>> de::Visitor<'_> for Parsed<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an id as text")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<T, E> {
        text.parse().map_err(E::custom)
    }
}

macro_rules! slug_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// The slug itself.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                if is_slug(text) { Ok(Self(text.into())) } else { Err(IdError::NotASlug) }
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_str(Parsed(PhantomData))
            }
        }
    };
}

slug_id! {
    /// The id of an event (one on-sale): a slug of 1 to 64 characters.
    EventId
}

slug_id! {
    /// The id of an offer within its event: a slug of 1 to 64 characters.
    OfferId
}

macro_rules! id_128 {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; 16]);

        impl $name {
            /// The id with exactly these bits.
            pub const fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(bytes)
            }

            /// The 128 bits.
            pub const fn as_bytes(&self) -> &[u8; 16] {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                let mut bytes = [0; 16];
                match URL_SAFE_NO_PAD.decode_slice(text, &mut bytes) {
                    Ok(16) => Ok(Self(bytes)),
                    _ => Err(IdError::Not128Bits),
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let mut text = [0; 22];
                URL_SAFE_NO_PAD.encode_slice(self.0, &mut text).map_err(|_| fmt::Error)?;
                f.write_str(std::str::from_utf8(&text).map_err(|_| fmt::Error)?)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_str(Parsed(PhantomData))
            }
        }
    };
}

id_128! {
    /// A fan's stub for one event's queue: 128 bits, 22 base64url characters in text.
    TicketId
}

id_128! {
    /// One admitted fan's stay in checkout: 128 bits, 22 base64url characters in text.
    SessionId
}

impl TicketId {
    /// The ticket that `secret` stands for at `event`: the first 128 bits of
    /// SHA-256("waiting-room ticket" ‖ 0 ‖ event ‖ 0 ‖ secret).
    ///
    /// A pure function, so a join that is retried in the stampede finds its own ticket again, and
    /// one-way, so a ticket read from a log or a public list gives nobody its place.
    pub fn of(event: &EventId, secret: &Secret) -> Self {
        let mut hash = Sha256::new();
        hash.update(b"waiting-room ticket\0");
        hash.update(event.as_str());
        hash.update(b"\0");
        hash.update(secret.0.as_bytes());
        let digest = hash.finalize();
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&digest[..16]);
        Self(bytes)
    }
}

/// What the fan's browser drew at random to join with: 22 to 64 base64url characters.
///
/// Never logged and never stored by the server: only the [`TicketId`] made from it is.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl FromStr for Secret {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let fits = (22..=64).contains(&text.len())
            && text
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
        if fits {
            Ok(Self(text.to_owned()))
        } else {
            Err(IdError::NotASecret)
        }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret([redacted])")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slugs_refuse_what_would_break_a_path_or_a_parameter_name() {
        for good in ["a", "aurora-live", "2027"] {
            assert!(good.parse::<EventId>().is_ok(), "{good}");
        }
        let long = "a".repeat(65);
        for bad in ["", "-a", "a-", "A", "a b", "a/b", "é", "a.b", long.as_str()] {
            assert_eq!(bad.parse::<EventId>(), Err(IdError::NotASlug), "{bad}");
        }
    }

    #[test]
    fn a_ticket_survives_its_text_form() {
        let ticket = TicketId::from_bytes([7; 16]);
        assert_eq!(ticket.to_string().len(), 22);
        assert_eq!(ticket.to_string().parse(), Ok(ticket));
        for bad in [
            "",
            "abc",
            "!!!!!!!!!!!!!!!!!!!!!!",
            &"A".repeat(23),
            &"A".repeat(400),
        ] {
            assert_eq!(bad.parse::<TicketId>(), Err(IdError::Not128Bits), "{bad}");
        }
    }

    #[test]
    fn one_secret_gives_one_ticket_an_event() {
        let secret: Secret = "abcdefghijklmnopqrstuv".parse().unwrap();
        let (one, two) = ("one".parse().unwrap(), "two".parse().unwrap());
        assert_eq!(TicketId::of(&one, &secret), TicketId::of(&one, &secret));
        assert_ne!(TicketId::of(&one, &secret), TicketId::of(&two, &secret));
    }

    #[test]
    fn secrets_are_bounded_and_stay_out_of_debug_output() {
        assert!("short".parse::<Secret>().is_err());
        assert!("a".repeat(65).parse::<Secret>().is_err());
        assert!("a b def ghijklmnopqrstuv".parse::<Secret>().is_err());
        let secret: Secret = "abcdefghijklmnopqrstuv".parse().unwrap();
        assert!(!format!("{secret:?}").contains("abc"));
    }
}

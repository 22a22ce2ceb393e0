//! Ids that callers choose: bounded strings that are safe in a URL path, a file name and a log line.

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use utoipa::ToSchema;
use uuid::Uuid;

/// The most characters that an id may have.
const MAX_ID_CHARS: usize = 200;

/// An id that is empty, too long, or has a character outside `A–Z a–z 0–9 . _ ~ : -`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("an id is 1 to {MAX_ID_CHARS} characters of A-Z a-z 0-9 . _ ~ : -, but not `.` or `..`")]
pub struct InvalidId;

macro_rules! caller_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
        #[serde(try_from = "String", into = "String")]
        #[schema(value_type = String, pattern = "^[A-Za-z0-9._~:-]{1,200}$")]
        pub struct $name(String);

        impl $name {
            /// Checks and wraps an id.
            pub fn new(id: impl Into<String>) -> Result<Self, InvalidId> {
                let id = id.into();
                if is_valid(&id) { Ok(Self(id)) } else { Err(InvalidId) }
            }

            /// The id as it was given.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidId;
            fn try_from(id: String) -> Result<Self, InvalidId> {
                Self::new(id)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0
            }
        }

        impl std::str::FromStr for $name {
            type Err = InvalidId;
            fn from_str(id: &str) -> Result<Self, InvalidId> {
                Self::new(id)
            }
        }
    };
}

caller_id! {
    /// A story's id: the caller's own.
    StoryId
}

caller_id! {
    /// An article's id within its story: the caller's own, else derived from the url or the text.
    ArticleId
}

impl ArticleId {
    /// The id of an article that came without one: a UUIDv8 (RFC 9562 §5.8) over its identity, so that the same
    /// url (or, without a url, the same text) is the same article again without a look-up.
    pub fn derived(namespace: &str, identity: &str) -> Self {
        let digest = Sha256::new()
            .chain_update(namespace)
            .chain_update([0])
            .chain_update(identity)
            .finalize();
        let mut bytes = [0u8; 16];
        for (byte, digest_byte) in bytes.iter_mut().zip(digest) {
            *byte = digest_byte;
        }
        Self(Uuid::new_v8(bytes).to_string())
    }
}

fn is_valid(id: &str) -> bool {
    // A lone dot or two would be a path step once a client normalises the URL.
    (1..=MAX_ID_CHARS).contains(&id.len())
        && id != "."
        && id != ".."
        && id
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"._~:-".contains(&b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_accept_the_documented_alphabet_only() {
        for good in ["a", "taliban-recognition", "A.b_c~d:e-9", &"x".repeat(200)] {
            assert!(StoryId::new(good).is_ok(), "{good}");
        }
        for bad in ["", ".", "..", "a/b", "a b", "é", "a\0", &"x".repeat(201)] {
            assert_eq!(StoryId::new(bad), Err(InvalidId), "{bad}");
        }
    }

    #[test]
    fn a_derived_id_is_a_valid_id_and_depends_on_the_identity() {
        let one = ArticleId::derived("url", "https://example.org/a");
        assert_eq!(one, ArticleId::derived("url", "https://example.org/a"));
        assert_ne!(one, ArticleId::derived("url", "https://example.org/b"));
        assert!(ArticleId::new(one.as_str()).is_ok());
    }
}

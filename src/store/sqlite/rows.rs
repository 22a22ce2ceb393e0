//! Between Rust values and columns. What does not read back becomes [`StoreError::Corrupt`]; which columns there
//! are, and the statements, stand in the files of the tables.

use std::fmt::Display;

use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde::de::IntoDeserializer;
use serde::de::value::{Error as CodeError, StrDeserializer};
use uuid::Uuid;

use crate::domain::{ArticleId, StoryId};
use crate::store::StoreError;

/// A row that does not read back as what was written.
pub(super) fn corrupt(table: &'static str, detail: &dyn Display) -> StoreError {
    StoreError::Corrupt {
        table,
        detail: detail.to_string(),
    }
}

/// Milliseconds since 1970 UTC.
pub(super) fn to_ms(at: Timestamp) -> i64 {
    at.as_millisecond()
}

/// The instant that was written with [`to_ms`].
pub(super) fn from_ms(table: &'static str, ms: i64) -> Result<Timestamp, StoreError> {
    Timestamp::from_millisecond(ms).map_err(|error| corrupt(table, &error))
}

/// The word that stands for an enum's value, as the API has it.
pub(super) fn to_code<T: Serialize>(table: &'static str, value: &T) -> Result<String, StoreError> {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(code)) => Ok(code),
        Ok(other) => Err(corrupt(table, &format!("`{other}` is no code"))),
        Err(error) => Err(corrupt(table, &error)),
    }
}

/// The enum's value for a word.
pub(super) fn from_code<T: DeserializeOwned>(table: &'static str, code: &str) -> Result<T, StoreError> {
    let deserializer: StrDeserializer<'_, CodeError> = code.into_deserializer();
    T::deserialize(deserializer).map_err(|error| corrupt(table, &error))
}

/// A value that is kept as JSON because nothing searches it.
pub(super) fn to_json<T: Serialize + ?Sized>(table: &'static str, value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| corrupt(table, &error))
}

/// The value that was written with [`to_json`].
pub(super) fn from_json<T: DeserializeOwned>(table: &'static str, json: &str) -> Result<T, StoreError> {
    serde_json::from_str(json).map_err(|error| corrupt(table, &error))
}

/// Strings as one parameter, for `json_each`: a statement has one text whatever the number of values.
pub(super) fn to_json_list<'a>(
    table: &'static str,
    values: impl IntoIterator<Item = &'a str>,
) -> Result<String, StoreError> {
    let values: Vec<&str> = values.into_iter().collect();
    to_json(table, &values)
}

/// A number that was written as `u32`.
pub(super) fn to_u32(table: &'static str, number: i64) -> Result<u32, StoreError> {
    u32::try_from(number).map_err(|_| corrupt(table, &format!("{number} is out of range")))
}

/// A count.
pub(super) fn to_u64(table: &'static str, number: i64) -> Result<u64, StoreError> {
    u64::try_from(number).map_err(|_| corrupt(table, &format!("{number} is negative")))
}

/// A story's id.
pub(super) fn to_story_id(table: &'static str, id: String) -> Result<StoryId, StoreError> {
    StoryId::new(id).map_err(|error| corrupt(table, &error))
}

/// An article's id.
pub(super) fn to_article_id(table: &'static str, id: String) -> Result<ArticleId, StoreError> {
    ArticleId::new(id).map_err(|error| corrupt(table, &error))
}

/// A UUID that was written as text.
pub(super) fn to_uuid(table: &'static str, id: &str) -> Result<Uuid, StoreError> {
    Uuid::parse_str(id).map_err(|error| corrupt(table, &error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::EventKind;

    #[test]
    fn a_code_reads_back_and_an_unknown_one_is_corrupt() {
        let code = to_code("events", &EventKind::Withheld).unwrap();
        assert_eq!(code, EventKind::Withheld.as_str());
        assert_eq!(
            from_code::<EventKind>("events", &code).unwrap(),
            EventKind::Withheld
        );
        let error = from_code::<EventKind>("events", "vanished").unwrap_err();
        assert!(
            matches!(error, StoreError::Corrupt { table: "events", .. }),
            "{error}"
        );
    }
}

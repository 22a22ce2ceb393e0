//! When an article was published: an instant with the outlet's own UTC offset, or only a date.

use std::fmt;

use jiff::civil::Date;
use jiff::tz::{Offset, TimeZone};
use jiff::{Timestamp, ZonedDateTime};
use serde::{Deserialize, Serialize};
use utoipa::openapi::schema::{ObjectBuilder, SchemaType, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

/// A `published_at` that is neither RFC 3339 nor `YYYY-MM-DD`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is neither an RFC 3339 time with an offset nor a date as YYYY-MM-DD")]
pub struct UnreadableDate(pub String);

/// When an article was published. Reads and writes as RFC 3339 (the offset is kept) or as `YYYY-MM-DD`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum PublishedAt {
    /// Only the day is known; which zone's day is not.
    Date(Date),
    /// The instant, and the offset that the outlet wrote it in.
    Instant(Timestamp, Offset),
}

impl PublishedAt {
    /// Reads RFC 3339 or `YYYY-MM-DD`.
    pub fn parse(text: &str) -> Result<Self, UnreadableDate> {
        let text = text.trim();
        let unreadable = || UnreadableDate(text.chars().take(60).collect());
        if text.len() == "YYYY-MM-DD".len() {
            return text.parse::<Date>().map(Self::Date).map_err(|_| unreadable());
        }
        let pieces = jiff::fmt::temporal::DateTimeParser::new()
            .parse_pieces(text)
            .map_err(|_| unreadable())?;
        let offset = pieces.to_numeric_offset().ok_or_else(unreadable)?;
        let time = pieces.time().ok_or_else(unreadable)?;
        let instant = offset
            .to_timestamp(pieces.date().to_datetime(time))
            .map_err(|_| unreadable())?;
        Ok(Self::Instant(instant, offset))
    }

    /// The calendar day on the outlet's own clock.
    pub fn date(&self) -> Date {
        match self {
            Self::Date(date) => *date,
            Self::Instant(instant, offset) => offset.to_datetime(*instant).date(),
        }
    }

    /// An instant to order articles by; a bare date counts as its first moment in UTC.
    pub fn instant(&self) -> Timestamp {
        match self {
            Self::Date(date) => date
                .to_zoned_datetime(TimeZone::UTC)
                .map(|day| day.timestamp())
                .unwrap_or_default(),
            Self::Instant(instant, _) => *instant,
        }
    }
}

impl PartialSchema for PublishedAt {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(SchemaType::new(Type::String))
            .description(Some("RFC 3339 with its offset, or YYYY-MM-DD"))
            .examples(["2025-07-04T09:30:00+04:30", "2025-07-04"])
            .into()
    }
}

impl ToSchema for PublishedAt {}

impl fmt::Display for PublishedAt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Date(date) => write!(f, "{date}"),
            Self::Instant(instant, offset) => {
                let local = ZonedDateTime::new(*instant, offset.to_time_zone());
                write!(f, "{}", local.strftime("%Y-%m-%dT%H:%M:%S%.f%:z"))
            }
        }
    }
}

impl TryFrom<String> for PublishedAt {
    type Error = UnreadableDate;
    fn try_from(text: String) -> Result<Self, UnreadableDate> {
        Self::parse(&text)
    }
}

impl From<PublishedAt> for String {
    fn from(published: PublishedAt) -> String {
        published.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offset_survives_and_decides_the_day() {
        let late = PublishedAt::parse("2025-07-04T23:30:00-05:00").unwrap();
        assert_eq!(late.to_string(), "2025-07-04T23:30:00-05:00");
        assert_eq!(late.date().to_string(), "2025-07-04");
        assert_eq!(late.instant().to_string(), "2025-07-05T04:30:00Z");
    }

    #[test]
    fn a_bare_date_stays_a_date() {
        assert_eq!(
            PublishedAt::parse("2025-07-04").unwrap().to_string(),
            "2025-07-04"
        );
    }

    #[test]
    fn what_is_no_date_is_refused() {
        for bad in [
            "",
            "yesterday",
            "2025-13-01",
            "2025-07-04T10:00:00",
            "2025-07-04T25:00:00Z",
            "04/07/2025",
        ] {
            assert!(PublishedAt::parse(bad).is_err(), "{bad}");
        }
    }
}

//! Days that a text names by their distance from its own day ("on Monday", "yesterday", "last night"): where they stand,
//! which day each means, and how it is written out.
//!
//! Timid: what may be a name ("Black Friday"), an adjective ("his Monday speech"), a range, or may lie on either side of
//! the day of publication is found, and has no date. Weeks, months and years ("last week") are no days and are not found.

mod find;
mod tense;
mod written;

use std::ops::Range;

use jiff::ToSpan;
use jiff::civil::{Date, Weekday};

pub use find::relative_days;
use tense::Tense;
pub use written::{written_day, written_out};

/// A day named by its distance from the day of publication.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RelativeDay {
    /// Where it stands: byte range, with "on", "late" and the part of the day.
    pub span: Range<usize>,
    /// Which day.
    which: Which,
    /// How it is said.
    form: Form,
}

/// Which day, seen from the day of publication.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Which {
    /// So many days later; earlier when negative.
    Offset(i64),
    /// "Monday", in a clause of this tense.
    Plain(Weekday, Tense),
    /// "last Monday".
    Last(Weekday),
    /// "next Monday".
    Next(Weekday),
    /// "this past Monday": the newest one before.
    Past(Weekday),
    /// "this coming Monday": the first one after.
    Coming(Weekday),
    /// What reads like a day, and cannot be told.
    Unclear,
}

/// How a day is said.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Form {
    /// "late", "early", "earlier", "later".
    hour: Option<String>,
    /// Whether "on" belongs before the date; not behind "by" or "since".
    takes_on: bool,
    /// "morning", "afternoon", "evening", "night".
    part: Option<&'static str>,
}

impl RelativeDay {
    /// The day that is meant, from the day of publication; `None` where the text leaves it open.
    pub fn date(&self, published: Date) -> Option<Date> {
        let days = match self.which {
            Which::Offset(days) => days,
            // The weekday of the day after: the article may have been changed since it was dated.
            Which::Plain(day, Tense::Past) if days_back(published, day) == 6 => return None,
            Which::Plain(day, Tense::Past) => -days_back(published, day),
            Which::Plain(day, Tense::Future) => days_on(published, day),
            Which::Plain(_, Tense::Open) | Which::Unclear => return None,
            Which::Last(day) => -days_back_in_last_week(published, day)?,
            Which::Next(day) => days_on_in_next_week(published, day)?,
            Which::Past(day) => -days_back(published.yesterday().ok()?, day) - 1,
            Which::Coming(day) => days_on(published.tomorrow().ok()?, day) + 1,
        };
        published.checked_add(days.days()).ok()
    }

    /// Whether both name the day in the same words, whatever stands around them.
    pub fn names_the_same(&self, other: &Self) -> bool {
        match (self.which, other.which) {
            (Which::Plain(one, _), Which::Plain(other, _)) => one == other,
            (one, other) => one == other && one != Which::Unclear,
        }
    }
}

/// How many days before `from` the newest such day is, `from` included.
fn days_back(from: Date, day: Weekday) -> i64 {
    i64::from(from.weekday().since(day))
}

/// How many days after `from` the first such day is, `from` included.
fn days_on(from: Date, day: Weekday) -> i64 {
    i64::from(from.weekday().until(day))
}

/// "last Monday" is clear where the newest one before lies in the week before, whether weeks begin on Sunday or on
/// Monday: to some it is the newest, to others that of the last week.
fn days_back_in_last_week(published: Date, day: Weekday) -> Option<i64> {
    let days = days_back(published.yesterday().ok()?, day) + 1;
    let begins = |first: Weekday| i64::from(published.weekday().since(first));
    (days > begins(Weekday::Monday).max(begins(Weekday::Sunday))).then_some(days)
}

/// "next Monday" is clear where the first one after lies in the week after, however weeks begin.
fn days_on_in_next_week(published: Date, day: Weekday) -> Option<i64> {
    let days = days_on(published.tomorrow().ok()?, day) + 1;
    let ends = |last: Weekday| i64::from(published.weekday().until(last));
    (days > ends(Weekday::Sunday).max(ends(Weekday::Saturday))).then_some(days)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The days of a text, published on 2025-07-09, a Wednesday, as written out.
    fn dates(text: &str) -> Vec<Option<String>> {
        dates_from(text, "2025-07-09")
    }

    fn dates_from(text: &str, published: &str) -> Vec<Option<String>> {
        let published = published.parse().unwrap();
        let days = relative_days(text).into_iter();
        days.map(|day| day.date(published).map(|date| date.to_string()))
            .collect()
    }

    #[track_caller]
    fn means(text: &str, date: &str) {
        assert_eq!(dates(text), [Some(date.to_owned())], "{text}");
    }

    #[track_caller]
    fn is_open(text: &str) {
        assert_eq!(dates(text), [None], "{text}");
    }

    #[test]
    fn a_weekday_is_the_newest_one_or_in_the_future_the_next() {
        means("The council closed the bridge on Monday.", "2025-07-07");
        means("On Friday, the council closed the bridge.", "2025-07-04");
        is_open("On Thursday, the council closed the bridge.");
        means("The council closed the bridge Sunday night.", "2025-07-06");
        means("The council warned Monday a flood is near.", "2025-07-07");
        means("The bridge will be closed on Monday.", "2025-07-14");
        means("On Friday, the council will vote.", "2025-07-11");
        means("The council is expected to vote on Thursday.", "2025-07-10");
        means("The vote is scheduled for Thursday.", "2025-07-10");
        means("The bridge has been closed since Sunday.", "2025-07-06");
    }

    #[test]
    fn the_day_of_publication_is_its_own_weekday() {
        means("The council closed the bridge on Wednesday.", "2025-07-09");
        means("The council will vote on Wednesday.", "2025-07-09");
        assert_eq!(
            dates_from("They voted on Sunday.", "2025-07-06"),
            [Some("2025-07-06".to_owned())]
        );
        assert_eq!(
            dates_from("They voted on Sunday.", "2025-07-07"),
            [Some("2025-07-06".to_owned())]
        );
        assert_eq!(dates_from("They voted on Monday.", "2025-07-06"), [None]);
    }

    #[test]
    fn each_clause_has_its_own_tense() {
        assert_eq!(
            dates("The council said on Monday it will close the bridge on Friday."),
            [Some("2025-07-07".to_owned()), Some("2025-07-11".to_owned())]
        );
        assert_eq!(
            dates("The bridge will close on Friday, the council said Monday."),
            [Some("2025-07-11".to_owned()), Some("2025-07-07".to_owned())]
        );
    }

    #[test]
    fn days_are_counted_from_the_day_of_publication() {
        means("They met yesterday.", "2025-07-08");
        means("They met last night in Alder.", "2025-07-08");
        means("They met this morning.", "2025-07-09");
        means("They will meet tomorrow.", "2025-07-10");
        means("The council said today that it closed the bridge.", "2025-07-09");
        means("They will speak tonight.", "2025-07-09");
    }

    #[test]
    fn last_and_next_count_only_where_they_are_clear() {
        means("They met last Friday.", "2025-07-04");
        is_open("They met last Monday.");
        is_open("They met last Sunday.");
        means("They will meet next Monday.", "2025-07-14");
        is_open("They will meet next Friday.");
        means("They met this past Monday.", "2025-07-07");
        means("They will meet this coming Wednesday.", "2025-07-16");
        is_open("They met on the following Monday.");
    }

    #[test]
    fn what_may_be_past_or_future_is_open() {
        for text in [
            "The court ordered him to leave on Monday.",
            "They said the vote would be on Monday.",
            "The council set a vote for Monday.",
            "The mayor demanded an answer by Friday.",
            "Polls open Monday.",
            "They closed it a week ago Monday.",
            "It closed on Thursday of last week.",
            "They met on a Monday.",
            "The judge spoke after Monday's hearing.",
            "The senator repeated it in his Monday speech.",
            "The senator repeated it in a Monday interview.",
        ] {
            is_open(text);
        }
    }

    #[test]
    fn names_and_dates_are_no_relative_days() {
        for text in [
            "Shops sold more on Black Friday.",
            "She won on Super Tuesday.",
            "He spoke on Monday Night Football.",
            "They released Friday the 13th again.",
            "The Sunday Times reported it.",
            "The council closed the bridge on Monday, July 7.",
            "The council closed the bridge on Monday, July 7, 2025.",
            "The council closed the bridge on Monday (July 7).",
            "USA Today reported it.",
            "Millions live in poverty today.",
            "They meet on Mondays.",
            "They met last week and will meet next month.",
            "It opened on July 4.",
        ] {
            let published = "2025-07-09".parse().unwrap();
            let resolved = relative_days(text)
                .into_iter()
                .filter_map(|day| day.date(published));
            assert_eq!(resolved.count(), 0, "{text}");
        }
    }

    #[test]
    fn quotations_are_left_alone() {
        assert!(relative_days("“We will meet on Monday,” she said.").is_empty());
        assert_eq!(relative_days("“We will meet,” she said on Monday.").len(), 1);
    }

    proptest::proptest! {
        #[test]
        fn every_span_is_inside_the_text(text in "(on |last |Monday|tonight| night|[“”\", .]|\\PC){0,12}") {
            for day in relative_days(&text) {
                proptest::prop_assert!(text.get(day.span).is_some());
            }
        }
    }
}

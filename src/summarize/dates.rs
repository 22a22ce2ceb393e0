//! P9: relative days ("on Monday") become dates, by code, from the day of the cited article on its own clock. What stands
//! in quotation marks stays, and so does what the text leaves open or what an undated article says.
//!
//! The checks compare the dated wording with the dated sentences: a date that was resolved is proven by the sentence's own
//! words and its article's date, which the citation carries as `resolved`.

use jiff::civil::Date;

use super::citing::Citer;
use super::material::Material;
use super::passages::{Passage, Served};
use crate::domain::{Citation, Resolved};
use crate::text::facts::{RelativeDay, relative_days, written_day, written_out};

/// A text with its relative days written out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dated {
    /// The text.
    pub text: String,
    /// Whether a relative day is left in it.
    pub is_open: bool,
}

/// A wording of these sentences with its relative days written out: each means what it means in the sentences that name
/// it alike, where those agree.
pub fn dated(material: &Material<'_>, wording: &str, cited: &[Passage<'_>]) -> Dated {
    if material.served == Served::No {
        return Dated {
            text: wording.to_owned(),
            is_open: false,
        };
    }
    let known: Vec<(RelativeDay, Option<Date>)> = cited
        .iter()
        .flat_map(|passage| days_of(material, passage))
        .collect();
    let named = relative_days(wording);
    let mut told = Vec::new();
    for day in &named {
        let mut meant = known.iter().filter(|(other, _)| other.names_the_same(day));
        let first = meant.next().and_then(|(_, date)| *date);
        if let Some(date) = first.filter(|first| meant.all(|(_, date)| *date == Some(*first))) {
            told.push((day.clone(), date));
        }
    }
    Dated {
        text: written_out(wording, &told),
        is_open: told.len() < named.len(),
    }
}

/// The sentence with its relative days written out.
pub fn dated_sentence(material: &Material<'_>, passage: &Passage<'_>) -> String {
    dated(material, passage.text, std::slice::from_ref(passage)).text
}

/// The citations of the sentences that a text rests on, with the days that the text tells as dates.
pub fn citations(
    citer: &mut Citer<'_, '_>,
    material: &Material<'_>,
    cited: &[Passage<'_>],
    text: &str,
) -> Vec<Citation> {
    let mut citations = Vec::new();
    for passage in cited {
        if let Some(citation) = citer.cite(passage) {
            citations.extend(with_resolved(material, passage, &citation, text));
        }
    }
    citations
}

/// The citation once for each date that `text` tells and the sentence names as a relative day; once, if there is none.
fn with_resolved(
    material: &Material<'_>,
    passage: &Passage<'_>,
    citation: &Citation,
    text: &str,
) -> Vec<Citation> {
    let mut citations: Vec<Citation> = Vec::new();
    if material.served == Served::Yes {
        for (day, date) in days_of(material, passage) {
            let Some(date) = date.filter(|date| text.contains(&written_day(*date))) else {
                continue;
            };
            let is_new = |one: &Citation| one.resolved.as_ref().is_none_or(|resolved| resolved.date != date);
            if citations.iter().all(is_new) {
                citations.push(Citation {
                    resolved: passage.text.get(day.span).map(|text| Resolved {
                        text: text.to_owned(),
                        date,
                    }),
                    ..citation.clone()
                });
            }
        }
    }
    if citations.is_empty() {
        citations.push(citation.clone());
    }
    citations
}

/// The relative days of a sentence, each with its date as far as it can be told.
fn days_of(material: &Material<'_>, passage: &Passage<'_>) -> Vec<(RelativeDay, Option<Date>)> {
    let source = material.source(passage);
    let published = source
        .and_then(|source| source.meta.published_at)
        .map(|at| at.date());
    let days = relative_days(passage.text).into_iter();
    days.map(|day| {
        let date = published.and_then(|published| day.date(published));
        (day, date)
    })
    .collect()
}

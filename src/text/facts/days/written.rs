//! Writes days out: "on Monday night" → "on the night of July 7, 2025".

use jiff::civil::Date;

use super::RelativeDay;
use crate::text::capitalised;

/// A day as readers see it.
pub fn written_day(date: Date) -> String {
    date.strftime("%B %-d, %Y").to_string()
}

/// The text with these days, in their order, written out.
pub fn written_out(text: &str, days: &[(RelativeDay, Date)]) -> String {
    let mut written = String::new();
    let mut from = 0;
    for (day, date) in days {
        let Some(before) = text.get(from..day.span.start) else {
            continue;
        };
        written.push_str(before);
        let said = phrase(day, *date);
        let is_first = text
            .get(day.span.clone())
            .is_some_and(|said| said.starts_with(char::is_uppercase))
            && written.trim().is_empty();
        written.push_str(&if is_first { capitalised(&said) } else { said });
        from = day.span.end;
        let rest = text.get(from..).unwrap_or_default();
        // The year stands between commas, where the sentence goes on.
        let goes_on = rest
            .strip_prefix(' ')
            .is_some_and(|next| next.starts_with(char::is_alphanumeric));
        if goes_on {
            written.push(',');
        }
    }
    written.push_str(text.get(from..).unwrap_or_default());
    written
}

fn phrase(day: &RelativeDay, date: Date) -> String {
    let form = &day.form;
    let mut words: Vec<&str> = form.hour.as_deref().into_iter().collect();
    if form.takes_on {
        words.push("on");
    }
    let of_part = form.part.map(|part| format!("the {part} of"));
    words.extend(of_part.as_deref());
    let date = written_day(date);
    words.push(&date);
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::super::relative_days;
    use super::*;

    /// Published on 2025-07-09, a Wednesday.
    fn written(text: &str) -> String {
        let published: Date = "2025-07-09".parse().unwrap();
        let days: Vec<(RelativeDay, Date)> = relative_days(text)
            .into_iter()
            .filter_map(|day| day.date(published).map(|date| (day, date)))
            .collect();
        written_out(text, &days)
    }

    #[test]
    fn a_date_stands_where_the_day_stood() {
        for (text, expected) in [
            ("They met on Monday.", "They met on July 7, 2025."),
            ("They met Monday night.", "They met on the night of July 7, 2025."),
            (
                "They met late Monday in Alder.",
                "They met late on July 7, 2025, in Alder.",
            ),
            (
                "They met on Monday, she said.",
                "They met on July 7, 2025, she said.",
            ),
            (
                "On Monday evening, they met.",
                "On the evening of July 7, 2025, they met.",
            ),
            ("On Monday they met.", "On July 7, 2025, they met."),
            (
                "It has been closed since Sunday.",
                "It has been closed since July 6, 2025.",
            ),
            ("Late Monday, they met.", "Late on July 7, 2025, they met."),
            ("Yesterday, they met.", "On July 8, 2025, they met."),
            ("They met last night.", "They met on the night of July 8, 2025."),
            ("They met in Alder Monday.", "They met in Alder on July 7, 2025."),
            ("They met earlier today.", "They met earlier on July 9, 2025."),
            (
                "The council said Monday that it will vote on Friday.",
                "The council said on July 7, 2025, that it will vote on July 11, 2025.",
            ),
            (
                "They met “on Monday” and on Sunday.",
                "They met “on Monday” and on July 6, 2025.",
            ),
            ("They met in May.", "They met in May."),
        ] {
            assert_eq!(written(text), expected);
            assert_eq!(written(expected), expected, "twice changes nothing");
        }
    }
}

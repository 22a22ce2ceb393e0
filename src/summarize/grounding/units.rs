//! What the evidence licenses: its words, its names with their short forms, its numbers with what they count, and its
//! quotations.

use std::collections::BTreeSet;
use std::ops::Range;

use super::lexicon;
use crate::summarize::prompt::one_line;
use crate::text::facts::{self, Bound};
use crate::text::similarity::is_function_word;
use crate::text::{capitalised, uncapitalised};

/// The units of some sentences, as they are written.
#[derive(Debug, Default)]
pub(super) struct Units {
    /// Lower-case words.
    pub(super) words: BTreeSet<String>,
    /// Names.
    pub(super) names: BTreeSet<String>,
    /// Numbers, and words that hold digits.
    pub(super) spans: BTreeSet<String>,
    /// Titles with a capital, which may stand before any name.
    pub(super) titles: BTreeSet<String>,
    /// What stands in quotation marks, without them.
    pub(super) quotations: BTreeSet<String>,
}

/// Titles before a person's name; what stands before one in a run of capitals is another name ("Florida Gov. Ann
/// Example"), and each is an ordinary word too.
#[rustfmt::skip]
const TITLES: [&str; 40] = [
    "Gov.", "Sen.", "Rep.", "Gen.", "Lt.", "Col.", "Capt.", "Sgt.", "Dr.", "Mr.", "Mrs.", "Ms.", "Rev.", "Prof.", "Adm.",
    "President", "Vice", "Governor", "Senator", "Representative", "General", "Secretary", "Justice", "Judge", "Mayor",
    "Minister", "Prime", "Chancellor", "King", "Queen", "Prince", "Princess", "Pope", "Speaker", "Director", "Chairman",
    "Chairwoman", "Attorney", "Sheriff", "Officer",
];

/// Titles and their short forms: whoever has the one has the other.
const SHORT_TITLES: [(&str, &str); 5] = [
    ("Senator", "Sen."),
    ("Representative", "Rep."),
    ("Congressman", "Rep."),
    ("Congresswoman", "Rep."),
    ("Governor", "Gov."),
];

/// Parties and their members: adjectives and nouns that may stand before any name.
const PARTIES: [&[&str]; 3] = [
    &["Republican", "Republicans", "GOP"],
    &["Democrat", "Democrats", "Democratic"],
    &["American", "Americans"],
];

/// Bodies before whose name another name may stand in one run of capitals: "Trump White House".
const BODIES: [&str; 9] = [
    "White House",
    "Senate",
    "House ",
    "Supreme Court",
    "Justice Department",
    "State Department",
    "Inspector General",
    "Congress",
    "Treasury",
];

/// Letters of the longest abbreviation that ends a name ("Calif.").
const MOST_ABBREVIATED: usize = 5;

/// One country's names, of which each stands for the others.
const UNITED_STATES: [&str; 4] = ["U.S.", "US", "United States", "America"];

/// Last words that are no short form of what they end: the "House" is not the "White House".
#[rustfmt::skip]
const GENERIC: [&str; 68] = [
    "Act", "Agency", "Agreement", "Amendment", "Army", "Assembly", "Association", "Authority", "Bank", "Bay", "Beach",
    "Board", "Bureau", "Center", "Centre", "Church", "City", "Club", "Coast", "College", "Commission", "Committee",
    "Company", "Congress", "Corporation", "Council", "County", "Court", "Day", "Department", "District", "East", "Force",
    "Foundation", "Fund", "Group", "Guard", "Hospital", "House", "Institute", "Island", "Islands", "Kingdom", "League",
    "National", "Nations", "News", "North", "Office", "Organization", "Party", "Post", "Press", "River", "School",
    "Service", "South", "State", "States", "Street", "Times", "West",
    "Union", "University", "York", "Jr.", "Sr.", "Zealand",
];

/// The most words behind a number that are looked at for what it counts.
const MOST_COUNTED_WORDS: usize = 4;

/// The longest part of a quotation that may be taken out of it, words.
const MOST_QUOTED_WORDS: usize = 20;

impl Units {
    /// The units of the sentences.
    pub(super) fn of(sentences: &[&str]) -> Self {
        let mut units = Self::default();
        for sentence in sentences {
            units.add(&straight(sentence));
        }
        units
    }

    fn add(&mut self, sentence: &str) {
        let numbers = facts::numbers(sentence);
        for number in &numbers {
            self.add_number(sentence, number);
        }
        let names = facts::names(sentence);
        for name in &names {
            self.add_name(sentence, name.span.clone());
        }
        for quote in facts::quotes(sentence) {
            self.add_quotation(&quote.text);
        }
        let taken: Vec<Range<usize>> = names
            .iter()
            .map(|name| name.span.clone())
            .chain(numbers.iter().map(|number| number.span.clone()))
            .collect();
        self.add_words(sentence, &taken);
    }

    /// A number with its bound ("nearly 300") and what it counts ("300 homes"): never the digits alone, where a word
    /// says what they count.
    fn add_number(&mut self, sentence: &str, number: &facts::Number) {
        let start = bounded_start(sentence, number);
        let Some(written) = sentence.get(start..number.span.end) else {
            return;
        };
        // "Nearly 300 homes" opened its sentence; the capital of a day or a month is its own.
        let opened = start == 0 && !names_a_day(written);
        let phrase = if opened {
            uncapitalised(written)
        } else {
            written.to_owned()
        };
        if number.unit.is_some() || is_year(&number.value) {
            self.spans.insert(phrase);
            return;
        }
        let counted = counted_words(sentence.get(number.span.end..).unwrap_or_default());
        let Some((head, before)) = counted.split_last() else {
            self.spans.insert(phrase);
            return;
        };
        for described in described(head, before) {
            self.spans.insert(format!("{phrase} {described}"));
        }
    }

    /// A name as a whole, what is left of it behind a title, and its last word where that can stand for it.
    fn add_name(&mut self, sentence: &str, span: Range<usize>) {
        let end = span.end + lower_case_tail(sentence.get(span.end..).unwrap_or_default());
        let name = sentence.get(span.start..end).unwrap_or_default();
        let words: Vec<&str> = name.split(' ').collect();
        self.names.insert(name.to_owned());
        if sentence
            .get(..span.start)
            .is_some_and(|before| before.ends_with("the "))
        {
            self.names.insert(format!("The {name}"));
        }
        let title = words.iter().position(|word| TITLES.contains(word));
        if let Some((before, _)) = title
            .and_then(|at| words.split_at_checked(at))
            .filter(|(before, _)| !before.is_empty())
        {
            self.names.insert(before.join(" "));
        }
        for word in words.iter().filter(|word| TITLES.contains(word)) {
            self.add_title(word);
        }
        for word in &words {
            if let Some(party) = PARTIES.iter().find(|party| party.contains(word)) {
                self.titles.extend(party.iter().map(|word| (*word).to_owned()));
            }
        }
        for part in BODIES {
            if let Some(at) = name.find(part).filter(|at| *at > 0) {
                self.names
                    .insert(name.get(..at).unwrap_or_default().trim_end().to_owned());
                self.names.insert(name.get(at..).unwrap_or_default().to_owned());
            }
        }
        if sentence.get(end..).is_some_and(|rest| rest.starts_with('.'))
            && words.last().is_some_and(|word| word.len() <= MOST_ABBREVIATED)
        {
            self.names.insert(format!("{name}."));
        }
        if let Some(rest) = UNITED_STATES
            .iter()
            .find_map(|country| name.strip_prefix(country))
        {
            self.names.extend(UNITED_STATES.map(ToOwned::to_owned));
            if let Some(rest) = rest.strip_prefix(' ') {
                self.names.insert(rest.to_owned());
            }
        }
        let person = words.get(title.unwrap_or(0)..).unwrap_or_default();
        let is_person = person.len() > 1 && person.iter().all(|word| word.starts_with(char::is_uppercase));
        let last = person.last().copied().unwrap_or_default();
        if !is_person || GENERIC.contains(&last) || TITLES.contains(&last) {
            return;
        }
        for from in 1..person.len() {
            self.names.extend(person.get(from..).map(|rest| rest.join(" ")));
        }
    }

    /// A title, its short form, and the ordinary word that it is.
    fn add_title(&mut self, title: &str) {
        self.titles.insert(title.to_owned());
        if !title.ends_with('.') {
            self.words.insert(title.to_lowercase());
        }
        for (long, short) in SHORT_TITLES {
            if title == long || title == short {
                self.titles.extend([long.to_owned(), short.to_owned()]);
                self.words.insert(long.to_lowercase());
            }
        }
    }

    /// A quotation, and each run of its words that is short enough.
    fn add_quotation(&mut self, text: &str) {
        let text = text.trim_matches(|c: char| c.is_whitespace() || matches!(c, ',' | '.' | ';'));
        if text.is_empty() || text.contains('"') {
            return;
        }
        self.quotations.insert(text.to_owned());
        let words: Vec<&str> = text.split(' ').collect();
        for from in 0..words.len() {
            for to in from + 1..=words.len().min(from + MOST_QUOTED_WORDS) {
                let part = words.get(from..to).unwrap_or_default().join(" ");
                let bare = part.trim_matches(|c: char| matches!(c, ',' | '.' | ';' | ':' | '—' | '-'));
                if !bare.is_empty() {
                    self.quotations.insert(bare.to_owned());
                    self.quotations.insert(uncapitalised(bare));
                }
            }
        }
    }

    fn add_words(&mut self, sentence: &str, taken: &[Range<usize>]) {
        let is_taken = |at: usize| taken.iter().any(|span| span.start <= at && at < span.end);
        for (start, word) in written_words(sentence) {
            let has = |test: fn(char) -> bool| word.chars().any(test);
            if has(char::is_numeric) {
                // "COVID-19", "17-page", "25-19"; digits alone are numbers, with what they count.
                if has(char::is_alphabetic) || word.contains('-') {
                    self.spans.insert(word.to_owned());
                }
                continue;
            }
            if !is_taken(start) || word.contains('-') && !word.contains(char::is_uppercase) {
                self.words.insert(word.to_lowercase());
            }
            let title = capitalised(word);
            if TITLES.contains(&title.as_str()) {
                self.add_title(&title);
            }
            if start == 0 && is_likely_name(word) {
                self.names.insert(word.to_owned());
            }
            let mut at = start;
            for part in word.split('-') {
                if !is_taken(at) && part.len() > 1 {
                    self.words
                        .insert(without_possessive(&part.to_lowercase()).to_owned());
                }
                at += part.len() + 1;
            }
        }
    }
}

/// One line with straight quotation marks and apostrophes, as the automaton reads them.
pub fn straight(text: &str) -> String {
    one_line(text)
        .chars()
        .map(|c| match c {
            '“' | '”' | '„' => '"',
            '‘' | '’' => '\'',
            '‑' | '‐' => '-',
            other => other,
        })
        .collect()
}

/// Words with hyphens and apostrophes inside, and where they start.
fn written_words(sentence: &str) -> Vec<(usize, &str)> {
    let mut words = Vec::new();
    let mut start = None;
    let is_inside = |c: char| c.is_alphanumeric() || matches!(c, '-' | '\'');
    for (at, c) in sentence.char_indices().chain([(sentence.len(), ' ')]) {
        match start {
            None if c.is_alphanumeric() => start = Some(at),
            Some(from) if !is_inside(c) => {
                let word = sentence.get(from..at).unwrap_or_default();
                words.push((from, word.trim_end_matches(['-', '\''])));
                start = None;
            }
            _ => {}
        }
    }
    words
}

/// Where the number starts with the words that bound it: "nearly" of "nearly 300".
fn bounded_start(sentence: &str, number: &facts::Number) -> usize {
    let start = number.span.start;
    if number.bound == Bound::Exact {
        return start;
    }
    let before = sentence.get(..start).unwrap_or_default();
    let word_starts = before
        .rmatch_indices(' ')
        .skip(1)
        .map(|(at, _)| at + 1)
        .chain([0]);
    for from in word_starts.take(4) {
        let part = sentence.get(from..).unwrap_or_default();
        let first = facts::numbers(part).into_iter().next();
        if first.is_some_and(|first| first.bound == number.bound && first.span.start + from == start) {
            return from;
        }
    }
    start
}

/// What a number counts, from the text behind it: the words through the first plural, else up to the next function word
/// or mark; none when no such word follows.
fn counted_words(rest: &str) -> Vec<&str> {
    let Some(rest) = rest.strip_prefix(' ') else {
        return Vec::new();
    };
    let mut words: Vec<&str> = Vec::new();
    for word in rest.split(' ').take(MOST_COUNTED_WORDS) {
        let bare = word.trim_end_matches(|c: char| !c.is_alphanumeric());
        let is_content = !bare.is_empty()
            && bare.chars().all(|c| c.is_alphabetic() || matches!(c, '-' | '\''))
            && !is_function_word(&bare.to_lowercase());
        if !is_content {
            break;
        }
        words.push(bare);
        let is_plural = bare.ends_with('s') || matches!(bare, "people" | "men" | "women" | "children");
        if is_plural || bare.len() < word.len() {
            break;
        }
    }
    words
}

/// What is counted, with all, some or none of the words that describe it, or with a neutral one of our own.
fn described(head: &str, before: &[&str]) -> Vec<String> {
    let mut wordings = vec![head.to_owned()];
    for word in before.iter().rev() {
        let longer: Vec<String> = wordings.iter().map(|rest| format!("{word} {rest}")).collect();
        wordings.extend(longer);
    }
    wordings.extend(["new", "more", "other", "additional"].map(|word| format!("{word} {head}")));
    wordings
}

fn names_a_day(phrase: &str) -> bool {
    let first = phrase.split(' ').next().unwrap_or_default();
    let mut numbers = facts::numbers(first).into_iter();
    numbers.any(|number| matches!(number.unit.as_deref(), Some("month" | "weekday")))
}

fn is_year(value: &str) -> bool {
    value.len() == 4 && (value.starts_with("19") || value.starts_with("20"))
}

/// The bytes of "-un" or "-elect" right behind a name.
fn lower_case_tail(rest: &str) -> usize {
    let Some(tail) = rest.strip_prefix('-') else {
        return 0;
    };
    let letters = tail.chars().take_while(|c| c.is_lowercase()).count();
    // "Trump-era" is a name and a word; Korean given names and "-elect" belong to the name.
    let belongs = matches!(
        tail.get(..letters),
        Some("elect" | "un" | "in" | "il" | "hye" | "jong" | "wen")
    );
    if belongs { letters + 1 } else { 0 }
}

/// Whether the first word of a sentence is hardly an ordinary word, so that its capital is a name's.
fn is_likely_name(word: &str) -> bool {
    let lower = without_possessive(&word.to_lowercase()).to_owned();
    word.starts_with(char::is_uppercase)
        && !is_function_word(&lower)
        && !lexicon::words().contains(lower.as_str())
        && !["ing", "ly", "ed"].iter().any(|ending| lower.ends_with(ending))
}

fn without_possessive(word: &str) -> &str {
    word.strip_suffix("'s").unwrap_or(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn has(set: &BTreeSet<String>, unit: &str) -> bool {
        set.contains(unit)
    }

    #[test]
    fn a_number_keeps_its_bound_and_what_it_counts() {
        let units = Units::of(&[
            "Nearly 300 homes burned on June 16, and the fund paid $1.5 million to 12 families.",
        ]);
        for span in ["nearly 300 homes", "June 16", "$1.5 million", "12 families"] {
            assert!(has(&units.spans, span), "{span}: {:?}", units.spans);
        }
        for part in ["300", "300 homes", "12", "16"] {
            assert!(!has(&units.spans, part), "{part}");
        }
    }

    #[test]
    fn a_name_has_its_short_forms_and_no_others() {
        let units = Units::of(&["Florida Gov. Ann Example met President Bo Sample at the White House."]);
        for name in [
            "Florida",
            "Ann Example",
            "Example",
            "Bo Sample",
            "Sample",
            "White House",
        ] {
            assert!(has(&units.names, name), "{name}: {:?}", units.names);
        }
        for other in ["House", "Ann", "Bo", "White"] {
            assert!(!has(&units.names, other), "{other}");
        }
        assert!(has(&units.words, "president"));
    }

    #[test]
    fn words_come_in_lower_case_and_quotations_in_parts() {
        let units = Units::of(&["Critics of the long-term plan called it “a very bad idea,” she said."]);
        for word in ["critics", "long-term", "long", "plan", "called", "the"] {
            assert!(has(&units.words, word), "{word}: {:?}", units.words);
        }
        assert!(has(&units.quotations, "a very bad idea"));
        assert!(has(&units.quotations, "very bad"));
        assert!(!has(&units.quotations, "bad plan"));
    }
}

//! The other forms of an English word: number of a noun, person and tense of a verb. Rules and a table of irregular
//! verbs; a form that does not exist does no harm, since nothing makes the model write it. Own compilation.

/// Forms of one word a line.
const IRREGULAR: &str = include_str!("irregular.txt");

/// Shorter words are not inflected: "as" is no plural.
const MIN_LETTERS: usize = 3;

/// The forms that a lower-case word may take, itself not always among them.
pub(super) fn forms(word: &str) -> Vec<String> {
    for line in IRREGULAR.lines() {
        if line.split(' ').any(|form| form == word) {
            return line.split(' ').map(ToOwned::to_owned).collect();
        }
    }
    if word.chars().count() < MIN_LETTERS || !word.chars().all(|c| c.is_ascii_lowercase()) {
        return Vec::new();
    }
    let mut all: Vec<String> = bases(word).iter().flat_map(|base| regular(base)).collect();
    all.sort();
    all.dedup();
    all
}

/// What a form may have been made from: itself, and itself without an ending.
fn bases(word: &str) -> Vec<String> {
    let mut bases = vec![word.to_owned()];
    let cut = |ending: &str| word.strip_suffix(ending).filter(|stem| stem.len() >= MIN_LETTERS);
    if let Some(stem) = cut("ies").or_else(|| cut("ied")) {
        return vec![format!("{stem}y")];
    }
    if let Some(stem) = cut("ing").or_else(|| cut("ed")) {
        bases.clear();
        match undoubled(stem) {
            Some(single) => bases.push(single),
            None if drops_e(stem) => bases.push(format!("{stem}e")),
            None => bases.push(stem.to_owned()),
        }
    } else if let Some(stem) = cut("es").filter(|stem| hisses(stem)) {
        bases = vec![stem.to_owned(), format!("{stem}e")];
    } else if let Some(stem) = cut("s").filter(|stem| !stem.ends_with(['s', 'u', 'i'])) {
        bases = vec![stem.to_owned()];
    }
    bases
}

fn regular(base: &str) -> Vec<String> {
    let doubled = |ending: &str| {
        let last = base.chars().next_back().unwrap_or_default();
        format!("{base}{last}{ending}")
    };
    let mut forms = vec![base.to_owned()];
    if let Some(stem) = base.strip_suffix('y').filter(|stem| !ends_in_vowel(stem)) {
        forms.extend([format!("{stem}ies"), format!("{stem}ied"), format!("{base}ing")]);
    } else if let Some(stem) = base.strip_suffix('e') {
        forms.extend([format!("{base}s"), format!("{base}d"), format!("{stem}ing")]);
    } else if doubles(base) {
        forms.extend([format!("{base}s"), doubled("ed"), doubled("ing")]);
    } else {
        let plural = if hisses(base) { "es" } else { "s" };
        forms.extend([
            format!("{base}{plural}"),
            format!("{base}ed"),
            format!("{base}ing"),
        ]);
    }
    forms
}

fn is_vowel(c: char) -> bool {
    matches!(c, 'a' | 'e' | 'i' | 'o' | 'u')
}

fn ends_in_vowel(text: &str) -> bool {
    text.chars().next_back().is_some_and(is_vowel)
}

fn hisses(base: &str) -> bool {
    ["s", "x", "z", "ch", "sh"]
        .iter()
        .any(|ending| base.ends_with(ending))
}

/// "plann" → "plan"; the double letter of "call", "pass" or "buzz" is the word's own.
fn undoubled(stem: &str) -> Option<String> {
    let mut letters = stem.chars().rev();
    let (last, before) = (letters.next()?, letters.next()?);
    let is_doubled = last == before && !is_vowel(last) && !matches!(last, 'l' | 's' | 'z' | 'f');
    is_doubled.then(|| stem.strip_suffix(last).unwrap_or(stem).to_owned())
}

/// Whether a stem before "ing" or "ed" has lost an "e": "announc", "mov", "argu", "prais", "chang", "includ".
fn drops_e(stem: &str) -> bool {
    let letters: Vec<char> = stem.chars().rev().take(3).collect();
    match letters.as_slice() {
        ['c' | 'v' | 'u', ..]
        | ['g', 'n' | 'r' | 'd' | 'a', ..]
        | ['s', 'a' | 'i' | 'o' | 'u' | 'n' | 'r', ..] => true,
        ['z', 'i' | 'a', ..] | ['t', 'a' | 'u' | 'o', ..] | ['d', 'i' | 'u' | 'a' | 'o', ..] => true,
        ['r', 'i' | 'a' | 'u', before] => !is_vowel(*before),
        ['k' | 'm' | 'p' | 'l' | 'n', 'a' | 'i' | 'o' | 'u', before] => !is_vowel(*before),
        ['l', before, _] => !is_vowel(*before) && !matches!(before, 'l' | 'r' | 'w'),
        _ => false,
    }
}

/// Whether the last letter is doubled before a vowel: one syllable, one vowel, one consonant.
fn doubles(base: &str) -> bool {
    let letters: Vec<char> = base.chars().collect();
    let vowels = letters.iter().filter(|c| is_vowel(**c)).count();
    match letters.as_slice() {
        [.., before, vowel, last] => {
            vowels == 1
                && is_vowel(*vowel)
                && !is_vowel(*before)
                && !is_vowel(*last)
                && !matches!(last, 'w' | 'x' | 'y')
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_form_leads_to_the_others() {
        for (word, form) in [
            ("announced", "announcing"),
            ("plans", "planned"),
            ("parties", "party"),
            ("carried", "carrying"),
            ("votes", "voting"),
            ("passing", "passed"),
            ("criticizing", "criticized"),
            ("created", "creates"),
            ("met", "meeting"),
            ("took", "takes"),
            ("include", "including"),
            ("argued", "argues"),
            ("talk", "talking"),
            ("opens", "opened"),
            ("reached", "reaches"),
        ] {
            assert!(
                forms(word).contains(&form.to_owned()),
                "{word}: {:?}",
                forms(word)
            );
        }
    }

    #[test]
    fn short_words_and_what_is_no_word_stay_as_they_are() {
        assert!(forms("as").is_empty());
        assert!(forms("covid-19").is_empty());
    }
}

//! Porter's stemmer (Porter 1980, "An algorithm for suffix stripping") with the departures of NLTK, whose stems
//! Google's `rouge_score` counts. Takes lower-case ASCII words, as `rouge` makes them.

/// Words that NLTK stems by a list.
const IRREGULAR: &[(&str, &str)] = &[
    ("skies", "sky"),
    ("sky", "sky"),
    ("dying", "die"),
    ("lying", "lie"),
    ("tying", "tie"),
    ("news", "news"),
    ("innings", "inning"),
    ("inning", "inning"),
    ("outings", "outing"),
    ("outing", "outing"),
    ("cannings", "canning"),
    ("canning", "canning"),
    ("howe", "howe"),
    ("proceed", "proceed"),
    ("exceed", "exceed"),
    ("succeed", "succeed"),
];

#[rustfmt::skip]
const STEP_2: &[(&str, &str)] = &[
    ("ational", "ate"), ("tional", "tion"), ("enci", "ence"), ("anci", "ance"), ("izer", "ize"),
    ("bli", "ble"), ("alli", "al"), ("entli", "ent"), ("eli", "e"), ("ousli", "ous"),
    ("ization", "ize"), ("ation", "ate"), ("ator", "ate"), ("alism", "al"), ("iveness", "ive"),
    ("fulness", "ful"), ("ousness", "ous"), ("aliti", "al"), ("iviti", "ive"), ("biliti", "ble"),
    ("fulli", "ful"),
];

#[rustfmt::skip]
const STEP_3: &[(&str, &str)] = &[
    ("icate", "ic"), ("ative", ""), ("alize", "al"), ("iciti", "ic"), ("ical", "ic"), ("ful", ""), ("ness", ""),
];

#[rustfmt::skip]
const STEP_4: &[&str] = &[
    "al", "ance", "ence", "er", "ic", "able", "ible", "ant", "ement", "ment", "ent", "ion", "ou", "ism",
    "ate", "iti", "ous", "ive", "ize",
];

/// The stem of a lower-case ASCII word.
pub fn stem(word: &str) -> String {
    if let Some((_, stem)) = IRREGULAR.iter().find(|(irregular, _)| *irregular == word) {
        return (*stem).to_owned();
    }
    if word.len() <= 2 {
        return word.to_owned();
    }
    let word = plurals(word);
    let word = past_and_progressive(&word);
    let word = final_y(&word);
    let word = double_suffixes(&word);
    let word = replaced(&word, STEP_3);
    let word = single_suffixes(&word);
    final_e_and_l(&word)
}

/// Step 1a.
fn plurals(word: &str) -> String {
    match word.strip_suffix("ies") {
        Some(stem) if word.len() == 4 => return format!("{stem}ie"),
        Some(stem) => return format!("{stem}i"),
        None => {}
    }
    if word.ends_with("sses") {
        return word.strip_suffix("es").unwrap_or(word).to_owned();
    }
    if word.ends_with("ss") {
        return word.to_owned();
    }
    word.strip_suffix('s').unwrap_or(word).to_owned()
}

/// Step 1b.
fn past_and_progressive(word: &str) -> String {
    if let Some(stem) = word.strip_suffix("ied") {
        return format!("{stem}{}", if word.len() == 4 { "ie" } else { "i" });
    }
    if let Some(stem) = word.strip_suffix("eed") {
        return if measure(stem) > 0 {
            format!("{stem}ee")
        } else {
            word.to_owned()
        };
    }
    let stripped = ["ed", "ing"]
        .iter()
        .filter_map(|suffix| word.strip_suffix(suffix))
        .find(|stem| has_vowel(stem));
    let Some(stem) = stripped else {
        return word.to_owned();
    };
    if ["at", "bl", "iz"].iter().any(|end| stem.ends_with(end)) {
        return format!("{stem}e");
    }
    if ends_in_double_consonant(stem) {
        let keeps_both = stem.ends_with(['l', 's', 'z']);
        let shorter = stem.get(..stem.len() - 1).unwrap_or(stem);
        return if keeps_both { stem } else { shorter }.to_owned();
    }
    if measure(stem) == 1 && ends_cvc(stem) {
        return format!("{stem}e");
    }
    stem.to_owned()
}

/// Step 1c.
fn final_y(word: &str) -> String {
    match word.strip_suffix('y') {
        Some(stem) if stem.len() > 1 && is_consonant(stem.as_bytes(), stem.len() - 1) => format!("{stem}i"),
        _ => word.to_owned(),
    }
}

/// Step 2.
fn double_suffixes(word: &str) -> String {
    if let Some(stem) = word.strip_suffix("alli").filter(|stem| measure(stem) > 0) {
        return double_suffixes(&format!("{stem}al"));
    }
    if let Some(stem) = word.strip_suffix("logi") {
        let with_l = format!("{stem}l");
        return if measure(&with_l) > 0 {
            format!("{stem}log")
        } else {
            word.to_owned()
        };
    }
    replaced(word, STEP_2)
}

/// Step 4.
fn single_suffixes(word: &str) -> String {
    for suffix in STEP_4 {
        if let Some(stem) = word.strip_suffix(suffix) {
            let fits = *suffix != "ion" || stem.ends_with(['s', 't']);
            return if measure(stem) > 1 && fits { stem } else { word }.to_owned();
        }
    }
    word.to_owned()
}

/// Step 5.
fn final_e_and_l(word: &str) -> String {
    let without_e = word
        .strip_suffix('e')
        .filter(|stem| measure(stem) > 1 || (measure(stem) == 1 && !ends_cvc(stem)));
    let word = without_e.unwrap_or(word);
    match word.strip_suffix('l') {
        Some(stem) if stem.ends_with('l') && measure(stem) > 1 => stem.to_owned(),
        _ => word.to_owned(),
    }
}

/// The first suffix that fits is replaced where something is left before it; no later one is tried.
fn replaced(word: &str, rules: &[(&str, &str)]) -> String {
    for (suffix, replacement) in rules {
        if let Some(stem) = word.strip_suffix(suffix) {
            return if measure(stem) > 0 {
                format!("{stem}{replacement}")
            } else {
                word.to_owned()
            };
        }
    }
    word.to_owned()
}

fn is_consonant(word: &[u8], at: usize) -> bool {
    match word.get(at) {
        Some(b'a' | b'e' | b'i' | b'o' | b'u') | None => false,
        Some(b'y') => at == 0 || !is_consonant(word, at - 1),
        Some(_) => true,
    }
}

/// Porter's m: how often a vowel is followed by a consonant.
fn measure(stem: &str) -> usize {
    let word = stem.as_bytes();
    (1..word.len())
        .filter(|at| is_consonant(word, *at) && !is_consonant(word, at - 1))
        .count()
}

fn has_vowel(stem: &str) -> bool {
    (0..stem.len()).any(|at| !is_consonant(stem.as_bytes(), at))
}

fn ends_in_double_consonant(stem: &str) -> bool {
    let word = stem.as_bytes();
    let mut last = word.iter().rev();
    let same = matches!((last.next(), last.next()), (Some(a), Some(b)) if a == b);
    same && is_consonant(word, word.len() - 1)
}

fn ends_cvc(stem: &str) -> bool {
    let word = stem.as_bytes();
    let length = word.len();
    if length == 2 {
        return !is_consonant(word, 0) && is_consonant(word, 1);
    }
    length >= 3
        && is_consonant(word, length - 3)
        && !is_consonant(word, length - 2)
        && is_consonant(word, length - 1)
        && !stem.ends_with(['w', 'x', 'y'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_stemmed_as_in_porters_paper() {
        for (word, expected) in [
            ("caresses", "caress"),
            ("ponies", "poni"),
            ("cats", "cat"),
            ("agreed", "agre"),
            ("plastered", "plaster"),
            ("motoring", "motor"),
            ("sing", "sing"),
            ("hopping", "hop"),
            ("falling", "fall"),
            ("filing", "file"),
            ("happy", "happi"),
            ("relational", "relat"),
            ("conditional", "condit"),
            ("hopefulness", "hope"),
            ("electrical", "electr"),
            ("adoption", "adopt"),
            ("controlling", "control"),
            ("rate", "rate"),
        ] {
            assert_eq!(stem(word), expected, "{word}");
        }
    }
}

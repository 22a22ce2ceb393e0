//! One name in several forms: "U.S." and "United States", "Iran" and "Iranian", "Sen." and "Senator".

/// Short forms and what they are short for.
const SHORT_FORMS: [(&str, &[&str]); 19] = [
    ("US", &["united", "states"]),
    ("USA", &["united", "states"]),
    ("UK", &["united", "kingdom"]),
    ("UN", &["united", "nations"]),
    ("EU", &["european", "union"]),
    ("Sen", &["senator"]),
    ("Sens", &["senators"]),
    ("Rep", &["representative"]),
    ("Reps", &["representatives"]),
    ("Gov", &["governor"]),
    ("Govs", &["governors"]),
    ("Gen", &["general"]),
    ("Gens", &["generals"]),
    ("Lt", &["lieutenant"]),
    ("Col", &["colonel"]),
    ("Capt", &["captain"]),
    ("Sgt", &["sergeant"]),
    ("Prof", &["professor"]),
    ("Rev", &["reverend"]),
];

/// Countries whose adjective does not follow from the name.
const PEOPLES: [(&str, &str); 14] = [
    ("afghanistan", "afghan"),
    ("britain", "british"),
    ("denmark", "danish"),
    ("england", "english"),
    ("france", "french"),
    ("germany", "german"),
    ("greece", "greek"),
    ("ireland", "irish"),
    ("netherlands", "dutch"),
    ("poland", "polish"),
    ("spain", "spanish"),
    ("sweden", "swedish"),
    ("turkey", "turkish"),
    ("ukraine", "ukrainian"),
];

/// The adjective that seems to follow is another country's.
const UNEQUAL: (&str, &str) = ("niger", "nigerian");

/// What makes a name of a country or party an adjective, after a final vowel was cut off.
const ENDINGS: [&str; 6] = ["ian", "an", "n", "i", "ese", "ic"];

/// Without possessive `'s`.
pub(super) fn plain(word: &str) -> &str {
    word.strip_suffix("'s")
        .or_else(|| word.strip_suffix("’s"))
        .unwrap_or(word)
}

/// The form in which words are compared: lower case, no stops, straight apostrophes, short forms written out.
pub(super) fn canonical(word: &str) -> Vec<String> {
    let bare = word.replace('.', "").replace('’', "'");
    match SHORT_FORMS.iter().find(|(short, _)| bare == *short) {
        Some((_, long)) => long.iter().map(|word| (*word).to_owned()).collect(),
        None => vec![bare.to_lowercase()],
    }
}

/// Whether two canonical words name the same: equal, a country and its people, a member and the members of a group.
pub(super) fn same(a: &str, b: &str) -> bool {
    let (short, long) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    short == long
        || is_people(short, long)
        || is_people(long, short)
        || single(long).is_some_and(|one| one == short || is_people(short, one) || is_people(one, short))
}

fn is_people(name: &str, adjective: &str) -> bool {
    if PEOPLES.contains(&(name, adjective)) {
        return true;
    }
    let stem = name.strip_suffix(['a', 'e', 'o']).unwrap_or(name);
    let ends = |stem: &str| {
        adjective
            .strip_prefix(stem)
            .is_some_and(|ending| ENDINGS.contains(&ending))
    };
    name.chars().count() >= 4 && (name, adjective) != UNEQUAL && (ends(stem) || ends(name))
}

/// "Democrat" of "Democrats", "American" of "Americans"; no surname ("Roberts").
fn single(word: &str) -> Option<&str> {
    let one = word.strip_suffix('s')?;
    let group = ["crat", "ican", "ian", "ist"];
    group.iter().any(|ending| one.ends_with(ending)).then_some(one)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_country_and_its_people_are_one_name() {
        for (a, b) in [
            ("iran", "iranian"),
            ("iraq", "iraqi"),
            ("russia", "russian"),
            ("canada", "canadian"),
            ("china", "chinese"),
            ("france", "french"),
            ("democrat", "democratic"),
            ("democrats", "democrat"),
            ("americans", "america"),
        ] {
            assert!(same(a, b) && same(b, a), "{a} {b}");
        }
    }

    #[test]
    fn names_that_only_resemble_each_other_are_two() {
        for (a, b) in [
            ("roberts", "robert"),
            ("niger", "nigerian"),
            ("austria", "australian"),
            ("iran", "iraqi"),
            ("williams", "william"),
            ("kim", "kimi"),
        ] {
            assert!(!same(a, b) && !same(b, a), "{a} {b}");
        }
    }
}

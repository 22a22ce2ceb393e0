//! Persons, organisations and places: runs of capitalised words.

mod forms;
mod runs;

use std::ops::Range;

use forms::same;
use runs::{Run, all_words, runs};

/// A person, organisation or place: a run of capitalised words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    /// Where it is: byte range.
    pub span: Range<usize>,
    /// Its words as written, without possessive `'s`, function words inside it left out.
    pub words: Vec<String>,
}

/// What makes another person of the same name.
const GENERATIONS: [&str; 5] = ["jr", "sr", "ii", "iii", "iv"];

/// Words that open a sentence without being a name, and that a source may say in another way. Own compilation.
#[rustfmt::skip]
const OPENERS: [&str; 129] = [
    "according", "accusing", "activists", "adding", "addressing", "ahead", "aides", "alongside", "amid",
    "announcing", "appearing", "arguing", "asked", "asking", "authorities", "backed", "backers", "backing",
    "based", "breaking", "building", "calling", "campaigners", "capping", "citing", "claiming", "closing",
    "comparing", "critics", "declaring", "defending", "defying", "demonstrators", "denying", "describing",
    "doctors", "economists", "employees", "ending", "engineers", "experts", "facing", "falling", "families",
    "far", "fearing", "fewer", "fighting", "following", "given", "heading", "helped", "holding", "hundreds",
    "including", "insisting", "investigators", "invoking", "joined", "joining", "lawmakers", "lawyers",
    "leaders", "leaving", "led", "looking", "marking", "meeting", "noting", "offering", "officials",
    "opening", "opponents", "passage", "pointing", "police", "pressing", "promising", "prosecutors",
    "protesters", "questioned", "quoting", "raising", "recalling", "referring", "rejecting", "relatives",
    "repeating", "reporters", "researchers", "residents", "responding", "returning", "running", "saying",
    "scientists", "seeing", "seeking", "senators", "sending", "several", "siding", "speaking", "standing",
    "starting", "stopping", "students", "supporters", "taking", "talking", "telling", "testifying",
    "thousands", "touting", "trying", "turning", "urging", "using", "visiting", "voters", "voting", "vowing",
    "waiting", "walking", "warning", "winning", "witnesses", "working", "writing",
];

/// Given names that are words too: "Bill Gates" is not in "Gates opposed the bill".
#[rustfmt::skip]
const GIVEN_NAMES: [&str; 101] = [
    "amber", "angel", "april", "art", "august", "autumn", "basil", "bill", "bob", "brook", "buck", "buddy",
    "carol", "carter", "chance", "charity", "chase", "christian", "chuck", "clay", "cliff", "cooper",
    "crystal", "daisy", "dale", "dawn", "dean", "dick", "don", "drew", "duke", "earl", "faith", "fisher",
    "frank", "gene", "ginger", "grace", "grant", "guy", "hazel", "heath", "heather", "holly", "hope",
    "hunter", "iris", "ivy", "jack", "jade", "jasmine", "jay", "jewel", "josh", "joy", "judge", "june",
    "king", "lance", "lane", "lily", "major", "mark", "mason", "max", "may", "melody", "miles", "nick",
    "norm", "olive", "page", "parker", "pat", "pearl", "penny", "pierce", "prince", "ray", "reed", "rich",
    "rob", "robin", "rocky", "rose", "ruby", "rusty", "sandy", "skip", "sky", "sterling", "stormy", "sue",
    "summer", "taylor", "tucker", "victor", "violet", "walker", "ward", "will",
];

/// The names of a text, in order. A capitalised first word of a sentence counts only when it is a name elsewhere or
/// goes on as one.
pub fn names(text: &str) -> Vec<Name> {
    let runs = runs(text);
    let inside: Vec<String> = runs
        .iter()
        .flat_map(|run| run.words.iter().skip(usize::from(run.begins_sentence)))
        .cloned()
        .collect();
    let is_name = |run: &Run| {
        let first = run.words.first().map(String::as_str).unwrap_or_default();
        !run.begins_sentence
            || run.words.len() > 1
            || is_acronym(first)
            || inside.iter().any(|word| word == first)
    };
    runs.into_iter().filter(is_name).map(Name::from).collect()
}

/// The names of `claim` that no sentence of `evidence` has: the words of a name must stand in one run of capitalised
/// words, in order ("John Smith" is not proven by "John Doe and Ann Smith"), but not all of them ("Smith" is proven by
/// "John Smith"), or directly one after the other ("attorney general, John Smith"). A sentence's first word may stand
/// anywhere in the evidence, in any case.
pub fn unsupported_names(claim: &str, evidence: &[&str]) -> Vec<Name> {
    let proofs = Proofs::of(evidence);
    runs(claim)
        .into_iter()
        .filter(|run| !proofs.prove(run))
        .map(Name::from)
        .collect()
}

impl From<Run> for Name {
    fn from(run: Run) -> Self {
        Self {
            span: run.span,
            words: run.words,
        }
    }
}

/// What the evidence has.
struct Proofs {
    runs: Vec<Run>,
    /// The words of each sentence, and whether they have a capital.
    sentences: Vec<Vec<(String, bool)>>,
}

impl Proofs {
    fn of(evidence: &[&str]) -> Self {
        Self {
            runs: evidence.iter().flat_map(|sentence| runs(sentence)).collect(),
            sentences: evidence.iter().map(|sentence| all_words(sentence)).collect(),
        }
    }

    fn prove(&self, claim: &Run) -> bool {
        if self.have(&claim.canonical) || turned(claim).is_some_and(|turned| self.have(&turned)) {
            return true;
        }
        let Some((first, rest)) = claim.canonical.split_first().filter(|_| claim.begins_sentence) else {
            return false;
        };
        let opener = OPENERS.contains(&first.as_str());
        let given = !rest.is_empty() && GIVEN_NAMES.contains(&first.as_str());
        (opener || (!given && self.say(first))) && (rest.is_empty() || self.have(rest))
    }

    fn have(&self, words: &[String]) -> bool {
        self.runs.iter().any(|run| holds(run, words))
            || self.sentences.iter().any(|sentence| has_phrase(sentence, words))
    }

    fn say(&self, word: &str) -> bool {
        self.sentences.iter().flatten().any(|(said, _)| said == word)
    }
}

/// "Texas Governor" of "Governor of Texas".
fn turned(run: &Run) -> Option<Vec<String>> {
    let (head, tail) = run.canonical.split_at_checked(run.after_of?)?;
    Some(tail.iter().chain(head).cloned().collect())
}

fn holds(run: &Run, words: &[String]) -> bool {
    is_in_order(words, &run.canonical, &run.joints)
        || turned(run).is_some_and(|turned| is_in_order(words, &turned, &run.joints))
}

/// Whether the words stand in the proof in this order. No word is left out where another name may begin ("Mike Trump"
/// is not in "Mike Example for President Trump"), nor the "Jr." that follows.
fn is_in_order(words: &[String], proof: &[String], joints: &[usize]) -> bool {
    let mut next = 0;
    let mut last: Option<usize> = None;
    for word in words {
        let found = proof
            .iter()
            .skip(next)
            .position(|candidate| same(candidate, word));
        let Some(at) = found.map(|skipped| next + skipped) else {
            return false;
        };
        if last.is_some() && at > next && joints.iter().any(|joint| (next..=at).contains(joint)) {
            return false;
        }
        last = Some(at);
        next = at + 1;
    }
    !proof
        .get(next)
        .is_some_and(|after| GENERATIONS.contains(&after.as_str()))
}

/// Whether the words stand one after the other, in any case, at least one of them with a capital and no "Jr." behind.
fn has_phrase(sentence: &[(String, bool)], words: &[String]) -> bool {
    let last_start = sentence
        .len()
        .checked_sub(words.len())
        .filter(|_| words.len() > 1);
    last_start.is_some_and(|last| {
        (0..=last).any(|start| {
            let mut rest = sentence.iter().skip(start);
            let window: Vec<&(String, bool)> = rest.by_ref().take(words.len()).collect();
            window.iter().any(|(_, capital)| *capital)
                && window.iter().zip(words).all(|((said, _), word)| said == word)
                && !rest.next().is_some_and(|(after, _)| is_generation(after))
        })
    })
}

fn is_generation(word: &str) -> bool {
    GENERATIONS.contains(&word)
}

fn is_acronym(word: &str) -> bool {
    word.chars().filter(|c| c.is_uppercase()).count() > 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<String> {
        names(text).into_iter().map(|name| name.words.join(" ")).collect()
    }

    #[test]
    fn runs_of_capitalised_words_are_names() {
        assert_eq!(
            read("On Monday the Department of Justice sued Sen. John O'Brien's firm in New York."),
            ["Department Justice", "Sen John O'Brien", "New York"]
        );
        assert_eq!(
            read("Residents left. They went to Ohio, and U.S. officials knew."),
            ["Ohio", "U.S."]
        );
    }

    #[test]
    fn a_longer_name_proves_a_shorter_one_and_never_the_other_way() {
        assert!(unsupported_names("Sanders won.", &["Bernie Sanders won."]).is_empty());
        assert_eq!(
            unsupported_names("Bernie Sanders won.", &["Sanders won."]).len(),
            1
        );
        assert_eq!(
            unsupported_names("It was John Smith.", &["John Doe and Ann Smith left."]).len(),
            1
        );
    }

    #[test]
    fn an_invented_name_is_found_also_at_the_head_of_a_sentence() {
        assert_eq!(
            unsupported_names("Smith said no.", &["The mayor said no."]).len(),
            1
        );
        assert_eq!(
            unsupported_names("In Kabul, talks began.", &["Talks began in Doha."]).len(),
            1
        );
    }

    #[test]
    fn one_name_in_two_forms_is_proven() {
        for (claim, evidence) in [
            ("The US said no.", "The United States said no."),
            ("U.S. officials left.", "US officials left."),
            ("The UN met.", "The United Nations met."),
            ("Iranian troops left.", "Troops of Iran left."),
            ("Sen. Ann Example left.", "Senator Ann Example left."),
            ("O'Brien left.", "O’Brien left."),
            (
                "Attorney General Ann Example left.",
                "The attorney general, Ann Example, left.",
            ),
            ("The Justice Department left.", "The Department of Justice left."),
            (
                "Texas Governor Ann Example left.",
                "Governor Ann Example of Texas left.",
            ),
            (
                "Governor Ann Example of Texas left.",
                "Texas Governor Ann Example left.",
            ),
            ("President Ann Example left.", "President [Ann] Example left."),
            (
                "Speaking on Friday, Example said no.",
                "Example said no on Friday.",
            ),
            (
                "Former Mayor Example left.",
                "Mayor Example, a former actor, left.",
            ),
            ("Example said, \"We leave.\"", "“We leave,” Example said."),
            ("It was, The Times said.", "“The Times was.”"),
            ("Donald Trump Jr. left.", "Donald Trump Jr. left."),
            ("Will Example left.", "Actor Will Example left."),
        ] {
            assert!(
                unsupported_names(claim, &[evidence]).is_empty(),
                "{claim} / {evidence}"
            );
        }
    }

    #[test]
    fn a_name_of_somebody_else_is_not_proven() {
        for (claim, evidence) in [
            ("WHO officials left.", "Officials left."),
            ("US officials left, he said.", "Officials left us."),
            ("Will Example left.", "Example said he will leave."),
            ("Bill Example left.", "Example opposed the bill."),
            ("Donald Trump left.", "Donald Trump Jr. left."),
            (
                "Now Mike Trump left.",
                "Now Mike Example for President Trump left.",
            ),
            (
                "Attorney General Example left.",
                "The attorney general met Ann Example.",
            ),
            ("Troops of Niger left.", "Nigerian troops left."),
            ("Ann Roberts left.", "Ann Robert left."),
            ("Turkey left.", "Nobody ate."),
            ("It was Turkey Example.", "The turkey example was."),
        ] {
            assert_eq!(
                unsupported_names(claim, &[evidence]).len(),
                1,
                "{claim} / {evidence}"
            );
        }
    }

    #[test]
    fn a_common_word_at_the_head_of_a_sentence_is_no_name() {
        assert!(
            unsupported_names(
                "Residents left. The dam held.",
                &["About 40 residents left; the dam held."]
            )
            .is_empty()
        );
    }

    proptest::proptest! {
        #[test]
        fn every_span_is_inside_the_text(text in "\\PC*") {
            for name in names(&text) {
                proptest::prop_assert!(text.get(name.span).is_some());
            }
        }

        #[test]
        fn a_text_supports_its_own_names(text in "[A-Za-z .,'-]{0,80}") {
            proptest::prop_assert!(unsupported_names(&text, &[&text]).is_empty());
        }
    }
}

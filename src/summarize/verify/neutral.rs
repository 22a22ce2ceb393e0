//! P10: words that judge stand in quotation marks only. A loaded verb of saying has a plain one (`equals.rs`), a loaded
//! adjective can go.

use super::{Candidate, reason_if};
use crate::domain::CheckReason;

/// Words that judge, or make a noise of what happened. None of them is needed to tell it. Own compilation.
#[rustfmt::skip]
pub const LOADED: [&str; 84] = [
    "absurd", "absurdly", "appalling", "astonishing", "astonishingly", "atrocious", "awful", "bizarre", "blasted", "blasting",
    "blistering", "bombshell", "brazen", "brazenly", "brilliant", "brilliantly", "cowardly", "cynical", "cynically",
    "despicable", "disastrous", "disgraceful", "disgusting", "eviscerated", "eviscerating", "explosive", "fearmongering", "fiery",
    "firebrand", "gloated", "gloating", "grisly", "gruesome", "heroic", "hideous", "horrendous", "horrifying", "howled",
    "howling", "idiotic", "infamous", "jaw-dropping", "laughable", "laughably", "ludicrous", "monstrous", "notorious",
    "outrageous", "outrageously", "pathetic", "ranted", "ranting", "ridiculous", "ridiculously", "sadly", "scathing",
    "shameful", "shamefully", "shameless", "shamelessly", "shocking", "shockingly", "sickening", "slammed", "slamming",
    "sneered", "sneering", "spewed", "spewing", "staggering", "startling", "startlingly", "stunning", "stunningly",
    "torched", "trashed", "trashing", "unhinged", "vile", "whined", "whining", "whopping", "wildly", "witch-hunt",
];

/// `not_neutral` when a word outside quotation marks judges.
pub fn wording(candidate: &Candidate<'_>) -> Vec<CheckReason> {
    let outside = candidate.text.split(['"', '“', '”']).step_by(2);
    let mut told = outside.flat_map(str::split_whitespace);
    let is_loaded = |word: &str| {
        let bare = word.trim_matches(|c: char| !c.is_alphanumeric());
        LOADED.contains(&bare.to_lowercase().as_str())
    };
    reason_if(told.any(is_loaded), CheckReason::NotNeutral)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_judge_are_for_quotations() {
        for (text, is_refused) in [
            ("The mayor slammed the plan.", true),
            ("A stunning vote closed the bridge.", true),
            ("The council closed the bridge in a jaw-dropping vote.", true),
            ("The mayor called the vote \"shameful\" and left.", false),
            (
                "The mayor criticized the plan, and the council closed the bridge.",
                false,
            ),
        ] {
            let found = super::super::found_by(wording, text, text);
            assert_eq!(!found.is_empty(), is_refused, "{text}");
        }
    }

    #[test]
    fn a_loaded_verb_that_has_a_plainer_one_is_not_the_plainer_one() {
        for (_, plain) in crate::summarize::equals::EQUALS {
            assert!(!plain.split(' ').any(|word| LOADED.contains(&word)), "{plain}");
        }
    }
}

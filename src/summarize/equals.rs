//! Wordings and plainer ones that say the same: what a compression may put in place of a source's words, and what the
//! checks take for the same word. Own compilation; nothing in it changes who, what, how many, how sure or when.

/// A wording and the plainer one, both in lower case.
#[rustfmt::skip]
pub const EQUALS: &[(&str, &str)] = &[
    ("in the wake of", "after"), ("in the aftermath of", "after"), ("prior to", "before"), ("ahead of", "before"),
    ("in order to", "to"), ("in an effort to", "to"), ("in a bid to", "to"), ("in an attempt to", "to"),
    ("as well as", "and"), ("a number of", "several"), ("a handful of", "a few"), ("more than", "over"),
    ("less than", "under"), ("in addition to", "besides"), ("with regard to", "about"), ("due to the fact that", "because"),
    ("at this point", "now"), ("at the moment", "now"), ("right now", "now"), ("so far", "to date"),
    ("took to twitter to", "tweeted to"), ("across the country", "nationwide"), ("around the country", "nationwide"),
    ("around the world", "worldwide"), ("across the world", "worldwide"), ("the united states", "the U.S."),
    ("told reporters that", "said"), ("told reporters", "said"), ("on board", "aboard"), ("stated that", "said"),
    ("stated", "said"), ("announced that", "said"), ("noted that", "said"), ("added that", "said"),
    ("explained that", "said"), ("the fact that", "that"), ("as a result of", "because of"), ("in the midst of", "amid"),
    ("took place", "happened"), ("such as", "like"), ("per year", "a year"), ("each year", "every year"),
    ("every day", "daily"), ("as soon as", "once"), ("on the grounds that", "because"), ("in the event of", "in case of"),
    ("along with", "with"), ("together with", "with"), ("in favor of", "for"), ("in support of", "for"),
    ("on behalf of", "for"), ("would like to", "want to"), ("is set to", "is to"), ("are set to", "are to"),
    ("was set to", "was to"), ("a series of", "several"), ("a slew of", "several"), ("a string of", "several"),
    ("a host of", "many"), ("in recent days", "lately"), ("in recent weeks", "lately"),
    ("for the first time ever", "for the first time"), ("carried out", "conducted"), ("took aim at", "criticized"),
    ("lashed out at", "criticized"), ("weighed in on", "commented on"), ("stepped down", "resigned"),
    ("stepping down", "resigning"), ("step down", "resign"), ("pointed out", "noted"), ("found out", "learned"),
    ("turned down", "rejected"), ("came up with", "devised"), ("approximately", "about"), ("around", "about"),
    ("roughly", "about"), ("nearly", "almost"), ("purchased", "bought"), ("lawmakers", "legislators"),
    ("revealed", "disclosed"), ("unveiled", "presented"), ("slammed", "criticized"), ("blasted", "criticized"),
    ("ripped", "criticized"), ("slamming", "criticizing"), ("blasting", "criticizing"), ("vowed", "promised"),
    ("vowing", "promising"), ("began", "started"), ("begin", "start"), ("begun", "started"), ("cops", "police officers"),
    ("kids", "children"), ("individuals", "people"), ("numerous", "many"), ("multiple", "several"),
    ("additional", "further"), ("attempted to", "tried to"), ("attempting to", "trying to"), ("assist", "help"),
    ("assisted", "helped"), ("assistance", "help"), ("regarding", "about"), ("utilize", "use"), ("utilized", "used"),
    ("obtain", "get"), ("obtained", "got"), ("ensure", "make sure"), ("entire", "whole"), ("although", "though"),
    ("whilst", "while"), ("upon", "on"), ("amongst", "among"), ("towards", "toward"), ("ousted", "removed"),
    ("slain", "killed"), ("deceased", "dead"), ("residence", "home"), ("previously", "earlier"), ("subsequently", "later"),
    ("initially", "at first"), ("nonetheless", "still"), ("nevertheless", "still"), ("therefore", "thus"),
    ("whereas", "while"), ("halted", "stopped"), ("halting", "stopping"), ("halt", "stop"), ("ceased", "stopped"),
    ("pact", "agreement"), ("rivals", "opponents"), ("foes", "opponents"), ("boost", "increase"), ("boosted", "increased"),
    ("boosting", "increasing"), ("slash", "cut"), ("slashing", "cutting"), ("curb", "limit"), ("curbs", "limits"),
    ("curbing", "limiting"), ("scrapped", "dropped"), ("scrapping", "dropping"), ("scrap", "drop"), ("nixed", "dropped"),
    ("axed", "dropped"), ("mulling", "considering"), ("eyeing", "considering"), ("sparked", "set off"),
    ("sparking", "setting off"), ("triggered", "set off"), ("thwarted", "stopped"), ("demise", "death"),
    ("departed", "left"), ("departure", "exit"), ("residents", "inhabitants"), ("documents", "papers"),
    ("physicians", "doctors"), ("pupils", "students"), ("autos", "cars"), ("automobiles", "cars"), ("firms", "companies"),
    ("massive", "large"), ("huge", "large"), ("tiny", "small"), ("swift", "quick"), ("swiftly", "quickly"),
    ("nation's", "country's"), ("nation", "country"), ("nations", "countries"), ("globe", "world"), ("global", "worldwide"),
    ("annual", "yearly"), ("annually", "yearly"), ("frequently", "often"), ("sufficient", "enough"),
    ("permitted", "allowed"), ("prohibit", "ban"), ("prohibits", "bans"), ("prohibited", "banned"),
    ("prohibiting", "banning"), ("barred", "banned"), ("enabled", "allowed"), ("voiced", "expressed"),
];

/// Of these, the ones that bound a number: they are the same only where a number follows.
pub const BOUNDS: &[&str] = &[
    "more than",
    "less than",
    "nearly",
    "approximately",
    "around",
    "roughly",
];

/// The plainer word for a (lower-case) word, where both are one word and no number is bounded; else the word itself.
pub fn plain(word: &str) -> &str {
    let found = EQUALS
        .iter()
        .find(|(wording, plain)| *wording == word && !plain.contains(' '));
    found.map_or(word, |(_, plain)| plain)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::facts;

    #[test]
    fn no_pair_touches_a_number_a_negation_or_an_attribution() {
        for (wording, plain) in EQUALS {
            for text in [wording, plain] {
                assert!(facts::negations(text).is_empty(), "{text}");
                assert!(!text.contains(|c: char| c.is_ascii_digit()), "{text}");
            }
            if *wording == "the united states" {
                continue;
            }
            let (before, behind) = (facts::has_attribution(wording), facts::has_attribution(plain));
            assert!(!before || behind, "{wording} → {plain}");
        }
    }

    #[test]
    fn a_word_has_one_plainer_word() {
        assert_eq!(plain("slammed"), "criticized");
        assert_eq!(plain("bridge"), "bridge");
        assert!(
            BOUNDS
                .iter()
                .all(|bound| EQUALS.iter().any(|(wording, _)| wording == bound))
        );
        let wordings: std::collections::BTreeSet<_> = EQUALS.iter().map(|(wording, _)| wording).collect();
        assert_eq!(wordings.len(), EQUALS.len());
    }
}

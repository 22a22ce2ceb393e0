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
    ("around the world", "worldwide"), ("across the world", "worldwide"),
    ("told reporters that", "said"), ("told reporters", "said"), ("on board", "aboard"), ("stated that", "said"),
    ("stated", "said"), ("announced that", "said"), ("noted that", "said"), ("added that", "said"),
    ("explained that", "said"), ("the fact that", "that"), ("as a result of", "because of"), ("in the midst of", "amid"),
    ("took place", "happened"), ("such as", "like"), ("per year", "a year"), ("each year", "every year"),
    ("on the grounds that", "because"), ("in the event of", "in case of"),
    ("along with", "with"), ("together with", "with"),
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
    ("obtain", "get"), ("obtained", "got"), ("ensure that", "make sure that"), ("entire", "whole"), ("although", "though"),
    ("whilst", "while"), ("upon", "on"), ("amongst", "among"), ("towards", "toward"), ("ousted", "removed"),
    ("slain", "killed"), ("deceased", "dead"), ("residence", "home"), ("subsequently", "later"),
    ("initially", "at first"), ("nonetheless", "still"), ("nevertheless", "still"), ("therefore", "thus"),
    ("whereas", "while"), ("halted", "stopped"), ("halting", "stopping"), ("halt", "stop"), ("ceased", "stopped"),
    ("pact", "agreement"), ("rivals", "opponents"), ("foes", "opponents"),
    ("slash", "cut"), ("slashing", "cutting"), ("curb", "limit"), ("curbs", "limits"),
    ("curbing", "limiting"), ("scrapped", "dropped"), ("scrapping", "dropping"), ("scrap", "drop"), ("nixed", "dropped"),
    ("axed", "dropped"), ("mulling", "considering"), ("eyeing", "considering"), ("sparked", "set off"),
    ("sparking", "setting off"), ("triggered", "set off"), ("thwarted", "stopped"), ("demise", "death"),
    ("departed", "left"), ("departure", "exit"), ("residents", "inhabitants"), ("documents", "papers"),
    ("physicians", "doctors"), ("pupils", "students"), ("autos", "cars"), ("automobiles", "cars"), ("firms", "companies"),
    ("massive", "large"), ("huge", "large"), ("tiny", "small"), ("swift", "quick"), ("swiftly", "quickly"),
    ("nation's", "country's"), ("nation", "country"), ("nations", "countries"), ("globe", "world"), ("global", "worldwide"),
    ("annual", "yearly"), ("annually", "yearly"), ("frequently", "often"), ("sufficient", "enough"),
    ("permitted", "allowed"), ("prohibit", "ban"), ("prohibits", "bans"), ("prohibited", "banned"),
    ("prohibiting", "banning"), ("barred", "banned"), ("enabled", "allowed"), ("voiced", "expressed"),    ("argued that", "said that"), ("insisted that", "said that"), ("asserted that", "said that"),
    ("maintained that", "said that"), ("contended that", "said that"), ("emphasized that", "said that"),
    ("stressed that", "said that"), ("remarked that", "said that"), ("declared that", "said that"),
    ("requested that", "asked that"), ("is scheduled to", "is due to"), ("are scheduled to", "are due to"),
    ("was scheduled to", "was due to"), ("is slated to", "is due to"), ("are slated to", "are due to"),
    ("sought to", "tried to"), ("seeking to", "trying to"), ("passed away", "died"), ("lost their lives", "died"),
    ("lost his life", "died"), ("lost her life", "died"), ("perished", "died"), ("opened fire", "started shooting"),
    ("taken into custody", "detained"), ("fatally shot", "shot dead"), ("shot and killed", "shot dead"),
    ("gunman", "shooter"), ("demonstrators", "protesters"), ("attorneys for", "lawyers for"),
    ("an attorney for", "a lawyer for"), ("infant", "baby"), ("infants", "babies"), ("during the course of", "during"),
    ("over the course of", "during"), ("in the course of", "during"), ("on account of", "because of"),
    ("owing to", "because of"), ("in spite of", "despite"), ("in regard to", "about"), ("with respect to", "about"),
    ("pertaining to", "about"), ("in the near future", "soon"), ("on a daily basis", "daily"),
    ("on a regular basis", "regularly"), ("in close proximity to", "near"), ("in the vicinity of", "near"),
    ("adjacent to", "next to"), ("the majority of the", "most of the"), ("the vast majority of the", "most of the"),
    ("a large number of", "many"), ("large numbers of", "many"), ("a wide range of", "many"), ("a variety of", "various"),
    ("a plethora of", "many"), ("the bulk of the", "most of the"), ("press conference", "news conference"),
    ("made a decision to", "decided to"), ("made the decision to", "decided to"),
    ("reached an agreement to", "agreed to"), ("reached a deal to", "agreed to"),
    ("reached an agreement on", "agreed on"), ("reached a deal on", "agreed on"), ("is in the process of", "is"),
    ("are in the process of", "are"), ("has the ability to", "can"), ("have the ability to", "can"),
    ("is able to", "can"), ("are able to", "can"), ("was able to", "managed to"), ("were able to", "managed to"),
    ("is required to", "must"), ("are required to", "must"), ("took part in", "joined"), ("taking part in", "joining"),
    ("participated in", "joined"), ("participating in", "joining"), ("to put an end to", "to end"),
    ("called upon", "urged"), ("spoke out against", "criticized"),
    ("railed against", "criticized"), ("hit out at", "criticized"), ("lashed out against", "criticized"),
    ("lambasted", "criticized"), ("assailed", "criticized"), ("denounced", "condemned"), ("decried", "condemned"),
    ("denouncing", "condemning"), ("decrying", "condemning"),
    ("hailed as", "praised as"), ("hailed the", "praised the"), ("lauded", "praised"), ("lauding", "praising"),
    ("bolster", "strengthen"), ("bolstered", "strengthened"), ("bolstering", "strengthening"),
    ("tax hike", "tax increase"), ("tax hikes", "tax increases"), ("rate hike", "rate increase"),
    ("rate hikes", "rate increases"), ("skyrocketed", "rose sharply"), ("plummeted", "fell sharply"),
    ("spearheaded", "led"), ("spearheading", "leading"), ("headed by", "led by"), ("inked", "signed"),
    ("penned", "wrote"), ("authored by", "written by"), ("authored", "wrote"), ("dubbed", "called"), ("via", "through"),
    ("fatalities", "deaths"), ("fatality", "death"), ("the blaze", "the fire"), ("a blaze", "a fire"), ("inferno", "fire"),
    ("temblor", "earthquake"), ("located in", "in"), ("located at", "at"), ("located near", "near"), ("located on", "on"),
    ("situated in", "in"), ("filed a lawsuit against", "sued"), ("filed suit against", "sued"),
    ("filing a lawsuit against", "suing"), ("the probe", "the investigation"), ("a probe", "an investigation"),
    ("probe into", "investigation into"), ("negotiations", "talks"), ("employees", "workers"),
    ("staffers", "staff members"), ("remarks", "comments"), ("receive", "get"),
    ("receiving", "getting"), ("retain", "keep"), ("retained", "kept"), ("resides in", "lives in"),
    ("resided in", "lived in"), ("residing in", "living in"), ("relocated", "moved"), ("relocate", "move"),
    ("was transported to", "was taken to"), ("were transported to", "were taken to"), ("arrived at", "reached"),
    ("met with", "met"), ("traveled to", "went to"), ("construct", "build"), ("constructed", "built"),
    ("constructing", "building"), ("commenced", "started"), ("initiated", "started"), ("apprehended", "caught"),
    ("adversaries", "opponents"), ("adversary", "opponent"), ("beneath", "under"),
    ("detrimental", "harmful"), ("discontinue", "stop"), ("enormous", "large"), ("expedite", "speed up"),
    ("forbid", "ban"), ("forbids", "bans"), ("hazardous", "dangerous"), ("inquired", "asked"), ("intends to", "plans to"),
    ("intend to", "plan to"), ("intended to", "planned to"), ("lethal", "deadly"), ("modify", "change"),
    ("modified", "changed"), ("occurred", "happened"), ("occur", "happen"), ("occurring", "happening"),
    ("primarily", "mainly"), ("proceed with", "go on with"),
    ("reiterated", "repeated"), ("reiterating", "repeating"), ("relinquish", "give up"), ("reside in", "live in"),
    ("solely", "only"), ("substantial", "large"),
    ("utilizing", "using"), ("wounded", "injured"), ("youths", "young people"), ("didn't", "did not"),
    ("doesn't", "does not"), ("don't", "do not"), ("isn't", "is not"), ("aren't", "are not"), ("wasn't", "was not"),
    ("weren't", "were not"), ("won't", "will not"), ("can't", "cannot"), ("couldn't", "could not"),
    ("wouldn't", "would not"), ("hasn't", "has not"), ("haven't", "have not"), ("hadn't", "had not"),
    ("shouldn't", "should not"),
    ("a majority of", "most"), ("the majority of", "most"), ("alongside", "with"), ("allegations", "accusations"),
    ("backers", "supporters"), ("blaze", "fire"), ("blazes", "fires"), ("branded", "called"),
    ("corporations", "companies"), ("deploy", "send"),
    ("deployed", "sent"), ("deploying", "sending"), ("dispatched", "sent"), ("donated", "gave"), ("endorsed", "backed"),
    ("endorsing", "backing"), ("erupted", "broke out"), ("every single", "every"), ("exited", "left"), ("fatal", "deadly"),
    ("first-ever", "first"), ("footage", "video"), ("globally", "worldwide"), ("ignited", "started"),
    ("in front of", "before"), ("inside of", "inside"), ("labeled", "called"), ("labelled", "called"),
    ("largely", "mostly"), ("outlined", "described"), ("outlining", "describing"), ("outside of", "outside"),
    ("overseas", "abroad"), ("participate in", "take part in"), ("permits", "allows"), ("permitting", "allowing"),
    ("photograph", "photo"), ("photographs", "photos"), ("pledged", "promised"), ("pledges", "promises"),
    ("pledging", "promising"), ("postpone", "delay"), ("postponed", "delayed"), ("postponement", "delay"),
    ("postponing", "delaying"), ("sacked", "fired"),
    ("shortly after", "soon after"), ("shortly before", "just before"), ("speak with", "speak to"),
    ("speaking with", "speaking to"), ("spoke with", "spoke to"), ("subsequent", "later"), ("talked with", "talked to"),
    ("touted", "promoted"), ("was slated to", "was to"), ("withdraw from", "leave"), ("withdrawing from", "leaving"),
    ("withdrew from", "left"),
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

/// A text with plainer words for its phrases, "a number of" becomes "several". Bounds are left aside.
pub fn plainer(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    let bare = |word: &str| word.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
    let lower: Vec<String> = words.iter().map(|word| bare(word)).collect();
    let mut said: Vec<&str> = Vec::with_capacity(words.len());
    let mut at = 0;
    while let Some(word) = words.get(at) {
        let phrases = EQUALS.iter().filter(|(wording, _)| !BOUNDS.contains(wording));
        let found = phrases.filter_map(|(wording, plain)| {
            let length = wording.split(' ').count();
            let here = lower.get(at..at + length)?;
            here.iter()
                .map(String::as_str)
                .eq(wording.split(' '))
                .then_some((length, *plain))
        });
        let (length, text) = found.max().unwrap_or((1, *word));
        said.push(text);
        at += length;
    }
    said.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::facts;

    #[test]
    fn phrases_become_plainer() {
        assert_eq!(
            plainer("The mayor gave a number of speeches, and slammed the council."),
            "The mayor gave several speeches, and criticized the council."
        );
    }

    #[test]
    fn no_pair_adds_or_drops_a_number_a_negation_or_an_attribution() {
        for (wording, plain) in EQUALS {
            assert_eq!(
                facts::negations(wording).len(),
                facts::negations(plain).len(),
                "{wording}"
            );
            for text in [wording, plain] {
                assert!(!text.contains(|c: char| c.is_ascii_digit()), "{text}");
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

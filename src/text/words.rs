//! Word lists of English that more than one stage needs. Own compilation.

/// Articles, pronouns, prepositions, conjunctions, auxiliaries and the commonest adverbs, sorted.
#[rustfmt::skip]
pub(super) const FUNCTION_WORDS: &[&str] = &[
    "a", "about", "above", "across", "after", "against", "ago", "all", "almost", "along", "already",
    "also", "although", "am", "among", "an", "and", "another", "any", "anybody", "anyone",
    "anything", "are", "aren't", "around", "as", "at", "away", "be", "because", "been", "before",
    "being", "below", "beneath", "beside", "besides", "between", "beyond", "both", "but", "by",
    "can", "can't", "cannot", "could", "couldn't", "despite", "did", "didn't", "do", "does",
    "doesn't", "doing", "don't", "done", "down", "during", "each", "either", "else", "enough",
    "even", "ever", "every", "everybody", "everyone", "everything", "except", "few", "for", "from",
    "further", "had", "hadn't", "has", "hasn't", "have", "haven't", "having", "he", "he'd", "he'll",
    "he's", "her", "here", "hers", "herself", "him", "himself", "his", "how", "however", "i", "i'd",
    "i'll", "i'm", "i've", "if", "in", "inside", "instead", "into", "is", "isn't", "it", "it'd",
    "it'll", "it's", "its", "itself", "just", "least", "less", "like", "many", "may", "maybe", "me",
    "might", "mine", "more", "most", "much", "must", "my", "myself", "near", "neither", "never",
    "no", "nobody", "none", "nor", "not", "nothing", "now", "of", "off", "often", "on", "once",
    "one", "only", "onto", "or", "other", "others", "ought", "our", "ours", "ourselves", "out",
    "outside", "over", "own", "past", "per", "perhaps", "quite", "rather", "same", "shall", "she",
    "she'd", "she'll", "she's", "should", "shouldn't", "since", "so", "some", "somebody", "someone",
    "something", "still", "such", "than", "that", "that'll", "that's", "the", "their", "theirs",
    "them", "themselves", "then", "there", "there's", "these", "they", "they'd", "they'll",
    "they're", "they've", "this", "those", "though", "through", "throughout", "till", "to", "too",
    "toward", "towards", "under", "underneath", "unless", "until", "unto", "up", "upon", "us",
    "very", "via", "was", "wasn't", "we", "we'd", "we'll", "we're", "we've", "were", "weren't",
    "what", "what's", "whatever", "when", "whenever", "where", "whereas", "wherever", "whether",
    "which", "whichever", "while", "who", "who's", "whoever", "whom", "whose", "why", "will",
    "with", "within", "without", "won't", "would", "wouldn't", "yet", "you", "you'd", "you'll",
    "you're", "you've", "your", "yours", "yourself", "yourselves",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_sorted_so_that_it_can_be_searched() {
        assert!(FUNCTION_WORDS.is_sorted());
    }
}

//! Names and numbers that no article of the story has. On purpose a plain extractor of its own: what measures the
//! checks must share no code with them.
//!
//! A name is a capitalised word that does not open a sentence; a number is a token with a digit, without the marks
//! around it and the commas in it. Numbers in words are not seen, nor are names at the head of a sentence.

use std::collections::HashSet;

/// What the articles of a story hold.
pub struct Known(HashSet<String>);

impl Known {
    /// From all of their texts.
    pub fn of<'a>(texts: impl IntoIterator<Item = &'a str>) -> Self {
        let tokens = texts
            .into_iter()
            .flat_map(split)
            .map(|(token, _)| token.to_lowercase());
        Self(tokens.collect())
    }

    /// The names of a statement that are in no article.
    pub fn novel_names(&self, statement: &str) -> Vec<String> {
        let mut opens = true;
        let mut novel = Vec::new();
        for (token, ends) in split(statement) {
            let is_name = token.starts_with(char::is_uppercase) && !opens;
            opens = ends;
            if is_name && !self.0.contains(&token.to_lowercase()) {
                novel.push(token);
            }
        }
        novel
    }

    /// The numbers of a statement that are in no article.
    pub fn novel_numbers(&self, statement: &str) -> Vec<String> {
        split(statement)
            .into_iter()
            .map(|(token, _)| token)
            .filter(|token| token.contains(|c: char| c.is_ascii_digit()))
            .filter(|token| !self.0.contains(&token.to_lowercase()))
            .collect()
    }
}

/// The tokens of a text without marks and possessives, and whether a sentence ends after each.
fn split(text: &str) -> Vec<(String, bool)> {
    text.split(|c: char| c.is_whitespace() || matches!(c, '-' | '–' | '—' | '/'))
        .filter_map(|part| {
            let token = part.trim_matches(|c: char| !c.is_alphanumeric());
            let token = token.replace('’', "'").replace(',', "");
            let token = token.strip_suffix("'s").unwrap_or(&token);
            let ends = part
                .trim_end_matches(['"', '”', ')', '\'', '’'])
                .ends_with(['.', '!', '?', ':']);
            (!token.is_empty()).then(|| (token.to_owned(), ends))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_article_has_is_found_and_the_rest_is_not() {
        let known = Known::of(["Mayor Ada Reyes’s office paid $1,200 on Monday."]);
        let statement = "The mayor, Ada Lopez, paid 1200 dollars. On Monday Reyes paid 35%.";
        assert_eq!(known.novel_names(statement), ["Lopez"]);
        assert_eq!(known.novel_numbers(statement), ["35"]);
    }
}

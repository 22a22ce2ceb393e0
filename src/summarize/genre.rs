//! Tells reports from opinion pieces and newsletters: what a columnist thinks is no fact of the story, and a newsletter
//! tells of ten stories. Outlets label both, in the address, the title, or the name under which they publish.

use crate::domain::{ArticleMeta, LeftOutReason};

/// Sections of a site, as path segments of an address. `blog` and `blogs` are not among them: much news is filed there.
const OPINION_SECTIONS: [&str; 13] = [
    "column",
    "columnist",
    "columnists",
    "columns",
    "commentary",
    "commentisfree",
    "editorial",
    "editorials",
    "oped",
    "op-ed",
    "opinion",
    "opinions",
    "voices",
];
const NEWSLETTER_SECTIONS: [&str; 2] = ["newsletter", "newsletters"];

/// Labels before a title's colon or bar.
const OPINION_LABELS: [&str; 7] = [
    "opinion",
    "editorial",
    "op-ed",
    "oped",
    "commentary",
    "column",
    "perspective",
];
const NEWSLETTER_LABELS: [&str; 2] = ["newsletter", "morning newsletter"];

/// Words of an outlet's name that label everything it publishes.
const OPINION_DESKS: [&str; 5] = ["opinion", "editorial", "op-ed", "columnist", "guest writer"];

/// Why an article is no report, if its address, title or outlet says so.
pub fn not_a_report(meta: &ArticleMeta) -> Option<LeftOutReason> {
    let sections = meta.url.as_deref().map(sections).unwrap_or_default();
    let label = meta.title.as_deref().and_then(label);
    let desk = meta.outlet.as_deref().unwrap_or_default().to_lowercase();
    let filed_under = |known: &[&str]| sections.iter().any(|section| known.contains(&section.as_str()));
    let labelled = |known: &[&str]| label.as_deref().is_some_and(|label| known.contains(&label));
    if filed_under(&NEWSLETTER_SECTIONS) || labelled(&NEWSLETTER_LABELS) {
        Some(LeftOutReason::Newsletter)
    } else if filed_under(&OPINION_SECTIONS)
        || labelled(&OPINION_LABELS)
        || OPINION_DESKS.iter().any(|name| has_words(&desk, name))
    {
        Some(LeftOutReason::Opinion)
    } else {
        None
    }
}

/// The lower-case path segments of an address, but for the last, which names the article.
fn sections(url: &str) -> Vec<String> {
    let behind_scheme = url.split_once("://").map_or(url, |(_, rest)| rest);
    let path = behind_scheme.split(['?', '#']).next().unwrap_or_default();
    let mut segments: Vec<String> = path.split('/').skip(1).map(str::to_lowercase).collect();
    segments.pop();
    segments
}

/// What stands before the first colon or bar of a title, in lower case.
fn label(title: &str) -> Option<String> {
    let (label, _) = title.split_once([':', '|'])?;
    Some(label.trim().to_lowercase())
}

/// Whether the words stand in the name, whole.
fn has_words(name: &str, words: &str) -> bool {
    name.match_indices(words).any(|(at, found)| {
        let before = name.get(..at).and_then(|text| text.chars().next_back());
        let behind = name.get(at + found.len()..).and_then(|text| text.chars().next());
        !before.is_some_and(char::is_alphanumeric) && !behind.is_some_and(char::is_alphanumeric)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Article, ArticleInput, ArticleLimits};

    fn genre(url: &str, title: &str, outlet: &str) -> Option<LeftOutReason> {
        let text = "The council closed the bridge on Monday.".to_owned();
        let input = ArticleInput {
            url: Some(url.to_owned()),
            title: Some(title.to_owned()),
            outlet: Some(outlet.to_owned()),
            text: text.clone(),
            ..ArticleInput::default()
        };
        let article = Article::new(input, text, "", &ArticleLimits::default()).expect("a valid article");
        not_a_report(&article.meta)
    }

    #[test]
    fn address_title_or_outlet_labels_an_opinion() {
        let opinion = Some(LeftOutReason::Opinion);
        assert_eq!(
            genre("https://a.example/opinion/2025/bridge", "The bridge", "A"),
            opinion
        );
        assert_eq!(
            genre("https://a.example/story/columnists/x/bridge.html", "B", "A"),
            opinion
        );
        assert_eq!(
            genre("https://a.example/n/1", "OPINION: Mend the bridge", "A"),
            opinion
        );
        assert_eq!(
            genre("https://a.example/n/1", "Opinion | Mend the bridge", "A"),
            opinion
        );
        assert_eq!(
            genre("https://a.example/n/1", "Mend it", "Alder Post - Opinion"),
            opinion
        );
        assert_eq!(
            genre("https://a.example/n/1", "Mend it", "Guest Writer - Left"),
            opinion
        );
    }

    #[test]
    fn a_newsletter_is_labelled_likewise() {
        let newsletter = Some(LeftOutReason::Newsletter);
        assert_eq!(
            genre("https://a.example/newsletters/monday", "Good morning", "A"),
            newsletter
        );
        assert_eq!(
            genre("https://a.example/n/1", "Newsletter: the bridge", "A"),
            newsletter
        );
    }

    #[test]
    fn a_report_that_speaks_of_opinions_stays() {
        assert_eq!(
            genre("https://a.example/n/opinion", "Times Opinion apologizes", "A"),
            None
        );
        assert_eq!(
            genre(
                "https://a.example/n/1?from=/opinion/x",
                "Poll: opinion shifts",
                "A"
            ),
            None
        );
        assert_eq!(
            genre(
                "https://a.example/blogs/bridge",
                "Bridge closed",
                "Opinionated Daily"
            ),
            None
        );
    }
}

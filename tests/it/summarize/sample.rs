//! An invented story, told by four invented outlets, and how the tests have it summarized.

use std::sync::{Arc, Mutex};

use nutgraf::clock::ManualClock;
use nutgraf::domain::{Article, ArticleInput, Bullet, CheckReason, Citation, Summary, article_set_hash};
use nutgraf::engine::{Cancel, Engine, GenerateRequest};
use nutgraf::ingest::analyze::analyze;
use nutgraf::summarize::{Input, Settings, Source, SummarizeError, summarize};

use crate::support::{ScriptedEngine, article_from, at_ms, story_id};

/// A faithful bullet on the point about the cracks.
pub const GOOD: &str = "In Alder, inspectors found 14 cracks in the main girder, the city council said.";

const POST: &str = "ALDER, March 3 (Harbour Post) — The city council of Alder said it closed the Velm Bridge on Monday \
after inspectors found 14 cracks in the main girder.

About 22,000 cars cross the bridge every day, according to the council, and a ferry will carry commuters until it opens \
again.

“We will not gamble with lives,” Mayor Ines Vold said at the town hall on Monday evening.

The steel bridge was built in 1961 and has not been repaired since 1988.";

const COURIER: &str = "Inspectors found 14 cracks in the main girder of the Velm Bridge in Alder, the city council said \
on Monday, when it closed the bridge to all traffic.

A ferry will carry commuters across the river until the bridge opens again, the council said, and the crossing is to \
be free of charge.

The repair of the bridge will cost about $9 million, an engineer of the council told reporters.

Engineers did not find any damage to the two river piers, the council said.";

const TRIBUNE: &str =
    "The Velm Bridge in Alder has 14 cracks in its main girder, the city council said on Monday as it \
closed the bridge after an inspection.

The council's engineer put the cost of the repair of the Velm Bridge at about $9 million.

Shopkeepers in the old town fear that customers will stay away as long as the bridge is closed.

The dock workers' union had warned of rust on the bridge for two years, its chairman Piet Harsen said.";

const WEEKLY: &str =
    "The dock workers' union warned the city of rust on the Velm Bridge two years ago, but nobody \
answered, union chairman Piet Harsen told the Weekly.

Harsen showed this paper letters that he had sent to the town hall in 2023 and 2024.

A school on the east bank will begin its lessons half an hour later from Wednesday because of the closure.";

/// One article of the sample.
pub fn article(id: &str, outlet: &str, day: &str, text: &str) -> Article {
    article_from(ArticleInput {
        id: Some(id.to_owned()),
        outlet: Some(outlet.to_owned()),
        url: Some(format!("https://news.example/{id}")),
        title: Some(format!("{outlet} on the bridge at Alder")),
        published_at: Some(day.to_owned()),
        text: text.to_owned(),
        ..ArticleInput::default()
    })
}

/// A story on its way to a summary.
#[derive(Clone)]
pub struct Story {
    pub headline: Option<String>,
    pub language: Option<String>,
    pub articles: Vec<Article>,
    pub settings: Settings,
}

impl Story {
    pub fn of(articles: Vec<Article>) -> Self {
        Self {
            headline: None,
            language: None,
            articles,
            settings: Settings::default(),
        }
    }

    /// The sample: four outlets on a closed bridge.
    pub fn bridge() -> Self {
        Self {
            headline: Some("Old river bridge shut".to_owned()),
            ..Self::of(vec![
                article("post", "Harbour Post", "2025-03-03T18:00:00+01:00", POST),
                article("courier", "The Courier", "2025-03-03T20:30:00Z", COURIER),
                article("tribune", "Alder Tribune", "2025-03-04", TRIBUNE),
                article("weekly", "Dock Weekly", "2025-03-05T08:00:00Z", WEEKLY),
            ])
        }
    }

    pub fn with(mut self, article: Article) -> Self {
        self.articles.push(article);
        self
    }

    pub fn article_set_hash(&self) -> String {
        let articles = self
            .articles
            .iter()
            .map(|article| (&article.meta.id, article.meta.content_hash.as_str()));
        article_set_hash(self.headline.as_deref(), self.language.as_deref(), articles)
    }

    pub fn summarize(&self, engine: &dyn Engine) -> Summary {
        self.summarize_after(None, engine, &mut |_| {})
    }

    pub fn summarize_after(
        &self,
        previous: Option<&Summary>,
        engine: &dyn Engine,
        on_bullet: &mut dyn FnMut(&Bullet),
    ) -> Summary {
        self.try_summarize(previous, engine, on_bullet).unwrap()
    }

    pub fn try_summarize(
        &self,
        previous: Option<&Summary>,
        engine: &dyn Engine,
        on_bullet: &mut dyn FnMut(&Bullet),
    ) -> Result<Summary, SummarizeError> {
        let cancel = Cancel::new();
        let articles: Vec<&Article> = self.articles.iter().collect();
        let analyses = analyze(&articles, &self.settings, engine, &cancel).unwrap();
        let sources: Vec<Source<'_>> = self
            .articles
            .iter()
            .zip(&analyses)
            .map(|(article, analysis)| Source {
                meta: &article.meta,
                text: &article.text,
                analysis,
            })
            .collect();
        let story_id = story_id("bridge");
        let hash = self.article_set_hash();
        let input = Input {
            story_id: &story_id,
            headline: self.headline.as_deref(),
            language: self.language.as_deref(),
            article_set_hash: &hash,
            sources: &sources,
            previous,
        };
        let clock = ManualClock::new(at_ms(0));
        summarize(&input, &self.settings, engine, &clock, &cancel, on_bullet)
    }
}

/// The user's turn of a request.
pub fn asked(request: &GenerateRequest) -> String {
    request.messages.last().unwrap().content.clone()
}

/// An engine that answers the point about the cracks with `answer`, and every other with nothing usable.
pub fn on_the_cracks(answer: &str) -> ScriptedEngine {
    let answer = answer.to_owned();
    ScriptedEngine::new(move |request| {
        let is_about_cracks = asked(request).contains("14 cracks");
        Ok(if is_about_cracks {
            answer.clone()
        } else {
            "NONE".to_owned()
        })
    })
}

/// An engine that remembers what it was asked, and answers nothing usable.
pub fn listening() -> (ScriptedEngine, Arc<Mutex<Vec<GenerateRequest>>>) {
    let heard: Arc<Mutex<Vec<GenerateRequest>>> = Arc::default();
    let writes = Arc::clone(&heard);
    let engine = ScriptedEngine::new(move |request| {
        writes.lock().unwrap().push(request.clone());
        Ok("NONE".to_owned())
    });
    (engine, heard)
}

/// The statement that cites a sentence with these words.
pub fn about<'s>(summary: &'s Summary, words: &str) -> &'s Bullet {
    let cites = |bullet: &&Bullet| {
        bullet
            .citations
            .iter()
            .any(|citation| citation.quote.contains(words))
    };
    summary
        .statements()
        .find(cites)
        .unwrap_or_else(|| panic!("no statement cites `{words}`: {summary:#?}"))
}

/// A cited sentence with its relative day written out.
pub fn with_its_day(citation: &Citation) -> String {
    let Some(resolved) = &citation.resolved else {
        return citation.quote.clone();
    };
    let mark = if citation.quote.contains(&format!("{} ", resolved.text)) {
        ","
    } else {
        ""
    };
    let day = resolved.date.strftime("on %B %-d, %Y");
    citation.quote.replace(&resolved.text, &format!("{day}{mark}"))
}

/// The statement on the cracks, and why the model's first wording of it was refused.
pub fn refused(answer: &str) -> (Bullet, Vec<CheckReason>) {
    let summary = Story::bridge().summarize(&on_the_cracks(answer));
    let bullet = about(&summary, "14 cracks").clone();
    let reasons = bullet.check.refused.first().cloned().unwrap_or_default();
    (bullet, reasons)
}

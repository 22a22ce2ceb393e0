//! HTML out of templates that escape everything: the summary fragment and the pages around it.

use std::sync::LazyLock;

use axum::response::Html;
use minijinja::value::Serde;
use minijinja::{Environment, UndefinedBehavior, Value, context};
use serde::Serialize;

use super::corrections::CorrectionView;
use super::error::{Kind, Problem};
use super::list::Page;
use super::view::SummaryView;
use crate::domain::AI_LABEL;

// The extension `.html` switches escaping on.
const TEMPLATES: [(&str, &str); 7] = [
    ("base.html", include_str!("templates/base.html")),
    ("summary.html", include_str!("templates/summary.html")),
    ("stories.html", include_str!("templates/stories.html")),
    ("story.html", include_str!("templates/story.html")),
    ("corrections.html", include_str!("templates/corrections.html")),
    (
        "corrections_list.html",
        include_str!("templates/corrections_list.html"),
    ),
    ("docs.html", include_str!("templates/docs.html")),
];

static ENVIRONMENT: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut environment = Environment::new();
    // What a statement does not have is absent in its JSON: asking for it is allowed, printing it is not.
    environment.set_undefined_behavior(UndefinedBehavior::SemiStrict);
    environment.add_global("ai_label", AI_LABEL);
    environment.add_test("web_url", |url: &str| {
        url.starts_with("https://") || url.starts_with("http://")
    });
    for (name, source) in TEMPLATES {
        if let Err(error) = environment.add_template(name, source) {
            // A test renders each: this is not reached in a build that passed.
            tracing::error!(%error, name, "template does not parse");
        }
    }
    environment
});

/// A summary as a fragment to be put into a page.
pub(super) fn summary_fragment(summary: &SummaryView) -> Result<Html<String>, Problem> {
    render(
        "summary.html",
        context! { summary => Value::from(Serde(summary)) },
    )
}

/// Part of the list of stories.
#[derive(Debug, Serialize)]
pub(super) struct StoriesPage {
    /// With their summaries.
    pub(super) summaries: Vec<SummaryView>,
    /// Where the next part starts; `None` on the last.
    pub(super) next_cursor: Option<String>,
}

/// The start page.
pub(super) fn stories_page(page: &StoriesPage) -> Result<Html<String>, Problem> {
    render("stories.html", context! { page => Value::from(Serde(page)) })
}

/// The page of one story, with its newest corrections.
pub(super) fn story_page(
    summary: &SummaryView,
    corrections: &[CorrectionView],
) -> Result<Html<String>, Problem> {
    let (summary, corrections) = (Value::from(Serde(summary)), Value::from(Serde(corrections)));
    render("story.html", context! { summary, corrections })
}

/// A page of the corrections of all stories.
pub(super) fn corrections_page(page: &Page<CorrectionView>) -> Result<Html<String>, Problem> {
    render("corrections.html", Value::from(Serde(page)))
}

/// The documentation of the interface, from its OpenAPI document.
pub(super) fn docs_page(document: &serde_json::Value) -> Result<Html<String>, Problem> {
    let problems: Vec<_> = Kind::ALL
        .iter()
        .map(|kind| {
            let (title, status) = kind.title_and_status();
            context! { uri => kind.uri(), title, status }
        })
        .collect();
    render(
        "docs.html",
        context! { document => Value::from(Serde(document)), problems },
    )
}

fn render(name: &str, context: Value) -> Result<Html<String>, Problem> {
    ENVIRONMENT
        .get_template(name)
        .and_then(|template| template.render(context))
        .map(Html)
        .map_err(|error| Problem::internal(&error))
}

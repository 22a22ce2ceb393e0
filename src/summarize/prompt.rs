//! Renders the prompt for one point: its evidence sentences, each with outlet and date, and nothing else.
//!
//! The template is part of the program; name and version are stored with each summary. Article text is data here: the
//! engine puts it into the chat as ordinary tokens, whatever it looks like.

use minijinja::{AutoEscape, Environment, UndefinedBehavior, Value, context};

use super::SummarizeError;
use super::grounding::straight;
use super::material::Material;
use super::passages::Passage;
use super::points::Point;
use super::verify::leak;
use crate::domain::ArticleMeta;
use crate::engine::{Message, Role};
use crate::text::similarity::words;

/// Name and version of the prompt.
pub const NAME: &str = "bullet.v1";

const TEMPLATE: &str = include_str!("../../prompts/bullet.v1.jinja");

/// The most characters of an outlet's name that the writer is shown.
const MAX_OUTLET_CHARS: usize = 60;

/// A sentence as the writer is given it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The sentence, on one line, with straight quotation marks.
    pub text: String,
    /// Its outlet.
    pub outlet: Option<String>,
    /// The day its article was published, as `July 4, 2025`.
    pub date: Option<String>,
}

/// The evidence of a point as the writer is given it.
pub fn lines(material: &Material<'_>, point: &Point<'_>) -> Vec<Line> {
    point
        .evidence()
        .iter()
        .map(|passage| line(material, passage))
        .collect()
}

/// A sentence as the writer is given it.
pub fn line(material: &Material<'_>, passage: &Passage<'_>) -> Line {
    let meta = material.source(passage).map(|source| source.meta);
    let outlet = meta.and_then(shown_outlet);
    let date = meta.and_then(|meta| meta.published_at).map(|at| at.date());
    Line {
        text: straight(passage.text),
        outlet: outlet.map(|outlet| outlet.chars().take(MAX_OUTLET_CHARS).collect()),
        date: date.map(|date| date.strftime("%B %-d, %Y").to_string()),
    }
}

/// The name of an article's outlet where it may stand in a text: one that addresses a model may not (P20).
pub fn shown_outlet(meta: &ArticleMeta) -> Option<&str> {
    let outlet = meta.outlet.as_deref()?;
    (!leak::addresses_a_model(outlet)).then_some(outlet)
}

/// The text with runs of blanks as one blank.
pub fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The template, ready to render.
#[derive(Debug)]
pub struct Prompt {
    environment: Environment<'static>,
}

impl Prompt {
    /// Reads the template.
    ///
    /// # Errors
    /// When it is broken.
    pub fn new() -> Result<Self, SummarizeError> {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_auto_escape_callback(|_| AutoEscape::None);
        environment.add_template(NAME, TEMPLATE).map_err(broken)?;
        Ok(Self { environment })
    }

    /// The chat that asks for one bullet from this evidence.
    ///
    /// # Errors
    /// When the template is broken.
    pub fn messages(&self, evidence: &[Line]) -> Result<Vec<Message>, SummarizeError> {
        let template = self.environment.get_template(NAME).map_err(broken)?;
        let evidence: Vec<Value> = evidence
            .iter()
            .map(|line| context! { text => line.text.as_str(), outlet => line.outlet.as_deref(), date => line.date.as_deref() })
            .collect();
        let mut rendered = template.render_captured(context! { evidence }).map_err(broken)?;
        let mut message = |role, block: &str| -> Result<Message, SummarizeError> {
            let content = rendered
                .with_state_mut(|state| state.render_block(block))
                .map_err(broken)?;
            Ok(Message {
                role,
                content: content.trim().to_owned(),
            })
        };
        Ok(vec![
            message(Role::System, "system")?,
            message(Role::User, "user")?,
        ])
    }

    /// The words of the instructions themselves, to recognise them in an answer (P20).
    ///
    /// # Errors
    /// When the template is broken.
    pub fn instruction_words(&self) -> Result<Vec<String>, SummarizeError> {
        let messages = self.messages(&[])?;
        Ok(messages
            .iter()
            .flat_map(|message| words(&message.content))
            .collect())
    }
}

#[expect(clippy::needless_pass_by_value, reason = "the shape that map_err calls")]
fn broken(error: minijinja::Error) -> SummarizeError {
    SummarizeError::Prompt {
        name: NAME,
        detail: format!("{error:#}"),
    }
}

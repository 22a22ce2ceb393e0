//! Renders the prompt for one point: its evidence sentences, and nothing else.
//!
//! The templates are part of the program; name and version are stored with each summary. A model that was taught this job
//! gets the prompt that it was taught with, every other one the prompt that explains the job. Article text is data here:
//! the engine puts it into the chat as ordinary tokens, whatever it looks like.

use minijinja::{AutoEscape, Environment, UndefinedBehavior, Value, context};

use super::SummarizeError;
use super::grounding::straight;
use super::material::Material;
use super::passages::Passage;
use super::points::Point;
use super::verify::leak;
use crate::domain::ArticleMeta;
use crate::engine::{Message, ModelInfo, Role};
use crate::text::similarity::words;

/// A prompt: how it is named in manifests and with each summary, and its text.
#[derive(Debug)]
struct Template {
    name: &'static str,
    text: &'static str,
    /// Whether models were taught with it: to write a bullet that mostly passes, and to abstain where the evidence
    /// holds no news.
    is_taught: bool,
}

/// All prompts; the first is for models that were not taught any.
static TEMPLATES: [Template; 2] = [
    Template {
        name: "bullet.v1",
        text: include_str!("../../prompts/bullet.v1.jinja"),
        is_taught: false,
    },
    Template {
        name: "bullet.v2",
        text: include_str!("../../prompts/bullet.v2.jinja"),
        is_taught: true,
    },
];

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

fn template_for(writer: &ModelInfo) -> Result<&'static Template, SummarizeError> {
    let Some(name) = &writer.prompt else {
        let [explained, ..] = &TEMPLATES;
        return Ok(explained);
    };
    let known = TEMPLATES.iter().find(|template| template.name == name);
    known.ok_or_else(|| SummarizeError::UnknownPrompt {
        model: writer.name.clone(),
        prompt: name.clone(),
        known: TEMPLATES.each_ref().map(|template| template.name).join(", "),
    })
}

/// A template, ready to render.
#[derive(Debug)]
pub struct Prompt {
    template: &'static Template,
    environment: Environment<'static>,
}

impl Prompt {
    /// Reads the template for a model.
    ///
    /// # Errors
    /// When the model was taught with one that this program does not have, or it is broken.
    pub fn for_model(writer: &ModelInfo) -> Result<Self, SummarizeError> {
        let template = template_for(writer)?;
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_auto_escape_callback(|_| AutoEscape::None);
        let added = environment.add_template(template.name, template.text);
        added.map_err(|error| broken(template, &error))?;
        Ok(Self {
            template,
            environment,
        })
    }

    /// Name and version.
    pub fn name(&self) -> &'static str {
        self.template.name
    }

    /// Whether the model was taught to write bullets, and to abstain where there is none to write.
    pub fn is_taught(&self) -> bool {
        self.template.is_taught
    }

    /// The chat that asks for one bullet from this evidence.
    ///
    /// # Errors
    /// When the template is broken.
    pub fn messages(&self, evidence: &[Line]) -> Result<Vec<Message>, SummarizeError> {
        let template = self
            .environment
            .get_template(self.template.name)
            .map_err(|error| broken(self.template, &error))?;
        let evidence: Vec<Value> = evidence
            .iter()
            .map(|line| context! { text => line.text.as_str(), outlet => line.outlet.as_deref(), date => line.date.as_deref() })
            .collect();
        let mut rendered = template
            .render_captured(context! { evidence })
            .map_err(|error| broken(self.template, &error))?;
        let mut message = |role, block: &str| -> Result<Message, SummarizeError> {
            let content = rendered
                .with_state_mut(|state| state.render_block(block))
                .map_err(|error| broken(self.template, &error))?;
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

fn broken(template: &Template, error: &minijinja::Error) -> SummarizeError {
    SummarizeError::Prompt {
        name: template.name,
        detail: format!("{error:#}"),
    }
}

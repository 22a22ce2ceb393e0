//! HTML to text from the tokens alone. No tree is built, since the tree that HTML5 prescribes for hostile markup can
//! be quadratically larger than its input (re-opened formatting elements), and news text needs none: this takes linear
//! time and memory, and never recurses.

use std::cell::RefCell;
use std::collections::HashMap;

use html5ever::TokenizerResult;
use html5ever::tendril::StrTendril;
use html5ever::tokenizer::states::RawKind;
use html5ever::tokenizer::{
    BufferQueue, Tag, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts,
};

/// Elements that begin and end a paragraph.
const BLOCKS: &[&str] = &[
    "address",
    "article",
    "blockquote",
    "body",
    "center",
    "dd",
    "details",
    "div",
    "dl",
    "dt",
    "fieldset",
    "figure",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "header",
    "hr",
    "html",
    "li",
    "main",
    "ol",
    "p",
    "pre",
    "section",
    "summary",
    "table",
    "tbody",
    "tfoot",
    "thead",
    "tr",
    "ul",
];

/// Elements whose content is not the story's: code, furniture, captions, controls, other media, and what was struck out.
const DROPPED: &[&str] = &[
    "applet",
    "aside",
    "audio",
    "button",
    "canvas",
    "del",
    "dialog",
    "figcaption",
    "footer",
    "form",
    "frameset",
    "head",
    "iframe",
    "map",
    "math",
    "menu",
    "nav",
    "noembed",
    "noframes",
    "noscript",
    "object",
    "s",
    "script",
    "select",
    "strike",
    "style",
    "svg",
    "template",
    "textarea",
    "title",
    "video",
    "xmp",
];

/// Other elements whose tags show that a text is HTML.
const INLINE: &[&str] = &[
    "a", "abbr", "b", "bdi", "bdo", "big", "br", "caption", "cite", "code", "col", "colgroup", "data", "del",
    "dfn", "em", "font", "i", "img", "ins", "input", "kbd", "label", "link", "mark", "meta", "picture", "q",
    "s", "samp", "small", "source", "span", "strike", "strong", "sub", "sup", "td", "th", "time", "tt", "u",
    "var", "wbr",
];

/// Elements without content: they have no end tag.
const VOID: &[&str] = &[
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr",
];

/// Entity names that occur in news text; with their `;` they show that a text is escaped.
const ENTITIES: &[&str] = &[
    "amp", "apos", "bull", "cent", "copy", "eacute", "euro", "gt", "hellip", "laquo", "ldquo", "lsquo", "lt",
    "mdash", "middot", "nbsp", "ndash", "ntilde", "ouml", "pound", "quot", "raquo", "rdquo", "reg", "rsquo",
    "shy", "uuml",
];

/// Whether a text has real tags or entities; a mere `<` or `&` does not make it HTML.
pub(super) fn is_html(text: &str) -> bool {
    has_tag(text) || suffixes(text, '&').any(starts_with_entity)
}

fn has_tag(text: &str) -> bool {
    suffixes(text, '<').any(starts_with_tag)
}

/// The rest of the text from each `sign` on.
fn suffixes(text: &str, sign: char) -> impl Iterator<Item = &str> {
    text.match_indices(sign).filter_map(|(at, _)| text.get(at..))
}

/// The text of an HTML document or fragment: paragraphs separated by blank lines, not yet normalised.
pub(super) fn to_text(html: &str) -> String {
    let has_blocks = has_block_tag(html);
    // In a text that is only escaped, a `<` is a sign of the text.
    let escaped = if has_tag(html) {
        None
    } else {
        Some(html.replace('<', "&lt;"))
    };
    let html = escaped.as_deref().unwrap_or(html);
    let sink = TextSink {
        state: RefCell::new(State {
            keeps_line_ends: !has_blocks,
            ..State::default()
        }),
    };
    let tokenizer = Tokenizer::new(sink, TokenizerOpts::default());
    let input = BufferQueue::default();
    input.push_back(StrTendril::from(html));
    // The tokenizer stops at every `</script>`, for a browser to run it.
    while let TokenizerResult::Script(()) = tokenizer.feed(&input) {}
    tokenizer.end();
    tokenizer.sink.state.into_inner().text
}

fn has_block_tag(html: &str) -> bool {
    suffixes(html, '<')
        .filter_map(tag_name)
        .any(|name| name == "br" || BLOCKS.contains(&name.as_str()))
}

/// `<!doctype`, `<!--`, or `<name` of a known element that is closed by `>` before another `<`.
fn starts_with_tag(rest: &str) -> bool {
    if rest.starts_with("<!--")
        || rest
            .get(..9)
            .is_some_and(|start| start.eq_ignore_ascii_case("<!doctype"))
    {
        return true;
    }
    let Some(name) = tag_name(rest) else {
        return false;
    };
    let known = [BLOCKS, DROPPED, INLINE]
        .iter()
        .any(|names| names.contains(&name.as_str()));
    // The search ends at the next `<`, so that all of them together read the text once.
    known
        && rest
            .get(1..)
            .and_then(|rest| rest.find(['<', '>']).and_then(|at| rest.get(at..)))
            .is_some_and(|rest| rest.starts_with('>'))
}

/// The lower-case element name of a tag at the start of `rest`.
fn tag_name(rest: &str) -> Option<String> {
    let rest = rest.strip_prefix('<')?;
    let rest = rest.strip_prefix('/').unwrap_or(rest);
    let length = rest
        .bytes()
        .take(12)
        .take_while(u8::is_ascii_alphanumeric)
        .count();
    let after = rest.as_bytes().get(length).copied()?;
    let ends = matches!(after, b'>' | b'/') || after.is_ascii_whitespace();
    (length > 0 && ends).then(|| rest.get(..length).unwrap_or_default().to_ascii_lowercase())
}

fn starts_with_entity(rest: &str) -> bool {
    let Some(rest) = rest.strip_prefix('&') else {
        return false;
    };
    let length = rest.bytes().take(9).take_while(|byte| *byte != b';').count();
    let Some(name) = rest
        .get(..length)
        .filter(|_| rest.as_bytes().get(length) == Some(&b';'))
    else {
        return false;
    };
    if let Some(code) = name.strip_prefix('#') {
        let hex = code.strip_prefix(['x', 'X']);
        return match hex {
            Some(hex) => !hex.is_empty() && hex.bytes().all(|byte| byte.is_ascii_hexdigit()),
            None => !code.is_empty() && code.bytes().all(|byte| byte.is_ascii_digit()),
        };
    }
    ENTITIES.contains(&name)
}

/// Writes the text of the tokens it is given.
struct TextSink {
    state: RefCell<State>,
}

#[derive(Default)]
struct State {
    text: String,
    /// Without block elements the text's own blank lines are its paragraphs.
    keeps_line_ends: bool,
    /// The elements that are open, outermost first.
    open: Vec<String>,
    /// How many of each are open, so that a stray end tag costs nothing.
    open_counts: HashMap<String, usize>,
    /// How many elements were open when the outermost dropped one began.
    dropped_at: Option<usize>,
}

impl TokenSink for TextSink {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        let mut state = self.state.borrow_mut();
        match token {
            Token::CharacterTokens(text) => state.characters(&text),
            Token::TagToken(tag) if tag.kind == TagKind::EndTag => state.end(&tag.name),
            Token::TagToken(tag) => return state.start(&tag),
            _ => {}
        }
        TokenSinkResult::Continue
    }
}

impl State {
    fn characters(&mut self, text: &str) {
        if self.dropped_at.is_some() {
            return;
        }
        if self.keeps_line_ends {
            self.text.push_str(text);
        } else {
            self.text
                .extend(text.chars().map(|c| if c.is_whitespace() { ' ' } else { c }));
        }
    }

    fn start(&mut self, tag: &Tag) -> TokenSinkResult<()> {
        let name: &str = &tag.name;
        if self.dropped_at.is_none() {
            self.separate(name);
        }
        let raw = raw_kind(name);
        // `<div/>` closes itself in XHTML; code does not, or it would end up in the text.
        if !VOID.contains(&name) && (raw.is_some() || !tag.self_closing) {
            if self.dropped_at.is_none() && DROPPED.contains(&name) {
                self.dropped_at = Some(self.open.len());
            }
            *self.open_counts.entry(name.to_owned()).or_insert(0) += 1;
            self.open.push(name.to_owned());
        }
        match raw {
            Some(kind) => TokenSinkResult::RawData(kind),
            None => TokenSinkResult::Continue,
        }
    }

    /// Closes the innermost element of that name and what is open inside it.
    fn end(&mut self, name: &str) {
        if self.dropped_at.is_none() {
            self.separate(name);
        }
        if self.open_counts.get(name).copied().unwrap_or(0) == 0 {
            return;
        }
        while let Some(closed) = self.open.pop() {
            if let Some(count) = self.open_counts.get_mut(&closed) {
                *count -= 1;
            }
            if closed == name {
                break;
            }
        }
        if self.dropped_at.is_some_and(|at| self.open.len() <= at) {
            self.dropped_at = None;
            self.separate(name);
        }
    }

    fn separate(&mut self, name: &str) {
        if name == "br" {
            self.text.push('\n');
        } else if name == "td" || name == "th" {
            self.text.push(' ');
        } else if BLOCKS.contains(&name) {
            self.text.push_str("\n\n");
        }
    }
}

/// Elements whose content is not markup: the tokenizer must be told, since it builds no tree.
fn raw_kind(name: &str) -> Option<RawKind> {
    match name {
        "script" => Some(RawKind::ScriptData),
        "style" | "xmp" | "iframe" | "noembed" | "noframes" | "noscript" => Some(RawKind::Rawtext),
        "title" | "textarea" => Some(RawKind::Rcdata),
        _ => None,
    }
}

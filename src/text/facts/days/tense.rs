//! Whether what happens on a day lies before or after the day of publication: the tense of its clause, read from the
//! nearest verb. Own compilation of closed classes.

use crate::text::facts::tokens::{Kind, Token};
use crate::text::similarity::is_function_word;

/// How far a verb may stand from its day, tokens.
const REACH: usize = 24;

/// How many tokens before a participle its auxiliary may stand.
const AUXILIARY_REACH: usize = 3;

/// When something happens, seen from the day of publication.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tense {
    /// Before, or on that day.
    Past,
    /// After, or on that day.
    Future,
    /// The text does not say.
    Open,
}

const FUTURE: [&str; 3] = ["will", "shall", "won't"];

/// May lie on either side.
#[rustfmt::skip]
const MODAL: [&str; 9] = ["would", "could", "should", "may", "might", "can", "must", "cannot", "ought"];

const PRESENT: [&str; 3] = ["is", "are", "am"];

/// Behind "is" and "are" these speak of what is to come; behind "was" of what may have come.
#[rustfmt::skip]
const PLANNED: [&str; 11] = [
    "scheduled", "slated", "expected", "planned", "planning", "due", "set", "poised", "supposed", "likely", "going",
];

/// Past forms that do not end in "ed".
#[rustfmt::skip]
const PAST: [&str; 84] = [
    "was", "were", "had", "has", "have", "did", "said", "told", "made", "took", "gave", "held", "kept", "found", "began", "became",
    "ran", "sought", "brought", "left", "met", "lost", "won", "wrote", "spoke", "fell", "rose", "stood", "drew", "sent", "came",
    "got", "saw", "knew", "thought", "led", "paid", "spent", "fought", "built", "bought", "sold", "chose", "grew", "threw",
    "broke", "struck", "shot", "fled", "went", "sank", "swore", "tore", "taught", "caught", "hid", "hung", "felt", "dealt",
    "shook", "woke", "froze", "sat", "sang", "rode", "drove", "flew", "laid", "lit", "bore", "wore", "stole", "blew", "shut",
    "cast", "hit", "quit", "read", "heard", "arose", "sued", "died", "says", "tweeted",
];

/// Words in "ed" that are no verbs.
const NO_VERBS: [&str; 5] = ["united", "hundred", "indeed", "exceed", "proceed"];

/// The tense of the clause around the tokens `start..end`: of the nearest verb before them, else of the first behind.
pub(super) fn of_clause(tokens: &[Token<'_>], start: usize, end: usize) -> Tense {
    let before = (start.saturating_sub(REACH)..start).rev();
    let mut found = None;
    for index in before {
        if tokens
            .get(index)
            .is_some_and(|token| matches!(token.text, ";" | ":"))
        {
            break;
        }
        found = signal(tokens, index);
        if found.is_some() {
            break;
        }
    }
    found
        .or_else(|| (end..end.saturating_add(REACH)).find_map(|index| signal(tokens, index)))
        .unwrap_or(Tense::Open)
}

/// Whether a token is a verb in the past.
pub(super) fn is_past_verb(token: &Token<'_>) -> bool {
    let word = token.text;
    let regular = word.len() > 4 && word.ends_with("ed") && !NO_VERBS.contains(&word);
    token.kind == Kind::Word && word.starts_with(char::is_lowercase) && (PAST.contains(&word) || regular)
}

/// What the word at this index says of the tense, together with its auxiliary.
fn signal(tokens: &[Token<'_>], index: usize) -> Option<Tense> {
    let token = tokens.get(index)?;
    let word = token.text;
    if PLANNED.contains(&word) {
        return Some(of_plan(tokens, index));
    }
    if is_past_verb(token) {
        // "will be held", "is to be held": not "held".
        let auxiliary = index.saturating_sub(AUXILIARY_REACH)..index;
        let ahead = auxiliary.rev().find_map(|index| unfinished(tokens, index));
        return Some(ahead.unwrap_or(Tense::Past));
    }
    unfinished(tokens, index)
}

/// What a word says that announces a verb which is yet to come.
fn unfinished(tokens: &[Token<'_>], index: usize) -> Option<Tense> {
    let token = tokens.get(index)?;
    let word = token.text;
    if FUTURE.contains(&word) || word.ends_with("'ll") || word.ends_with("’ll") {
        return Some(Tense::Future);
    }
    if MODAL.contains(&word) {
        return Some(Tense::Open);
    }
    if PRESENT.contains(&word) {
        let plan = (index + 1..index + 3).any(|at| {
            tokens
                .get(at)
                .is_some_and(|next| next.text == "to" || PLANNED.contains(&next.text))
        });
        return Some(if plan { Tense::Future } else { Tense::Open });
    }
    is_infinitive(tokens, index).then(|| of_plan(tokens, index))
}

/// "is set to", "are due": future; "was set to", "agreed to": open.
fn of_plan(tokens: &[Token<'_>], index: usize) -> Tense {
    let before = index.saturating_sub(AUXILIARY_REACH)..index;
    let is_present = before.clone().any(|at| {
        tokens.get(at).is_some_and(|token| {
            PRESENT.contains(&token.text)
                || FUTURE.contains(&token.text)
                || matches!(token.text, "plans" | "intends" | "expects")
        })
    });
    let is_past = before.rev().any(|at| {
        tokens
            .get(at)
            .is_some_and(|token| matches!(token.text, "was" | "were"))
    });
    if is_present && !is_past {
        Tense::Future
    } else {
        Tense::Open
    }
}

/// "to vote", not "to the council", "to Alder" or "according to".
fn is_infinitive(tokens: &[Token<'_>], index: usize) -> bool {
    let is_to = tokens.get(index).is_some_and(|token| token.text == "to");
    let according = index
        .checked_sub(1)
        .and_then(|before| tokens.get(before))
        .is_some_and(|before| before.text.eq_ignore_ascii_case("according"));
    let verb = tokens.get(index + 1).is_some_and(|next| {
        let plain = next.kind == Kind::Word && next.text.starts_with(char::is_lowercase);
        plain && (!is_function_word(next.text) || matches!(next.text, "be" | "have" | "do"))
    });
    is_to && !according && verb
}

//! Edits made: the words that are left, as a sentence.

use super::cuts::Edit;
use super::words::Word;
use crate::text::capitalised;

/// The words with the edits made; `None` where an article no longer fits or nothing is left.
pub(super) fn apply(source: &[Word], edits: &[&Edit]) -> Option<Vec<Word>> {
    let mut kept: Vec<Word> = Vec::new();
    let mut index = 0;
    while let Some(word) = source.get(index) {
        let Some(edit) = edits.iter().find(|edit| edit.range.start == index) else {
            kept.push(word.clone());
            index += 1;
            continue;
        };
        let last = source.get(edit.range.end.checked_sub(1)?)?;
        let mark = trailing_mark(&last.text);
        match (edit.instead, kept.last_mut()) {
            (Some(instead), _) => {
                kept.extend(instead.split(' ').map(|text| Word::new(text, false)));
                if let Some(end) = kept.last_mut() {
                    end.text.push_str(mark);
                }
            }
            (None, Some(before)) if edit.takes_comma => before.text = before.unmarked(),
            // The mark behind what goes stands behind what stays.
            (None, Some(before)) if !mark.is_empty() && trailing_mark(&before.text).is_empty() => {
                before.text.push_str(mark);
            }
            _ => {}
        }
        index = edit.range.end;
    }
    articles_fit(&mut kept).then_some(kept)
}

/// The comma or semicolon at the end.
fn trailing_mark(text: &str) -> &'static str {
    match text.chars().next_back() {
        Some(',') => ",",
        Some(';') => ";",
        _ => "",
    }
}

/// Makes "a" and "an" fit the word behind; false where it takes an ear.
fn articles_fit(words: &mut [Word]) -> bool {
    for index in 1..words.len() {
        let Some([article, next]) = words.get_mut(index - 1..=index) else {
            return true;
        };
        if !article.is(&["a", "an"]) {
            continue;
        }
        let first = next.lower.chars().next().unwrap_or_default();
        let is_plain =
            first.is_ascii_lowercase() && !matches!(first, 'u' | 'h' | 'e' | 'o') && !next.has_capital();
        let wants = if matches!(first, 'a' | 'e' | 'i' | 'o' | 'u') {
            "an"
        } else {
            "a"
        };
        if article.lower == wants {
            continue;
        }
        if !is_plain {
            // As it stood in the sentence it was right: only a new neighbour needs care.
            if article.lower == "an" && matches!(first, 'h' | 'e' | 'o' | 'u') || next.has_capital() {
                continue;
            }
            return false;
        }
        article.text = article.text.replace(&article.lower, wants);
        wants.clone_into(&mut article.lower);
    }
    true
}

/// One sentence: a capital in front, a stop behind.
pub(super) fn finish(words: &[Word]) -> String {
    let texts: Vec<&str> = words.iter().map(|word| word.text.as_str()).collect();
    let line = texts.join(" ");
    let line = line.trim_end_matches([',', ';', ':', ' ', '—', '–', '-']);
    let mut sentence = capitalised(line);
    if !sentence.ends_with(['.', '!', '?']) && !sentence.ends_with(".\"") {
        match sentence.strip_suffix(",\"") {
            Some(quoted) => sentence = format!("{quoted}.\""),
            None => sentence.push('.'),
        }
    }
    sentence
}

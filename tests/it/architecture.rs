//! Holds the shape that `src/lib.rs` describes: which module may refer to which, that the engine knows no news words,
//! and that files open with their purpose and stay readable in one sitting.

use std::path::{Path, PathBuf};

/// What each top-level module may refer to besides itself. A module that is not listed ties the others together
/// and may refer to all of them.
const ALLOWED: &[(&str, &[&str])] = &[
    ("clock", &[]),
    ("cpu", &[]),
    ("domain", &[]),
    ("text", &["domain"]),
    ("engine", &["clock"]),
    ("store", &["domain", "clock"]),
    ("ingest", &["store", "engine", "text", "domain", "clock"]),
    ("summarize", &["engine", "text", "domain", "clock"]),
    (
        "jobs",
        &["ingest", "summarize", "store", "engine", "domain", "clock"],
    ),
    (
        "eval",
        &["ingest", "summarize", "engine", "text", "domain", "clock"],
    ),
    ("bench", &["eval", "ingest", "engine", "domain"]),
    (
        "serve",
        &["ingest", "store", "text", "domain", "clock", "telemetry"],
    ),
];

const MODULES: &[&str] = &[
    "app",
    "bench",
    "cli",
    "clock",
    "config",
    "cpu",
    "domain",
    "engine",
    "eval",
    "ingest",
    "jobs",
    "serve",
    "store",
    "summarize",
    "telemetry",
    "text",
];

/// Words that the engine must not know, in the singular.
const NEWS_WORDS: &[&str] = &[
    "story",
    "article",
    "outlet",
    "headline",
    "bullet",
    "lede",
    "lens",
    "newspaper",
    "journalist",
    "citation",
    "publisher",
];

const MAX_LINES: usize = 500;

#[test]
fn modules_refer_only_to_the_modules_below_them() {
    let mut wrong = Vec::new();
    for (path, source) in files_in("src") {
        let module = top_level_module(&path);
        let Some((_, allowed)) = ALLOWED.iter().find(|(name, _)| *name == module) else {
            continue;
        };
        for target in references(&source, depth(&path)) {
            if target != module && !allowed.contains(&target.as_str()) {
                wrong.push(format!("{}: `{module}` refers to `{target}`", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_module_of_the_library_is_known_to_this_test() {
    let lib = std::fs::read_to_string(root().join("src/lib.rs")).unwrap();
    let mut declared: Vec<&str> = lib
        .lines()
        .filter_map(|line| {
            line.strip_prefix("pub mod ")
                .or_else(|| line.strip_prefix("mod "))
        })
        .map(|name| name.trim_end_matches(';'))
        .collect();
    declared.sort_unstable();
    assert_eq!(declared, MODULES);
}

#[test]
fn the_engine_knows_no_news_words() {
    let mut wrong = Vec::new();
    for (path, source) in files_in("src/engine") {
        for (number, line) in source.lines().enumerate() {
            for word in words(line).filter(|word| is_news_word(word)) {
                wrong.push(format!("{}:{}: `{word}`", path.display(), number + 1));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_file_opens_with_its_purpose_and_stays_short() {
    let mut wrong = Vec::new();
    for (path, source) in files_in("src").into_iter().chain(files_in("tests")) {
        if !source.starts_with("//! ") {
            wrong.push(format!("{} does not open with `//!`", path.display()));
        }
        let lines = source.lines().count();
        if lines > MAX_LINES {
            wrong.push(format!(
                "{} has {lines} lines; at most {MAX_LINES}",
                path.display()
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn references_are_found_in_every_spelling_and_not_in_comments() {
    let source = "
        use crate::store::Store;
        use crate::{clock::Clock, engine::{self, Cancel}, text};
        // crate::serve would be wrong
        fn a() -> crate::app::App { super::super::cli::run(super::domain) }
        mod tests { use super::*; use super::jobs_of_ours; }
    ";
    assert_eq!(
        references(source, 2),
        ["app", "cli", "clock", "engine", "store", "text"]
    );
}

#[test]
fn news_words_are_found_inside_identifiers_and_in_the_plural() {
    let found: Vec<String> = words("fn StoryId(max_articles: u8) // stories, bulletin").collect();
    let found: Vec<&str> = found
        .iter()
        .filter(|word| is_news_word(word))
        .map(String::as_str)
        .collect();
    assert_eq!(found, ["story", "articles", "stories"]);
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The Rust files below a folder, each with its path from the repository's root and its text.
fn files_in(folder: &str) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let source = std::fs::read_to_string(&path).unwrap();
                found.push((path.strip_prefix(root()).unwrap().to_owned(), source));
            }
        }
    }
    assert!(!found.is_empty(), "no Rust files in {folder}");
    found.sort();
    found
}

/// `engine` for `src/engine/models/mod.rs`, `clock` for `src/clock.rs`.
fn top_level_module(path: &Path) -> String {
    let part = path.components().nth(1).unwrap().as_os_str().to_str().unwrap();
    part.trim_end_matches(".rs").to_owned()
}

/// How many `super::` lead from a file's module to the crate's root.
fn depth(path: &Path) -> usize {
    let below_src = path.components().count() - 1;
    if path.ends_with("mod.rs") {
        below_src - 1
    } else {
        below_src
    }
}

/// The top-level modules that a source refers to, sorted: `crate::x`, `crate::{x, …}` and enough `super::` before x.
fn references(source: &str, depth: usize) -> Vec<String> {
    let code: String = source
        .lines()
        .map(|line| line.split("//").next().unwrap_or_default())
        .collect::<Vec<_>>()
        .join("\n");
    let mut found: Vec<String> = Vec::new();
    for (_, rest) in after_each(&code, "crate::") {
        match rest.strip_prefix('{') {
            Some(group) => found.extend(heads_of_group(group)),
            None => found.push(identifier(rest)),
        }
    }
    let to_root = "super::".repeat(depth);
    for (_, rest) in after_each(&code, &to_root) {
        found.push(identifier(rest.trim_start_matches("super::")));
    }
    found.retain(|name| MODULES.contains(&name.as_str()));
    found.sort();
    found.dedup();
    found
}

fn after_each<'a>(code: &'a str, path: &'a str) -> impl Iterator<Item = (usize, &'a str)> {
    code.match_indices(path)
        .map(|(at, path)| (at, &code[at + path.len()..]))
}

fn identifier(code: &str) -> String {
    code.trim_start()
        .chars()
        .take_while(|c| c.is_alphanumeric() || *c == '_')
        .collect()
}

/// The first name of each part of `a::b, c::{d, e}, f}`.
fn heads_of_group(group: &str) -> Vec<String> {
    let mut heads = vec![identifier(group)];
    let mut nesting = 0;
    for (at, c) in group.char_indices() {
        match c {
            '{' => nesting += 1,
            '}' if nesting == 0 => break,
            '}' => nesting -= 1,
            ',' if nesting == 0 => heads.push(identifier(&group[at + 1..])),
            _ => {}
        }
    }
    heads
}

/// The words of a line in lower case; `StoryId` and `story_id` are two words each.
fn words(line: &str) -> impl Iterator<Item = String> {
    let mut spaced = String::new();
    for c in line.chars() {
        if c.is_uppercase() {
            spaced.push(' ');
        }
        spaced.push(c);
    }
    let words: Vec<String> = spaced
        .split(|c: char| !c.is_alphabetic())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect();
    words.into_iter()
}

fn is_news_word(word: &str) -> bool {
    NEWS_WORDS.iter().any(|news| {
        word == *news || word.strip_suffix('s') == Some(news) || (*news == "story" && word == "stories")
    })
}

//! JSON lines.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use anyhow::Context;
use serde::de::DeserializeOwned;

/// The records of a file, one a line; blank lines count for nothing.
///
/// # Errors
/// When the file cannot be read, or a line of it, which is named.
pub fn read<T: DeserializeOwned>(path: &Path) -> anyhow::Result<Vec<T>> {
    let name = path.display();
    let file = File::open(path).with_context(|| format!("cannot read `{name}`"))?;
    let mut read = Vec::new();
    for (number, line) in BufReader::new(file).lines().enumerate() {
        let line = line.with_context(|| format!("cannot read `{name}`"))?;
        if !line.trim().is_empty() {
            read.push(serde_json::from_str(&line).with_context(|| format!("{name}:{}", number + 1))?);
        }
    }
    Ok(read)
}

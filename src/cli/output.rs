//! A summary as text for the terminal: label, bullets, and under each its sources. And an error, with its causes.

use std::fmt;

use crate::domain::{AI_LABEL, Bullet, BulletKind, Citation, LensStatus, Summary, SummaryStatus};

/// Most characters of a quoted sentence that are shown.
const MAX_QUOTE_CHARS: usize = 120;

/// Shows a summary with its sources.
pub(super) struct SummaryText<'a>(pub(super) &'a Summary);

/// An error with its causes, each thing said once: many messages quote their cause, or repeat what led to it.
pub(super) fn error_in_words(error: &anyhow::Error) -> String {
    let mut words = String::new();
    for cause in error.chain().map(ToString::to_string) {
        if words.contains(&cause) {
            continue;
        }
        if cause.starts_with(&words) {
            words = cause;
        } else {
            words = format!("{words}: {cause}");
        }
    }
    words
}

impl fmt::Display for SummaryText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let summary = self.0;
        writeln!(
            f,
            "{}",
            summary.headline.as_deref().unwrap_or(summary.story_id.as_str())
        )?;
        writeln!(
            f,
            "  {AI_LABEL} · {} · {} articles",
            summary.made.model, summary.coverage.articles
        )?;
        if summary.status != SummaryStatus::Ready {
            let reason = summary
                .reason
                .and_then(|reason| serde_json::to_value(reason).ok());
            let reason = reason
                .as_ref()
                .and_then(serde_json::Value::as_str)
                .unwrap_or("unknown");
            writeln!(f, "  No summary: insufficient sources ({reason})")?;
        }
        if let Some(lede) = &summary.lede {
            let place = lede
                .place
                .as_deref()
                .map(|place| format!("{place}, "))
                .unwrap_or_default();
            let date = lede
                .date
                .map(|date| date.strftime("%b %-d, %Y").to_string())
                .unwrap_or_default();
            let dateline = format!("{place}{date}");
            let separator = if dateline.is_empty() { "" } else { " – " };
            writeln!(f, "\n  {dateline}{separator}{}", lede.bullet.text)?;
            write_sources(f, &lede.bullet)?;
        }
        for bullet in &summary.bullets {
            write_bullet(f, bullet)?;
        }
        for (name, lens) in ["Left", "Center", "Right"]
            .into_iter()
            .zip(summary.lenses.sides().map(|(_, lens)| lens))
        {
            if lens.status == LensStatus::Ready {
                writeln!(f, "\n  {name}:")?;
            }
            for bullet in &lens.bullets {
                write_bullet(f, bullet)?;
            }
        }
        for conflict in &summary.conflicts {
            writeln!(f, "\n  Outlets differ on the {}:", conflict.about)?;
            for value in &conflict.values {
                writeln!(f, "      {}: {}", value.value, value.outlets.join(", "))?;
            }
        }
        writeln!(f)
    }
}

fn write_bullet(f: &mut fmt::Formatter<'_>, bullet: &Bullet) -> fmt::Result {
    writeln!(f, "\n  • {}", bullet.text)?;
    write_sources(f, bullet)
}

fn write_sources(f: &mut fmt::Formatter<'_>, bullet: &Bullet) -> fmt::Result {
    let kind = match bullet.kind {
        BulletKind::Abstractive => "written by the model",
        BulletKind::Extractive => "quoted from the source",
        BulletKind::Edited => "edited",
    };
    let outlets = if bullet.outlets == 1 {
        "1 outlet".to_owned()
    } else {
        format!("{} outlets", bullet.outlets)
    };
    writeln!(f, "      [{kind}; {outlets}]")?;
    for citation in &bullet.citations {
        writeln!(
            f,
            "      ↳ {}: “{}”",
            outlet(citation),
            shortened(&citation.quote)
        )?;
    }
    Ok(())
}

fn outlet(citation: &Citation) -> &str {
    citation.outlet.as_deref().unwrap_or("unnamed outlet")
}

fn shortened(quote: &str) -> String {
    let line = quote.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= MAX_QUOTE_CHARS {
        return line;
    }
    let kept: String = line.chars().take(MAX_QUOTE_CHARS - 1).collect();
    format!("{kept}…")
}

#[cfg(test)]
mod tests {
    use anyhow::anyhow;

    use super::*;

    #[test]
    fn an_error_says_each_thing_once() {
        for (chain, words) in [
            (&["it broke"][..], "it broke"),
            (
                &["no such file", "cannot read `x`: no such file"],
                "cannot read `x`: no such file",
            ),
            (
                &["no such file", "cannot read `x`"],
                "cannot read `x`: no such file",
            ),
            (
                &["disk", "cannot open `x`: disk", "cannot open `x`"],
                "cannot open `x`: disk",
            ),
        ] {
            let mut causes = chain.iter();
            let first = anyhow!(*causes.next().unwrap());
            let error = causes.fold(first, |error, cause| error.context(*cause));
            assert_eq!(error_in_words(&error), words);
        }
    }
}

//! The table: aligned text, or Markdown.

use super::scores::Scores;

const COLUMNS: [&str; 15] = [
    "row",
    "stories",
    "R-1",
    "R-2",
    "R-L",
    "ΔR-1",
    "ΔR-2",
    "ΔR-L",
    "abstr./extr./omitted %",
    "refused",
    "redundancy",
    "new names/numbers %",
    "copied run",
    "outlets",
    "s/story p50/p90",
];

/// Aligned columns of any cells, line by line.
pub fn text_of(cells: &[Vec<String>]) -> String {
    let width = |column: usize| {
        let cells = cells.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let mut table = String::new();
    for row in cells {
        let padded = row
            .iter()
            .enumerate()
            .map(|(at, cell)| format!("{cell:<0$}", width(at)));
        table.push_str(padded.collect::<Vec<_>>().join("  ").trim_end());
        table.push('\n');
    }
    table
}

/// A Markdown table of any cells, the first line as its head.
pub fn markdown_of(cells: &[Vec<String>]) -> String {
    let mut table = String::new();
    for (at, row) in cells.iter().enumerate() {
        table.push_str(&format!("| {} |\n", row.join(" | ")));
        if at == 0 {
            table.push_str(&format!("|{}\n", "---|".repeat(row.len())));
        }
    }
    table
}

/// The cells of the table of summaries, its head first.
pub fn cells(rows: &[Scores]) -> Vec<Vec<String>> {
    let header = COLUMNS.iter().map(|name| (*name).to_owned()).collect();
    std::iter::once(header).chain(rows.iter().map(row)).collect()
}

fn row(scores: &Scores) -> Vec<String> {
    let percent = |share: f64| format!("{:.1}", share * 100.0);
    let rouge = |value: Option<f64>| value.map(percent).unwrap_or_default();
    let interval = |at: usize| {
        let ends = scores.difference.and_then(|ends| ends.get(at).copied());
        ends.map(|[low, high]| format!("{:+.1}…{:+.1}", low * 100.0, high * 100.0))
            .unwrap_or_default()
    };
    let refused = scores.refused.iter().filter_map(|(reason, count)| {
        let name = serde_json::to_value(reason).ok()?;
        Some(format!("{} {count}", name.as_str()?))
    });
    vec![
        scores.row.clone(),
        scores.stories.to_string(),
        rouge(scores.rouge.map(|rouge| rouge.one)),
        rouge(scores.rouge.map(|rouge| rouge.two)),
        rouge(scores.rouge.map(|rouge| rouge.longest)),
        interval(0),
        interval(1),
        interval(2),
        format!(
            "{}/{}/{}",
            percent(scores.abstractive),
            percent(scores.extractive),
            percent(scores.omitted)
        ),
        refused.collect::<Vec<_>>().join(", "),
        scores
            .redundancy
            .map(|value| format!("{value:.2}"))
            .unwrap_or_default(),
        format!(
            "{}/{}",
            percent(scores.novel_names),
            percent(scores.novel_numbers)
        ),
        format!("{:.1} (max {})", scores.copied_words.0, scores.copied_words.1),
        scores
            .outlets
            .map(|value| format!("{value:.1}"))
            .unwrap_or_default(),
        format!("{:.2}/{:.2}", scores.seconds.0, scores.seconds.1),
    ]
}

//! Figures that were measured in rounds, beside those of a peer.

use std::fmt::Write as _;

use serde::Serialize;

/// What was measured of one thing.
#[derive(Debug, Clone, Serialize)]
pub struct Figure {
    /// What it is.
    pub name: String,
    /// Of the values.
    pub unit: &'static str,
    /// Ours, one a round.
    pub ours: Vec<f64>,
    /// The peers', by their names, one a round each; a peer that does not do this is absent.
    pub peers: Vec<(String, Vec<f64>)>,
}

impl Figure {
    /// Nothing measured yet.
    pub fn new(name: impl Into<String>, unit: &'static str) -> Self {
        Self {
            name: name.into(),
            unit,
            ours: Vec::new(),
            peers: Vec::new(),
        }
    }

    /// How many times the peer's value ours is: the median over rounds, since both of a round met the same machine.
    pub fn ratio(&self, peer: &[f64]) -> Option<f64> {
        let ratios = self.ours.iter().zip(peer).map(|(ours, peer)| ours / peer);
        median(ratios)
    }
}

/// The middle value; the mean of the two middle ones of an even number; none of none.
pub fn median(values: impl IntoIterator<Item = f64>) -> Option<f64> {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    let upper = values.get(values.len() / 2)?;
    let lower = values.get(values.len().saturating_sub(1) / 2)?;
    Some(f64::midpoint(*lower, *upper))
}

/// A table in Markdown: each figure's median with the least and the most, and what it is of each peer's.
pub fn table(figures: &[Figure]) -> String {
    let mut peers: Vec<&str> = Vec::new();
    for (name, _) in figures.iter().flat_map(|figure| &figure.peers) {
        if !peers.contains(&name.as_str()) {
            peers.push(name);
        }
    }
    let mut table = "| | nutgraf |".to_owned();
    for peer in &peers {
        let _ = write!(table, " {peer} | ratio |");
    }
    table.push_str("\n|---|---|");
    table.push_str(&"---|---|".repeat(peers.len()));
    table.push('\n');
    for figure in figures {
        let _ = write!(
            table,
            "| {}, {} | {} |",
            figure.name,
            figure.unit,
            spread(&figure.ours)
        );
        for peer in &peers {
            let values = figure
                .peers
                .iter()
                .find(|(name, _)| name == peer)
                .map(|(_, values)| values);
            let ratio = values.and_then(|values| figure.ratio(values));
            let _ = write!(
                table,
                " {} | {} |",
                values.map_or_else(|| "–".to_owned(), |values| spread(values)),
                ratio.map_or_else(|| "–".to_owned(), |ratio| format!("{ratio:.2}"))
            );
        }
        table.push('\n');
    }
    table
}

/// "187 (180–191)".
fn spread(values: &[f64]) -> String {
    let Some(middle) = median(values.iter().copied()) else {
        return "–".to_owned();
    };
    let least = values.iter().copied().fold(f64::INFINITY, f64::min);
    let most = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let digits = if middle < 10.0 { 2 } else { 0 };
    format!("{middle:.digits$} ({least:.digits$}–{most:.digits$})")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_median_is_the_middle_one_or_between_the_two() {
        assert_eq!(median([]), None);
        assert_eq!(median([3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median([4.0, 1.0, 2.0, 3.0]), Some(2.5));
    }

    #[test]
    fn a_ratio_compares_what_was_measured_in_the_same_round() {
        let mut figure = Figure::new("prefill 512", "tokens/s");
        figure.ours = vec![300.0, 150.0, 320.0];
        figure.peers.push(("other".to_owned(), vec![100.0, 50.0, 200.0]));
        assert_eq!(figure.ratio(&figure.peers[0].1), Some(3.0));
        let table = table(&[figure, Figure::new("load", "s")]);
        assert_eq!(
            table,
            "| | nutgraf | other | ratio |\n|---|---|---|---|\n\
             | prefill 512, tokens/s | 300 (150–320) | 100 (50–200) | 3.00 |\n\
             | load, s | – | – | – |\n"
        );
    }
}

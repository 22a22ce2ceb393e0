//! The table: for each row and set the area under the curve, the balanced accuracy, and how right and how frequent
//! `verified` is.

use serde::Serialize;

use super::fit::{Decided, Labelled, Use};
use super::measures::{Scored, area_under_curve, balanced_accuracy};

/// What a row reaches on a set, or on average; `null` where a set lacks a label or nothing was verified.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Cell {
    /// The set; "mean" for the mean of all.
    pub set: String,
    /// How many claims.
    pub claims: usize,
    /// Mean of both labels' shares of right decisions at the threshold.
    pub balanced_accuracy: Option<f64>,
    /// Area under the receiver operating characteristic.
    pub area_under_curve: Option<f64>,
    /// The share of supported claims among the verified ones.
    pub precision_verified: Option<f64>,
    /// The share of claims that are verified.
    pub verified: f64,
}

/// A row of the table.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RowReport {
    /// Its name.
    pub row: String,
    /// One for each set, then the mean.
    pub sets: Vec<Cell>,
}

/// A row's cells from its decisions about the examples.
pub fn row(name: &str, examples: &[Labelled], decided: &[Decided]) -> RowReport {
    let mut names: Vec<&str> = Vec::new();
    for example in examples.iter().filter(|example| example.used != Use::Learn) {
        if !names.contains(&example.set.as_str()) {
            names.push(&example.set);
        }
    }
    names.sort_unstable();
    let mut sets: Vec<Cell> = names
        .iter()
        .map(|set| {
            let of_set = examples
                .iter()
                .zip(decided)
                .filter(|(example, _)| example.set == *set);
            cell(set, &of_set.collect::<Vec<_>>())
        })
        .collect();
    sets.push(mean(&sets));
    RowReport {
        row: name.to_owned(),
        sets,
    }
}

fn cell(set: &str, decided: &[(&Labelled, &Decided)]) -> Cell {
    let scored: Vec<Scored> = decided
        .iter()
        .map(|(example, decided)| Scored {
            score: decided.score,
            is_supported: example.is_supported,
            weight: 1.0,
        })
        .collect();
    let pairs: Vec<(bool, bool)> = decided
        .iter()
        .map(|(example, decided)| (decided.is_accepted, example.is_supported))
        .collect();
    let verified: Vec<bool> = decided
        .iter()
        .filter(|(_, decided)| decided.is_verified)
        .map(|(example, _)| example.is_supported)
        .collect();
    let right = verified.iter().filter(|is_supported| **is_supported).count();
    Cell {
        set: set.to_owned(),
        claims: decided.len(),
        balanced_accuracy: balanced_accuracy(&pairs),
        area_under_curve: area_under_curve(&scored),
        precision_verified: (!verified.is_empty()).then(|| right as f64 / verified.len() as f64),
        verified: verified.len() as f64 / decided.len().max(1) as f64,
    }
}

fn mean(cells: &[Cell]) -> Cell {
    let of = |value: fn(&Cell) -> Option<f64>| {
        let values: Vec<f64> = cells.iter().filter_map(value).collect();
        (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
    };
    Cell {
        set: "mean".to_owned(),
        claims: cells.iter().map(|cell| cell.claims).sum(),
        balanced_accuracy: of(|cell| cell.balanced_accuracy),
        area_under_curve: of(|cell| cell.area_under_curve),
        precision_verified: of(|cell| cell.precision_verified),
        verified: of(|cell| Some(cell.verified)).unwrap_or(0.0),
    }
}

/// The cells as text: a line for each row, a column for each set, "balanced accuracy / area under the curve", then the
/// precision and the share of `verified`.
pub fn cells(rows: &[RowReport]) -> Vec<Vec<String>> {
    let sets = rows.first().map(|row| row.sets.as_slice()).unwrap_or_default();
    let mut header = vec!["row".to_owned()];
    header.extend(sets.iter().map(|cell| cell.set.clone()));
    header.push("verified: right / share".to_owned());
    let mut table = vec![header];
    for row in rows {
        let mut line = vec![row.row.clone()];
        for cell in &row.sets {
            line.push(format!(
                "{} / {}",
                three(cell.balanced_accuracy),
                three(cell.area_under_curve)
            ));
        }
        let mean = row.sets.last();
        line.push(format!(
            "{} / {}",
            three(mean.and_then(|mean| mean.precision_verified)),
            three(mean.map(|mean| mean.verified))
        ));
        table.push(line);
    }
    table
}

fn three(value: Option<f64>) -> String {
    value.map_or_else(|| "–".to_owned(), |value| format!("{value:.3}"))
}

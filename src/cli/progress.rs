//! Progress on standard error: bars on a terminal, nothing otherwise.

use indicatif::{ProgressBar, ProgressStyle};

/// Counts things whose number is not known beforehand.
pub(super) fn counter(what: &str) -> ProgressBar {
    let bar = ProgressBar::new_spinner();
    bar.set_style(style(&format!(
        "{{spinner}} {{pos}} {what} ({{per_sec}}, {{elapsed}})"
    )));
    bar.enable_steady_tick(std::time::Duration::from_millis(120));
    bar
}

/// Counts towards a known number, with the time that is left at the speed so far.
pub(super) fn bar(total: u64, what: &str) -> ProgressBar {
    let bar = ProgressBar::new(total);
    bar.set_style(style(&format!(
        "{{bar:30}} {{pos}}/{{len}} {what} ({{elapsed}}, {{eta}} left) {{msg}}"
    )));
    bar.enable_steady_tick(std::time::Duration::from_millis(500));
    bar
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

//! How a table is printed.

use crate::eval::report;

#[derive(Debug, clap::Args)]
pub(super) struct Format {
    /// JSON instead of text
    #[arg(long, conflicts_with = "markdown")]
    pub(super) json: bool,
    /// A Markdown table instead of text
    #[arg(long)]
    markdown: bool,
}

impl Format {
    /// The table of these cells, the first line as its head: Markdown where that is wanted, else text.
    pub(super) fn table(&self, cells: &[Vec<String>]) -> String {
        if self.markdown {
            report::markdown_of(cells)
        } else {
            report::text_of(cells)
        }
    }
}
